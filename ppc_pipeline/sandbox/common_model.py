"""Entities as Amazon's exports spell them: the common model, in which the ad products' own spellings are one.

Here: one function an object. Not here: the lists' spelling (``entities`` and its like), the endpoints (``exports``), or
the records (``world``). Source: Amazon's guides to the common models. What is below an ad group names no campaign.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.entities_brands import brands_objects
from ppc_pipeline.sandbox.entities_display import display_objects
from ppc_pipeline.sandbox.world import ENABLED, Ad, AdGroup, Campaign, Expression, Negative, Target, World

Json = dict[str, Any]

_CREATED = "2022-01-03T08:00:00.000Z"
_STRATEGIES = {
    "LEGACY_FOR_SALES": "SALES_DOWN_ONLY",
    "AUTO_FOR_SALES": "SALES",
    "MANUAL": None,
    "MAXIMIZE_IMMEDIATE_SALES": "SALES",
}
_AUTOMATIC = {
    "QUERY_HIGH_REL_MATCHES": "SEARCH_CLOSE_MATCH",
    "QUERY_BROAD_REL_MATCHES": "SEARCH_LOOSE_MATCH",
    "ASIN_SUBSTITUTE_RELATED": "PRODUCT_SUBSTITUTES",
    "ASIN_ACCESSORY_RELATED": "PRODUCT_COMPLEMENTS",
    "KEYWORDS_RELATED_TO_YOUR_BRAND": "SEARCH_RELATED_TO_YOUR_BRAND",
    "KEYWORDS_RELATED_TO_YOUR_LANDING_PAGES": "SEARCH_RELATED_TO_YOUR_LANDING_PAGES",
    "SIMILAR_PRODUCT": "PRODUCT_SIMILAR",
}
_PRODUCT = {"ASIN_SAME_AS": "PRODUCT_EXACT", "ASIN_EXPANDED_FROM": "PRODUCT_SIMILAR", "EXACT_PRODUCT": "PRODUCT_EXACT"}
_REFINED = {"ASIN_CATEGORY_SAME_AS": "productCategory", "ASIN_BRAND_SAME_AS": "productBrand"}
_EVENTS = {"VIEWS": "VIEW", "PURCHASES": "PURCHASE"}


def rows_of(world: World, kind: str, states: Collection[str]) -> Iterator[Json]:
    """Yield what an export has of one ad product.

    Args:
        world: Whose, and of which ad product.
        kind: campaigns, adGroups, ads or targets.
        states: In which states.
    """
    for row in _MAKERS[kind](world):
        if row["state"] in states:
            yield {"adProduct": world.ad_product, **row}


def _campaigns(world: World) -> Iterator[Json]:
    for campaign in world.campaigns:
        portfolio = {"portfolioId": str(campaign.portfolio.portfolio_id)} if campaign.portfolio else {}
        yield {
            "campaignId": str(campaign.campaign_id),
            **portfolio,
            "name": campaign.name,
            "startDate": campaign.start.isoformat(),
            "tags": [],
            "budgetCaps": {
                "recurrenceTimePeriod": "DAILY",
                "budgetType": "MONETARY",
                "budgetValue": {"monetaryBudget": _amount(world, "amount", campaign.budget)},
            },
            **_OF_CAMPAIGNS[world.ad_product](world, campaign),
            **_life(campaign.state, "CAMPAIGN"),
        }


def _products_campaign(_: World, campaign: Campaign) -> Json:
    top = {"placement": "TOP_OF_SEARCH", "percentage": campaign.top_of_search}
    return {
        "optimization": {
            "bidStrategy": _STRATEGIES[campaign.strategy],
            "placementBidAdjustments": [top] if campaign.top_of_search else [],
        },
        "targetingSettings": "AUTO" if campaign.automatic else "MANUAL",
    }


def _brands_campaign(world: World, campaign: Campaign) -> Json:
    optimization: Json = {"bidStrategy": _STRATEGIES[campaign.strategy]}
    if campaign.top_of_search:  # adjustments go with bidding by hand
        top = {"placement": "TOP_OF_SEARCH", "percentage": campaign.top_of_search}
        optimization = {"placementBidAdjustments": [top]}
    brand = f"ENTITY{world.profile.profile_id:X}"
    return {"optimization": optimization, "costType": campaign.cost_type, "brandEntityId": brand}


def _display_campaign(_: World, campaign: Campaign) -> Json:
    return {"targetingSettings": campaign.tactic, "costType": campaign.cost_type}


def _ad_groups(world: World) -> Iterator[Json]:
    for position, ad_group in enumerate(world.ad_groups):
        yield {
            "adGroupId": str(ad_group.ad_group_id),
            "campaignId": str(world.campaigns[ad_group.campaign].campaign_id),
            "name": ad_group.name,
            **_ad_group_settings(world, position, ad_group),
            **_life(ad_group.state, "AD_GROUP"),
        }


def _ad_group_settings(world: World, position: int, ad_group: AdGroup) -> Json:
    """Return what ad groups of Sponsored Brands do not have, and what only those of Sponsored Display have."""
    bid = {"bid": _amount(world, "defaultBid", ad_group.default_bid)}
    if world.ad_product != SPONSORED_DISPLAY:
        return bid if world.ad_product == SPONSORED_PRODUCTS else {}
    creative = display_objects(world, "adGroups")[position]["creativeType"]
    return {**bid, **({"creativeType": creative} if creative else {})}


def _ads(world: World) -> Iterator[Json]:
    named = brands_objects(world, "ads") if world.ad_product == SPONSORED_BRANDS else None
    for position, ad in enumerate(world.ads):
        yield {
            "adId": str(ad.ad_id),
            **_below(world.ad_groups[ad.ad_group]),
            **(_brands_ad(ad, named[position]) if named else _product_ad(world, ad)),
            **_life(ad.state, "AD"),
        }


def _product_ad(world: World, ad: Ad) -> Json:
    """Return what is advertised: a seller's offer, or a product."""
    offered = ad.sku is not None and world.ad_product == SPONSORED_PRODUCTS
    id_type, product_id = ("SKU", ad.sku) if offered else ("ASIN", ad.asin)
    products = [{"productIdType": id_type, "productId": product_id}]
    return {"adType": "PRODUCT_AD", "creative": {"products": products}}


