"""Feature tables: after any sequence of loads, what the rule says, worked out by other means; and nothing leaks."""

import math
import random
import shutil
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import duckdb
import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.features import (
    CAMPAIGN_FEATURES,
    FEATURE_TABLES,
    FINAL_AFTER_DAYS,
    KEYWORD_FEATURES,
    SEASONALITY,
    refresh_features,
)
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, report_file, report_row
from ppc_pipeline_tests.warehouse import days
from ppc_pipeline_tests.warehouse.made import add_profile, rows
from ppc_pipeline_tests.warehouse.point_in_time import Load, Sequence, day

REFRESH = "refresh"
BRANDS = {"kind": "sbCampaigns"}


MONTHS = [date(2025 + number // 12, number % 12 + 1, 1) for number in range(10, 22)]
"""The twelve before that of ``day(0)``."""


def year(months=MONTHS, length=1, **more):
    """Load the first days of each of some months."""
    firsts = [(first - day(0)).days for first in months]
    return [Load(first, first + length - 1, **more) for first in firsts]


CASES = {
    "a day at a time": [Load(0, 0), REFRESH, Load(1, 1), REFRESH],
    "a month at once, restated as the days go by": [*(Load(0, 30), REFRESH, Load(1, 31, seed=2), REFRESH)],
    "the newest day is restated before the next one comes": [
        *(Load(0, 5), REFRESH, Load(0, 5, seed=2), REFRESH, Load(3, 6, seed=3), Load(0, 2, seed=4), REFRESH)
    ],
    "history comes backwards, in pieces": [
        *(Load(100, 110), REFRESH, Load(60, 70), REFRESH, Load(20, 21), Load(71, 75), REFRESH)
    ],
    "a hole is filled that other days reach back to": [
        *(Load(0, 3), Load(8, 30), REFRESH, Load(4, 7), REFRESH, Load(5, 6, seed=2), REFRESH)
    ],
    "a hole is filled late, and the newest day restated late: what was made on time stays": [
        *(Load(0, 9), Load(11, 12), REFRESH, Load(20, 21, profile=VENDOR), REFRESH),
        *(Load(22, 22, profile=VENDOR), Load(10, 12, seed=2), Load(18, 19, profile=VENDOR), REFRESH),
    ],
    "a load that changes nothing, and a report that is older than what is there": [
        *(Load(0, 9), REFRESH, Load(0, 9), REFRESH, Load(5, 9, seed=2, asked=-9), REFRESH)
    ],
    "ad products that come at different times": [
        *(Load(0, 4), REFRESH, Load(0, 4, **BRANDS), REFRESH),
        *(Load(5, 5), Load(3, 4, seed=2, **BRANDS), REFRESH, Load(5, 5, **BRANDS), REFRESH),
    ],
    "profiles that are days apart": [
        *(Load(0, 40), Load(0, 39, profile=VENDOR), REFRESH, Load(40, 41, profile=VENDOR), REFRESH)
    ],
    "keywords": [
        *(Load(0, 30, kind="spTargeting"), REFRESH, Load(25, 31, seed=2, kind="spTargeting"), REFRESH),
        *(Load(95, 96, kind="spTargeting"), REFRESH),
    ],
    "a year before, restated after the first rows that have an index of the month": [
        *(*year(), Load(0, 0), REFRESH, *year(profile=VENDOR), *year(length=2, **BRANDS), REFRESH),
        *(Load(20, 22), Load(20, 21, profile=VENDOR), Load(20, 20, seed=2, **BRANDS), REFRESH),
        *(*year(MONTHS[:2], length=3, seed=2), Load(23, 23), REFRESH),
    ],
    "a year before, but for a month that comes late": [
        *(*year(MONTHS[:5] + MONTHS[6:]), Load(0, 1), REFRESH, *year(MONTHS[5:6]), Load(2, 2), REFRESH)
    ],
    "keywords, a year before": [*(*year(length=2, kind="spTargeting"), Load(0, 1, kind="spTargeting"), REFRESH)],
}

THROUGH_THE_LOADER = ("a month at once, restated as the days go by", *(name for name in CASES if "older" in name))
"""In the others its work is done in short."""


def drawn(seed):
    """A sequence that nobody thought of."""
    rng = random.Random(seed)
    for number in range(4):
        first = rng.randint(0, 99)
        last = min(first + rng.choice((0, 2, 9, 20)), 99)
        profile = rng.choice((SELLER, SELLER, VENDOR))
        yield Load(first, last, rng.randint(1, 2), profile, rng.choice(("spCampaigns", "spCampaigns", "sbCampaigns")))
        if number == 3 or rng.random() < 0.6:
            yield REFRESH


CASES |= {f"drawn with seed {seed}": [*drawn(seed)] for seed in (1, 2)}


@pytest.fixture(scope="module")
def opened(tmp_path_factory, empty_warehouse):
    """Return a warehouse with two profiles by its name. It stays open: opening takes longer than most of the tests."""
    with ExitStack() as stack:

        @cache
        def made(name):
            warehouse = Warehouse(str(shutil.copy(empty_warehouse, tmp_path_factory.mktemp(name) / "ppc.duckdb")))
            connection = stack.enter_context(warehouse.connect())
            add_profile(connection, SELLER, "seller", "US", "USD")
            add_profile(connection, VENDOR, "vendor", "JP", "JPY")
            return warehouse

        yield made


@pytest.fixture
def make(opened):
    """Make a warehouse with some loads in it and nothing else, of what an earlier test left."""

    def made(*loads, name="ppc"):
        warehouse = opened(name)
        with warehouse.connect() as connection:
            for table in FILLED:
                connection.execute(f"DELETE FROM {table}")
        load(warehouse, *loads)
        return warehouse

    return made


FILLED = (
    *(table.name for table in (REPORT_TABLES[kind] for kind in ("spCampaigns", "sbCampaigns", "spTargeting"))),
    *(table.stored for table in FEATURE_TABLES.values()),
    *("load_log", "feature_days", "restatements"),
)


def load(warehouse, *loads, at=NOON):
    with warehouse.connect() as connection:
        for number, one in enumerate(loads):
            dates = [day(some) for some in range(one.first, one.last + 1)]
            one.put(connection, at + timedelta(minutes=number), dates, len(dates))


def refresh(warehouse, table=CAMPAIGN_FEATURES, at=NOON, **more):
    return refresh_features(warehouse, table, lambda: at, **more)


def ask(warehouse, query, *values):
    with warehouse.connect() as connection:
        return rows(connection, query, *values)


@pytest.mark.parametrize("name", CASES)
def test_after_every_refresh_the_rows_are_those_that_python_makes_by_the_rule(make, tmp_path, name):
    warehouse = make()
    kinds = {step.kind for step in CASES[name] if step != REFRESH}
    table = KEYWORD_FEATURES if "spTargeting" in kinds else CAMPAIGN_FEATURES
    with warehouse.connect() as connection:
        sequence = Sequence(connection, tmp_path if name in THROUGH_THE_LOADER else None)
        for step in CASES[name]:
            if step != REFRESH:
                sequence.load(step)
                continue
            due = sequence.refresh()
            made = refresh(warehouse, table, sequence.now)
            assert made.days == due
            expected = sequence.rows()
            found = {tuple(row[key] for key in table.grain): row for row in rows(connection, f"FROM {table.name}")}
            assert found.keys() == expected.keys()
            assert connection.execute(f"SELECT count(*) FROM {table.name}").fetchone() == (len(found),)
            for key, row in expected.items():
                assert found[key].keys() == row.keys() | {*table.grain}
                wrong = {
                    name: (found[key][name], value) for name, value in row.items() if not same(found[key][name], value)
                }
                assert not wrong, key
    assert any(row["cost_month_index_last_12_months"] for row in expected.values()) == ("a year before" in name)


def same(found, expected):
    """Compare: counts, sums and dates exactly, what is divided to what a DOUBLE or six decimals can hold."""
    if isinstance(expected, float) and found is not None:
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=5.1e-7 if isinstance(found, Decimal) else 1e-12)
    return found == expected


def test_nothing_after_a_day_is_in_its_rows(make):
    """Whether later days were there when they were made, or came afterwards, or never did."""
    found = []
    for later in ([], [Load(41, 80, seed=5)]):
        warehouse = make(*year(), Load(0, 40), *later)
        refresh(warehouse)
        found.append(ask(warehouse, "FROM campaign_features WHERE date <= ? ORDER BY ALL", day(40)))
    assert found[0] == found[1] != []
    assert any(row["cost_month_index_last_12_months"] for row in found[0])


def test_what_amazon_restates_after_a_day_was_followed_by_another_is_not_in_its_rows(make):
    warehouse = make(Load(0, 40))
    refresh(warehouse)
    before = ask(warehouse, "FROM campaign_features ORDER BY ALL")
    load(warehouse, Load(41, 41), Load(0, 41, seed=2), at=NOON + timedelta(days=1))
    made = refresh(warehouse, at=NOON + timedelta(days=1))
    assert (made.days, made.first, made.last) == (1, day(41), day(41))
    assert ask(warehouse, "FROM campaign_features WHERE date <= ? ORDER BY ALL", day(40)) == before
    restated = "SELECT sum(cost) AS cost FROM metrics_by_campaign WHERE date BETWEEN ? AND ?"
    known = "SELECT sum(cost_last_30_days) AS cost FROM campaign_features WHERE date = ?"
    assert ask(warehouse, known, day(41)) == ask(warehouse, restated, day(12), day(41))
    assert ask(warehouse, known, day(40)) != ask(warehouse, restated, day(11), day(40))


def test_metric_tables_are_after_a_restatement_what_they_would_be_from_scratch(make, tmp_path):
    lived, fresh = make(), make(name="other")
    for kind in ("spCampaigns", "spTargeting"):
        restated = Load(2, 7, seed=2, kind=kind)
        for warehouse, loads in (
            (lived, [Load(0, 5, kind=kind), restated, Load(-3, -1, kind=kind)]),
            (fresh, [Load(-3, -1, kind=kind), Load(0, 1, kind=kind), restated]),
        ):
            files = [one.file(tmp_path, NOON + timedelta(minutes=number)) for number, one in enumerate(loads)]
            with warehouse.connect() as connection:
                load_files(connection, REPORT_TABLES[kind], files, NOON)
    for name in ("metrics_by_campaign", "metrics_by_profile", "metrics_by_target", "metrics_by_ad_group"):
        query = f"FROM {name} ORDER BY {', '.join(METRIC_TABLES[name].grain)}"
        assert ask(lived, query) == ask(fresh, query) != []


@pytest.mark.parametrize("table", FEATURE_TABLES.values(), ids=FEATURE_TABLES)
def test_slices_come_to_the_same_as_all_at_once(make, table):
    kind = {"campaign_features": "spCampaigns", "keyword_features": "spTargeting"}[table.name]
    found = []
    for most in (3000, 10**9):
        warehouse = make(*year(kind=kind, length=2), Load(0, 9, kind=kind), Load(3, 7, profile=VENDOR, kind=kind))
        refresh(warehouse, table, slice_rows=most)
        found.append(ask(warehouse, f"FROM {table.name} ORDER BY ALL"))
    assert found[0] == found[1] != []
    assert {bool(row["cost_month_index_last_12_months"]) for row in found[0]} == {True, False}


def test_a_refresh_that_is_broken_off_is_completed_by_the_next_one(make):
    broken, whole = (make(Load(0, 5), name=name) for name in ("ppc", "other"))
    moments = iter([NOON, NOON])
    with pytest.raises(StopIteration):
        refresh_features(broken, CAMPAIGN_FEATURES, lambda: next(moments), slice_rows=300)
    (begun,) = ask(broken, "SELECT count(DISTINCT date) AS days FROM campaign_features")
    assert 0 < begun["days"] < 6
    refresh(broken)
    refresh(whole)
    query = "FROM campaign_features ORDER BY ALL"
    assert ask(broken, query) == ask(whole, query)


def test_rows_are_made_wholly_or_not_at_all(make):
    warehouse = make(Load(0, 5), name="altered")
    ask(warehouse, "ALTER TABLE feature_days ADD COLUMN unheard_of INTEGER")
    ask(warehouse, "ALTER TABLE feature_days ALTER COLUMN unheard_of SET NOT NULL")
    with pytest.raises(duckdb.ConstraintException):
        refresh(warehouse)
    assert ask(warehouse, "FROM campaign_features") == []


def test_nothing_is_written_where_nothing_is_due(make):
    warehouse = make(Load(0, 5))
    turns = "FROM feature_turns"
    refresh(warehouse)
    before = ask(warehouse, turns)
    assert refresh(warehouse).days == 0
    assert ask(warehouse, turns) == before


def test_days_without_any_activity_are_made_once(make):
    warehouse = make()
    with warehouse.connect() as connection:
        days.loaded(connection, days=3)
    assert (refresh(warehouse).days, refresh(warehouse).days) == (3, 0)
    assert ask(warehouse, "FROM campaign_features") == []


def test_a_campaign_has_rows_until_90_days_after_its_last_one(make, tmp_path):
    warehouse = make()
    row = report_row("spCampaigns", day(0), campaignId=11, clicks=5, cost=2.5)
    with warehouse.connect() as connection:
        load_files(connection, REPORT_TABLES["spCampaigns"], [report_file(tmp_path, [row], day(0), day(95))], NOON)
    refresh(warehouse)
    found = ask(warehouse, "FROM campaign_features ORDER BY date")
    assert [row["date"] for row in found] == [day(number) for number in range(90)]
    last = found[-1]
    assert (last["clicks_last_90_days"], last["clicks_last_60_days"], last["days_since_first_seen"]) == (5, 0, 89)
    assert (last["cost_slope_last_30_days"], last["cost_slope_t_last_30_days"]) == (0, None)
    assert last["final_from"] == day(89 + FINAL_AFTER_DAYS)


@pytest.mark.parametrize(("length", "slope", "variation"), [(2, None, None), (3, 0, 0), (5, 0, 0)])
def test_days_before_a_campaign_was_there_are_no_days_without_activity(make, length, slope, variation):
    warehouse = make()
    with warehouse.connect() as connection:
        days.loaded(connection, days=30)
        flat = [days.sp(day(-n), clicks=10, cost=10, sales=30) for n in range(length)]
        days.rows(connection, "report_sp_campaigns", flat)
    refresh(warehouse)
    (row,) = ask(warehouse, "FROM campaign_features WHERE date = ?", day(0))
    assert (row["days_known_last_30_days"], row["trend_days_last_30_days"]) == (30, length)
    for name in ("cost", "sales"):
        assert (row[f"{name}_slope_last_30_days"], row[f"{name}_slope_t_last_30_days"]) == (slope, None)
        assert row[f"{name}_variation_last_30_days"] == variation


@pytest.mark.parametrize(("weeks", "index"), [(2, None), (3, 2 / (8 / 7)), (13, 2 / (8 / 7))])
def test_the_index_of_a_weekday_is_of_the_rows_own_weekday_where_there_are_three(make, weeks, index):
    warehouse = make()
    with warehouse.connect() as connection:
        days.loaded(connection, days=100)
        costs = {day(-n): 2 if n % 7 == 0 else 1 for n in range(7 * weeks)}
        days.rows(connection, "report_sp_campaigns", [days.sp(date, cost=cost) for date, cost in costs.items()])
    refresh(warehouse)
    (row,) = ask(warehouse, "FROM campaign_features WHERE date = ?", day(0))
    assert row["cost_weekday_index_last_84_days"] == (index and pytest.approx(index))
    assert row["sales_weekday_index_last_84_days"] is None, "there is nothing to compare with"


# Of each of the twelve months the first two days are loaded, 24 in all; on that of most months 1 is spent.
THEN, LATER = MONTHS[0], dict.fromkeys(MONTHS[1:], 1)
MONTHLY = {
    "spent twice as much": ({THEN: 2} | LATER, (2 / 2) / (13 / 24)),
    "the row's own month and the one before the twelve do not count": (
        {THEN - timedelta(days=1): 99, THEN: 2, day(0): 99} | LATER,
        (2 / 2) / (13 / 24),
    ),
    "first seen on the second of the loaded days of the month": (
        {THEN + timedelta(days=1): 2} | LATER,
        (2 / 1) / (13 / 23),
    ),
    "first seen after the month": (LATER, None),
    "first seen after the month's loaded days": ({THEN + timedelta(days=2): 2} | LATER, None),
    "nothing spent in the month": ({THEN: 0} | LATER, 0),
    "nothing spent in the year": (dict.fromkeys(MONTHS, 0), None),
    "seen long before, and nothing in the year": ({THEN - timedelta(days=1): 9}, None),
}


def test_the_index_of_a_month_is_of_the_loaded_days_of_twelve_whole_months_since_the_first_row(make):
    warehouse = make()
    with warehouse.connect() as connection:
        for first in MONTHS:
            days.loaded(connection, days=2, end=first + timedelta(days=1))
            if first != MONTHS[4]:
                days.loaded(connection, days=2, end=first + timedelta(days=1), profile_id=VENDOR)
        for profile in (SELLER, VENDOR):
            days.loaded(connection, days=1, profile_id=profile)
        days.rows(
            connection,
            "report_sp_campaigns",
            [
                days.sp(when, campaign_id=number, cost=cost, sales=3 * cost if number else None, profile_id=profile)
                for profile in (SELLER, VENDOR)
                for number, (costs, _) in enumerate(MONTHLY.values())
                for when, cost in ({day(0): 1} | costs).items()
            ],
        )
    refresh(warehouse)
    found = ask(warehouse, "FROM campaign_features WHERE date = ? ORDER BY campaign_id", day(0))
    index = {(row["profile_id"], row["campaign_id"]): row["cost_month_index_last_12_months"] for row in found}
    sales = {(row["profile_id"], row["campaign_id"]): row["sales_month_index_last_12_months"] for row in found}
    expected = dict(enumerate(value if value is None else pytest.approx(value) for _, value in MONTHLY.values()))
    assert {number: index[SELLER, number] for number in expected} == expected
    assert {number: sales[SELLER, number] for number in expected} == expected | {0: None}, "0 is told no sales"
    assert {index[VENDOR, number] for number in expected} == {None}, "a month has no loaded day"


def test_the_month_a_year_before_is_whole_in_leap_years_too(make):
    """Of February 2 on the 28th of 2027, 4 and 5 on the 28th and 29th of 2028; of each other month 3 on one day."""
    warehouse = make()
    costs = {date(year, month, 5): 3 for year in (2027, 2028) for month in (1, *range(3, 13))} | {date(2029, 1, 5): 3}
    costs |= {date(2027, 2, 28): 2, date(2028, 2, 28): 4, date(2028, 2, 29): 5, date(2029, 2, 28): 3}
    with warehouse.connect() as connection:
        for one in costs:
            days.loaded(connection, days=1, end=one)
        days.rows(connection, "report_sp_campaigns", [days.sp(one, cost=cost) for one, cost in costs.items()])
    refresh(warehouse)
    query = "SELECT date, cost_month_index_last_12_months AS index FROM campaign_features WHERE month(date) = 2"
    found = {row["date"]: row["index"] for row in ask(warehouse, query)}
    after, leap = pytest.approx(4.5 / ((9 + 33) / 13)), pytest.approx(2 / ((2 + 33) / 12))
    expected = {date(2027, 2, 28): None, date(2028, 2, 28): leap, date(2028, 2, 29): leap, date(2029, 2, 28): after}
    assert found == expected


def test_each_currency_has_an_index_of_the_month_of_its_own_amounts(make):
    warehouse = make()
    with warehouse.connect() as connection:
        for one in (*MONTHS, day(0)):
            days.loaded(connection, days=1, end=one)
        found = [days.sp(one, cost=1) for one in (*MONTHS, day(0))]
        found += [
            days.sp(one, cost=cost, currency_code="CAD") for one, cost in ((THEN, 6), (MONTHS[6], 2), (day(0), 1))
        ]
        days.rows(connection, "report_sp_campaigns", found)
    refresh(warehouse)
    query = "SELECT currency_code, cost_month_index_last_12_months AS index FROM campaign_features WHERE date = ?"
    found = {row["currency_code"]: row["index"] for row in ask(warehouse, query, day(0))}
    assert found == {"USD": 1, "CAD": pytest.approx(6 / (8 / 12))}


def test_tables_of_an_earlier_release_gain_the_columns_they_lack_and_keep_their_rows(make):
    warehouse = make(Load(0, 5))
    refresh(warehouse)
    before = ask(warehouse, "SELECT date, cost_last_3_days FROM campaign_features ORDER BY ALL")
    ask(warehouse, "ALTER TABLE campaign_features_known DROP COLUMN trend_days_last_30_days")
    ask(warehouse, "DROP VIEW campaign_features")
    prepare(warehouse)
    query = "SELECT date, cost_last_3_days, trend_days_last_30_days AS n FROM campaign_features ORDER BY ALL"
    assert ask(warehouse, query) == [row | {"n": None} for row in before]


def test_figures_near_the_largest_that_a_report_can_hold_break_nothing(make, tmp_path):
    warehouse = make()
    huge = {"cost": 999999999999.99, "clicks": 9 * 10**17, "sales7d": 0.01}
    content = [report_row("spCampaigns", day(number), campaignId=11, **huge) for number in range(9)]
    with warehouse.connect() as connection:
        load_files(connection, REPORT_TABLES["spCampaigns"], [report_file(tmp_path, content, day(0), day(8))], NOON)
    refresh(warehouse)
    (last,) = ask(warehouse, "FROM campaign_features WHERE date = ?", day(8))
    assert last["cost_slope_last_30_days"] == 0
    assert last["clicks_last_90_days"] == 81 * 10**17


def test_two_currencies_of_a_profile_are_rows_of_their_own(make):
    warehouse = make(Load(0, 5))
    ask(warehouse, "UPDATE report_sp_campaigns SET currency_code = 'CAD' WHERE date <= ?", day(1))
    refresh(warehouse)
    query = "SELECT currency_code, sum(cost_last_90_days) AS cost FROM campaign_features WHERE date = ? GROUP BY ALL"
    costs = "SELECT currency_code, sum(cost) AS cost FROM report_sp_campaigns GROUP BY ALL ORDER BY ALL"
    assert ask(warehouse, f"{query} ORDER BY ALL", day(5)) == ask(warehouse, costs)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # DuckDB's, where a frame has moments
@pytest.mark.parametrize("table", FEATURE_TABLES.values(), ids=FEATURE_TABLES)
def test_a_feature_table_has_the_columns_it_is_declared_with_and_none_that_a_frame_cannot_hold(connection, table):
    described = [(row[0], row[1].split("(")[0]) for row in connection.execute(f"DESCRIBE {table.name}").fetchall()]
    assert described == [(column.name, column.type) for column in table.columns]
    frame = connection.execute(f"FROM {table.name}").df()
    others = {"date", "account", "currency_code", "ad_product", "known_at", "final_from"}
    assert {*frame.columns} - {*frame.select_dtypes("number").columns} == others


@pytest.mark.parametrize("table", FEATURE_TABLES.values(), ids=FEATURE_TABLES)
def test_the_file_of_a_feature_table_says_first_what_one_row_is(table):
    assert sql_file(f"features/{table.name}").startswith("-- One row is ")


# Seasonality


def test_a_weekday_is_compared_with_the_average_day_of_twelve_weeks(make, tmp_path):
    warehouse = make()
    content = [
        report_row("spCampaigns", day(number), campaignId=campaign, clicks=clicks, impressions=0)
        for number in range(91)
        for campaign, clicks in ((11, 14 if day(number).isoweekday() == 6 else 7), (12, 1))
        if campaign == 11 or number >= 84
    ]
    with warehouse.connect() as connection:
        load_files(connection, REPORT_TABLES["spCampaigns"], [report_file(tmp_path, content, day(0), day(90))], NOON)
    found = {
        (row["campaign_id"], row["bucket"], row["metric"]): (row["index"], row["days"])
        for row in ask(warehouse, "FROM seasonality WHERE kind = 'weekday'")
    }
    assert found[11, 6, "clicks"] == (pytest.approx(14 / 8), 12)
    assert found[11, 1, "clicks"] == (pytest.approx(7 / 8), 12)
    assert found[12, 1, "clicks"] == (1, 1), "days before a campaign's first row are not counted"
    assert found[None, 6, "clicks"] == (pytest.approx((14 * 12 + 1) / 12 / ((8 * 84 + 7) / 84)), 12)
    assert found[None, 6, "impressions"] == (None, 12)
    assert len(found) == 3 * 7 * 6


@pytest.mark.parametrize(("months", "there"), [(11, False), (12, True)])
def test_months_are_compared_once_each_of_the_twelve_is_there(make, tmp_path, months, there):
    warehouse = make()
    first, last = {11: (0, 320), 12: (0, 364)}[months]
    content = [
        report_row("spCampaigns", day(number), campaignId=11, cost=2 if day(number).month == 12 else 1)
        for number in range(first, last + 1)
    ]
    with warehouse.connect() as connection:
        load_files(connection, REPORT_TABLES["spCampaigns"], [report_file(tmp_path, content, day(0), day(last))], NOON)
    found = ask(warehouse, "FROM seasonality WHERE kind = 'month' AND metric = 'cost' AND campaign_id = 11")
    assert {row["bucket"] for row in found} == (set(range(1, 13)) if there else set())
    if there:
        december = next(row for row in found if row["bucket"] == 12)
        assert (december["index"], december["days"]) == (pytest.approx(2 / ((365 + 31) / 365)), 31)


def test_seasonality_has_the_columns_it_is_declared_with_and_its_sources_are_those_of_campaigns(connection):
    described = [(row[0], row[1]) for row in connection.execute("DESCRIBE seasonality").fetchall()]
    assert described == [(column.name, column.type) for column in SEASONALITY]
    for ad_product, report_type in CAMPAIGN_FEATURES.metrics.sources.items():
        assert f"('{report_type}', '{ad_product}')" in sql_file("features/seasonality")


def test_each_loaded_day_is_spelled_out_once(make):
    warehouse = make()
    with warehouse.connect() as connection:
        for first, last in ((0, 4), (3, 6), (1, 1), (9, 9), (8, 8)):
            days.loaded(connection, days=last - first + 1, end=day(last))
        days.loaded(connection, days=1, end=day(0), profile_id=VENDOR)
    query = "SELECT date FROM covered_days WHERE profile_id = ? ORDER BY ALL"
    assert [row["date"] for row in ask(warehouse, query, SELLER)] == [day(n) for n in (*range(7), 8, 9)]
    assert [row["date"] for row in ask(warehouse, query, VENDOR)] == [day(0)]
