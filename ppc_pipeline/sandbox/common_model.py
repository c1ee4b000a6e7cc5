"""Entities as Amazon's exports spell them: the common model, in which the ad products' own spellings are one.

Here: one function an object and ad product. Not here: the lists' spelling (``entities``), the endpoints (``exports``),
or the records (``world``). Source: Amazon's guides to the common models. What is below an ad group names no campaign.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.world import ENABLED, Ad, AdGroup, Campaign, Expression, Negative, Target, World

Json = dict[str, Any]

_CREATED = "2022-01-03T08:00:00.000Z"
_STRATEGIES = {"LEGACY_FOR_SALES": "SALES_DOWN_ONLY", "AUTO_FOR_SALES": "SALES", "MANUAL": None}
_AUTOMATIC = {
    "QUERY_HIGH_REL_MATCHES": "SEARCH_CLOSE_MATCH",
    "QUERY_BROAD_REL_MATCHES": "SEARCH_LOOSE_MATCH",
    "ASIN_SUBSTITUTE_RELATED": "PRODUCT_SUBSTITUTES",
    "ASIN_ACCESSORY_RELATED": "PRODUCT_COMPLEMENTS",
}
_PRODUCT = {"ASIN_SAME_AS": "PRODUCT_EXACT", "ASIN_EXPANDED_FROM": "PRODUCT_SIMILAR"}
_REFINED = {"ASIN_CATEGORY_SAME_AS": "productCategory", "ASIN_BRAND_SAME_AS": "productBrand"}


def rows_of(world: World, kind: str, ad_products: Collection[str], states: Collection[str]) -> Iterator[Json]:
    """Yield the rows of an export.

    Args:
        world: Whose.
        kind: campaigns, adGroups, ads or targets.
        ad_products: Whose rows.
        states: In which states.
    """
    for ad_product in ad_products:
        make = _MAKERS.get((kind, ad_product))
        for row in make(world) if make else ():
            if row["state"] in states:
                yield {"adProduct": ad_product, **row}


def _campaigns(world: World) -> Iterator[Json]:
    for campaign in world.campaigns:
        portfolio = {"portfolioId": str(campaign.portfolio.portfolio_id)} if campaign.portfolio else {}
        yield {
            "campaignId": str(campaign.campaign_id),
            **portfolio,
            "name": campaign.name,
            "startDate": campaign.start.isoformat(),
            "tags": [],
            "optimization": _optimization(campaign),
            "budgetCaps": {
                "recurrenceTimePeriod": "DAILY",
                "budgetType": "MONETARY",
                "budgetValue": {"monetaryBudget": _amount(world, "amount", campaign.budget)},
            },
            "targetingSettings": "AUTO" if campaign.automatic else "MANUAL",
            **_life(campaign.state, "CAMPAIGN"),
        }


def _optimization(campaign: Campaign) -> Json:
    top = {"placement": "TOP_OF_SEARCH", "percentage": campaign.top_of_search}
    return {
        "bidStrategy": _STRATEGIES[campaign.strategy],
        "placementBidAdjustments": [top] if campaign.top_of_search else [],
    }


def _ad_groups(world: World) -> Iterator[Json]:
    for ad_group in world.ad_groups:
        yield {
            "adGroupId": str(ad_group.ad_group_id),
            "campaignId": str(world.campaigns[ad_group.campaign].campaign_id),
            "name": ad_group.name,
            "bid": _amount(world, "defaultBid", ad_group.default_bid),
            **_life(ad_group.state, "AD_GROUP"),
        }


def _ads(world: World) -> Iterator[Json]:
    for ad in world.ads:
        yield {
            "adId": str(ad.ad_id),
            **_below(world.ad_groups[ad.ad_group]),
            "adType": "PRODUCT_AD",
            "creative": {"products": [_product(ad)]},
            **_life(ad.state, "AD"),
        }


def _product(ad: Ad) -> Json:
    """Return what is advertised: a seller's offer, or a product."""
    id_type, product_id = ("SKU", ad.sku) if ad.sku else ("ASIN", ad.asin)
    return {"productIdType": id_type, "productId": product_id}


def _targets(world: World) -> Iterator[Json]:
    for target in world.targets:
        bid = {} if target.bid is None else {"bid": _amount(world, "bid", target.bid)}
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
    if product := _PRODUCT.get(expression.type):
        return {"targetType": "PRODUCT", "targetDetails": {"matchType": product, "asin": expression.value}}
    field = _REFINED[expression.type]
    number = f"{field}Id" if field == "productCategory" else field
    return {
        "targetType": "PRODUCT_CATEGORY",
        "targetDetails": {number: expression.value, f"{field}Resolved": expression.resolved},
    }


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


_MAKERS: Mapping[tuple[str, str], Callable[[World], Iterator[Json]]] = {
    ("campaigns", SPONSORED_PRODUCTS): _campaigns,
    ("adGroups", SPONSORED_PRODUCTS): _ad_groups,
    ("ads", SPONSORED_PRODUCTS): _ads,
    ("targets", SPONSORED_PRODUCTS): _targets,
}
