"""What a profile has of one ad product: portfolios, campaigns, ad groups, targets, ads and negatives.

Here: the entities as plain records, drawn once from the seed, the same records for every ad product; what only some
have is empty in the others. Amounts are in the currency's minor unit; records refer to each other by position. Not
here: how they are drawn (``creation``), how lists spell them (``entities``), or how they perform (``figures``).
"""

from dataclasses import dataclass
from datetime import date

from ppc_pipeline.sandbox.accounts import Profile

ENABLED, PAUSED, ARCHIVED = "ENABLED", "PAUSED", "ARCHIVED"
CPC, VCPM = "CPC", "VCPM"
THEME = "THEME"


@dataclass(frozen=True, slots=True)
class Expression:
    """A targeting expression: Amazon's type and value, and the value as people read it; audiences have parts."""

    type: str
    value: str | None = None
    resolved: str | None = None
    parts: tuple["Expression", ...] = ()


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

    Attributes:
        cost_type: CPC, or VCPM where a thousand viewed impressions are paid for: ``cpm``, in minor units.
        tactic: Sponsored Display: T00020 (contexts) or T00030 (audiences).
        has_reports: False for Sponsored Brands campaigns from before ad groups: Amazon's reports leave them out.
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
    cost_type: str = CPC
    cpm: float = 0.0
    tactic: str = ""
    has_reports: bool = True


@dataclass(frozen=True, slots=True)
class AdGroup:
    """An ad group of the campaign at position ``campaign``; Sponsored Display optimises it for ``bid_optimization``."""

    ad_group_id: int
    campaign: int
    name: str
    state: str
    default_bid: int
    bid_optimization: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A keyword, product or automatic target of the ad group at position ``ad_group``.

    Attributes:
        target_id: The keyword id or target id: reports call both ``keywordId``.
        ad_group: Position of its ad group.
        match_type: As reports spell it: BROAD, PHRASE, EXACT, TARGETING_EXPRESSION(_PREDEFINED), THEME.
        keyword: Report column: the keyword, or the raw expression.
        targeting: Report column: the keyword, or the resolved expression.
        state: ENABLED, PAUSED or ARCHIVED.
        bid: None where the ad group's default bid applies.
        expression: None for keywords.
        terms: What shoppers searched for when it was shown; for Sponsored Display, the products on whose pages it
            was shown, empty where there was none.
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

    @property
    def is_keyword(self) -> bool:
        """Whether it is a keyword, rather than a product, a theme or an audience."""
        return self.expression is None


@dataclass(frozen=True, slots=True)
class Ad:
    """An ad of the ad group at position ``ad_group``; vendors have no ``sku``.

    Attributes:
        asin: The advertised product; of several, the first.
        price: Its price.
        creative: Sponsored Brands: PRODUCT_COLLECTION, STORE_SPOTLIGHT, VIDEO or BRAND_VIDEO.
        asins: Sponsored Brands: every advertised product.
        is_video: Whether it plays a video.
    """

    ad_id: int
    ad_group: int
    asin: str
    sku: str | None
    price: int
    state: str
    creative: str = ""
    asins: tuple[str, ...] = ()
    is_video: bool = False


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
    """Everything of one ad product in one profile; the portfolios are those of all ad products.

    Compared by identity: worlds are cached, and things derived from them too.
    """

    seed: int
    profile: Profile
    ad_product: str
    portfolios: tuple[Portfolio, ...]
    campaigns: tuple[Campaign, ...]
    ad_groups: tuple[AdGroup, ...]
    targets: tuple[Target, ...]
    ads: tuple[Ad, ...]
    negatives: tuple[Negative, ...]

    def bid_of(self, target: Target) -> int:
        """Return what is bid for a target: its own bid, or its ad group's."""
        return self.ad_groups[target.ad_group].default_bid if target.bid is None else target.bid
