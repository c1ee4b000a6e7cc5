"""All reports of an ad product add up the same numbers: on every day, in every currency, at every age."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, is_metric, kind_of
from ppc_pipeline.sandbox import SandboxOptions
from ppc_pipeline.sandbox.accounts import profiles_of
from ppc_pipeline.sandbox.arrays import ARRAYS
from ppc_pipeline.sandbox.bodies import Query, daily_sums
from ppc_pipeline.sandbox.creation import world_of
from ppc_pipeline.sandbox.grains import grain_of, groups_of
from ppc_pipeline.sandbox.lists import LISTINGS
from ppc_pipeline.sandbox.world import CPC, ENABLED

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
WINDOWS = ("1d", "7d", "14d", "30d")
# Report types that hold all traffic of an ad product, the plainest first.
WHOLE = {
    "SPONSORED_PRODUCTS": (
        "spCampaigns",
        "spCampaigns:adGroup",
        "spCampaigns:campaignPlacement",
        "spTargeting",
        "spAdvertisedProduct",
        "spAudiences",
    ),
    "SPONSORED_BRANDS": ("sbCampaigns", "sbAdGroup", "sbCampaignPlacement", "sbTargeting", "sbAds", "sbAudiences"),
    "SPONSORED_DISPLAY": (
        "sdCampaigns",
        "sdCampaigns:matchedTarget",
        "sdAdGroup",
        "sdAdGroup:matchedTarget",
        "sdTargeting",
        "sdTargeting:matchedTarget",
        "sdAdvertisedProduct",
    ),
    "SPONSORED_TELEVISION": ("stCampaigns", "stCampaigns:adGroup", "stTargeting"),
}
AGES = st.sampled_from((0, 1, 2, 3, 5, 9, 17, 40, 59))
SEEDS, NUMBERS = st.integers(0, 5), st.integers(0, 9)


def world(seed=1, number=0, ad_product=SPONSORED_PRODUCTS, **more):
    options = SandboxOptions(seed=seed, profiles=number + 1, **more)
    return world_of(options, profiles_of(options, "sandbox")[number], ad_product)


def world_for(name, seed=1, number=0, **more):
    return world(seed, number, REPORT_TYPES[name].ad_product, **more)


def metrics_of(name):
    return [column for column in REPORT_TYPES[name].columns if is_metric(column)]


def sums_of(name, in_world, day, as_of=NOW):
    declared = REPORT_TYPES[name]
    query = Query(declared, declared.columns, day, day)
    ((_, sums),) = daily_sums(in_world, query, as_of, 400)
    return sums


def by_member(name, kind, metric, in_world, day, as_of=NOW):
    """Add a report's metric up by campaign, target or ad group."""
    sums = sums_of(name, in_world, day, as_of)
    members = groups_of(in_world, grain_of(REPORT_TYPES[name]).kinds[0]).members[kind]
    added = Counter()
    for group, value in zip(sums.groups.tolist(), sums.column(metric).tolist(), strict=True):
        if value:
            added[int(members[group])] += value
    return added


@pytest.mark.parametrize("ad_product", WHOLE)
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, number=NUMBERS, age=AGES)
def test_reports_of_a_day_agree_campaign_by_campaign_in_every_metric_that_they_share(ad_product, seed, number, age):
    in_world, day = world(seed, number, ad_product), TODAY - timedelta(days=age)
    first, *others = WHOLE[ad_product]
    for name in others:
        for metric in sorted({*metrics_of(first)} & {*metrics_of(name)}):
            campaigns = by_member(first, "campaign", metric, in_world, day)
            assert by_member(name, "campaign", metric, in_world, day) == campaigns, (name, metric)


