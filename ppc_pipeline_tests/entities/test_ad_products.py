"""One spelling for what the APIs of the ad products spell differently: an object of every list, and its row."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.reports.tables import part_of
from ppc_pipeline_tests.entities.company import SB, SD
from ppc_pipeline_tests.fakes import SELLER

BIG = 144346139432941903
"""More digits than a float holds; Sponsored Brands has such ids."""
CREATED = datetime(2023, 6, 23, 8, 56, 56, 329000, tzinfo=UTC)

LISTED = [
    (
        "campaigns",
        "/sb/v4/campaigns/list",
        {
            "campaignId": str(BIG),
            "name": "Brand",
            "state": "PAUSED",
            "budget": 50.1,
            "budgetType": "LIFETIME",
            "startDate": "2026-02-20",
            "bidding": {
                "bidOptimization": True,
                "bidOptimizationStrategy": "MAXIMIZE_IMMEDIATE_SALES",
                "bidAdjustmentsByPlacement": [
                    {"percentage": 5, "placement": "HOME"},
                    {"percentage": 6, "placement": "DETAIL_PAGE"},
                    {"percentage": 7, "placement": "TOP_OF_SEARCH"},
                ],
            },
            "brandEntityId": "ENTITY1",
            "isMultiAdGroupsEnabled": True,
            "costType": "vcpm",
            "goal": "PAGE_VISIT",
            "extendedData": {"creationDate": 1687510616329, "servingStatus": "RUNNING"},
        },
        {
            "campaign_id": BIG,
            "state": "PAUSED",
            "budget": Decimal("50.1"),
            "budget_type": "LIFETIME",
            "start_date": date(2026, 2, 20),
            "end_date": None,
            "bidding_strategy": "MAXIMIZE_IMMEDIATE_SALES",
            "bid_optimization": True,
            "placement_bidding": (
                '[{"percentage":5,"placement":"HOME_PAGE"},{"percentage":6,"placement":"PRODUCT_PAGE"},'
                '{"percentage":7,"placement":"TOP_OF_SEARCH"}]'
            ),
            "brand_entity_id": "ENTITY1",
            "is_multi_ad_groups_enabled": True,
            "cost_type": "VCPM",
            "goal": "PAGE_VISIT",
            "serving_status": "RUNNING",
            "created_at": CREATED,
            "targeting_type": None,
            "tactic": None,
        },
    ),
    (
        "campaigns",
        "/sd/campaigns/extended",
        {
            "campaignId": 5,
            "name": "Display",
            "tactic": "T00020",
            "startDate": "20230208",
            "endDate": None,
            "state": "enabled",
            "costType": "cpc",
            "budget": 100,
            "budgetType": "daily",
            "portfolioId": None,
            "servingStatus": "CAMPAIGN_PAUSED",
            "creationDate": 1687510616329,
        },
        {
            "campaign_id": 5,
            "tactic": "T00020",
            "start_date": date(2023, 2, 8),
            "end_date": None,
            "state": "ENABLED",
            "cost_type": "CPC",
            "budget": Decimal(100),
            "budget_type": "DAILY",
            "portfolio_id": None,
            "serving_status": "CAMPAIGN_PAUSED",
            "created_at": CREATED,
            "bid_optimization": None,
        },
    ),
    (
        "ad_groups",
        "/sb/v4/adGroups/list",
        {
            "adGroupId": "6",
            "campaignId": "5",
            "name": "Group",
            "state": "ENABLED",
            "extendedData": {"creationDate": 1687510616},
        },
        {"ad_group_id": 6, "campaign_id": 5, "default_bid": None, "created_at": CREATED.replace(microsecond=0)},
    ),
    (
        "ad_groups",
        "/sd/adGroups/extended",
        {
            "adGroupId": 6,
            "campaignId": 5,
            "defaultBid": 0.02,
            "name": "Group",
            "state": "enabled",
            "bidOptimization": "clicks",
            "tactic": "T00020",
            "creativeType": None,
        },
        {"ad_group_id": 6, "default_bid": Decimal("0.02"), "bid_optimization": "CLICKS", "creative_type": None},
    ),
    (
        "product_ads",
        "/sb/v4/ads/list",
        {
            "adId": "7",
            "adGroupId": "6",
            "campaignId": "5",
            "name": "Ad",
            "state": "ENABLED",
            "landingPage": {"pageType": "STORE", "url": "https://shop.test"},
            "creative": {"type": "BRAND_VIDEO", "headline": "Hello", "asins": ["B000000001"]},
            "extendedData": {"creationDate": "2023-06-23T08:56:56.329Z"},
        },
        {
            "ad_id": 7,
            "name": "Ad",
            "creative_type": "BRAND_VIDEO",
            "headline": "Hello",
            "asins": '["B000000001"]',
            "landing_page_type": "STORE",
            "landing_page_url": "https://shop.test",
            "asin": None,
            "created_at": CREATED,
        },
    ),
    (
        "product_ads",
        "/sd/productAds/extended",
        {"adId": 7, "adGroupId": 6, "campaignId": 5, "asin": "B000000001", "state": "archived", "adName": "Mine"},
        {"ad_id": 7, "asin": "B000000001", "state": "ARCHIVED", "name": "Mine", "creative_type": None},
    ),
    (
        "keywords",
        "/sb/keywords",
        {
            "keywordId": BIG,
            "adGroupId": 6,
            "campaignId": 5,
            "keywordText": "towel",
            "matchType": "phrase",
            "state": "draft",
            "bid": 1.25,
        },
        {"keyword_id": BIG, "match_type": "PHRASE", "state": "DRAFT", "bid": Decimal("1.25")},
    ),
    (
        "negative_keywords",
        "/sb/negativeKeywords",
        {
            "keywordId": 8,
            "adGroupId": 6,
            "campaignId": 5,
            "keywordText": "cheap",
            "matchType": "negativeExact",
            "state": "enabled",
        },
        {"keyword_id": 8, "level": "AD_GROUP", "match_type": "NEGATIVE_EXACT", "state": "ENABLED"},
    ),
    (
        "targets",
        "/sb/targets/list",
        {
            "targetId": 9,
            "adGroupId": 6,
            "campaignId": 5,
            "state": "enabled",
            "bid": 10,
            "expressions": [{"type": "asinSameAs", "value": "B1"}],
            "resolvedExpressions": [{"type": "asinSameAs", "value": "Towel"}],
        },
        {
            "target_id": 9,
            "bid": Decimal(10),
            "expression_type": None,
            "expression": '[{"type":"ASIN_SAME_AS","value":"B1"}]',
            "resolved_expression": '[{"type":"ASIN_SAME_AS","value":"Towel"}]',
        },
    ),
    (
        "targets",
        "/sb/themes/list",
        {
            "themeId": "10",
            "adGroupId": "6",
            "campaignId": "5",
            "themeType": "KEYWORDS_RELATED_TO_YOUR_BRAND",
            "state": "enabled",
            "bid": 8,
        },
        {
            "target_id": 10,
            "expression_type": "THEME",
            "theme_type": "KEYWORDS_RELATED_TO_YOUR_BRAND",
            "state": "ENABLED",
            "bid": Decimal(8),
        },
    ),
    (
        "targets",
        "/sd/targets",
        {
            "targetId": 9,
            "adGroupId": 6,
            "campaignId": 5,
            "state": "paused",
            "bid": None,
            "expressionType": "manual",
            "expression": [{"type": "views", "value": [{"type": "lookBack", "value": "aB"}], "more": 1}],
        },
        {
            "target_id": 9,
            "expression_type": "MANUAL",
            "state": "PAUSED",
            "bid": None,
            "theme_type": None,
            "expression": '[{"type":"VIEWS","value":[{"type":"LOOK_BACK","value":"aB"}],"more":1}]',
        },
    ),
    (
        "negative_targets",
        "/sb/negativeTargets/list",
        {"targetId": 9, "adGroupId": 6, "campaignId": 5, "state": "enabled", "expressions": [{"type": "asinSameAs"}]},
        {"target_id": 9, "level": "AD_GROUP", "campaign_id": 5, "expression": '[{"type":"ASIN_SAME_AS"}]'},
    ),
    (
        "negative_targets",
        "/sd/negativeTargets",
        {"targetId": 9, "adGroupId": 6, "state": "enabled", "expression": [{"type": "asinBrandSameAs", "value": "1"}]},
        {"target_id": 9, "level": "AD_GROUP", "campaign_id": None, "state": "ENABLED"},
    ),
    (
        "creatives",
        "/sd/creatives",
        {
            "creativeId": 11,
            "adGroupId": 6,
            "creativeType": "IMAGE",
            "moderationStatus": "PENDING_REVIEW",
            "properties": {"headline": "Hello", "rectCustomImage": {"assetId": "a", "assetVersion": "1"}},
        },
        {
            "creative_id": 11,
            "ad_group_id": 6,
            "creative_type": "IMAGE",
            "moderation_status": "PENDING_REVIEW",
            "headline": "Hello",
            "custom_image_asset_id": "a",
            "brand_logo_asset_id": None,
            "video_asset_id": None,
            "properties": '{"headline":"Hello","rectCustomImage":{"assetId":"a","assetVersion":"1"}}',
        },
    ),
    (
        "budget_rules",
        "/sb/budgetRules",
        {
            "ruleId": "8f-1",
            "ruleState": "ACTIVE",
            "ruleStatus": "PENDING_START",
            "createdDate": 1687510616329,
            "ruleDetails": {
                "name": "Weekends",
                "ruleType": "PERFORMANCE",
                "budgetIncreaseBy": {"type": "PERCENT", "value": 12.5},
                "duration": {"dateRangeTypeRuleDuration": {"startDate": "20260101", "endDate": None}},
                "recurrence": {"type": "WEEKLY", "daysOfWeek": ["SATURDAY"]},
                "performanceMeasureCondition": {
                    "metricName": "ROAS",
                    "comparisonOperator": "GREATER_THAN",
                    "threshold": 4,
                },
            },
        },
        {
            "rule_id": "8f-1",
            "name": "Weekends",
            "state": "ACTIVE",
            "status": "PENDING_START",
            "rule_type": "PERFORMANCE",
            "increase_type": "PERCENT",
            "increase_by": 12.5,
            "start_date": date(2026, 1, 1),
            "end_date": None,
            "event_id": None,
            "recurrence": "WEEKLY",
            "days_of_week": '["SATURDAY"]',
            "metric": "ROAS",
            "comparison": "GREATER_THAN",
            "threshold": 4.0,
            "created_at": CREATED,
        },
    ),
    (
        "budget_rules",
        "/sd/budgetRules",
        {
            "ruleId": "8f-2",
            "ruleDetails": {
                "duration": {
                    "eventTypeRuleDuration": {
                        "eventId": "e",
                        "eventName": "Prime Day",
                        "startDate": "20260714",
                        "endDate": "20260717",
                    }
                },
                "recurrence": {"type": "DAILY", "intraDaySchedule": [{"startTime": "08:00:00", "endTime": "12:00:00"}]},
            },
        },
        {
            "rule_id": "8f-2",
            "name": None,
            "start_date": None,
            "event_id": "e",
            "event_name": "Prime Day",
            "event_start_date": date(2026, 7, 14),
            "event_end_date": date(2026, 7, 17),
            "recurrence": "DAILY",
            "intra_day_schedule": '[{"startTime":"08:00:00","endTime":"12:00:00"}]',
            "metric": None,
        },
    ),
]


@pytest.mark.parametrize(("name", "path", "item", "row"), LISTED, ids=[path for _, path, _, _ in LISTED])
def test_what_an_api_spells_in_its_own_way_is_spelled_one_way(company, name, path, item, row):
    company.serve([item], path=path)
    synced = company.sync(ENTITY_TYPES[name])
    product = SB if path.startswith("/sb/") else SD
    assert (synced.troubles, [o.rows for o in synced.outcomes[name] if o.ad_product == product]) == ([], [1])
    columns = ["account", "profile_id", "currency_code", "ad_product", "raw", *row]
    (found,) = company.query(f"SELECT {', '.join(columns)} FROM {name}")
    whose, raw, values = found[:4], found[4], dict(zip(row, found[5:], strict=True))
    assert whose == ("acme", SELLER, "USD", product)
    assert json.loads(raw) == item
    assert values == row


def test_there_is_a_case_for_every_list_of_brands_and_display():
    listings = {
        each.path for entity in ENTITY_TYPES.values() for each in entity.listings if each.ad_product in (SB, SD)
    }
    assert {path for _, path, _, _ in LISTED} == listings


@pytest.mark.parametrize("entity", ENTITY_TYPES.values(), ids=lambda entity: entity.name)
def test_no_two_lists_of_a_table_cover_the_same(entity):
    parts = [(listing.ad_product, part_of(entity, listing)) for listing in entity.listings]
    assert len(set(parts)) == len(parts)


@pytest.mark.parametrize("entity", ENTITY_TYPES.values(), ids=lambda entity: entity.name)
def test_every_declared_field_is_a_column(entity):
    for listing in entity.listings:
        assert {*listing.fields, *listing.constants} <= set(entity.columns)
        assert set(entity.key) <= {*listing.fields, *listing.constants}
    assert {*entity.label, *entity.watched} <= set(entity.columns)


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        (1687510616, CREATED.replace(microsecond=0)),
        (1.687510616329e12, CREATED),
        ("1687510616329", CREATED),
        ("2023-06-23T10:56:56.329+02:00", CREATED),
        ("yesterday", None),
        (-1, None),
        (1e300, None),
        ("2023-13-45T10:56:56Z", None),
        (True, None),
    ],
)
def test_a_moment_is_read_however_it_is_spelled_and_an_odd_one_costs_no_row(company, stamp, moment):
    item = {"adGroupId": "6", "campaignId": "5", "extendedData": {"creationDate": stamp}}
    company.serve([item], path="/sb/v4/adGroups/list")
    company.sync(ENTITY_TYPES["ad_groups"])
    assert company.query("SELECT created_at FROM ad_groups") == [(moment,)]


@pytest.mark.parametrize("day", ["20231345", "2023011", "8 Feb 2023", "2023-02-30"])
def test_a_date_that_is_none_puts_the_object_in_quarantine(company, day):
    company.serve([{"campaignId": 5, "startDate": day}], path="/sd/campaigns/extended")
    company.sync(ENTITY_TYPES["campaigns"])
    assert company.query("SELECT reason, ad_product FROM rejected_rows") == [(f"start_date is not a date: {day}", SD)]


def test_a_list_of_more_pages_than_one_by_index_is_loaded_whole(company):
    company.serve([{"campaignId": n, "state": "enabled"} for n in range(1, 251)], path="/sd/campaigns/extended")
    assert company.changes(ENTITY_TYPES["campaigns"], ad_product=SD) == (250, 250, 0, 0)


def test_an_entity_that_is_listed_twice_while_the_list_moves_counts_once(company):
    items = [{"campaignId": n, "state": "enabled"} for n in (1, 2, 1)]
    company.serve(items, path="/sd/campaigns/extended")
    assert company.changes(ENTITY_TYPES["campaigns"], ad_product=SD) == (2, 2, 0, 0)


def test_quarantine_is_cleared_list_by_list(company):
    entity = ENTITY_TYPES["targets"]
    bad = {"campaignId": 5, "adGroupId": 6, "bid": "much"}
    for path, key in (
        ("/sp/targets/list", "targetId"),
        ("/sb/targets/list", "targetId"),
        ("/sb/themes/list", "themeId"),
    ):
        company.serve([bad | {key: 9}], path=path)
    company.sync(entity)
    assert company.query("SELECT count(*) FROM rejected_rows") == [(3,)]
    company.serve([], path="/sb/themes/list")
    company.serve([], path="/sp/targets/list")
    company.serve(httpx.Response(500), path="/sb/targets/list")
    company.sync(entity)
    assert company.query("SELECT ad_product, part FROM rejected_rows") == [(SB, "")], "its list was not read again"


def test_what_cannot_be_read_in_one_list_does_not_keep_another_from_finding_what_is_gone(company):
    entity = ENTITY_TYPES["targets"]
    theme = {"campaignId": "5", "adGroupId": "6"}
    target = {"campaignId": 5, "adGroupId": 6}
    company.serve([theme | {"themeId": "1"}, theme | {"themeId": "2"}], path="/sb/themes/list")
    company.serve([target | {"targetId": 3}, target | {"targetId": 4}], path="/sb/targets/list")
    company.sync(entity)
    company.serve([theme | {"themeId": "1"}], path="/sb/themes/list")
    company.serve([target | {"targetId": 3}, target | {"targetId": None}], path="/sb/targets/list")
    company.sync(entity)
    assert company.query("SELECT target_id FROM targets WHERE removed_at IS NULL ORDER BY 1") == [(1,), (3,), (4,)]
