"""Amazon's entities as data: which lists exist, where each is found, and which fields become columns.

Here: one ``Listing`` an endpoint, one ``EntityType`` a table. Not here: fetching pages (``client``), or keeping the
history of an entity (``entities``, ``warehouse``). Source: Amazon's OpenAPI documents of Sponsored Products v3 and
portfolios v3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.fields import Kind

ALL_STATES = ("ENABLED", "PAUSED", "ARCHIVED")


@dataclass(frozen=True, slots=True)
class Listing:
    """One of Amazon's list endpoints and how its objects fill the columns of a table.

    Attributes:
        path: ``POST`` path, below the region's host.
        media_type: Vendor media type, sent as ``Content-Type`` and ``Accept`` alike.
        items_key: The key of the array in a page.
        ad_product: What the rows say under ``ad_product``; None for portfolios, which span them.
        fields: Column -> JSON path in one of the array's objects.
        constants: Column -> value for every row of this listing.
        states: States asked for; empty for endpoints that take no such filter. Without the filter Amazon does not
            say which states it serves, so it is always sent where it exists.
        page_size: ``maxResults`` asked for; None where the endpoint has no such field. Above 500 a live account
            silently clamped it.
    """

    path: str
    media_type: str
    items_key: str
    fields: Mapping[str, str]
    ad_product: str | None = SPONSORED_PRODUCTS
    constants: Mapping[str, str] = field(default_factory=dict)
    states: tuple[str, ...] = ALL_STATES
    page_size: int | None = 500


@dataclass(frozen=True, slots=True)
class EntityType:
    """One kind of entity: a table of what is now, with its history.

    Attributes:
        name: Table and asset.
        key: Columns that tell entities of one profile and ad product apart; none of them may be missing.
        columns: Column -> kind, in the order people read them.
        listings: Every endpoint that feeds the table.
        row: What one row is, in words.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Kind]
    listings: tuple[Listing, ...]
    row: str


_CAMPAIGN_CHILD = {"campaign_id": "$.campaignId", "ad_group_id": "$.adGroupId", "state": "$.state"}
_KEYWORD_FIELDS = {"keyword_id": "$.keywordId", "keyword_text": "$.keywordText", "match_type": "$.matchType"}
_TARGET_FIELDS = {
    "target_id": "$.targetId",
    "expression": "$.expression",
    "resolved_expression": "$.resolvedExpression",
}
_NATIVE_LANGUAGE = {
    "native_language_keyword": "$.nativeLanguageKeyword",
    "native_language_locale": "$.nativeLanguageLocale",
}

PORTFOLIOS = EntityType(
    name="portfolios",
    key=("portfolio_id",),
    row="a portfolio: a named group of campaigns with a budget of its own",
    columns={
        "portfolio_id": Kind.INTEGER,
        "name": Kind.STRING,
        "state": Kind.STRING,
        "in_budget": Kind.BOOLEAN,
        "budget_amount": Kind.MONEY,
        "budget_currency_code": Kind.STRING,
        "budget_policy": Kind.STRING,
        "budget_start_date": Kind.DATE,
        "budget_end_date": Kind.DATE,
    },
    listings=(
        Listing(
            path="/portfolios/list",
            media_type="application/vnd.spPortfolio.v3+json",
            items_key="portfolios",
            ad_product=None,
            states=(),
            page_size=None,
            fields={
                "portfolio_id": "$.portfolioId",
                "name": "$.name",
                "state": "$.state",
                "in_budget": "$.inBudget",
                "budget_amount": "$.budget.amount",
                "budget_currency_code": "$.budget.currencyCode",
                "budget_policy": "$.budget.policy",
                "budget_start_date": "$.budget.startDate",
                "budget_end_date": "$.budget.endDate",
            },
        ),
    ),
)

CAMPAIGNS = EntityType(
    name="campaigns",
    key=("campaign_id",),
    row="a campaign",
    columns={
        "campaign_id": Kind.INTEGER,
        "name": Kind.STRING,
        "state": Kind.STRING,
        "targeting_type": Kind.STRING,
        "portfolio_id": Kind.INTEGER,
        "budget": Kind.MONEY,
        "budget_type": Kind.STRING,
        "effective_budget": Kind.MONEY,
        "bidding_strategy": Kind.STRING,
        "placement_bidding": Kind.JSON,
        "start_date": Kind.DATE,
        "end_date": Kind.DATE,
        "tags": Kind.JSON,
    },
    listings=(
        Listing(
            path="/sp/campaigns/list",
            media_type="application/vnd.spCampaign.v3+json",
            items_key="campaigns",
            fields={
                "campaign_id": "$.campaignId",
                "name": "$.name",
                "state": "$.state",
                "targeting_type": "$.targetingType",
                "portfolio_id": "$.portfolioId",
                "budget": "$.budget.budget",
                "budget_type": "$.budget.budgetType",
                "effective_budget": "$.budget.effectiveBudget",
                "bidding_strategy": "$.dynamicBidding.strategy",
                "placement_bidding": "$.dynamicBidding.placementBidding",
                "start_date": "$.startDate",
                "end_date": "$.endDate",
                "tags": "$.tags",
            },
        ),
    ),
)