def _brands_ad(ad: Ad, listed: Json) -> Json:
    """Return a creative; both kinds of video are one in the common model."""
    page, headline = listed["landingPage"], listed["creative"].get("headline")
    return {
        "name": listed["name"],
        "adType": "VIDEO" if ad.is_video else ad.creative,
        "creative": {
            "products": [{"productIdType": "ASIN", "productId": asin} for asin in ad.asins],
            **({"headline": headline} if headline else {}),
            "landingPage": {
                "landingPageType": page["pageType"],
                **({"landingPageUrl": page["url"]} if "url" in page else {}),
            },
        },
    }


def _targets(world: World) -> Iterator[Json]:
    for target in world.targets:
        # In Sponsored Brands every target has a bid.
        own = world.bid_of(target) if world.ad_product == SPONSORED_BRANDS else target.bid
        bid = {} if own is None else {"bid": _amount(world, "bid", own)}
        yield {
            "targetId": str(target.target_id),
            **_below(world.ad_groups[target.ad_group]),
            "negative": False,
            **bid,
            **_targeted(target),
            **_life(target.state, "TARGET"),
        }
    for negative in world.negatives:
        yield {
            "targetId": str(negative.negative_id),
            **_parent_of(world, negative),
            "negative": True,
            **_excluded(negative),
            **_life(negative.state, "TARGET"),
        }


def _targeted(target: Target) -> Json:
    if target.expression is not None:
        return _by_expression(target.expression)
    return {"targetType": "KEYWORD", "targetDetails": {"matchType": target.match_type, "keyword": target.keyword}}


def _excluded(negative: Negative) -> Json:
    if negative.expression is not None:
        return _by_expression(negative.expression)
    match_type = negative.match_type.removeprefix("NEGATIVE_")
    return {"targetType": "KEYWORD", "targetDetails": {"matchType": match_type, "keyword": negative.text}}


def _by_expression(expression: Expression) -> Json:
    if automatic := _AUTOMATIC.get(expression.type):
        return {"targetType": "AUTO", "targetDetails": {"matchType": automatic}}
    if expression.parts:
        return _audience(expression)
    kind = "PRODUCT" if expression.type in _PRODUCT else "PRODUCT_CATEGORY"
    return {"targetType": kind, "targetDetails": _details(expression)}


def _audience(expression: Expression) -> Json:
    first, *others = expression.parts
    if expression.type not in _EVENTS:
        return {"targetType": "AUDIENCE", "targetDetails": {"audienceId": first.value}}
    kind = "PRODUCT_AUDIENCE" if first.type in _PRODUCT else "PRODUCT_CATEGORY_AUDIENCE"
    lookback = {"event": _EVENTS[expression.type], "lookback": int(others[0].value or 0)}
    return {"targetType": kind, "targetDetails": {**_details(first), **lookback}}


def _details(expression: Expression) -> Json:
    if match := _PRODUCT.get(expression.type):
        return {"matchType": match, **({"asin": expression.value} if expression.value else {})}
    field = _REFINED[expression.type]
    number = f"{field}Id" if field == "productCategory" else field
    return {number: expression.value, f"{field}Resolved": expression.resolved}


def _parent_of(world: World, negative: Negative) -> Json:
    if negative.ad_group is not None:
        return _below(world.ad_groups[negative.ad_group])
    return {"campaignId": str(world.campaigns[negative.campaign].campaign_id)}


def _below(ad_group: AdGroup) -> Json:
    return {"adGroupId": str(ad_group.ad_group_id)}


def _amount(world: World, name: str, amount: int) -> Json:
    return {name: world.profile.market.major(amount), "currencyCode": world.profile.market.currency}


def _life(state: str, kind: str) -> Json:
    delivering = {"deliveryStatus": "DELIVERING"}
    idle = {"deliveryStatus": "NOT_DELIVERING", "deliveryReasons": [f"{kind}_{state}"]}
    stamps = {"creationDateTime": _CREATED, "lastUpdatedDateTime": _CREATED}
    return {"state": state, **(delivering if state == ENABLED else idle), **stamps}


_MAKERS: Mapping[str, Callable[[World], Iterator[Json]]] = {
    "campaigns": _campaigns,
    "adGroups": _ad_groups,
    "ads": _ads,
    "targets": _targets,
}
_OF_CAMPAIGNS: Mapping[str, Callable[[World, Campaign], Json]] = {
    SPONSORED_PRODUCTS: _products_campaign,
    SPONSORED_BRANDS: _brands_campaign,
    SPONSORED_DISPLAY: _display_campaign,
}
