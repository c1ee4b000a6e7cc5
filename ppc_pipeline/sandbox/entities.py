"""Entities as Amazon's lists spell them: string ids, amounts as numbers, absent fields where there is nothing to say.

Here: one function an object of Sponsored Products, and which module spells the other ad products. Not here: those
(``entities_brands``, ``entities_display``), paging and filters (``lists``, ``arrays``), or the records (``world``).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.entities_brands import brands_objects
from ppc_pipeline.sandbox.entities_display import display_objects
from ppc_pipeline.sandbox.world import (
    ARCHIVED,
    ENABLED,
    PAUSED,
    Ad,
    AdGroup,
    Campaign,
    Expression,
    Negative,
    Portfolio,
    Target,
    World,
)

Json = dict[str, Any]
_CREATED = "2022-01-03T08:00:00.000Z"


@lru_cache(maxsize=512)
def objects_of(world: World, key: str) -> tuple[Json, ...]:
    """Return all objects of a list, named by the key of its array, with their extended data."""
    return _SPELLED[world.ad_product](world, key)


def _products_objects(world: World, key: str) -> tuple[Json, ...]:
    negatives = world.negatives
    match key:
        case "portfolios":
            return tuple(_portfolio(world, portfolio) for portfolio in world.portfolios)
        case "campaigns":
            return tuple(_campaign(world, campaign) for campaign in world.campaigns)
        case "adGroups":
            return tuple(_ad_group(world, ad_group) for ad_group in world.ad_groups)
        case "productAds":
            return tuple(_product_ad(world, ad) for ad in world.ads)
        case "keywords":
            return tuple(_keyword(world, target) for target in world.targets if target.expression is None)
        case "targetingClauses":
            return tuple(_clause(world, target, target.expression) for target in world.targets if target.expression)
        case "negativeKeywords" | "campaignNegativeKeywords":
            below = key == "negativeKeywords"
            return tuple(_negative_keyword(world, n) for n in negatives if n.text and _is_below(n) == below)
    below = key == "negativeTargetingClauses"
    return tuple(_negative_clause(world, n, n.expression) for n in negatives if n.expression and _is_below(n) == below)


def _is_below(negative: Negative) -> bool:
    return negative.ad_group is not None


def _extended(state: str, kind: str, enabled: str = "STATUS_LIVE") -> Json:
    status = {ENABLED: enabled, PAUSED: "PAUSED", ARCHIVED: "ARCHIVED"}[state]
    return {"creationDateTime": _CREATED, "lastUpdateDateTime": _CREATED, "servingStatus": f"{kind}_{status}"}


def _portfolio(world: World, portfolio: Portfolio) -> Json:
    market, capped = world.profile.market, portfolio.budget is not None
    return {
        "portfolioId": str(portfolio.portfolio_id),
        "name": portfolio.name,
        "state": ENABLED,
        "inBudget": True,
        "budget": {
            "amount": None if portfolio.budget is None else market.major(portfolio.budget),
            "currencyCode": market.currency,
            "policy": "MONTHLY_RECURRING" if capped else "NO_CAP",
            "startDate": _CREATED[:10] if capped else None,
            "endDate": None,
        },
        "extendedData": {
            **_extended(ENABLED, "PORTFOLIO", "STATUS_ENABLED"),
            "statusReasons": ["PORTFOLIO_STATUS_ENABLED_DETAIL"],
        },
    }


def _campaign(world: World, campaign: Campaign) -> Json:
    top = {"placement": "PLACEMENT_TOP", "percentage": campaign.top_of_search}
    shown: Json = {
        "campaignId": str(campaign.campaign_id),
        "name": campaign.name,
        "state": campaign.state,
        "targetingType": "AUTO" if campaign.automatic else "MANUAL",
        "startDate": campaign.start.isoformat(),
        "budget": {"budget": world.profile.market.major(campaign.budget), "budgetType": "DAILY"},
        "dynamicBidding": {
            "strategy": campaign.strategy,
            "placementBidding": [top] if campaign.top_of_search else [],
        },
        "tags": {},
        "extendedData": _extended(campaign.state, "CAMPAIGN", "STATUS_ENABLED"),
    }
    if campaign.portfolio:
        shown["portfolioId"] = str(campaign.portfolio.portfolio_id)
    return shown


def _ad_group(world: World, ad_group: AdGroup) -> Json:
    return {
        "adGroupId": str(ad_group.ad_group_id),
        "campaignId": _campaign_id(world, ad_group.campaign),
        "name": ad_group.name,
        "state": ad_group.state,
        "defaultBid": world.profile.market.major(ad_group.default_bid),
        "extendedData": _extended(ad_group.state, "AD_GROUP", "STATUS_ENABLED"),
    }


def _product_ad(world: World, ad: Ad) -> Json:
    shown = {
        "adId": str(ad.ad_id),
        **_parents(world, ad.ad_group),
        "asin": ad.asin,
        "state": ad.state,
        "extendedData": _extended(ad.state, "AD"),
    }
    return {**shown, "sku": ad.sku} if ad.sku else shown


def _keyword(world: World, target: Target) -> Json:
    return {
        "keywordId": str(target.target_id),
        **_parents(world, target.ad_group),
        "keywordText": target.keyword,
        "matchType": target.match_type,
        **_target_state(world, target),
    }


def _clause(world: World, target: Target, expression: Expression) -> Json:
    return {
        "targetId": str(target.target_id),
        **_parents(world, target.ad_group),
        "expressionType": "MANUAL" if expression.value else "AUTO",
        **_expressions(expression),
        **_target_state(world, target),
    }


def _target_state(world: World, target: Target) -> Json:
    bid = {} if target.bid is None else {"bid": world.profile.market.major(target.bid)}
    return {"state": target.state, **bid, "extendedData": _extended(target.state, "TARGETING_CLAUSE")}


def _negative_keyword(world: World, negative: Negative) -> Json:
    return {
        "keywordId": str(negative.negative_id),
        **_negative_parents(world, negative),
        "keywordText": negative.text,
        "matchType": negative.match_type,
    }


def _negative_clause(world: World, negative: Negative, expression: Expression) -> Json:
    return {
        "targetId": str(negative.negative_id),
        **_negative_parents(world, negative),
        **_expressions(expression),
    }


def _negative_parents(world: World, negative: Negative) -> Json:
    parents = {"campaignId": _campaign_id(world, negative.campaign)}
    if negative.ad_group is not None:
        parents = _parents(world, negative.ad_group)
    return {**parents, "state": negative.state, "extendedData": _extended(negative.state, "TARGETING_CLAUSE")}


def _expressions(expression: Expression) -> Json:
    if expression.value is None:
        return {"expression": [{"type": expression.type}], "resolvedExpression": [{"type": expression.type}]}
    return {
        "expression": [{"type": expression.type, "value": expression.value}],
        "resolvedExpression": [{"type": expression.type, "value": expression.resolved}],
    }


def _parents(world: World, ad_group: int) -> Json:
    owner = world.ad_groups[ad_group]
    return {"campaignId": _campaign_id(world, owner.campaign), "adGroupId": str(owner.ad_group_id)}


def _campaign_id(world: World, campaign: int) -> str:
    return str(world.campaigns[campaign].campaign_id)


_SPELLED: Mapping[str, Callable[[World, str], tuple[Json, ...]]] = {
    SPONSORED_PRODUCTS: _products_objects,
    SPONSORED_BRANDS: brands_objects,
    SPONSORED_DISPLAY: display_objects,
}
