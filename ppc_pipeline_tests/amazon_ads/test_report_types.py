"""What every declaration of a report type must keep to, so that adding one needs nothing else."""

import pytest

from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES, REPORT_TYPES, describe, is_metric, kind_of

ALL = pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=REPORT_TYPES)


def test_every_daily_report_type_of_sponsored_ads_is_declared():
    assert {report_type.report_type_id for report_type in REPORT_TYPES.values()} == {
        *("spCampaigns", "spTargeting", "spSearchTerm", "spAdvertisedProduct", "spPurchasedProduct"),
        *("spGrossAndInvalids", "spAudiences"),
        *("sbCampaigns", "sbAdGroup", "sbCampaignPlacement", "sbTargeting", "sbSearchTerm", "sbAds"),
        *("sbPurchasedProduct", "sbGrossAndInvalids", "sbAudiences"),
        *("sdCampaigns", "sdAdGroup", "sdTargeting", "sdAdvertisedProduct", "sdPurchasedProduct", "sdGrossAndInvalids"),
        *("stCampaigns", "stTargeting"),
    }


@ALL
def test_no_column_is_asked_for_twice_and_daily_rows_have_their_date(report_type):
    assert len(set(report_type.columns)) == len(report_type.columns)
    assert "date" in report_type.columns
    assert not {"startDate", "endDate"} & {*report_type.columns}, "they go with summaries"


@ALL
def test_the_grain_is_of_columns_that_are_asked_for_and_at_least_one_is_always_there(report_type):
    assert {*report_type.grain} <= {*report_type.columns}
    assert {*report_type.nullable} < {*report_type.grain}


@ALL
def test_a_type_whose_grain_has_no_id_is_anonymous(report_type):
    ids = [column for column in report_type.grain if column.endswith("Id")]
    assert report_type.anonymous or ids, "rows without an id may be alike in the grain"
    assert not report_type.id_column or (report_type.anonymous and report_type.id_column in report_type.nullable)


@ALL
def test_no_column_of_the_grain_is_added_up_and_something_is(report_type):
    assert not any(is_metric(column) for column in report_type.grain)
    assert any(is_metric(column) for column in report_type.columns)


@ALL
def test_costs_and_sales_are_exact_amounts(report_type):
    named = [c for c in report_type.columns if c in ("cost", "spend") or c.startswith(("sales", "attributedSales"))]
    assert {kind_of(column) for column in named} <= {Kind.MONEY}


@ALL
def test_the_name_says_the_type_and_for_further_groupings_which(report_type):
    type_id, _, grouping = report_type.name.partition(":")
    assert type_id == report_type.report_type_id
    assert not grouping or grouping == report_type.group_by[-1]


def test_what_is_ordered_by_default_is_declared():
    assert {*DEFAULT_REPORT_TYPES} <= {*REPORT_TYPES}


@pytest.mark.parametrize(
    ("column", "kind", "metric"),
    [
        ("campaignId", Kind.INTEGER, False),
        ("targetingId", Kind.INTEGER, False),
        ("clicks", Kind.INTEGER, True),
        ("detailPageViewsClicks", Kind.INTEGER, True),
        ("salesBrandHalo", Kind.MONEY, True),
        ("newToBrandSales14d", Kind.MONEY, True),
        ("eCPAddToCart", Kind.MONEY, False),
        ("keywordBid", Kind.MONEY, False),
        ("cumulativeReach", Kind.INTEGER, False),
        ("longTermROAS", Kind.RATE, False),
        ("marketplaceId", Kind.STRING, False),
        ("segmentClassCode", Kind.STRING, False),
        ("date", Kind.DATE, False),
    ],
)
def test_a_column_has_the_kind_of_the_catalogue_and_is_added_up_where_that_means_something(column, kind, metric):
    assert (kind_of(column), is_metric(column)) == (kind, metric)


@pytest.mark.parametrize(
    ("column", "ad_product", "meaning"),
    [
        ("sales7d", "SPONSORED_PRODUCTS", "Sales within 7 days of a click."),
        ("purchases1d", "SPONSORED_PRODUCTS", "Orders within 1 day of a click."),
        ("purchasesSameSku30d", "SPONSORED_PRODUCTS", "Orders of the advertised product within 30 days of a click."),
        ("unitsSoldClicks14d", "SPONSORED_PRODUCTS", "Units sold within 14 days of a click."),
        ("sales", "SPONSORED_BRANDS", "Sales within 14 days of a click or a view."),
        ("sales14d", "SPONSORED_BRANDS", "Sales within 14 days of a click; in vCPM campaigns of a view, too."),
        ("sales14d", "SPONSORED_PRODUCTS", "Sales within 14 days of a click."),
        ("orders14d", "SPONSORED_BRANDS", "Orders within 14 days."),
        ("ordersClicks14d", "SPONSORED_BRANDS", "Orders within 14 days of a click."),
        ("salesClicks", "SPONSORED_DISPLAY", "Sales within 14 days of a click."),
        ("purchasesPromotedClicks", "SPONSORED_DISPLAY", "Orders of the advertised product within 14 days of a click."),
        ("detailPageViewsViews", "SPONSORED_DISPLAY", "How often a product's page was looked at after a view."),
        ("addToCart", "SPONSORED_BRANDS", "How often a product was put into the cart."),
        ("sales", "SPONSORED_TELEVISION", "Sales."),
        ("segmentClassCode", "SPONSORED_PRODUCTS", ""),
    ],
)
def test_a_column_means_what_the_rules_of_its_name_say(column, ad_product, meaning):
    assert describe(column, ad_product) == meaning


@ALL
def test_every_figure_of_orders_sales_and_units_has_its_meaning(report_type):
    sold = [
        name for name in report_type.columns if is_metric(name) and name.startswith(("purch", "sales", "unitsSold"))
    ]
    assert [name for name in sold if not describe(name, report_type.ad_product)] == []
