"""Anomalies: what Python's medians call an outlier is found, and nothing that age, chance or a pause explains."""

import math
from datetime import timedelta
from decimal import Decimal
from statistics import median

import pytest

from ppc_pipeline_tests.fakes import DAY, SELLER, VENDOR
from ppc_pipeline_tests.warehouse.days import SP, WEEK, campaign, curve, known_share, loaded, rows, sp
from ppc_pipeline_tests.warehouse.made import add_profile
from ppc_pipeline_tests.warehouse.made import rows as asked

OLD = DAY + timedelta(days=9)  # asked for so late, every day is old enough to be taken as whole
STEADY = [20, 22, 18, 25, 19, 21, 23, 20]


@pytest.fixture
def here(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    return undone


def weeks(connection, metric, before, found, **others):
    """Insert the same weekday of several weeks, the last of them ``DAY``."""
    values = [*before, found]
    dates = [DAY - WEEK * n for n in reversed(range(len(values)))]
    rows(
        connection,
        "report_sp_campaigns",
        [sp(day, **{metric: n}, **others) for day, n in zip(dates, values, strict=True)],
    )


def anomalies(connection, metric=None):
    found = asked(connection, "FROM anomalies ORDER BY metric, date")
    return [row for row in found if metric in (None, row["metric"])]


def by_hand(before, found, worth=1.0, share=1.0, events=None):
    """Return (expected, score) as Python works them out."""
    middle = median(before)
    deviation = median(abs(one - middle) for one in before)
    usual_events = median(events or before) * share
    spread = max(1.4826 * deviation * share, 0.1 * middle * share, worth * math.sqrt(max(usual_events, 1)))
    return middle * share, abs(found - middle * share) / spread


@pytest.mark.parametrize(
    ("before", "found", "direction"),
    [
        (STEADY, 60, "above"),
        (STEADY, 40, None),  # twice as many clicks as usual can be chance where they are 20
        ([400, 380, 420, 390, 410, 405, 395, 400], 150, "below"),
        ([400, 380, 420, 390, 410, 405, 395, 400], 260, None),
        ([400, 4000, 420, 390, 410, 405, 395, 400], 1500, "above"),  # an outlier before it hides nothing
        ([400, 100, 700, 250, 550, 300, 480, 400], 700, None),  # as it is used to
        ([400, 300, 500, 350, 450, 320, 480, 400], 850, None),  # five such deviations are more
        ([400, 300, 500, 350, 450, 320, 480, 400], 900, "above"),
        ([20] * 8, 24, None),  # no deviation at all
        ([20] * 8, 60, "above"),
        ([0] * 8, 4, None),
        ([0] * 8, 9, "above"),
        ([20] * 4, 60, "above"),
        ([20] * 3, 60, None),  # fewer than four same weekdays are not judged
        ([20] * 12, 60, "above"),
    ],
)
def test_a_campaigns_day_is_judged_as_python_judges_it(here, before, found, direction):
    loaded(here, days=100, asked=OLD)
    weeks(here, "clicks", before, found)
    compared = before[-8:]
    expected, score = by_hand(compared, found)
    assert (score >= 5 and len(compared) >= 4) == (direction is not None), "otherwise the case says nothing"
    seen = anomalies(here)
    assert [(row["date"], row["metric"], row["direction"]) for row in seen] == (
        [(DAY, "clicks", direction)] if direction else []
    )
    for row in seen:
        assert (row["found"], row["expected"]) == (found, Decimal(str(expected)))
        assert row["score"] == pytest.approx(score, abs=0.051)
        assert row["weekdays"] == len(compared)


def test_an_amount_is_judged_by_what_a_click_costs_and_said_with_client_and_currency(here):
    loaded(here, asked=OLD)
    costs = [30, 33, 27, 35, 29, 31, 32, 30]
    weeks(here, "cost", costs, Decimal("123.45"), clicks=20)
    (row,) = anomalies(here)
    expected, score = by_hand(costs, 123.45, worth=(sum(costs) + 123.45) / 180, events=[20] * 8)
    assert (row["metric"], row["found"], row["expected"]) == ("cost", Decimal("123.45"), Decimal(str(expected)))
    assert row["score"] == pytest.approx(score, abs=0.051)
    assert row["reason"] == (
        "Acme US: cost of Mugs on Tuesday, 2026-11-10: 123.45 USD. Usual on the 8 Tuesdays before is 30.50 USD."
    )


def test_other_weekdays_are_another_matter(here):
    loaded(here, asked=OLD)
    sundays = [sp(DAY - timedelta(days=2) - WEEK * n, clicks=400) for n in range(9)]
    rows(here, "report_sp_campaigns", [*sundays, *(sp(DAY - WEEK * n, clicks=100) for n in range(9))])
    assert anomalies(here) == []


@pytest.mark.parametrize(
    ("share", "days", "found", "direction"),
    [
        (None, 0, 90, None),  # nobody knows what half a day's purchases will become
        (None, 0, 400, "above"),  # they do not become fewer
        (0.45, 30, 90, None),
        (0.45, 6, 90, None),  # a curve of six days is not believed
        (0.45, 30, 30, "below"),
        (0.45, 30, 190, "above"),
        (1.0, 30, 90, "below"),
    ],
)
def test_a_fresh_day_is_compared_with_what_is_known_at_its_age(here, share, days, found, direction):
    loaded(here)  # the last day is one day old
    weeks(here, "purchases", [200] * 8, found, clicks=2000)
    if share is not None:
        curve(here, "purchases_7d", 1, share, days)
        curve(here, "purchases_7d", 7, 1.0)
    seen = anomalies(here, "purchases")
    assert [row["direction"] for row in seen] == ([direction] if direction else [])
    for row in seen:
        believed = share or 1
        expected, score = by_hand([200] * 8, found, share=believed)
        assert row["expected"] == Decimal(str(expected))
        assert row["score"] == pytest.approx(score, abs=0.051)
        assert row["known_share"] == share
        assert ("of 45 % that are known of a day 1 days old" in row["reason"]) == (share == 0.45)


def test_a_vendors_purchases_are_those_of_fourteen_days(undone):
    add_profile(undone, VENDOR, "vendor", "US", "USD")
    loaded(undone, profile_id=VENDOR)
    figures = [sp(DAY - WEEK * n, purchases=200 if n else 90, profile_id=VENDOR) for n in range(9)]
    rows(undone, "report_sp_campaigns", figures)
    undone.execute(
        "INSERT INTO restatement_curve SELECT 'spCampaigns', ?, 'USD', m, 1, 1, 1, s, 30, now() "
        "FROM (VALUES ('purchases_7d', 0.45), ('purchases_14d', 1.0)) AS t(m, s)",
        [VENDOR],
    )
    assert [row["direction"] for row in anomalies(undone)] == ["below"]


@pytest.mark.parametrize(
    ("entity", "is_found"),
    [
        ({}, True),
        (None, True),  # never listed: nobody knows that it was stopped
        ({"state": "PAUSED"}, False),
        ({"end_date": DAY - timedelta(days=1)}, False),
        ({"removed_at": DAY}, False),
    ],
)
def test_a_day_without_a_row_is_a_fall_to_nothing_unless_the_campaign_was_stopped(here, entity, is_found):
    loaded(here, asked=OLD)
    rows(here, "report_sp_campaigns", [sp(DAY - WEEK * n, clicks=100) for n in range(1, 9)])
    if entity is not None:
        campaign(here, **entity)
    assert [(row["metric"], row["found"]) for row in anomalies(here)] == ([("clicks", 0)] if is_found else [])


def test_a_day_that_is_not_loaded_is_no_fall(here):
    loaded(here, end=DAY - timedelta(days=1), asked=OLD)
    rows(here, "report_sp_campaigns", [sp(DAY - WEEK * n, clicks=100) for n in range(1, 9)])
    assert anomalies(here) == []


def test_only_the_last_fourteen_loaded_days_are_judged(here):
    loaded(here, days=99, end=DAY + timedelta(days=14), asked=DAY + timedelta(days=30))
    weeks(here, "clicks", [20] * 8, 60)
    assert DAY not in [row["date"] for row in anomalies(here)]


def test_campaigns_in_two_currencies_are_two(here):
    loaded(here, asked=OLD)
    weeks(here, "clicks", [20] * 8, 20)
    weeks(here, "clicks", [20] * 8, 60, currency_code="CAD")
    assert [(row["currency_code"], row["found"]) for row in anomalies(here)] == [("CAD", 60)]


@pytest.mark.parametrize(
    ("asked_after", "traffic", "conversions"),
    [(1, None, None), (2, 1, None), (6, 1, None), (7, 1, 1), (60, 1, 1)],
)
def test_without_a_curve_a_days_figures_count_as_whole_from_a_documented_age_on(
    here, asked_after, traffic, conversions
):
    loaded(here, days=1, asked=DAY + timedelta(days=asked_after))
    (row,) = asked(here, "FROM loaded_days")
    assert (row["date"], row["age_days"], row["ad_product"], row["place"]) == (DAY, asked_after, SP, 1)
    assert {row[f"{name}_share"] for name in ("impressions", "clicks", "cost")} == {traffic}
    assert {row[f"{name}_share"] for name in ("purchases", "sales")} == {conversions}


def test_a_share_lies_on_the_line_between_the_ages_of_the_curve_and_of_final_days_is_the_whole(here):
    points = {1: 0.5, 3: 0.8, 28: 0.97}
    for age, share in points.items():
        curve(here, "sales_7d", age, share)
    loaded(here, days=99)
    shares = dict(here.execute("SELECT age_days, sales_share FROM loaded_days").fetchall())
    assert shares == pytest.approx({age: known_share(points, age) for age in range(1, 100)})


@pytest.mark.parametrize(
    ("zone", "asked", "age"), [("Asia/Tokyo", "10 17:08", 1), ("America/Los_Angeles", "12 07:00", 1)]
)
def test_a_days_age_is_counted_in_the_profiles_own_dates(here, zone, asked, age):
    here.execute("UPDATE profiles_history SET timezone = ?", [zone])
    loaded(here, days=1)
    here.execute("UPDATE load_log SET requested_at = ?::TIMESTAMPTZ", [f"2026-11-{asked}:00+00"])
    assert here.execute("SELECT date, age_days FROM loaded_days").fetchone() == (DAY, age)


def test_a_day_is_as_old_as_the_newest_report_of_it(here):
    loaded(here, days=3)
    loaded(here, days=1, end=DAY - timedelta(days=2), asked=DAY + timedelta(days=5))
    ages = dict(here.execute("SELECT date, age_days FROM loaded_days").fetchall())
    assert ages == {DAY: 1, DAY - timedelta(days=1): 2, DAY - timedelta(days=2): 7}
