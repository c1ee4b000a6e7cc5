"""The columns of a report that are not sums: what entities are called, and rates.

Here: one entry a column. Not here: sums (``sums``), or how a row is written (``bodies``). States, budgets and bids are
those of now, whatever day the row is of: so it is at Amazon.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ppc_pipeline.sandbox.figures import PLACEMENTS, Integers, slots_of
from ppc_pipeline.sandbox.sums import Sums
from ppc_pipeline.sandbox.world import Target, World

Names = tuple[str, Callable[[World], list[Any]]]


def _bid(world: World, target: Target) -> float:
    return world.profile.market.plain(world.bid_of(target))


def _nothing(world: World) -> list[Any]:
    return [None] * len(world.campaigns)


# Column -> the kind of entity it describes, and its value for every entity of that kind.
NAMES: Mapping[str, Names] = {
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
}


def _quotients(above: Integers, below: Integers) -> list[float | None]:
    """Divide row by row: a zero is an integer zero, what is undefined is null, as in Amazon's files."""
    return [(a / b or 0) if b else None for a, b in zip(above.tolist(), below.tolist(), strict=True)]


def _percentages(above: Integers, below: Integers) -> list[float | None]:
    return [None if quotient is None else quotient * 100 for quotient in _quotients(above, below)]


def _click_through_rate(world: World, sums: Sums) -> list[float | None]:
    del world
    return _percentages(sums.column("clicks"), sums.column("impressions"))


def _cost_per_click(world: World, sums: Sums) -> list[float]:
    """Return rounded amounts; without clicks it is 0.0, not null."""
    cost, clicks = sums.column("cost"), sums.column("clicks")
    rounded: list[float] = np.round(cost / np.maximum(clicks, 1) / world.profile.market.minor, 2).tolist()
    return rounded


def _top_of_search_share(world: World, sums: Sums) -> list[float | None]:
    """Return how many of the impressions to be had at the top of search were won: rivals win as many, and some more."""
    slots = slots_of(world)
    won = sums.impressions_at(slots.placement == 0)
    shares = _quotients(won, won * 2 + sums.column("impressions"))
    return [round(share, 2) if share else None for share in shares]


def _acos(days: int) -> Callable[[World, Sums], list[float | None]]:
    return lambda _, sums: _percentages(sums.column("cost"), sums.column(f"sales{days}d"))


def _roas(days: int) -> Callable[[World, Sums], list[float | None]]:
    return lambda _, sums: _quotients(sums.column(f"sales{days}d"), sums.column("cost"))


RATES: Mapping[str, Callable[[World, Sums], Sequence[float | None]]] = {
    "clickThroughRate": _click_through_rate,
    "costPerClick": _cost_per_click,
    "topOfSearchImpressionShare": _top_of_search_share,
    "acosClicks7d": _acos(7),
    "acosClicks14d": _acos(14),
    "roasClicks7d": _roas(7),
    "roasClicks14d": _roas(14),
}


def money(world: World, amounts: Integers) -> list[float]:
    """Spell amounts as Amazon's files do: floats, but an integer zero."""
    return [amount or 0 for amount in (amounts / np.int64(world.profile.market.minor)).tolist()]