@pytest.mark.parametrize(
    ("terms", "targets", "kind"),
    [("spSearchTerm", "spTargeting", "target"), ("sbSearchTerm", "sbTargeting", "ad_group")],
)
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, number=NUMBERS, age=AGES)
def test_search_terms_are_the_clicked_part_of_their_targets(terms, targets, kind, seed, number, age):
    in_world, day = world_for(terms, seed, number), TODAY - timedelta(days=age)
    assert (sums_of(terms, in_world, day).column("clicks") >= 1).all()
    of_views = ("impressions", "viewable", "video", "addToList", "purchases", "sales", "unitsSold")
    for metric in sorted({*metrics_of(terms)} & {*metrics_of(targets)}):
        of_terms = by_member(terms, kind, metric, in_world, day)
        of_targets = by_member(targets, kind, metric, in_world, day)
        # Somebody may see an ad and buy without a click: of Sponsored Brands, terms have a part of that.
        partly = metric == "impressions" or (
            terms == "sbSearchTerm" and metric.startswith(of_views) and not metric.endswith("Clicks")
        )
        if partly:
            assert all(of_terms[member] <= of_targets[member] for member in of_terms), metric
        elif not (in_world.campaigns and any(c.cost_type != CPC for c in in_world.campaigns) and metric == "cost"):
            assert of_terms == of_targets, metric


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, number=NUMBERS, age=AGES)
@pytest.mark.parametrize("name", REPORT_TYPES)
def test_a_part_is_never_more_than_the_whole_in_any_row(name, seed, number, age):
    in_world = world_for(name, seed, number)
    sums = sums_of(name, in_world, TODAY - timedelta(days=age))
    column = sums.column
    assert (column("clicks") <= column("impressions")).all()
    for stem in ("purchases", "sales", "unitsSold"):
        assert (column(f"{stem}Clicks") + column(f"{stem}Views") == column(stem)).all()
        assert (column(f"{stem}Promoted") + column(f"{stem}BrandHalo") == column(stem)).all()
        new = f"newToBrand{stem[0].upper()}{stem[1:]}"
        assert (column(new) <= column(stem)).all()
        assert (column(f"{new}Clicks") <= column(f"{stem}Clicks")).all()
        assert (column(f"{new}Clicks") + column(f"{new}Views") == column(new)).all()
    for stem in ("addToCart", "brandedSearches", "detailPageViews", "newToBrandDetailPageView"):
        whole = "newToBrandDetailPageViews" if stem.endswith("View") else stem
        assert (column(f"{stem}Clicks") + column(f"{stem}Views") == column(whole)).all()
    assert (column("newToBrandDetailPageViews") <= column("detailPageViews")).all()
    assert (column("addToListFromClicks") + column("addToListFromViews") == column("addToList")).all()
    chain = ("impressions", "viewableImpressions", "videoFirstQuartileViews", "videoMidpointViews")
    chain += ("videoThirdQuartileViews", "videoCompleteViews")
    if REPORT_TYPES[name].ad_product != SPONSORED_PRODUCTS:
        assert all((column(less) <= column(more)).all() for more, less in pairwise(chain))
        assert (column("clicks") <= column("viewableImpressions")).all()
    assert (column("grossImpressions") == column("impressions") + column("invalidImpressions")).all()
    assert (column("grossClickThroughs") == column("clicks") + column("invalidClickThroughs")).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, number=NUMBERS, age=AGES)
@pytest.mark.parametrize("name", [name for name in REPORT_TYPES if name.startswith("sp")])
def test_windows_and_skus_nest_in_every_row(name, seed, number, age):
    sums = sums_of(name, world(seed, number), TODAY - timedelta(days=age))
    assert ((sums.column("cost") > 0) == (sums.column("clicks") > 0)).all()
    for stem in ("purchases", "unitsSoldClicks", "sales", "attributedSalesSameSku"):
        values = [sums.column(stem + window) for window in WINDOWS]
        assert all((shorter <= longer).all() for shorter, longer in pairwise(values))
    for window in WINDOWS:
        assert (sums.column(f"attributedSalesSameSku{window}") <= sums.column(f"sales{window}")).all()
    same, other = sums.column("attributedSalesSameSku7d"), sums.column("salesOtherSku7d")
    assert (same + other == sums.column("sales7d")).all()
    same, other = sums.column("unitsSoldSameSku7d"), sums.column("unitsSoldOtherSku7d")
    assert (same + other == sums.column("unitsSoldClicks7d")).all()


