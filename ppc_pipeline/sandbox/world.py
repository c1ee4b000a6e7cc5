"""What is in a profile: portfolios, campaigns, ad groups, targets, product ads and negatives.

Here: the entities as plain records, drawn once from the seed. Amounts are in the currency's minor unit; records refer
to each other by position. Not here: how they are drawn (``creation``), how Amazon's lists spell them (``entities``),
or how they perform (``figures``).
"""

from dataclasses import dataclass
from datetime import date

from ppc_pipeline.sandbox.accounts import Profile

ENABLED, PAUSED, ARCHIVED = "ENABLED", "PAUSED", "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Expression:
    """A targeting expression: Amazon's type and value, and the value as people read it."""

    type: str
    value: str | None = None
    resolved: str | None = None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A group of campaigns; without ``budget`` its spending has no cap."""

    portfolio_id: int
    name: str
    budget: int | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign.

    ``cpc`` (minor units a click) and ``acos`` (cost per sales) are what it tends to: some campaigns lose money.
    """

    campaign_id: int
    name: str
    state: str
    automatic: bool
    budget: int
    strategy: str
    top_of_search: int
    portfolio: Portfolio | None
    start: date
    cpc: float
    acos: float
    volume: float


@dataclass(frozen=True, slots=True)
class AdGroup:
    """An ad group of the campaign at position ``campaign``."""

    ad_group_id: int
    campaign: int
    name: str
    state: str
    default_bid: int


@dataclass(frozen=True, slots=True)
class Target:
    """A keyword, product or automatic target of the ad group at position ``ad_group``.

    Attributes:
        target_id: The keyword id or target id: reports call both ``keywordId``.
        ad_group: Position of its ad group.
        match_type: As reports spell it: BROAD, PHRASE, EXACT, TARGETING_EXPRESSION(_PREDEFINED).
        keyword: Report column: the keyword, or the raw expression.
        targeting: Report column: the keyword, or the resolved expression.
        state: ENABLED, PAUSED or ARCHIVED.
        bid: None where the ad group's default bid applies.
        expression: None for keywords.
        terms: What shoppers searched for when it was shown.
        volume: Impressions on an average day.
    """

    target_id: int
    ad_group: int
    match_type: str
    keyword: str
    targeting: str
    state: str
    bid: int | None
    expression: Expression | None
    terms: tuple[str, ...]
    volume: float


@dataclass(frozen=True, slots=True)
class Ad:
    """A product ad of the ad group at position ``ad_group``; vendors have no ``sku``."""

    ad_id: int
    ad_group: int
    asin: str
    sku: str | None
    price: int
    state: str


@dataclass(frozen=True, slots=True)
class Negative:
    """A negative keyword (``text``) or product target (``expression``); without ``ad_group`` of a whole campaign."""

    negative_id: int
    campaign: int
    ad_group: int | None
    state: str
    text: str | None = None
    match_type: str = ""
    expression: Expression | None = None


@dataclass(frozen=True, eq=False)
class World:
    """Everything in one profile. Compared by identity: worlds are cached, and things derived from them too."""

    seed: int
    profile: Profile
    portfolios: tuple[Portfolio, ...]
    campaigns: tuple[Campaign, ...]
    ad_groups: tuple[AdGroup, ...]
    targets: tuple[Target, ...]
    ads: tuple[Ad, ...]
    negatives: tuple[Negative, ...]
