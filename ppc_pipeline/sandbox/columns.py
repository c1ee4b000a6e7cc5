"""The columns of a report that are not sums: what entities are called, and rates.

Here: one entry a column, and the few that an ad product spells in its own way. Not here: sums (``sums``), or how a row
is written (``bodies``). States, budgets and bids are those of now, whatever day the row is of: so it is at Amazon.
Where nobody has seen a rate we spell it as Amazon spells ``clickThroughRate``: in percent, not rounded.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.sandbox.engagement import Integers
from ppc_pipeline.sandbox.figures import PLACEMENTS, slots_of
from ppc_pipeline.sandbox.grains import SEGMENTS
from ppc_pipeline.sandbox.sums import Sums
from ppc_pipeline.sandbox.world import Ad, Target, World

Names = tuple[str, Callable[[World], list[Any]]]
Rate = Callable[[World, Sums], Sequence[float | None]]


def _bid(world: World, target: Target) -> float:
    return world.profile.market.plain(world.bid_of(target))


def _nothing(world: World) -> list[Any]:
    return [None] * len(world.campaigns)


def _of_keywords(value: Callable[[Target], Any]) -> Names:
    """Return a column that only keywords have."""
    return "target", lambda w: [value(t) if t.is_keyword else None for t in w.targets]


def _of_others(value: Callable[[Target], Any]) -> Names:
    """Return a column that only targets have that are no keywords."""
    return "target", lambda w: [None if t.is_keyword else value(t) for t in w.targets]


def _product(world: World, ad: Ad) -> str:
    return world.campaigns[world.ad_groups[ad.ad_group].campaign].name.partition(" | ")[0]


# Column -> the kind of entity it describes, and its value for every entity of that kind.
_NAMES: Mapping[str, Names] = {
    "campaignId": ("campaign", lambda w: [c.campaign_id for c in w.campaigns]),
    "campaignName": ("campaign", lambda w: [c.name for c in w.campaigns]),
    "campaignStatus": ("campaign", lambda w: [c.state for c in w.campaigns]),
    "campaignBudgetAmount": ("campaign", lambda w: [w.profile.market.major(c.budget) for c in w.campaigns]),
    "campaignBudgetType": ("campaign", lambda w: ["DAILY_BUDGET"] * len(w.campaigns)),
    "campaignBudgetCurrencyCode": ("campaign", lambda w: [w.profile.market.currency] * len(w.campaigns)),
    "campaignRuleBasedBudgetAmount": ("campaign", _nothing),
    "campaignApplicableBudgetRuleId": ("campaign", _nothing),
    "campaignApplicableBudgetRuleName": ("campaign", _nothing),
    "campaignBiddingStrategy": ("campaign", lambda w: [c.strategy for c in w.campaigns]),
    "portfolioId": ("campaign", lambda w: [c.portfolio.portfolio_id if c.portfolio else None for c in w.campaigns]),
    "adGroupId": ("ad_group", lambda w: [g.ad_group_id for g in w.ad_groups]),
    "adGroupName": ("ad_group", lambda w: [g.name for g in w.ad_groups]),
    "adStatus": ("ad_group", lambda w: [g.state for g in w.ad_groups]),
    "keywordId": ("target", lambda w: [t.target_id for t in w.targets]),
    "keyword": ("target", lambda w: [t.keyword for t in w.targets]),
    "keywordType": ("target", lambda w: [t.match_type for t in w.targets]),
    "keywordBid": ("target", lambda w: [_bid(w, t) for t in w.targets]),
    "adKeywordStatus": ("target", lambda w: [t.state for t in w.targets]),
    "matchType": ("target", lambda w: [t.match_type for t in w.targets]),
    "targeting": ("target", lambda w: [t.targeting for t in w.targets]),
    "searchTerm": ("term", lambda w: [term for t in w.targets for term in t.terms]),
    "adId": ("ad", lambda w: [a.ad_id for a in w.ads]),
    "advertisedAsin": ("ad", lambda w: [a.asin for a in w.ads]),
    "advertisedSku": ("ad", lambda w: [a.sku for a in w.ads]),
    "adCreativeStatus": ("ad", lambda w: [a.state for a in w.ads]),
    "placementClassification": ("placement", lambda _: list(PLACEMENTS)),
    "marketplaceId": ("campaign", lambda w: [w.profile.market.marketplace_id] * len(w.campaigns)),
    "costType": ("campaign", lambda w: [c.cost_type for c in w.campaigns]),
    "campaignPriceTypeCode": ("campaign", lambda w: [c.cost_type for c in w.campaigns]),
    "segmentName": ("segment", lambda _: [name for name, _ in SEGMENTS]),
    "segmentClassCode": ("segment", lambda _: [code for _, code in SEGMENTS]),
    "bidOptimization": ("ad_group", lambda w: [g.bid_optimization for g in w.ad_groups]),
    "targetingId": ("target", lambda w: [t.target_id for t in w.targets]),
    "targetingExpression": ("target", lambda w: [t.keyword for t in w.targets]),
    "targetingText": ("target", lambda w: [t.targeting for t in w.targets]),
    "matchedTargetAsin": ("term", lambda w: [term or None for t in w.targets for term in t.terms]),
    "promotedAsin": ("ad", lambda w: [a.asin for a in w.ads]),
    "promotedSku": ("ad", lambda w: [a.sku for a in w.ads]),
    "purchasedAsin": ("bought", lambda w: [a.asin for a in w.ads]),
    "asinBrandHalo": ("bought", lambda w: [a.asin for a in w.ads]),
    "productName": ("bought", lambda w: [f"{_product(w, a)} {a.asin[-4:]}" for a in w.ads]),
    "productCategory": ("bought", lambda w: [_product(w, a) for a in w.ads]),
    "attributionType": ("attribution", lambda _: ["Brand Halo", "Promoted"]),
}
# Sponsored Brands names a keyword or a target, where the others have one name for both.
_BRANDS_NAMES: Mapping[str, Names] = {
    "keywordId": _of_keywords(lambda t: t.target_id),
    "keywordText": _of_keywords(lambda t: t.keyword),
    "matchType": _of_keywords(lambda t: t.match_type),
    "targetingId": _of_others(lambda t: t.target_id),
    "targetingExpression": _of_others(lambda t: t.keyword),
    "targetingText": _of_others(lambda t: t.targeting),
    "targetingType": _of_others(lambda t: t.match_type),
}
_NAMES_BY_AD_PRODUCT = {SPONSORED_BRANDS: {**_NAMES, **_BRANDS_NAMES}}


def names_of(ad_product: str) -> Mapping[str, Names]:
    """Return column -> the kind of entity it describes, and its value for every entity of that kind."""
    return _NAMES_BY_AD_PRODUCT.get(ad_product, _NAMES)


def _quotients(above: Integers, below: Integers) -> list[float | None]:
    """Divide row by row: a zero is an integer zero, what is undefined is null, as in Amazon's files."""
    return [(a / b or 0) if b else None for a, b in zip(above.tolist(), below.tolist(), strict=True)]