PURCHASES = [
    # purchased products, the report they are a part of, by what, metric there, metric here
    ("spPurchasedProduct", "spTargeting", "target", "purchasesOtherSku30d", "purchasesOtherSku30d"),
    ("spPurchasedProduct", "spTargeting", "target", "salesOtherSku7d", "salesOtherSku7d"),
    ("spPurchasedProduct", "spTargeting", "target", "salesOtherSku7d", "sales7d"),
    ("spPurchasedProduct", "spAdvertisedProduct", "ad", "unitsSoldOtherSku7d", "unitsSoldOtherSku7d"),
    ("sbPurchasedProduct", "sbAdGroup", "ad_group", "purchases", "orders14d"),
    ("sbPurchasedProduct", "sbAdGroup", "ad_group", "sales", "sales14d"),
    ("sbPurchasedProduct", "sbAdGroup", "ad_group", "salesClicks", "salesClicks14d"),
    ("sbPurchasedProduct", "sbAdGroup", "ad_group", "newToBrandSales", "newToBrandSales14d"),
    ("sdPurchasedProduct", "sdAdvertisedProduct", "ad", "purchasesBrandHalo", "conversionsBrandHalo"),
    ("sdPurchasedProduct", "sdAdvertisedProduct", "ad", "salesBrandHaloClicks", "salesBrandHaloClicks"),
]


@pytest.mark.parametrize(("name", "whole", "kind", "there", "here"), PURCHASES)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, number=NUMBERS, age=AGES)
def test_purchased_products_are_the_orders_of_the_other_reports(name, whole, kind, there, here, seed, number, age):
    in_world, day = world_for(name, seed, number, campaigns=12), TODAY - timedelta(days=age)
    expected = by_member(whole, kind, there, in_world, day)
    assert by_member(name, kind, here, in_world, day) == expected


def test_of_sponsored_products_and_display_only_other_products_than_the_advertised_are_purchased(api, report_request):
    for name, advertised, purchased in (
        ("spPurchasedProduct", "advertisedAsin", "purchasedAsin"),
        ("sdPurchasedProduct", "promotedAsin", "asinBrandHalo"),
    ):
        rows = api.rows(report_request(name))
        assert rows
        assert not [row for row in rows if row[advertised] == row[purchased]]
    brands = api.rows(report_request("sbPurchasedProduct"))
    assert {row["attributionType"] for row in brands} == {"Promoted", "Brand Halo"}


@pytest.mark.parametrize("name", ["spGrossAndInvalids", "sbGrossAndInvalids", "sdGrossAndInvalids"])
def test_invalid_traffic_is_found_within_three_days_and_the_gross_stays(name):
    in_world, day = world_for(name, campaigns=40), date(2026, 9, 1)
    began = datetime(2026, 9, 1, 7, tzinfo=UTC)
    seen = [sums_of(name, in_world, day, began + timedelta(days=age)) for age in (1, 2, 3, 9)]
    gross, invalid = ([int(s.column(c).sum()) for s in seen] for c in ("grossClickThroughs", "invalidClickThroughs"))
    assert len(set(gross)) == 1
    assert 0 == invalid[0] < invalid[1] < invalid[2] == invalid[3]
    campaigns = f"{name[:2]}Campaigns"
    assert [int(sums_of(campaigns, in_world, day, began + timedelta(days=9)).column("clicks").sum())] == [
        gross[3] - invalid[3]
    ]


@pytest.mark.parametrize("name", ["sbCampaigns", "sdCampaigns", "stCampaigns"])
def test_conversions_after_views_and_clicks_grow_for_six_weeks_and_then_rest(name):
    in_world, day = world_for(name, campaigns=300), date(2026, 9, 1)
    began = datetime(2026, 9, 1, 7, tzinfo=UTC)
    for metric in ("purchases", "purchasesViews", "detailPageViews", "addToCart", "longTermSales"):
        seen = [
            int(sums_of(name, in_world, day, began + timedelta(days=age)).column(metric).sum())
            for age in (1, 5, 20, 43, 60)
        ]
        assert seen == sorted(seen), metric
        assert 0 < seen[0] < seen[3] == seen[4], metric


