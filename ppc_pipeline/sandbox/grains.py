"""What one row of a report is: a campaign, a target, a search term, and so on.

Here: for each ad product and ``groupBy`` of Amazon's, how slots make up its rows and which entities a row belongs to,
and the filters. Not here: the columns of the row (``columns``, ``sums``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from ppc_pipeline.amazon_ads.ad_products import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
    SPONSORED_TELEVISION,
)
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.sandbox.engagement import Integers
from ppc_pipeline.sandbox.figures import PLACEMENTS, Slots, slots_of
from ppc_pipeline.sandbox.world import World

Filters = Mapping[str, tuple[tuple[str, ...], str | None]]
"""Filter field -> (allowed values, column it looks at)."""

SEGMENTS = (
    ("Viewed your products", "BEHAVIORAL"),
    ("Purchased in category", "BEHAVIORAL"),
    (None, None),
)
"""The audiences that bids are raised for, by name and class; the last is everybody else."""


@dataclass(frozen=True, eq=False, slots=True)
class Groups:
    """The possible rows of a report in one world.

    Attributes:
        of_slot: The group each slot belongs to; where rows are purchases, each of ``sums.purchases_of``.
        members: Entity kind -> position of the entity each group belongs to.
    """

    of_slot: Integers
    members: Mapping[str, Integers]


@dataclass(frozen=True, slots=True)
class Grain:
    """A ``groupBy`` that the sandbox serves.

    Attributes:
        kinds: The entities that tell its rows apart, the finest first; coarser ones follow.
        clicked: Whether a row needs a click, as search terms do.
        bought: Whether rows are made of orders alone.
        others_only: Whether orders of the advertised product are left out of them.
    """

    kinds: tuple[str, ...]
    clicked: bool = False
    bought: bool = False
    others_only: bool = False


_CAMPAIGN = Grain(("campaign",))
_AD_GROUP = Grain(("ad_group", "campaign"))
_PLACEMENT = Grain(("placement", "campaign"))
_TARGET = Grain(("target", "ad_group", "campaign"))
_AD = Grain(("ad", "ad_group", "campaign"))
_SEGMENT = Grain(("segment", "campaign"))

# Ad product -> groupBy, in alphabetical order -> what a row is.
GRAINS: Mapping[str, Mapping[tuple[str, ...], Grain]] = {
    SPONSORED_PRODUCTS: {
        ("campaign",): _CAMPAIGN,
        ("campaignPlacement",): _PLACEMENT,
        ("adGroup",): _AD_GROUP,
        ("adGroup", "campaign"): _AD_GROUP,
        ("targeting",): _TARGET,
        ("searchTerm",): Grain(("term", "target", "ad_group", "campaign"), clicked=True),
        ("advertiser",): _AD,
        ("asin",): Grain(
            ("target_purchase", "bought", "ad", "target", "ad_group", "campaign"), bought=True, others_only=True
        ),
        ("campaign_bid_boost_segment",): _SEGMENT,
    },
    SPONSORED_BRANDS: {
        ("campaign",): _CAMPAIGN,
        ("adGroup",): _AD_GROUP,
        ("campaignPlacement",): _PLACEMENT,
        ("targeting",): _TARGET,
        # Rows of targets that are no keywords name none of them: they are told apart by ad group and term.
        ("searchTerm",): Grain(("term_of_keyword", "term", "target", "ad_group", "campaign"), clicked=True),
        ("ads",): _AD,
        ("purchasedAsin",): Grain(("ad_group_purchase", "bought", "attribution", "ad_group", "campaign"), bought=True),
        ("campaign_bid_boost_segment",): _SEGMENT,
    },
    SPONSORED_DISPLAY: {
        ("campaign",): _CAMPAIGN,
        ("adGroup",): _AD_GROUP,
        ("targeting",): _TARGET,
        ("advertiser",): _AD,
        ("asin",): Grain(("ad_purchase", "bought", "ad", "ad_group", "campaign"), bought=True, others_only=True),
    },
    SPONSORED_TELEVISION: {
        ("campaign",): _CAMPAIGN,
        ("adGroup", "campaign"): _AD_GROUP,
        ("adGroup", "campaign", "targeting"): _TARGET,
    },
}
# Rows by the page that an ad was on, of each type that has them: who is told apart by it.
_MATCHED = {
    "sdCampaigns": Grain(("page_of_campaign", "term", "campaign")),
    "sdAdGroup": Grain(("page_of_ad_group", "term", "ad_group", "campaign")),
    "sdTargeting": Grain(("page_of_target", "term", "target", "ad_group", "campaign")),
}

_STATES = ("ENABLED", "PAUSED", "ARCHIVED")
_KEYWORD_TYPES = ("BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED")
_CAMPAIGN_FILTER: Filters = {"campaignStatus": (_STATES, "campaignStatus")}
_AD_GROUP_FILTER: Filters = {"adStatus": (_STATES, "adStatus")}
_TARGET_FILTER: Filters = {"adKeywordStatus": (_STATES, "adKeywordStatus")}
_KEYWORD_FILTER: Filters = {"keywordType": (_KEYWORD_TYPES, "keywordType")}
_GROSS_AND_INVALIDS: Mapping[tuple[str, ...], Filters] = {("campaign",): _CAMPAIGN_FILTER}
# Report type -> groupBy -> its filters; what is not here has none, nor have several groupBys together.
_FILTERS: Mapping[str, Mapping[tuple[str, ...], Filters]] = {
    "spCampaigns": {
        ("campaign",): _CAMPAIGN_FILTER,
        ("adGroup",): _AD_GROUP_FILTER,
        ("campaignPlacement",): {"campaignSite": (("AmazonBusiness",), None)},
    },
    "spTargeting": {("targeting",): {**_TARGET_FILTER, **_KEYWORD_FILTER}},
    "spSearchTerm": {("searchTerm",): _KEYWORD_FILTER},
    "spAdvertisedProduct": {("advertiser",): {"adCreativeStatus": (_STATES, "adCreativeStatus")}},
    "spGrossAndInvalids": _GROSS_AND_INVALIDS,
    "sbCampaigns": {("campaign",): _CAMPAIGN_FILTER},
    "sbAdGroup": {("adGroup",): _AD_GROUP_FILTER},
    "sbTargeting": {
        ("targeting",): {**_TARGET_FILTER, "keywordType": ((*_KEYWORD_TYPES, "THEME"), "keywordType")},
    },
    "sbSearchTerm": {("searchTerm",): _KEYWORD_FILTER},
    "sbAds": {("ads",): {"adStatus": (_STATES, "adCreativeStatus")}},
    "sbGrossAndInvalids": _GROSS_AND_INVALIDS,
    "sdGrossAndInvalids": _GROSS_AND_INVALIDS,
    "stCampaigns": {("campaign",): _CAMPAIGN_FILTER},
}


def grain_of(report_type: ReportType) -> Grain | None:
    """Return what a row of a declared report type is; None if the sandbox does not serve it."""
    if report_type.group_by == ("matchedTarget",):
        return _MATCHED.get(report_type.report_type_id)
    return GRAINS.get(report_type.ad_product, {}).get(tuple(sorted(report_type.group_by)))


def filters_of(report_type: ReportType) -> Filters:
    """Return the filters that a declared report type takes."""
    return _FILTERS.get(report_type.report_type_id, {}).get(report_type.group_by, {})


@lru_cache(maxsize=256)
def groups_of(world: World, finest: str) -> Groups:
    """Return the groups of a grain, named by its finest kind of entity, in a world."""
    return _BUILDERS[finest](world, slots_of(world))


def _campaigns(world: World, slots: Slots) -> Groups:
    return Groups(slots.campaign, {"campaign": np.arange(len(world.campaigns))})


def _placements(world: World, slots: Slots) -> Groups:
    campaign, placement = np.divmod(np.arange(len(world.campaigns) * len(PLACEMENTS)), len(PLACEMENTS))
    members = {"campaign": campaign, "placement": placement}
    return Groups(slots.campaign * len(PLACEMENTS) + slots.placement, members)


def _segments(world: World, slots: Slots) -> Groups:
    campaign, segment = np.divmod(np.arange(len(world.campaigns) * len(SEGMENTS)), len(SEGMENTS))
    of_slot = slots.campaign * len(SEGMENTS) + (slots.target + slots.placement) % len(SEGMENTS)
    return Groups(of_slot, {"campaign": campaign, "segment": segment})


def _ad_groups(world: World, slots: Slots) -> Groups:
    members = _with_campaign(world, np.arange(len(world.ad_groups)))
    return Groups(_ad_group_of_target(world)[slots.target], members)


def _targets(world: World, slots: Slots) -> Groups:
    members = {"target": np.arange(len(world.targets)), **_with_campaign(world, _ad_group_of_target(world))}
    return Groups(slots.target, members)


def _terms(world: World, slots: Slots) -> Groups:
    target = _target_of_term(world)
    members = {"target": target, **_with_campaign(world, _ad_group_of_target(world)[target])}
    return Groups(slots.term, {"term": np.arange(len(target)), **members})


def _ads(world: World, slots: Slots) -> Groups:
    ad_group = np.array([ad.ad_group for ad in world.ads], np.int64)
    return Groups(slots.ad, {"ad": np.arange(len(world.ads)), **_with_campaign(world, ad_group)})


def _same_terms(owner: Callable[[World, Integers], Integers], world: World, slots: Slots) -> Groups:
    """Group slots by their term and an owner of it, however many of the owner's targets have that term."""
    target = _target_of_term(world)
    texts = np.array([term for one in world.targets for term in one.terms], np.str_)
    _, text = np.unique(texts, return_inverse=True)
    keys = np.stack([owner(world, target), text])
    _, first, group = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    owners = {"term": first, "target": target[first]}
    members = {**owners, **_with_campaign(world, _ad_group_of_target(world)[target[first]])}
    return Groups(group.reshape(-1)[slots.term], members)


