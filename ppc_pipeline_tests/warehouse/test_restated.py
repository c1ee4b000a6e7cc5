"""The restatement curve, against examples worked out by hand."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.restated import FINAL_AFTER_DAYS, refresh_restatement_curve, restatement_curve
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, report_file, targeting_row
from ppc_pipeline_tests.warehouse import days as made
from ppc_pipeline_tests.warehouse.made import add_profile

TABLE = REPORT_TABLES["spTargeting"]
FINAL = DAY + timedelta(days=FINAL_AFTER_DAYS)
NOON_OF_DAY = NOON.replace(year=DAY.year, month=DAY.month, day=DAY.day)

# (age of the day when the report is asked for, its sales) in the order of loading -> share known at each age
CASES = {
    "nothing was restated": ([(1, 50)], {1: 1, 2: 1, 3: 1, 7: 1, 14: 1, 28: 1}),
    "it grew": ([(1, 50), (3, 80), (20, 100)], {1: 0.5, 2: 0.5, 3: 0.8, 7: 0.8, 14: 0.8, 28: 1}),
    "Amazon took some back": ([(1, 120), (8, 100)], {1: 1.2, 2: 1.2, 3: 1.2, 7: 1.2, 14: 1, 28: 1}),
    "it came late": ([(5, 90), (40, 100)], {7: 0.9, 14: 0.9, 28: 0.9}),
    "it came as history": ([(59, 100)], {}),
    "an older report came after a newer one": ([(7, 90), (1, 10), (30, 100)], {7: 0.9, 14: 0.9, 28: 0.9}),
    "in the end there is nothing": ([(1, 50), (2, None)], dict.fromkeys((1, 2, 3, 7, 14, 28))),
    "at first there was nothing": ([(1, None), (2, 100)], {1: 0, 2: 1, 3: 1, 7: 1, 14: 1, 28: 1}),
    "it went up and down on one day": ([(1, 50), (1.1, 70), (2, 100)], {1: 0.7, 2: 1, 3: 1, 7: 1, 14: 1, 28: 1}),
}


def load(connection, folder, age, sales, day=DAY, **changes):
    content = [] if sales is None else [targeting_row(day, sales7d=sales)]
    asked = NOON_OF_DAY + (day - DAY) + timedelta(days=age)
    load_files(connection, TABLE, [report_file(folder, content, day, requested_at=asked, **changes)], NOON)


class Point(NamedTuple):
    profile_id: int
    currency_code: str
    metric: str
    age_days: int
    known: Decimal
    final: Decimal
    share: float | None
    days: int


def curve(connection, today):
    refresh_restatement_curve(connection, [TABLE], datetime.combine(today, time(12), UTC))
    found = connection.execute(f"SELECT {', '.join(Point._fields)} FROM restatement_curve").fetchall()
    return [Point(*row) for row in found]


def sales_curve(connection, today=FINAL, profile=SELLER):
    points = curve(connection, today)
    return {p.age_days: p.share for p in points if (p.metric, p.profile_id) == ("sales_7d", profile)}


@pytest.mark.parametrize("name", CASES)
def test_the_share_known_at_an_age_is_what_the_last_report_asked_for_until_then_said(connection, tmp_path, name):
    loads, known = CASES[name]
    for number, (age, sales) in enumerate(loads):
        content = [] if sales is None else [targeting_row(sales7d=sales)]
        file = report_file(tmp_path, content, requested_at=NOON_OF_DAY + timedelta(days=age))
        load_files(connection, TABLE, [file], NOON + timedelta(hours=number))
    assert sales_curve(connection) == known


def test_ages_of_the_curve_are_counted_in_the_profiles_own_dates(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "JP", "JPY")
    connection.execute("UPDATE profiles_history SET timezone = 'Asia/Tokyo'")
    load(connection, tmp_path, 5 / 24, 50)  # 17:00 UTC of the day: 2:00 of the next day there
    load(connection, tmp_path, 1 + 5 / 24, 100)  # two days after, there
    assert sales_curve(connection) == {1: 0.5, 2: 1, 3: 1, 7: 1, 14: 1, 28: 1}


def test_a_day_that_is_not_final_yet_does_not_count(connection, tmp_path):
    load(connection, tmp_path, 1, 50)
    assert curve(connection, FINAL - timedelta(days=1)) == []


def test_days_are_added_up_before_they_are_divided_and_each_profile_has_its_own_curve(connection, tmp_path):
    next_day = DAY + timedelta(days=1)
    load(connection, tmp_path, 1, 10)
    load(connection, tmp_path, 3, 20)
    load(connection, tmp_path, 1, 80, day=next_day)
    load(connection, tmp_path, 2, 7, profile_id=VENDOR, currency_code="JPY")
    points = curve(connection, FINAL + timedelta(days=1))
    found = {(p.profile_id, p.currency_code, p.age_days): p for p in points if p.metric == "sales_7d"}
    one = found[SELLER, "USD", 1]
    assert (one.known, one.final, one.days, one.share) == (Decimal(90), Decimal(100), 2, 0.9)
    assert found[SELLER, "USD", 3].share == 1
    assert (VENDOR, "JPY", 1) not in found
    assert (found[VENDOR, "JPY", 2].share, found[VENDOR, "JPY", 2].days) == (1, 1)


def test_what_does_not_change_is_wholly_known_and_what_is_zero_has_no_share(connection, tmp_path):
    load(connection, tmp_path, 1, 10)
    load(connection, tmp_path, 2, 20)
    shares = {p.metric: p.share for p in curve(connection, FINAL) if p.age_days == 1}
    assert (shares["sales_7d"], shares["clicks"], shares["sales_1d"]) == (0.5, 1, None)


def test_over_all_profiles_each_share_counts_by_its_days_and_a_refresh_leaves_no_old_point(connection, tmp_path):
    load(connection, tmp_path, 1, 10)
    load(connection, tmp_path, 3, 20)
    load(connection, tmp_path, 1, 7, day=DAY + timedelta(days=1), profile_id=VENDOR)
    load(connection, tmp_path, 1, 7, day=DAY + timedelta(days=2), profile_id=VENDOR)
    for _ in range(2):
        curve(connection, FINAL + timedelta(days=2))
    first = next(p for p in restatement_curve(connection) if (p.metric, p.age_days) == ("sales_7d", 1))
    assert (first.share, first.days) == (pytest.approx((0.5 * 1 + 1 * 2) / 3), 3)
    curve(connection, DAY)
    assert restatement_curve(connection) == []


def test_a_metric_that_the_newest_report_was_asked_for_without_has_no_curve(connection, tmp_path):
    load(connection, tmp_path, 1, 50)
    load(connection, tmp_path, 3, 80)
    load(connection, tmp_path, 1, 10, day=DAY + timedelta(days=1))
    load(connection, tmp_path, 3, 20, day=DAY + timedelta(days=1))
    load(connection, tmp_path, 20, None, left_out=frozenset({"sales7d"}))
    assert sales_curve(connection, FINAL + timedelta(days=1))[1] == 0.5


def test_figures_that_an_earlier_report_left_where_the_newest_was_asked_for_without_have_no_curve(connection, tmp_path):
    for day, first, last in ((DAY, 50, 80), (DAY + timedelta(days=1), 10, 20)):
        load(connection, tmp_path, 1, first, day=day)
        load(connection, tmp_path, 3, last, day=day)
    row = {name: value for name, value in targeting_row(DAY).items() if name != "sales7d"}
    asked = {"requested_at": NOON_OF_DAY + timedelta(days=20), "left_out": frozenset({"sales7d"})}
    load_files(connection, TABLE, [report_file(tmp_path, [row], DAY, **asked)], NOON)
    assert connection.execute(f"SELECT sum(sales_7d)::INTEGER FROM {TABLE.name}").fetchone() == (100,)
    assert sales_curve(connection, FINAL + timedelta(days=1))[1] == 0.5


# (age of the day when the report is asked for, its sales, or None where it is asked for without them) -> shares
LEFT_OUT = {
    "at first": ([(1, None), (20, 100), (25, 125)], {28: 1}),
    "at first, and restated later": ([(1, None), (3, 50), (20, 100)], {3: 0.5, 7: 0.5, 14: 0.5, 28: 1}),
    "in between": ([(1, 50), (3, None), (10, 80), (20, 100)], {14: 0.8, 28: 1}),
    "in between, after a restatement": ([(1, 10), (2, 20), (3, None), (20, 100)], {28: 1}),
    "in the end": ([(1, 50), (3, 80), (20, None)], {}),
    "by a report that came too late": ([(3, 50), (1, None), (20, 100)], {3: 0.5, 7: 0.5, 14: 0.5, 28: 1}),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_metric_counts_only_after_the_last_report_that_was_asked_for_without_it_and_others_count_as_ever(
    connection, tmp_path, name
):
    loads, known = LEFT_OUT[name]
    for number, (age, sales) in enumerate(loads):
        row = targeting_row(sales7d=sales, clicks=5)
        asked = NOON_OF_DAY + timedelta(days=age)
        without = {"left_out": frozenset({"sales7d"})} if sales is None else {}
        if sales is None:
            del row["sales7d"]
        file = report_file(tmp_path, [row], requested_at=asked, **without)
        load_files(connection, TABLE, [file], NOON + timedelta(hours=number))
    assert sales_curve(connection) == known
    clicks = [p.share for p in curve(connection, FINAL) if p.metric == "clicks"]
    assert (set(clicks), len(clicks)) == ({1}, sum(loads[0][0] <= age for age in (1, 2, 3, 7, 14, 28)))


# (age of the day when the report is asked for, its sales, or a text that cannot be read) in the order of loading
QUARANTINE = {
    "a row cannot be read for a while": ([(1, 50), (3, "?"), (7, 80), (10, 90), (20, 100)], {14: 0.9, 28: 1}),
    "a row cannot be read in the end": ([(1, 50), (20, "?")], {}),
    "the same report can be read later": ([(1, 50), (3, "?"), (3, 80), (20, 100)], {3: 0.8, 7: 0.8, 14: 0.8, 28: 1}),
}


@pytest.mark.parametrize("name", QUARANTINE)
def test_a_day_counts_only_after_the_last_load_in_which_rows_went_to_quarantine_or_came_out_of_it(
    connection, tmp_path, name
):
    loads, known = QUARANTINE[name]
    for number, (age, sales) in enumerate(loads):
        asked = NOON_OF_DAY + timedelta(days=age)
        file = report_file(tmp_path, [targeting_row(sales7d=sales)], requested_at=asked, report_id=f"at age {age}")
        load_files(connection, TABLE, [file], NOON + timedelta(hours=number))
    assert sales_curve(connection) == known


# The points of a curve: age in days -> share
POINTS = {
    "every age": {1: 0.3, 2: 0.5, 3: 0.6, 7: 0.8, 14: 0.9, 28: 0.98},
    "the youngest is not known": {3: 0.6, 7: 0.8, 14: 0.9, 28: 0.98},
    "one between is not known": {1: 0.3, 7: 0.8, 14: 0.9, 28: 0.98},
    "only the oldest is known": {28: 0.9},
    "Amazon took some back": {1: 1.4, 2: 1.3, 3: 1.2, 7: 1.1, 14: 1.05, 28: 1.0},
    "at first there was nothing": {1: 0.0, 2: 0.0, 3: 0.5, 7: 0.8, 14: 0.9, 28: 1.0},
    "nothing is known": {},
}


@pytest.mark.parametrize("name", POINTS)
def test_between_two_ages_of_the_curve_the_known_share_lies_on_the_line_and_is_the_whole_at_sixty_days(undone, name):
    for age, share in POINTS[name].items():
        made.curve(undone, "sales_7d", age, share)
    found = dict(undone.execute("SELECT age_days, share FROM known_shares").fetchall())
    lines = {age: made.known_share(POINTS[name], age) for age in range(1, 61)} if POINTS[name] else {}
    assert found == pytest.approx({age: share for age, share in lines.items() if share is not None})


def test_a_point_that_few_days_made_or_that_has_no_share_is_no_end_of_a_line(undone):
    for age, share, days in ((1, 0.3, 30), (2, 0.9, 6), (3, 0.6, 7)):
        made.curve(undone, "sales_7d", age, share, days)
    made.curve(undone, "clicks", 1, 0.5)
    undone.execute("UPDATE restatement_curve SET share = NULL WHERE metric = 'clicks'")
    found = undone.execute("SELECT metric, share FROM known_shares WHERE age_days = 2").fetchall()
    assert found == [("sales_7d", pytest.approx(0.45))]
