"""Entities of Sponsored Display as Amazon's lists spell them: numbers for ids, lower case, ``YYYYMMDD``.

Here: one function an object, plain and extended. Not here: paging and filters (``arrays``), or the records
(``world``). Negative targets name no campaign, as Amazon's document has it.
"""

from typing import Any

from ppc_pipeline.sandbox.spelling import CREATED_EPOCH, expression_parts
from ppc_pipeline.sandbox.world import (
    ARCHIVED,
    ENABLED,
    PAUSED,
    Ad,
    AdGroup,
    Campaign,
    Expression,
    Negative,
    Target,
    World,
)

Json = dict[str, Any]


def display_objects(world: World, key: str) -> tuple[Json, ...]:
    """Return all objects of a list, named by its key; ``campaigns/extended`` says more of each."""
    kind, _, extended = key.partition("/")
    shown = _plain(world, kind)
    return tuple(_extended(kind, one) for one in shown) if extended else tuple(shown)


def _plain(world: World, kind: str) -> list[Json]:
    match kind:
        case "campaigns":
            return [_campaign(world, campaign) for campaign in world.campaigns]
        case "adGroups":
            videos = {ad.ad_group for ad in world.ads if ad.is_video}
            return [_ad_group(world, n, ad_group, has_video=n in videos) for n, ad_group in enumerate(world.ad_groups)]
        case "productAds":
            return [_product_ad(world, ad) for ad in world.ads]
        case "targets":
            return [_target(world, target, target.expression) for target in world.targets if target.expression]
    return [_negative_target(world, n, n.expression) for n in world.negatives if n.expression]


_STATUSES = {"campaigns": "CAMPAIGN", "adGroups": "AD_GROUP", "productAds": "AD"}
_PLAIN_ONLY = {"campaigns": {"deliveryProfile"}, "negativeTargets": {"resolvedExpression"}}


def _extended(kind: str, shown: Json) -> Json:
    """Return an object with its status and stamps; what has no value is left out, where the plain one says null."""
    only = _PLAIN_ONLY.get(kind, set())
    name, state = _STATUSES.get(kind, "TARGET_STATUS"), shown["state"].upper()
    statuses = {ENABLED: "ADVERTISER_STATUS_ENABLED", PAUSED: f"{name}_PAUSED", ARCHIVED: f"{name}_ARCHIVED"}
    return {
        **{field: value for field, value in shown.items() if value is not None and field not in only},
        "servingStatus": statuses[state],
        "creationDate": CREATED_EPOCH,
        "lastUpdatedDate": CREATED_EPOCH,
    }


def _campaign(world: World, campaign: Campaign) -> Json:
    shown: Json = {
        "campaignId": campaign.campaign_id,
        "name": campaign.name,
        "tactic": campaign.tactic,
        "startDate": f"{campaign.start:%Y%m%d}",
        "state": campaign.state.lower(),
        "costType": campaign.cost_type.lower(),
        "budget": world.profile.market.plain(campaign.budget),
        "budgetType": "daily",
        "deliveryProfile": "as_soon_as_possible",
    }
    if campaign.portfolio:
        shown["portfolioId"] = campaign.portfolio.portfolio_id
    return shown


def _ad_group(world: World, position: int, ad_group: AdGroup, *, has_video: bool) -> Json:
    campaign = world.campaigns[ad_group.campaign]
    return {
        "adGroupId": ad_group.ad_group_id,
        "campaignId": campaign.campaign_id,
        "name": ad_group.name,
        "state": ad_group.state.lower(),
        "defaultBid": world.profile.market.plain(ad_group.default_bid),
        "bidOptimization": ad_group.bid_optimization.lower(),
        "tactic": campaign.tactic,
        # Ad groups from before videos say nothing.
        "creativeType": None if position % 3 == 2 else "VIDEO" if has_video else "IMAGE",
    }


def _product_ad(world: World, ad: Ad) -> Json:
    shown = {"adId": ad.ad_id, **_parents(world, ad.ad_group), "asin": ad.asin, "state": ad.state.lower()}
    return {**shown, "sku": ad.sku} if ad.sku else shown


def _target(world: World, target: Target, expression: Expression) -> Json:
    return {
        "targetId": target.target_id,
        **_parents(world, target.ad_group),
        "state": target.state.lower(),
        "bid": None if target.bid is None else world.profile.market.plain(target.bid),
        "expressionType": "manual" if expression.value or expression.parts else "auto",
        "expression": [expression_parts(expression, resolved=False)],
        "resolvedExpression": [expression_parts(expression, resolved=True)],
    }


def _negative_target(world: World, negative: Negative, expression: Expression) -> Json:
    ad_group = negative.ad_group or 0
    return {
        "targetId": negative.negative_id,
        "adGroupId": world.ad_groups[ad_group].ad_group_id,
        "state": negative.state.lower(),
        "expressionType": "manual",
        "expression": [expression_parts(expression, resolved=False)],
        "resolvedExpression": [expression_parts(expression, resolved=True)],
    }


def _parents(world: World, ad_group: int) -> dict[str, int]:
    owner = world.ad_groups[ad_group]
    return {"adGroupId": owner.ad_group_id, "campaignId": world.campaigns[owner.campaign].campaign_id}