def test_views_are_paid_for_where_the_cost_type_says_so(api, report_request):
    rows = api.rows(report_request("sdCampaigns"))
    assert {row["costType"] for row in rows} == {"CPC", "VCPM"}
    assert all((row["cost"] > 0) == (row["clicks"] > 0) for row in rows if row["costType"] == "CPC")
    by_view = [row for row in rows if row["costType"] == "VCPM"]
    rates = {
        round(row["cost"] / row["impressionsViews"] * 1000, 1) for row in by_view if row["impressionsViews"] > 2000
    }
    assert len(rates) == 1


def test_campaigns_from_before_ad_groups_are_listed_and_have_no_rows(new_api, report_request):
    api = new_api(SandboxOptions(campaigns=20))
    (listing,) = [listing for listing in LISTINGS if listing.path == "/sb/v4/campaigns/list"]
    listed = api.pages_of(listing).json()["campaigns"]
    legacy = {int(c["campaignId"]) for c in listed if not c["isMultiAdGroupsEnabled"]}
    assert len(legacy) == 1
    reported = {row["campaignId"] for row in api.rows(report_request("sbCampaigns"))}
    assert reported == {int(c["campaignId"]) for c in listed} - legacy


def test_a_row_of_brands_names_a_keyword_or_a_target(api, report_request):
    rows = api.rows(report_request("sbTargeting"))
    assert all((row["keywordId"] is None) != (row["targetingId"] is None) for row in rows)
    kinds = {(row["keywordType"], row["matchType"], row["targetingType"]) for row in rows}
    keywords = {(match, match, None) for match in ("BROAD", "PHRASE", "EXACT")}
    assert kinds == {*keywords, *((kind, None, kind) for kind in ("TARGETING_EXPRESSION", "THEME"))}
    terms = api.rows(report_request("sbSearchTerm"))
    assert {(row["keywordId"] is None, row["keywordText"] is None, row["matchType"] is None) for row in terms} == {
        (True, True, True),
        (False, False, False),
    }


def test_keys_that_may_be_empty_are_empty_in_some_rows(api, report_request):
    for name in ("sdCampaigns:matchedTarget", "sdAdGroup:matchedTarget", "sdTargeting:matchedTarget"):
        found = {row["matchedTargetAsin"] for row in api.rows(report_request(name))}
        assert None in found
        assert len(found) > 3
    assert {row["segmentName"] is None for row in api.rows(report_request("spAudiences"))} == {True, False}
    seller, vendor = (api.rows(report_request("sdAdvertisedProduct"), api.profile(number)) for number in (0, 2))
    assert all(row["promotedSku"] for row in seller)
    assert {row["promotedSku"] for row in vendor} == {None}
    bought = api.rows(report_request("spPurchasedProduct"), api.profile(2))
    assert {row["advertisedSku"] for row in bought} == {None}


def test_ids_in_reports_of_brands_and_display_are_those_of_the_lists(api, report_request):
    pages = {listing.path: listing for listing in LISTINGS}
    arrays = {listing.path: listing for listing in ARRAYS}
    keywords = {k["keywordId"] for k in api.array(arrays["/sb/keywords"], stateFilter="enabled,paused,archived").json()}
    targets = {t["targetId"] for t in api.pages_of(pages["/sb/targets/list"]).json()["targets"]}
    every = {"stateFilter": {"include": ["enabled", "paused", "archived"]}}
    themes = {int(t["themeId"]) for t in api.pages_of(pages["/sb/themes/list"], every).json()["themes"]}
    rows = api.rows(report_request("sbTargeting"))
    assert {row["keywordId"] for row in rows} - {None} <= keywords
    assert {row["targetingId"] for row in rows} - {None} <= targets | themes
    ads = {int(ad["adId"]) for ad in api.pages_of(pages["/sb/v4/ads/list"]).json()["ads"]}
    assert {row["adId"] for row in api.rows(report_request("sbAds"))} <= ads
    display = {t["targetId"]: t for t in api.array(arrays["/sd/targets"]).json()}
    for row in api.rows(report_request("sdTargeting")):
        target = display[row["targetingId"]]
        assert (row["campaignId"], row["adGroupId"]) == (target["campaignId"], target["adGroupId"])


