"""What the worlds of all ad products are drawn with.

Here: ids, products, bids, states, keywords and negatives, one draw after the other from one generator. Not here: which
campaigns an ad product has and what is in them (``products``, ``brands``, ``display``, ``television``).
"""

import random
import string
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import count

from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.determinism import stable_random
from ppc_pipeline.sandbox.options import SandboxOptions
from ppc_pipeline.sandbox.words import phrase
from ppc_pipeline.sandbox.world import (
    ARCHIVED,
    ENABLED,
    PAUSED,
    Ad,
    AdGroup,
    Campaign,
    Expression,
    Negative,
    Portfolio,
    Target,
    World,
)

FIRST_START = date(2022, 1, 3)
MATCH_TYPES = ("BROAD", "PHRASE", "EXACT")


class Creator(ABC):
    """Draws one world; what it has drawn so far is in its lists.

    Args:
        options: How large it is.
        profile: Whose it is.
        campaigns: How many campaigns it has.
        keywords: How many keywords a campaign has.
        portfolios: The profile's portfolios.
    """

    ad_product: str
    ids = (10**12, 9 * 10**15)
    seeds: tuple[str, ...] = ()
    """What tells the draws of an ad product from those of the others."""

    def __init__(
        self,
        options: SandboxOptions,
        profile: Profile,
        campaigns: int,
        keywords: int,
        portfolios: Iterable[Portfolio] = (),
    ) -> None:
        self.options = options
        self.profile = profile
        self.market = profile.market
        self.count = campaigns
        self.keywords = keywords
        self.random: random.Random = stable_random(
            "world", options.seed, profile.account, profile.profile_id, *self.seeds
        )
        self.used: set[int] = set()
        self.portfolios = list(portfolios)
        self.campaigns: list[Campaign] = []
        self.ad_groups: list[AdGroup] = []
        self.targets: list[Target] = []
        self.ads: list[Ad] = []
        self.negatives: list[Negative] = []

    @abstractmethod
    def add_campaign(self, number: int) -> None:
        """Draw a campaign and everything in it."""

    def create(self) -> World:
        """Draw the world."""
        for number in range(self.count):
            self.add_campaign(number)
        return World(
            seed=self.options.seed,
            profile=self.profile,
            ad_product=self.ad_product,
            portfolios=tuple(self.portfolios),
            campaigns=tuple(self.campaigns),
            ad_groups=tuple(self.ad_groups),
            targets=tuple(self.targets),
            ads=tuple(self.ads),
            negatives=tuple(self.negatives),
        )

    def product(self, number: int) -> str:
        """Return what the campaign of a number advertises."""
        return self.market.language.products[number % len(self.market.language.products)]

    def keyword_target(self, group: int, number: int, product: str) -> None:
        """Add a keyword; advertisers bid on one text in all three match types."""
        text_number, match = divmod(number, len(MATCH_TYPES))
        text = self.phrase(product, text_number)
        terms = self.terms(text, product, text_number)[: 1 if MATCH_TYPES[match] == "EXACT" else 3]
        self.targets.append(self.target(group, MATCH_TYPES[match], text, text, None, terms))

    def add_negative(
        self, campaign: int, ad_group: int | None, text: str | None = None, expression: Expression | None = None
    ) -> None:
        """Add a negative keyword (``text``) or product target (``expression``)."""
        position = len(self.negatives)
        match_type = ("NEGATIVE_EXACT", "NEGATIVE_PHRASE")[position % 2] if text else ""
        state = ARCHIVED if position % 7 == 6 else ENABLED
        self.negatives.append(Negative(self.new_id(), campaign, ad_group, state, text, match_type, expression))

    def target(
        self,
        group: int,
        match_type: str,
        keyword: str,
        targeting: str,
        expression: Expression | None,
        terms: tuple[str, ...],
    ) -> Target:
        """Draw a target of an ad group."""
        owner = self.ad_groups[group]
        bid = None if self.random.random() < 0.3 else max(1, round(owner.default_bid * self.random.uniform(0.7, 1.4)))
        return Target(
            target_id=self.new_id(),
            ad_group=group,
            match_type=match_type,
            keyword=keyword,
            targeting=targeting,
            state=self.random.choices((ENABLED, PAUSED, ARCHIVED), (85, 10, 5))[0],
            bid=bid,
            expression=expression,
            terms=terms,
            # Few targets get most of the traffic; many get none on most days.
            volume=self.campaigns[owner.campaign].volume * 6 * self.random.lognormvariate(0, 2.2),
        )

    def sku(self, campaign: int, asin: str) -> str | None:
        """Return a seller's own name for a product; vendors have none."""
        return None if self.profile.kind == "vendor" else f"SKU-{campaign + 1:03}-{asin[-4:]}"

    def price(self) -> int:
        """Draw a price."""
        return self.market.cents(self.random.randrange(900, 6000) / 100)

    def budget(self) -> int:
        """Draw a daily budget."""
        return self.market.cents(self.random.choice((10, 15, 25, 40, 100)))

    def start(self) -> date:
        """Draw the day a campaign began."""
        return FIRST_START + timedelta(days=self.random.randrange(700))

    def phrase(self, product: str, number: int) -> str:
        """Return the ``number``-th keyword for a product."""
        return phrase(self.market.language, product, number)

    def terms(self, text: str, product: str, number: int) -> tuple[str, ...]:
        """Return the keyword itself and two searches around it, all different."""
        others = (self.phrase(product, number + offset) for offset in count(11, 13))
        found = [text]
        while len(found) < 3:
            term = next(others)
            if term not in found:
                found.append(term)
        return tuple(found)

    def negative_product(self) -> Expression:
        """Draw a product not to be shown with."""
        asin = self.asin()
        return Expression("ASIN_SAME_AS", asin, asin)

    def negative_brand(self) -> Expression:
        """Draw a brand not to be shown with."""
        return Expression("ASIN_BRAND_SAME_AS", str(self.random.randrange(10**9, 10**11)), "Other Brand")

    def asin(self) -> str:
        """Draw a product."""
        return "B0" + "".join(self.random.choices(string.ascii_uppercase + string.digits, k=8))

    def new_id(self) -> int:
        """Return an id that nothing else in this world has."""
        while (number := self.random.randrange(*self.ids)) in self.used:
            pass
        self.used.add(number)
        return number


def state_of(number: int) -> str:
    """Return the state of the campaign of a number: most are enabled."""
    return {4: PAUSED, 9: ARCHIVED}.get(number % 10, ENABLED)
