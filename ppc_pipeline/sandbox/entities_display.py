"""Entities of Sponsored Display as Amazon's lists spell them: numbers for ids, lower case, ``YYYYMMDD``.

Here: one function an object, plain and extended. Not here: paging and filters (``arrays``), or the records
(``world``). Negative targets name no campaign, as Amazon's document has it.
"""

from typing import Any

from ppc_pipeline.sandbox.determinism import stable_int
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
            kinds = _creative_types(world)
            return [_ad_group(world, *each) for each in zip(world.ad_groups, kinds, strict=True)]
        case "productAds":
            return [_product_ad(world, ad) for ad in world.ads]
        case "targets":
            return [_target(world, target, target.expression) for target in world.targets if target.expression]
        case "creatives":
            kinds = _creative_types(world)
            return [_creative(world, n, kind) for n, kind in enumerate(kinds) if kind]
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


def _ad_group(world: World, ad_group: AdGroup, creative_type: str | None) -> Json:
    campaign = world.campaigns[ad_group.campaign]
    return {
        "adGroupId": ad_group.ad_group_id,
        "campaignId": campaign.campaign_id,
        "name": ad_group.name,
        "state": ad_group.state.lower(),
        "defaultBid": world.profile.market.plain(ad_group.default_bid),
        "bidOptimization": ad_group.bid_optimization.lower(),
        "tactic": campaign.tactic,
        "creativeType": creative_type,
    }


def _creative_types(world: World) -> list[str | None]:
    """Return what each ad group shows; those from before videos say nothing."""
    videos = {ad.ad_group for ad in world.ads if ad.is_video}
    return [None if n % 3 == 2 else "VIDEO" if n in videos else "IMAGE" for n in range(len(world.ad_groups))]


def _creative(world: World, position: int, kind: str) -> Json:
    """Return the creative of an ad group; those that say nothing of it leave that to Amazon."""
    ad_group = world.ad_groups[position]
    properties: Json = {"headline": ad_group.name, "brandLogo": _asset(ad_group, "logo")}
    if kind == "VIDEO":
        properties["video"] = _asset(ad_group, "video")
    else:
        image = _asset(ad_group, "image")
        crop = {"top": 0, "left": 0, "height": 628}
        properties["rectCustomImage"] = {**image, "croppingCoordinates": {**crop, "width": 1200}}
        properties["squareCustomImage"] = {**image, "croppingCoordinates": {**crop, "width": 628}}
    return {
        "creativeId": stable_int("creative", world.seed, ad_group.ad_group_id) % 10**15,
        "adGroupId": ad_group.ad_group_id,
        "creativeType": kind,
        "properties": properties,
        "moderationStatus": "REJECTED" if position % 9 == 4 else "APPROVED",
    }


def _asset(ad_group: AdGroup, what: str) -> Json:
    return {"assetId": f"amzn1.assetlibrary.asset1.{what}-{ad_group.ad_group_id:x}", "assetVersion": "version_v1"}


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