@pytest.mark.parametrize("name", REPORT_TYPES)
@pytest.mark.parametrize("number", [0, 2])
def test_totals_are_what_a_report_created_now_adds_up_to(api, report_request, name, number):
    profile = api.profile(number)
    truth = api.totals(name, "2026-10-23", "2026-11-22", profile)
    rows = api.rows(report_request(name, "2026-10-23", "2026-11-22"), profile)
    assert truth["rows"] == len(rows) > 0
    for metric, total in truth["sums"].items():
        if kind_of(metric) is Kind.MONEY:
            assert Decimal(total) == sum((Decimal(str(row[metric])) for row in rows), Decimal(0)), metric
        else:
            assert total == sum(row[metric] for row in rows), metric
    assert set(truth["sums"]) == {column for column in REPORT_TYPES[name].columns if is_metric(column)}


def test_totals_need_a_known_profile_and_report_type(api):
    assert api.call("GET", "/_sandbox/totals").status_code == 400
    assert api.totals("spTargeting", "2026-11-01", "2026-11-02", 7)["code"] == "NOT_FOUND"
    assert api.totals("spNothing", "2026-11-01", "2026-11-02")["code"] == "BAD_REQUEST"
    assert api.totals("spTargeting", "yesterday", "2026-11-02")["code"] == "BAD_REQUEST"


def test_totals_find_profiles_of_other_accounts_once_they_have_logged_in(new_api, tmp_path):
    base = new_api(state=tmp_path / "state.db")
    other = new_api(state=tmp_path / "state.db", refresh_token="Atzr|sandbox-2")
    profile = other.profile()
    assert base.totals("spCampaigns", "2026-11-01", "2026-11-02", profile)["rows"] > 0
    known = base.call("GET", "/_sandbox/profiles").json()
    assert {p["account"] for p in known} == {"sandbox", "sandbox-2"}


def test_the_grain_tells_rows_apart(api, report_request):
    for name, declared in REPORT_TYPES.items():
        keys = [tuple(row[column] for column in ("date", *declared.grain)) for row in api.rows(report_request(name))]
        assert len(keys) == len(set(keys)), name


def test_ids_in_reports_are_those_of_the_lists(api, report_request):
    listed = {}
    for path, media, key in (
        ("keywords", "spKeyword", "keywords"),
        ("targets", "spTargetingClause", "targetingClauses"),
    ):
        for item in api.page(f"/sp/{path}/list", media).json()[key]:
            listed[int(item.get("keywordId") or item["targetId"])] = item
    rows = api.rows(report_request())
    assert {row["keywordId"] for row in rows} <= set(listed)
    assert {row["keywordType"] for row in rows} == {
        "BROAD",
        "PHRASE",
        "EXACT",
        "TARGETING_EXPRESSION",
        "TARGETING_EXPRESSION_PREDEFINED",
    }
    for row in rows:
        item = listed[row["keywordId"]]
        assert (row["campaignId"], row["adGroupId"]) == (int(item["campaignId"]), int(item["adGroupId"]))
        assert row["adKeywordStatus"] == item["state"]
        assert row["keyword"] == item.get("keywordText", row["keyword"])


def test_figures_look_like_an_advertisers():
    in_world = world(campaigns=40)
    cost, sales, shown, days = np.zeros(40), np.zeros(40), 0, 60
    for age in range(60, 60 + days):
        sums = sums_of("spCampaigns", in_world, TODAY - timedelta(days=age))
        cost[sums.groups] += sums.column("cost")
        sales[sums.groups] += sums.column("sales30d")
        shown += len(sums_of("spTargeting", in_world, TODAY - timedelta(days=age)).groups)
    acos = cost[sales > 0] / sales[sales > 0]
    assert 0.15 < cost.sum() / sales.sum() < 0.6
    assert acos.min() < 0.15
    assert acos.max() > 0.5
    assert 0.3 < shown / days / len(in_world.targets) < 0.8
    assert any(cost[i] for i, campaign in enumerate(in_world.campaigns) if campaign.state != ENABLED)