def _percentages(above: Integers, below: Integers) -> list[float | None]:
    return [None if quotient is None else quotient * 100 for quotient in _quotients(above, below)]


def _share(above: str, below: str) -> Rate:
    """Return a rate in percent."""
    return lambda _, sums: _percentages(sums.column(above), sums.column(below))


def _ratio(above: str, below: str) -> Rate:
    return lambda _, sums: _quotients(sums.column(above), sums.column(below))


def _price(amount: str, count: str, times: int = 1) -> Rate:
    """Return a rounded amount for each of a count; without any it is null."""

    def rate(world: World, sums: Sums) -> list[float | None]:
        quotients = _quotients(sums.column(amount) * times, sums.column(count))
        return [None if q is None else round(q / world.profile.market.minor, 2) or 0 for q in quotients]

    return rate


def _cost_per_click(world: World, sums: Sums) -> list[float]:
    """Return rounded amounts; without clicks it is 0.0, not null."""
    cost, clicks = sums.column("cost"), sums.column("clicks")
    rounded: list[float] = np.round(cost / np.maximum(clicks, 1) / world.profile.market.minor, 2).tolist()
    return rounded


def _people(impressions_each: float) -> Rate:
    """Return how many people or homes the impressions reached: they are counted once, so that no sum gives them."""
    return lambda _, sums: np.ceil(sums.column("impressions") / impressions_each).astype(np.int64).tolist()


