"""Entities of Sponsored Brands as Amazon's lists spell them: texts for ids in v4 and of themes, numbers in v3.

Here: one function an object. Not here: paging and filters (``lists``, ``arrays``), or the records (``world``). In v4 a
budget is a number and stamps are epochs; v3 has lower case where v4 and reports have upper case.
"""

from collections.abc import Callable
from typing import Any

from ppc_pipeline.sandbox.spelling import CREATED_EPOCH, camel, expression_parts
from ppc_pipeline.sandbox.world import (
    ARCHIVED,
    CPC,
    ENABLED,
    PAUSED,
    THEME,
    Ad,
    AdGroup,
    Campaign,
    Expression,
    Negative,
    Target,
    World,
)

Json = dict[str, Any]
_STORE = "https://www.amazon.com/stores/page/00000000-0000-0000-0000-000000000000"
_BRAND_VIDEO = "BRAND_VIDEO"
_PAGES = {
    "PRODUCT_COLLECTION": "PRODUCT_LIST",
    "VIDEO": "DETAIL_PAGE",
    "STORE_SPOTLIGHT": "STORE",
    _BRAND_VIDEO: "STORE",
}


def brands_objects(world: World, key: str) -> tuple[Json, ...]:
    """Return all objects of a list, named by its key."""
    match key:
        case "campaigns":
            return tuple(_campaign(world, campaign) for campaign in world.campaigns)
        case "adGroups":
            return tuple(_ad_group(world, ad_group) for ad_group in world.ad_groups)
        case "ads":
            return tuple(_ad(world, number, ad) for number, ad in enumerate(world.ads))
        case "keywords":
            return tuple(_keyword(world, target) for target in world.targets if target.is_keyword)
        case "negativeKeywords":
            return tuple(_negative_keyword(world, negative) for negative in world.negatives if negative.text)
        case "targets":
            return tuple(
                _target(world, target, target.expression)
                for target in world.targets
                if target.expression and target.match_type != THEME
            )
        case "themes":
            return tuple(
                _theme(world, target, target.expression)
                for target in world.targets
                if target.expression and target.match_type == THEME
            )
    return tuple(_negative_target(world, n, n.expression) for n in world.negatives if n.expression)


def is_of_brand_video(world: World) -> Callable[[Json], bool]:
    """Return the test of an object of v3 that tells whether its ad group shows a brand video."""
    shown = {world.ad_groups[ad.ad_group].ad_group_id for ad in world.ads if ad.creative == _BRAND_VIDEO}
    return lambda one: one["adGroupId"] in shown


def _campaign(world: World, campaign: Campaign) -> Json:
    # Adjustments go with bidding by hand: who lets Amazon optimise bids has none.
    bidding: Json = {"bidOptimization": True, "bidOptimizationStrategy": campaign.strategy}
    if campaign.top_of_search:
        top = {"placement": "TOP_OF_SEARCH", "percentage": campaign.top_of_search}
        bidding = {"bidOptimization": False, "bidAdjustmentsByPlacement": [top]}
    shown: Json = {
        "campaignId": str(campaign.campaign_id),
        "name": campaign.name,
        "state": campaign.state,
        "budget": world.profile.market.plain(campaign.budget),
        "budgetType": "DAILY",
        "startDate": campaign.start.isoformat(),
        "brandEntityId": f"ENTITY{world.profile.profile_id:X}",
        "bidding": bidding,
        "goal": "PAGE_VISIT" if campaign.cost_type == CPC else "BRAND_IMPRESSION_SHARE",
        "costType": campaign.cost_type,
        "productLocation": "SOLD_ON_AMAZON",
        "isMultiAdGroupsEnabled": campaign.has_reports,
        "tags": {},
        "extendedData": _extended(campaign.state, "CAMPAIGN"),
    }
    if campaign.portfolio:
        shown["portfolioId"] = str(campaign.portfolio.portfolio_id)
    return shown


