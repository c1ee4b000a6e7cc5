"""How a profile's world is drawn from the seed.

Here: names, structure, states, bids and prices of the entities. Not here: the records themselves (``world``), or what
happens day by day (``figures``). Entities do not change with time: a list is the same today and tomorrow.
"""

import random
import string
from datetime import date, timedelta
from functools import lru_cache
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

_MATCH_TYPES = ("BROAD", "PHRASE", "EXACT")
_AUTOMATIC = {
    "close-match": "QUERY_HIGH_REL_MATCHES",
    "loose-match": "QUERY_BROAD_REL_MATCHES",
    "substitutes": "ASIN_SUBSTITUTE_RELATED",
    "complements": "ASIN_ACCESSORY_RELATED",
}
_STRATEGIES = ("LEGACY_FOR_SALES", "AUTO_FOR_SALES", "MANUAL")
_FIRST_START = date(2022, 1, 3)


@lru_cache(maxsize=256)
def world_of(options: SandboxOptions, profile: Profile) -> World:
    """Return a profile's world: the same for the same options, in every process."""
    return _Creator(options, profile).create()


class _Creator:
    """Draws one world; what it has drawn so far is in its lists."""

    def __init__(self, options: SandboxOptions, profile: Profile) -> None:
        self.options = options
        self.profile = profile
        self.market = profile.market
        self.random: random.Random = stable_random("world", options.seed, profile.account, profile.profile_id)
        self.used: set[int] = set()
        self.portfolios: list[Portfolio] = []
        self.campaigns: list[Campaign] = []
        self.ad_groups: list[AdGroup] = []
        self.targets: list[Target] = []
        self.ads: list[Ad] = []
        self.negatives: list[Negative] = []

    def create(self) -> World:
        for number in range(1 + self.options.campaigns // 4):
            budget = None if number % 2 else self.market.cents(self.random.randrange(500, 5000))
            self.portfolios.append(Portfolio(self.new_id(), f"Portfolio {number + 1}", budget))
        for number in range(self.options.campaigns):
            self.add_campaign(number)
        return World(
            seed=self.options.seed,
            profile=self.profile,
            portfolios=tuple(self.portfolios),
            campaigns=tuple(self.campaigns),
            ad_groups=tuple(self.ad_groups),
            targets=tuple(self.targets),
            ads=tuple(self.ads),
            negatives=tuple(self.negatives),
        )

    def add_campaign(self, number: int) -> None:
        automatic = number % 4 == 2
        product = self.market.language.products[number % len(self.market.language.products)]
        self.campaigns.append(
            Campaign(
                campaign_id=self.new_id(),
                name=f"{product.title()} | {'Auto' if automatic else 'Manual'} | {number + 1:03}",
                state={4: PAUSED, 9: ARCHIVED}.get(number % 10, ENABLED),
                automatic=automatic,
                budget=self.market.cents(self.random.choice((10, 15, 25, 40, 100))),
                strategy=_STRATEGIES[number % len(_STRATEGIES)],
                top_of_search=self.random.choice((0, 0, 20, 50, 100)),
                portfolio=self.random.choice((None, *self.portfolios)),
                start=_FIRST_START + timedelta(days=self.random.randrange(700)),
                cpc=self.market.cents(1) * self.random.uniform(0.25, 1.8),
                acos=0.3 * self.random.lognormvariate(0, 0.7),
                volume=self.random.lognormvariate(0, 0.6),
            )
        )
        if automatic:
            self.add_automatic(number, product)
        else:
            self.add_manual(number, product)
        self.add_campaign_negatives(number, product)

    def add_automatic(self, campaign: int, product: str) -> None:
        group = self.add_ad_group(campaign, "Auto", product)
        for position, (name, kind) in enumerate(_AUTOMATIC.items()):
            searched = kind.startswith("QUERY")
            terms = tuple(self.phrase(product, position + 2 * i) if searched else self.asin().lower() for i in range(3))
            target = self.target(group, "TARGETING_EXPRESSION_PREDEFINED", name, name, Expression(kind), terms)
            self.targets.append(target)
        self.add_negative(campaign, group, expression=self.negative_product())
        self.add_negative(campaign, group, expression=self.negative_brand())

    def add_manual(self, campaign: int, product: str) -> None:
        keywords = self.add_ad_group(campaign, "Keywords", product)
        for number in range(self.options.keywords_per_campaign):
            # Advertisers bid on one keyword in all three match types.
            text_number, match = divmod(number, len(_MATCH_TYPES))
            text = self.phrase(product, text_number)
            terms = self.terms(text, product, text_number)[: 1 if _MATCH_TYPES[match] == "EXACT" else 3]
            self.targets.append(self.target(keywords, _MATCH_TYPES[match], text, text, None, terms))
        for text_number in (7, 8):
            self.add_negative(campaign, keywords, text=self.phrase(product, text_number))
        products = self.add_ad_group(campaign, "Products", product)
        for number in range(max(3, self.options.keywords_per_campaign // 6)):
            self.add_product_target(products, number, product)

    def add_product_target(self, group: int, number: int, product: str) -> None:
        asin, category = self.asin(), str(self.random.randrange(10**9, 10**10))
        expression, keyword, targeting = (
            (Expression("ASIN_SAME_AS", asin, asin), f'asin="{asin}"', f'asin="{asin}"'),
            (Expression("ASIN_EXPANDED_FROM", asin, asin), f'asin-expanded="{asin}"', f'asin-expanded="{asin}"'),
            (
                Expression("ASIN_CATEGORY_SAME_AS", category, product.title()),
                f'category="{category}"',
                f'category="{product.title()}"',
            ),
        )[number % 3]
        # A product page shows ads without a query: Amazon serves an asterisk then.
        terms = (asin.lower(), self.asin().lower(), "*")
        self.targets.append(self.target(group, "TARGETING_EXPRESSION", keyword, targeting, expression, terms))

    def add_ad_group(self, campaign: int, kind: str, product: str) -> int:
        owner = self.campaigns[campaign]
        position = len(self.ad_groups)
        state = PAUSED if position % 11 == 10 else ENABLED
        bid = max(1, round(owner.cpc * 1.2))
        self.ad_groups.append(AdGroup(self.new_id(), campaign, f"{product.title()} {kind}", state, bid))
        for number in range(self.random.randint(2, 3)):
            asin = self.asin()
            sku = None if self.profile.kind == "vendor" else f"SKU-{campaign + 1:03}-{asin[-4:]}"
            price = self.market.cents(self.random.randrange(900, 6000) / 100)
            self.ads.append(Ad(self.new_id(), position, asin, sku, price, ENABLED if number < 2 else PAUSED))
        return position

    def add_campaign_negatives(self, campaign: int, product: str) -> None:
        self.add_negative(campaign, None, text=self.phrase(product, 5))
        if self.campaigns[campaign].automatic:
            self.add_negative(campaign, None, expression=self.negative_product())

    def add_negative(
        self, campaign: int, ad_group: int | None, text: str | None = None, expression: Expression | None = None
    ) -> None:
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

    def phrase(self, product: str, number: int) -> str:
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
        asin = self.asin()
        return Expression("ASIN_SAME_AS", asin, asin)

    def negative_brand(self) -> Expression:
        return Expression("ASIN_BRAND_SAME_AS", str(self.random.randrange(10**9, 10**11)), "Other Brand")

    def asin(self) -> str:
        return "B0" + "".join(self.random.choices(string.ascii_uppercase + string.digits, k=8))

    def new_id(self) -> int:
        """Return an id of 13 to 16 digits that nothing else in this profile has."""
        while (number := self.random.randrange(10**12, 9 * 10**15)) in self.used:
            pass
        self.used.add(number)
        return number