def _keyword_or_ad_group(world: World, target: Integers) -> Integers:
    """Return a number for each keyword, and for all other targets of an ad group one together."""
    is_keyword = np.array([one.is_keyword for one in world.targets], np.bool_)[target]
    return np.where(is_keyword, len(world.ad_groups) + target, _ad_group_of_target(world)[target])


def _purchases(told_apart: Callable[[World, Slots], Integers], world: World, slots: Slots) -> Groups:
    """Group purchases by what was bought and what else tells them apart: of the product before, or the advertised."""
    ad, same = np.repeat(slots.ad, 2), np.tile(np.arange(2), len(slots.ad))
    bought = (ad - 1 + same) % max(1, len(world.ads))
    keys = np.stack([np.repeat(told_apart(world, slots), 2), bought, same])
    _, first, group = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    target = slots.target[first // 2]
    members = {"bought": bought[first], "attribution": same[first], "ad": ad[first], "target": target}
    return Groups(group.reshape(-1), {**members, **_with_campaign(world, _ad_group_of_target(world)[target])})


def _target_and_ad(world: World, slots: Slots) -> Integers:
    return slots.target * len(world.ads) + slots.ad


def _target_of_term(world: World) -> Integers:
    return np.repeat(np.arange(len(world.targets)), [len(target.terms) for target in world.targets])


def _ad_group_of_target(world: World) -> Integers:
    return np.array([target.ad_group for target in world.targets], np.int64)


def _campaign_of_target(world: World) -> Integers:
    return _with_campaign(world, _ad_group_of_target(world))["campaign"]


def _with_campaign(world: World, ad_group: Integers) -> dict[str, Integers]:
    campaign = np.array([ad_group.campaign for ad_group in world.ad_groups], np.int64)
    return {"ad_group": ad_group, "campaign": campaign[ad_group]}


_BUILDERS: dict[str, Callable[[World, Slots], Groups]] = {
    "campaign": _campaigns,
    "placement": _placements,
    "segment": _segments,
    "ad_group": _ad_groups,
    "target": _targets,
    "term": _terms,
    "ad": _ads,
    "term_of_keyword": partial(_same_terms, _keyword_or_ad_group),
    "page_of_campaign": partial(_same_terms, lambda world, target: _campaign_of_target(world)[target]),
    "page_of_ad_group": partial(_same_terms, lambda world, target: _ad_group_of_target(world)[target]),
    "page_of_target": partial(_same_terms, lambda _, target: target),
    "target_purchase": partial(_purchases, _target_and_ad),
    "ad_purchase": partial(_purchases, lambda _, slots: slots.ad),
    "ad_group_purchase": partial(_purchases, lambda world, slots: _ad_group_of_target(world)[slots.target]),
}