def _ad_group(world: World, ad_group: AdGroup) -> Json:
    return {
        "adGroupId": str(ad_group.ad_group_id),
        "campaignId": str(world.campaigns[ad_group.campaign].campaign_id),
        "name": ad_group.name,
        "state": ad_group.state,
        "extendedData": _extended(ad_group.state, "AD_GROUP"),
    }


def _ad(world: World, number: int, ad: Ad) -> Json:
    page: Json = {"pageType": _PAGES[ad.creative]}
    if page["pageType"] == "STORE":
        page["url"] = _STORE
    elif page["pageType"] == "PRODUCT_LIST":
        page["asins"] = list(ad.asins)
    creative: Json = {"type": ad.creative, "asins": list(ad.asins)}
    if ad.is_video:
        creative["videoAssetIds"] = [f"amzn1.assetlibrary.asset1.{ad.ad_id:x}"]
    else:
        creative |= {"brandName": f"Brand {number + 1}", "headline": world.ad_groups[ad.ad_group].name}
    owner = _text_parents(world, ad.ad_group)
    return {
        "adId": str(ad.ad_id),
        **owner,
        "name": f"Ad {number + 1}",
        "state": ad.state,
        "landingPage": page,
        "creative": creative,
        "extendedData": _extended(ad.state, "AD", "AD_STATUS_LIVE"),
    }


def _extended(state: str, kind: str, live: str = "") -> Json:
    status = {ENABLED: live or f"{kind}_STATUS_ENABLED", PAUSED: f"{kind}_PAUSED", ARCHIVED: f"{kind}_ARCHIVED"}[state]
    return {
        "servingStatus": status,
        "servingStatusDetails": [f"{status}_DETAIL"],
        "creationDate": CREATED_EPOCH,
        "lastUpdateDate": CREATED_EPOCH,
    }


def _keyword(world: World, target: Target) -> Json:
    return {
        "keywordId": target.target_id,
        **_parents(world, target.ad_group),
        "keywordText": target.keyword,
        "matchType": target.match_type.lower(),
        **_state_and_bid(world, target),
    }


def _negative_keyword(world: World, negative: Negative) -> Json:
    return {
        "keywordId": negative.negative_id,
        **_negative_parents(world, negative),
        "keywordText": negative.text,
        "matchType": camel(negative.match_type),
        "state": negative.state.lower(),
    }


def _target(world: World, target: Target, expression: Expression) -> Json:
    return {
        "targetId": target.target_id,
        **_parents(world, target.ad_group),
        **_expressions(expression),
        **_state_and_bid(world, target),
    }


def _theme(world: World, target: Target, expression: Expression) -> Json:
    return {
        "themeId": str(target.target_id),
        **_text_parents(world, target.ad_group),
        "themeType": expression.type,
        **_state_and_bid(world, target),
    }


def _negative_target(world: World, negative: Negative, expression: Expression) -> Json:
    return {
        "targetId": negative.negative_id,
        **_negative_parents(world, negative),
        **_expressions(expression),
        "state": negative.state.lower(),
    }


def _expressions(expression: Expression) -> Json:
    return {
        "expressions": [expression_parts(expression, resolved=False)],
        "resolvedExpressions": [expression_parts(expression, resolved=True)],
    }


def _state_and_bid(world: World, target: Target) -> Json:
    return {"state": target.state.lower(), "bid": world.profile.market.plain(world.bid_of(target))}


def _negative_parents(world: World, negative: Negative) -> Json:
    parents = {"campaignId": world.campaigns[negative.campaign].campaign_id}
    return parents if negative.ad_group is None else _parents(world, negative.ad_group)


def _parents(world: World, ad_group: int) -> dict[str, int]:
    owner = world.ad_groups[ad_group]
    return {"adGroupId": owner.ad_group_id, "campaignId": world.campaigns[owner.campaign].campaign_id}


def _text_parents(world: World, ad_group: int) -> dict[str, str]:
    return {name: str(parent) for name, parent in _parents(world, ad_group).items()}
