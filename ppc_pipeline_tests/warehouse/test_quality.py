"""The quality checks: each can fail, and then names the client and what is wrong; each passes where nothing is."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline.warehouse.quality import QUALITY_CHECKS, Asked, judge
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER
from ppc_pipeline_tests.warehouse.days import WEEK, campaign, loaded, rows, sp
from ppc_pipeline_tests.warehouse.made import add_profile

MORNING = datetime(2026, 11, 11, 18, tzinfo=UTC)
"""The day after ``DAY`` everywhere: ten in the morning in Los Angeles."""


@pytest.fixture
def here(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    undone.execute("UPDATE profiles_history SET timezone = 'America/Los_Angeles'")
    return undone


def judged(connection, name, *, now=MORNING, start=DAY - timedelta(days=6), end=DAY):
    return judge(connection, QUALITY_CHECKS[name], Asked(start, end, ["spCampaigns", "spTargeting"], now))


def problems(connection, name, **asked):
    return [(one.client, one.problem) for one in judged(connection, name, **asked) if one.problem]


@pytest.mark.parametrize(
    ("now", "zone", "newest", "problem"),
    [
        (MORNING, "America/Los_Angeles", DAY, None),
        (
            datetime(2026, 11, 11, 7, tzinfo=UTC),
            "America/Los_Angeles",
            DAY - timedelta(days=1),
            None,
        ),  # still the tenth
        (datetime(2026, 11, 11, 9, tzinfo=UTC), "America/Los_Angeles", DAY - timedelta(days=1), "2026-11-09"),
        (datetime(2026, 11, 10, 16, tzinfo=UTC), "Asia/Tokyo", DAY, None),
        (datetime(2026, 11, 10, 16, tzinfo=UTC), "Asia/Tokyo", DAY - timedelta(days=1), "2026-11-09"),
        (MORNING, None, DAY, None),
    ],
)
def test_yesterday_is_the_profiles_own(here, now, zone, newest, problem):
    here.execute("UPDATE profiles_history SET timezone = ?", [zone])
    loaded(here, end=newest)
    (found,) = judged(here, "fresh", now=now)
    assert (found.client, found.found) == ("Acme US", str(newest))
    assert found.problem == (
        problem and f"yesterday is not there yet: spCampaigns until {problem}; `ppc status` says why"
    )


def test_a_report_type_that_lags_is_named_and_one_that_is_not_configured_is_not(here):
    for report_type, late in (("spCampaigns", 0), ("spTargeting", 3), ("sbCampaigns", 9)):
        loaded(here, report_type, end=DAY - timedelta(days=late))
    (found,) = judged(here, "fresh")
    assert (found.expected, found.found) == ("2026-11-10", "2026-11-07")
    assert "spTargeting until 2026-11-07;" in (found.problem or "")


def test_a_profile_without_a_single_load_is_not_fresh_and_one_that_is_left_out_does_not_matter(here):
    assert problems(here, "fresh") == [("Acme US", "nothing is loaded: `ppc status` says why")]
    here.execute("UPDATE profiles_history SET active = false")
    assert judged(here, "fresh") == []


def test_an_id_that_was_never_listed_is_named_with_its_cost_and_an_archived_one_is_counted(here):
    campaign(here, 11)
    rows(here, "report_sp_campaigns", [sp(DAY, campaign_id=11, cost=3)])
    assert judged(here, "known_ids") == []
    rows(here, "report_sp_campaigns", [sp(DAY, campaign_id=13, cost=9, campaign_status="ARCHIVED")])
    (found,) = judged(here, "known_ids")
    assert (found.found, found.problem) == ("0 never listed, 1 archived ones tolerated", None)
    rows(here, "report_sp_campaigns", [sp(DAY, campaign_id=12, cost=5, campaign_name="Ghost")])
    (found,) = judged(here, "known_ids")
    assert (found.expected, found.found) == (
        *("3 ids that were listed once", "1 never listed, 1 archived ones tolerated"),
    )
    assert (found.client, found.problem) == ("Acme US", 'no list ever had 12 "Ghost", which cost 5.00 USD')
    assert judged(here, "known_ids", start=DAY - WEEK, end=DAY - WEEK) == []


def test_a_keyword_is_known_from_the_keywords_or_the_targets_and_where_nothing_is_listed_nothing_is_said(here):
    row = {"ad_group_id": 21, "keyword_type": "BROAD", "targeting": "mug"}
    rows(here, "report_sp_targeting", [sp(DAY, keyword_id=number, cost=1, **row) for number in (31, 32, 33)])
    assert judged(here, "known_ids") == []
    for table, column, number in (("keywords", "keyword_id", 31), ("targets", "target_id", 32)):
        here.execute(
            f"INSERT INTO {table}_history (account, profile_id, ad_product, {column}, valid_from, valid_to) "
            "VALUES ('acme', ?, 'SPONSORED_PRODUCTS', ?, ?, ?)",
            [SELLER, number, NOON, NOON],  # an older version will do
        )
    assert problems(here, "known_ids") == [("Acme US", 'no list ever had 33 "mug", which cost 1.00 USD')]


def test_each_kind_of_id_is_known_from_its_own_list_by_ad_product(here):
    brands = {"ad_group_id": 22, "keyword_text": "cup"}
    rows(here, "report_sb_targeting", [{"date": DAY, "keyword_id": 41, **brands, "cost": 1}])
    rows(here, "report_sb_targeting", [{"date": DAY, "targeting_id": 42, **brands, "cost": 2}])
    rows(here, "report_sd_targeting", [{"date": DAY, "targeting_id": 43, "ad_group_id": 23, "cost": 3}])
    product = {"ad_group_id": 21, "ad_id": 51, "advertised_asin": "B000000001", "portfolio_id": 71, "cost": 4}
    rows(here, "report_sp_advertised_product", [sp(DAY, **product)])
    for table, column, ad_product, number in (
        ("keywords", "keyword_id", "SPONSORED_BRANDS", 1),
        ("targets", "target_id", "SPONSORED_DISPLAY", 1),
        ("ad_groups", "ad_group_id", "SPONSORED_BRANDS", 1),
        ("ad_groups", "ad_group_id", "SPONSORED_DISPLAY", 23),
        ("product_ads", "ad_id", "SPONSORED_PRODUCTS", 1),
    ):
        here.execute(
            f"INSERT INTO {table}_history (account, profile_id, ad_product, {column}, valid_from) "
            "VALUES ('acme', ?, ?, ?, ?)",
            [SELLER, ad_product, number, NOON],
        )
    here.execute(
        "INSERT INTO portfolios_history (account, profile_id, portfolio_id, valid_from) VALUES ('acme', ?, 1, ?)",
        [SELLER, NOON],
    )
    found = {one.subject: one.problem for one in judged(here, "known_ids")}
    assert found == {
        "SPONSORED_BRANDS, keyword or target": 'no list ever had 42 "cup", 41 "cup", which cost 3.00 USD',
        "SPONSORED_BRANDS, ad group": 'no list ever had 22 "", which cost 3.00 USD',
        "SPONSORED_DISPLAY, keyword or target": 'no list ever had 43 "", which cost 3.00 USD',
        "SPONSORED_PRODUCTS, ad": 'no list ever had 51 "B000000001", which cost 4.00 USD',
        "all ad products, portfolio": 'no list ever had 71 "", which cost 4.00 USD',
    }


@pytest.mark.parametrize("status", [{"ad_keyword_status": "ARCHIVED"}, {"campaign_status": "ARCHIVED"}])
def test_an_ad_group_may_be_archived_where_a_keyword_or_its_campaign_is(here, status):
    here.execute(
        "INSERT INTO ad_groups_history (account, profile_id, ad_product, ad_group_id, valid_from) "
        "VALUES ('acme', ?, 'SPONSORED_PRODUCTS', 1, ?)",
        [SELLER, NOON],
    )
    rows(here, "report_sp_targeting", [sp(DAY, ad_group_id=21, keyword_id=31, **status)])
    (found,) = judged(here, "known_ids")
    assert (found.found, found.problem) == ("0 never listed, 1 archived ones tolerated", None)


def test_a_key_that_stands_twice_is_named_in_every_table_that_counts_it_twice(here):
    rows(here, "report_sp_campaigns", [sp(DAY, cost=1)])
    rows(here, "report_sb_search_term", [{"date": DAY, "ad_group_id": 21, "search_term": "mug"}])
    assert judged(here, "grain_unique") == []
    rows(here, "report_sp_campaigns", [sp(DAY, cost=1)])
    rows(here, "report_sb_search_term", [{"date": DAY, "ad_group_id": 21, "search_term": "mug"}])  # no target_id: NULL
    assert [(one.client, one.subject, one.problem) for one in judged(here, "grain_unique")] == [
        ("Acme US", "metrics_by_campaign", "USD, SPONSORED_PRODUCTS, 11 on 2026-11-10, 2 times"),
        ("Acme US", "metrics_by_search_term", "USD, SPONSORED_BRANDS, 11, 21, mug on 2026-11-10, 2 times"),
    ]


def test_the_key_of_every_metric_table_is_asked_for():
    found = re.findall(r"FROM (metrics_\w+) WHERE .*?GROUP BY(.*?)HAVING", sql_file("quality/grain_unique"), re.DOTALL)
    assert {name: tuple(re.findall(r"\w+", key)) for name, key in found} == {
        table.name: table.grain for table in METRIC_TABLES.values()
    }


@pytest.fixture
def both(here):
    """A warehouse that has campaigns and their targets loaded."""
    for report_type in ("spCampaigns", "spTargeting"):
        loaded(here, report_type)
    return here


def of_targets(**figures):
    return sp(DAY, ad_group_id=21, keyword_id=31, **figures)


@pytest.mark.parametrize(
    ("cost", "clicks", "sales", "worst"),
    [
        (100, 100, 300, None),
        (99, 99, 297, None),
        (98, 100, 300, '11 "Mugs" (-2.00 USD, +0 clicks, +0.00 sales)'),
        (100, 102, 300, '11 "Mugs" (+0.00 USD, +2 clicks, +0.00 sales)'),
        (100, 100, 304, '11 "Mugs" (+0.00 USD, +0 clicks, +4.00 sales)'),
    ],
)
def test_targets_add_up_to_their_campaigns_up_to_a_percent(both, cost, clicks, sales, worst):
    rows(both, "report_sp_campaigns", [sp(DAY, cost=100, clicks=100, sales=300)])
    rows(both, "report_sp_targeting", [of_targets(cost=cost, clicks=clicks, sales=sales)])
    (found,) = judged(both, "sums_agree")
    problem = worst and f"keywords and targets do not add up to their campaigns: {worst}"
    assert (found.client, found.subject, found.problem) == ("Acme US", "SPONSORED_PRODUCTS, 7 days", problem)
    assert found.expected == "100.00 USD, 100 clicks, 300.00 sales"
    apart = f"{100 - cost}.00, {abs(100 - clicks)}, {abs(300 - sales)}.00"
    assert found.found == f"{cost}.00 USD, {clicks} clicks, {sales}.00 sales; apart by {apart}"


def test_what_one_campaign_has_too_much_does_not_make_up_for_what_another_lacks(both):
    rows(both, "report_sp_campaigns", [sp(DAY, campaign_id=number, cost=100, clicks=10) for number in (11, 12)])
    rows(both, "report_sp_targeting", [of_targets(cost=200, clicks=20)])
    (found,) = judged(both, "sums_agree")
    assert found.found == "200.00 USD, 20 clicks, 0.00 sales; apart by 200.00, 20, 0.00"
    assert (found.problem or "").endswith(
        ': 11 "Mugs" (+100.00 USD, +10 clicks, +0.00 sales), 12 "Mugs" (-100.00 USD, -10 clicks, +0.00 sales)'
    )


def test_sales_of_an_unknown_window_are_not_compared(both):
    both.execute("UPDATE profiles_history SET account_type = 'agency'")
    rows(both, "report_sp_campaigns", [sp(DAY, cost=100, clicks=10, sales=300)])
    rows(both, "report_sp_targeting", [of_targets(cost=100, clicks=10, sales=100)])
    (found,) = judged(both, "sums_agree")
    assert (found.expected, found.problem) == ("100.00 USD, 10 clicks", None)


def test_days_that_the_two_reports_were_asked_for_at_different_ages_are_not_compared(here):
    loaded(here, "spCampaigns", asked=DAY + timedelta(days=3))
    loaded(here, "spTargeting")
    rows(here, "report_sp_campaigns", [sp(DAY, cost=100, clicks=100)])
    assert judged(here, "sums_agree") == []


def test_an_enabled_campaign_that_is_never_shown_is_named(here):
    loaded(here)
    campaign(here, 11)
    campaign(here, 12, name="Silent")
    campaign(here, 13, state="PAUSED")
    campaign(here, 14, start_date=DAY)
    campaign(here, 15, end_date=DAY - timedelta(days=1))
    campaign(here, 16, removed_at=NOON)
    rows(here, "report_sp_campaigns", [sp(DAY - timedelta(days=29), impressions=1)])
    (found,) = judged(here, "active_campaigns")
    assert (found.client, found.expected, found.found) == ("Acme US", "2 enabled campaigns with rows", "1")
    assert found.problem == 'no row from 2026-10-12 to 2026-11-10 of 12 "Silent"'


def test_of_a_few_loaded_days_no_campaign_is_called_silent(here):
    loaded(here, days=13)
    campaign(here, 12)
    assert judged(here, "active_campaigns") == []


@pytest.mark.parametrize(
    ("currency", "problem"),
    [
        ("USD", None),
        ("EUR", "1 rows from 2026-11-10 to 2026-11-10 are in EUR, the profile is in USD"),
        ("", "1 rows from 2026-11-10 to 2026-11-10 have no currency"),
    ],
)
def test_figures_are_in_the_profiles_currency(here, currency, problem):
    rows(here, "report_sp_campaigns", [sp(DAY, cost=1, currency_code=currency)])
    (found,) = judged(here, "currency")
    assert (found.client, found.expected, found.found, found.problem) == ("Acme US", "USD", currency or "none", problem)


@pytest.mark.parametrize(
    ("figures", "rule"),
    [
        ({"impressions": 9, "clicks": 9}, None),
        ({"impressions": 9, "clicks": 10}, "clicks are not more than impressions"),
        ({"impressions": -1}, "traffic is not negative"),
        ({"impressions": 9, "cost": -1}, "cost is not negative"),
        ({"impressions": 9, "purchases": -1}, "conversions are not negative"),
        ({"impressions": 9, "sales": -1}, "conversions are not negative"),
        ({"impressions": 0, "cost": 1}, "nothing costs that was not shown"),
        ({"impressions": 9, "purchases": 1}, None),
        ({"impressions": 9, "sales": 1}, "nothing is sold without a purchase"),
        ({"impressions": 9, "units_sold_clicks_7d": 1}, "nothing is sold without a purchase"),
        ({"impressions": 9, "purchases": 1, "purchases_30d": 0}, "a longer window has no less than a shorter one"),
    ],
)
def test_what_cannot_be_is_named(here, figures, rule):
    rows(here, "report_sp_campaigns", [sp(DAY, **figures)])
    found = judged(here, "possible_values")
    assert [(one.client, one.expected) for one in found] == ([("Acme US", rule)] if rule else [])
    assert all(one.problem and one.problem.startswith('"Mugs" on 2026-11-10: ') for one in found)


def test_customers_new_to_the_brand_are_some_of_all(here):
    figures = {"date": DAY, "impressions": 9, "purchases": 2, "sales": 10, "new_to_brand_purchases": 2}
    rows(here, "report_sb_campaigns", [figures | {"new_to_brand_sales": 10}])
    assert judged(here, "possible_values") == []
    rows(here, "report_sb_campaigns", [figures | {"new_to_brand_sales": 11}])
    (found,) = judged(here, "possible_values")
    assert found.expected == "those new to the brand are not more than all"


def day_of_rows(connection, day, number):
    rows(connection, "report_sp_campaigns", [sp(day, campaign_id=100 + n, impressions=1) for n in range(number)])


@pytest.mark.parametrize(
    ("before", "newest", "problem"),
    [
        ([50] * 4, 50, None),
        ([50] * 4, 30, None),
        ([50] * 4, 24, "Tuesday, 2026-11-10 has 24 rows, the median of 4 Tuesdays before is 50"),
        ([50] * 4, 0, "Tuesday, 2026-11-10 has 0 rows, the median of 4 Tuesdays before is 50"),
        ([50] * 4, 101, "Tuesday, 2026-11-10 has 101 rows, the median of 4 Tuesdays before is 50"),
        ([10] * 4, 2, None),  # a few rows are soon half as many
        ([50, 3, 50, 50, 50], 50, None),
    ],
)
def test_the_newest_day_has_as_many_rows_as_its_weekday_usually(here, before, newest, problem):
    loaded(here, days=7 * len(before) + 1)
    for n, number in enumerate(reversed(before), 1):
        day_of_rows(here, DAY - WEEK * n, number)
    day_of_rows(here, DAY, newest)
    (found,) = judged(here, "row_counts")
    assert (found.client, found.problem) == ("Acme US", problem)
    assert found.found == f"{newest} rows on {DAY}"


def test_three_weekdays_are_too_few_to_say_how_many_rows_are_usual(here):
    loaded(here, days=22)
    for n in range(4):
        day_of_rows(here, DAY - WEEK * n, 50 if n else 0)
    assert judged(here, "row_counts") == []


@pytest.mark.parametrize("name", QUALITY_CHECKS)
def test_a_check_says_first_what_one_row_is_and_holds_of_an_empty_warehouse(undone, name):
    assert sql_file(f"quality/{name}").startswith("-- One row is ")
    assert judge(undone, QUALITY_CHECKS[name], Asked(date(2026, 1, 1), DAY, ["spCampaigns"], NOON)) == []