AD_GROUPS = EntityType(
    name="ad_groups",
    key=("ad_group_id",),
    row="an ad group of a campaign",
    columns={
        "ad_group_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "name": Kind.STRING,
        "state": Kind.STRING,
        "default_bid": Kind.MONEY,
    },
    listings=(
        Listing(
            path="/sp/adGroups/list",
            media_type="application/vnd.spAdGroup.v3+json",
            items_key="adGroups",
            fields={**_CAMPAIGN_CHILD, "name": "$.name", "default_bid": "$.defaultBid"},
        ),
    ),
)

KEYWORDS = EntityType(
    name="keywords",
    key=("keyword_id",),
    row="a keyword of an ad group; bid is NULL where the ad group's default bid applies",
    columns={
        "keyword_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "keyword_text": Kind.STRING,
        "match_type": Kind.STRING,
        "state": Kind.STRING,
        "bid": Kind.MONEY,
        "native_language_keyword": Kind.STRING,
        "native_language_locale": Kind.STRING,
    },
    listings=(
        Listing(
            path="/sp/keywords/list",
            media_type="application/vnd.spKeyword.v3+json",
            items_key="keywords",
            fields={**_CAMPAIGN_CHILD, **_KEYWORD_FIELDS, **_NATIVE_LANGUAGE, "bid": "$.bid"},
        ),
    ),
)

TARGETS = EntityType(
    name="targets",
    key=("target_id",),
    row="a product, category or automatic target of an ad group; bid is NULL where the default bid applies",
    columns={
        "target_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "expression_type": Kind.STRING,
        "expression": Kind.JSON,
        "resolved_expression": Kind.JSON,
        "state": Kind.STRING,
        "bid": Kind.MONEY,
    },
    listings=(
        Listing(
            path="/sp/targets/list",
            media_type="application/vnd.spTargetingClause.v3+json",
            items_key="targetingClauses",
            fields={**_CAMPAIGN_CHILD, **_TARGET_FIELDS, "expression_type": "$.expressionType", "bid": "$.bid"},
        ),
    ),
)

PRODUCT_ADS = EntityType(
    name="product_ads",
    key=("ad_id",),
    row="a product ad: one advertised product (SKU for sellers, ASIN for vendors) in an ad group",
    columns={
        "ad_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "asin": Kind.STRING,
        "sku": Kind.STRING,
        "custom_text": Kind.STRING,
        "state": Kind.STRING,
    },
    listings=(
        Listing(
            path="/sp/productAds/list",
            media_type="application/vnd.spProductAd.v3+json",
            items_key="productAds",
            fields={
                **_CAMPAIGN_CHILD,
                "ad_id": "$.adId",
                "asin": "$.asin",
                "sku": "$.sku",
                "custom_text": "$.customText",
            },
        ),
    ),
)

NEGATIVE_KEYWORDS = EntityType(
    name="negative_keywords",
    key=("level", "keyword_id"),
    row="a negative keyword of an ad group, or of a whole campaign (level says which; ad_group_id is NULL then)",
    columns={
        "keyword_id": Kind.INTEGER,
        "level": Kind.STRING,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "keyword_text": Kind.STRING,
        "match_type": Kind.STRING,
        "state": Kind.STRING,
    },
    listings=(
        Listing(
            path="/sp/negativeKeywords/list",
            media_type="application/vnd.spNegativeKeyword.v3+json",
            items_key="negativeKeywords",
            fields={**_CAMPAIGN_CHILD, **_KEYWORD_FIELDS},
            constants={"level": "AD_GROUP"},
        ),
        Listing(
            path="/sp/campaignNegativeKeywords/list",
            media_type="application/vnd.spCampaignNegativeKeyword.v3+json",
            items_key="campaignNegativeKeywords",
            fields={"campaign_id": "$.campaignId", "state": "$.state", **_KEYWORD_FIELDS},
            constants={"level": "CAMPAIGN"},
        ),
    ),
)

NEGATIVE_TARGETS = EntityType(
    name="negative_targets",
    key=("level", "target_id"),
    row="a negative product target of an ad group, or of a whole campaign (level says which)",
    columns={
        "target_id": Kind.INTEGER,
        "level": Kind.STRING,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "expression": Kind.JSON,
        "resolved_expression": Kind.JSON,
        "state": Kind.STRING,
    },
    listings=(
        Listing(
            path="/sp/negativeTargets/list",
            media_type="application/vnd.spNegativeTargetingClause.v3+json",
            items_key="negativeTargetingClauses",
            fields={**_CAMPAIGN_CHILD, **_TARGET_FIELDS},
            constants={"level": "AD_GROUP"},
        ),
        Listing(
            path="/sp/campaignNegativeTargets/list",
            media_type="application/vnd.spCampaignNegativeTargetingClause.v3+json",
            items_key="campaignNegativeTargetingClauses",
            fields={"campaign_id": "$.campaignId", "state": "$.state", **_TARGET_FIELDS},
            constants={"level": "CAMPAIGN"},
        ),
    ),
)

ENTITY_TYPES: dict[str, EntityType] = {
    entity.name: entity
    for entity in (
        PORTFOLIOS,
        CAMPAIGNS,
        AD_GROUPS,
        KEYWORDS,
        TARGETS,
        PRODUCT_ADS,
        NEGATIVE_KEYWORDS,
        NEGATIVE_TARGETS,
    )
}
