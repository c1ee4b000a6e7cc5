"""What one row of a report is: a campaign, a target, a search term, and so on.

Here: for each ``groupBy`` of Amazon's, how slots make up its rows and which entities a row belongs to. Not here: the
columns of the row (``rows``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.sandbox.figures import PLACEMENTS, Integers, Slots, slots_of
from ppc_pipeline.sandbox.world import World


@dataclass(frozen=True, eq=False, slots=True)
class Groups:
    """The possible rows of a report in one world.

    Attributes:
        of_slot: The group each slot belongs to.
        members: Entity kind -> position of the entity each group belongs to.
    """

    of_slot: Integers
    members: Mapping[str, Integers]


@dataclass(frozen=True, slots=True)
class Grain:
    """A ``groupBy`` that the sandbox serves.

    Attributes:
        kinds: The entities that tell its rows apart, the finest first; coarser ones follow.
        filters: Filter field -> (allowed values, column it looks at).
        clicked: Whether a row needs a click, as search terms do.
    """

    kinds: tuple[str, ...]
    filters: Mapping[str, tuple[tuple[str, ...], str | None]]
    clicked: bool = False


_STATES = ("ENABLED", "PAUSED", "ARCHIVED")
_KEYWORD_TYPES = ("BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED")
_CAMPAIGN_FILTER = {"campaignStatus": (_STATES, "campaignStatus")}
_AD_GROUP_FILTER = {"adStatus": (_STATES, "adStatus")}
_KEYWORD_FILTER = {"keywordType": (_KEYWORD_TYPES, "keywordType")}

GRAINS: dict[tuple[str, ...], Grain] = {
    ("campaign",): Grain(("campaign",), _CAMPAIGN_FILTER),
    ("campaignPlacement",): Grain(("placement", "campaign"), {"campaignSite": (("AmazonBusiness",), None)}),
    ("adGroup",): Grain(("ad_group", "campaign"), _AD_GROUP_FILTER),
    # With several groupBys Amazon takes only filters that all of them know: here, none.
    ("adGroup", "campaign"): Grain(("ad_group", "campaign"), {}),
    ("targeting",): Grain(
        ("target", "ad_group", "campaign"), {"adKeywordStatus": (_STATES, "adKeywordStatus"), **_KEYWORD_FILTER}
    ),
    ("searchTerm",): Grain(("term", "target", "ad_group", "campaign"), _KEYWORD_FILTER, clicked=True),
    ("advertiser",): Grain(("ad", "ad_group", "campaign"), {"adCreativeStatus": (_STATES, "adCreativeStatus")}),
}


def grain_of(report_type: ReportType) -> Grain | None:
    """Return what a row of a declared report type is; None if the sandbox does not serve it."""
    served = report_type.ad_product == SPONSORED_PRODUCTS
    return GRAINS.get(tuple(sorted(report_type.group_by))) if served else None


@lru_cache(maxsize=128)
def groups_of(world: World, finest: str) -> Groups:
    """Return the groups of a grain, named by its finest kind of entity, in a world."""
    return _BUILDERS[finest](world, slots_of(world))


def _campaigns(world: World, slots: Slots) -> Groups:
    return Groups(slots.campaign, {"campaign": np.arange(len(world.campaigns))})


def _placements(world: World, slots: Slots) -> Groups:
    campaign, placement = np.divmod(np.arange(len(world.campaigns) * len(PLACEMENTS)), len(PLACEMENTS))
    members = {"campaign": campaign, "placement": placement}
    return Groups(slots.campaign * len(PLACEMENTS) + slots.placement, members)


def _ad_groups(world: World, slots: Slots) -> Groups:
    members = _with_campaign(world, np.arange(len(world.ad_groups)))
    return Groups(_ad_group_of_target(world)[slots.target], members)


def _targets(world: World, slots: Slots) -> Groups:
    members = {"target": np.arange(len(world.targets)), **_with_campaign(world, _ad_group_of_target(world))}
    return Groups(slots.target, members)


def _terms(world: World, slots: Slots) -> Groups:
    target = np.repeat(np.arange(len(world.targets)), [len(target.terms) for target in world.targets])
    members = {"target": target, **_with_campaign(world, _ad_group_of_target(world)[target])}
    return Groups(slots.term, {"term": np.arange(len(target)), **members})


def _ads(world: World, slots: Slots) -> Groups:
    ad_group = np.array([ad.ad_group for ad in world.ads], np.int64)
    return Groups(slots.ad, {"ad": np.arange(len(world.ads)), **_with_campaign(world, ad_group)})


def _ad_group_of_target(world: World) -> Integers:
    return np.array([target.ad_group for target in world.targets], np.int64)


def _with_campaign(world: World, ad_group: Integers) -> dict[str, Integers]:
    campaign = np.array([ad_group.campaign for ad_group in world.ad_groups], np.int64)
    return {"ad_group": ad_group, "campaign": campaign[ad_group]}


_BUILDERS: dict[str, Callable[[World, Slots], Groups]] = {
    "campaign": _campaigns,
    "placement": _placements,
    "ad_group": _ad_groups,
    "target": _targets,
    "term": _terms,
    "ad": _ads,
}
