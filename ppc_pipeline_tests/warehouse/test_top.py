"""The highest of a kind: over the last days of each profile, and rates that divide what belongs together."""

from datetime import timedelta

import pytest

from ppc_pipeline.warehouse.top import KINDS, last_days, top
from ppc_pipeline_tests.fakes import DAY, SELLER, VENDOR
from ppc_pipeline_tests.warehouse.days import campaign, loaded, rows, sp
from ppc_pipeline_tests.warehouse.made import add_profile


def found(connection, kind, by, days=7, **options):
    answer = top(connection, KINDS[kind], by, days, **options)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture
def portfolio(connection):
    """A portfolio with a campaign of Sponsored Products (cost 80, sales 100) and Brands (cost 100, sales 400)."""
    add_profile(connection, SELLER, "seller", "US", "USD")
    for number, ad_product in ((11, "SPONSORED_PRODUCTS"), (12, "SPONSORED_BRANDS")):
        campaign(connection, number, ad_product=ad_product, portfolio_id=5)
    loaded(connection, "spCampaigns", 7)
    loaded(connection, "sbCampaigns", 7)
    rows(connection, "report_sp_campaigns", [sp(DAY, clicks=10, cost=80, purchases=4, sales=100)])
    brands = {"date": DAY, "campaign_id": 12, "clicks": 10, "cost": 100, "purchases": 8, "sales": 400}
    rows(connection, "report_sb_campaigns", [brands])
    return connection


def test_sales_of_a_window_that_not_all_have_are_not_set_against_the_cost_of_all(portfolio):
    (standard,) = found(portfolio, "portfolios", "cost")
    assert (standard["cost"], standard["sales"], standard["acos_percent"]) == (180, 500, 36)
    (row,) = found(portfolio, "portfolios", "cost", window="7d")
    assert (row["cost"], row["clicks"], row["cpc"]) == (180, 20, 9)
    late = ("sales", "purchases", "units", "acos_percent", "roas", "cvr_percent", "cost_per_purchase")
    assert {row[name] for name in late} == {None}
    (row,) = found(portfolio, "portfolios", "cost", window="14d")
    assert (row["sales"], row["acos_percent"]) == (500, 36)


def test_the_last_days_are_those_of_each_profile_and_ad_product(connection):
    behind = DAY - timedelta(days=2)
    for profile_id, country, currency in ((SELLER, "US", "USD"), (VENDOR, "JP", "JPY")):
        add_profile(connection, profile_id, "seller", country, currency)
    loaded(connection, days=10)
    loaded(connection, days=10, end=behind, profile_id=VENDOR)
    for n in range(5):
        day = DAY - timedelta(days=n)
        rows(connection, "report_sp_campaigns", [sp(day, cost=1), sp(day, cost=1, profile_id=VENDOR)])
    costs = {row["profile_id"]: row["cost"] for row in found(connection, "campaigns", "cost", days=2)}
    assert costs == {SELLER: 2, VENDOR: 2}
    assert last_days(connection, KINDS["campaigns"], 2) == (behind - timedelta(days=1), DAY)
    assert last_days(connection, KINDS["campaigns"], 2, [VENDOR]) == (behind - timedelta(days=1), behind)


@pytest.mark.parametrize("by", ["acos_percent", "cost_per_purchase"])
def test_cost_that_sold_nothing_is_the_highest_acos_and_never_the_lowest(connection, by):
    add_profile(connection, SELLER, "seller", "US", "USD")
    loaded(connection, days=7)
    made = [(1, 100, 1, 50), (2, 9000, 0, 0), (3, 10, 5, 500), (4, 0, 0, 0), (5, 20, 0, 0)]
    for number, cost, purchases, sales in made:
        figures = {"clicks": 10, "cost": cost, "purchases": purchases, "sales": sales}
        rows(connection, "report_sp_campaigns", [sp(DAY, campaign_id=number, **figures)])
    assert [row["campaign_id"] for row in found(connection, "campaigns", by)] == [2, 5, 1, 3, 4]
    assert [row["campaign_id"] for row in found(connection, "campaigns", by, lowest=True)][:2] == [3, 1]