def _frequency(impressions_each: float) -> Rate:
    def rate(_: World, sums: Sums) -> list[float | None]:
        impressions = sums.column("impressions")
        return _quotients(impressions, np.ceil(impressions / impressions_each).astype(np.int64))

    return rate


def _top_of_search_share(world: World, sums: Sums) -> list[float | None]:
    """Return how many of the impressions to be had at the top of search were won: rivals win as many, and some more."""
    slots = slots_of(world)
    won = sums.impressions_at(slots.placement == 0)
    shares = _quotients(won, won * 2 + sums.column("impressions"))
    return [round(share, 2) if share else None for share in shares]


_PER_PERSON, _PER_HOME = 1.6, 2.3

RATES: Mapping[str, Rate] = {
    "clickThroughRate": _share("clicks", "impressions"),
    "costPerClick": _cost_per_click,
    "topOfSearchImpressionShare": _top_of_search_share,
    "acosClicks7d": _share("cost", "sales7d"),
    "acosClicks14d": _share("cost", "sales14d"),
    "roasClicks7d": _ratio("sales7d", "cost"),
    "roasClicks14d": _ratio("sales14d", "cost"),
    "roas": _ratio("sales", "cost"),
    "longTermROAS": _ratio("longTermSales", "cost"),
    "costPerThousandImpressions": _price("cost", "impressions", 1000),
    "viewabilityRate": _share("viewableImpressions", "impressions"),
    "viewClickThroughRate": _share("clicks", "viewableImpressions"),
    "video5SecondViewRate": _share("video5SecondViews", "impressions"),
    "invalidClickThroughRate": _share("invalidClickThroughs", "grossClickThroughs"),
    "invalidImpressionRate": _share("invalidImpressions", "grossImpressions"),
    "addToCartRate": _share("addToCart", "impressions"),
    "eCPAddToCart": _price("cost", "addToCart"),
    "brandedSearchRate": _share("brandedSearches", "impressions"),
    "eCPBrandSearch": _price("cost", "brandedSearches"),
    "newToBrandDetailPageViewRate": _share("newToBrandDetailPageViews", "impressions"),
    "newToBrandECPDetailPageView": _price("cost", "newToBrandDetailPageViews"),
    "newToBrandPurchasesRate": _share("newToBrandPurchases", "clicks"),
    "newToBrandPurchasesPercentage": _share("newToBrandPurchases", "purchases"),
    "newToBrandPurchasesPercentage14d": _share("newToBrandPurchases14d", "orders14d"),
    "newToBrandSalesPercentage": _share("newToBrandSales", "sales"),
    "newToBrandSalesPercentage14d": _share("newToBrandSales14d", "sales14d"),
    "newToBrandUnitsSoldPercentage": _share("newToBrandUnitsSold", "unitsSold"),
    "newToBrandUnitsSoldPercentage14d": _share("newToBrandUnitsSold14d", "unitsSold14d"),
    "cumulativeReach": _people(_PER_PERSON),
    "impressionsFrequencyAverage": _frequency(_PER_PERSON),
    "reach": _people(_PER_PERSON),
    "frequencyAverage": _frequency(_PER_PERSON),
    "householdReach": _people(_PER_HOME),
    "householdFrequencyAverage": _frequency(_PER_HOME),
}


def money(world: World, amounts: Integers) -> list[float]:
    """Spell amounts as Amazon's files do: floats, but an integer zero."""
    return [amount or 0 for amount in (amounts / np.int64(world.profile.market.minor)).tolist()]
