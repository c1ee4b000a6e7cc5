"""Worlds of Sponsored Display: by turns contexts that are paid by the click, and audiences paid by the view.

Here: what is in a campaign. Not here: how it is drawn (``drawing``), or how Amazon's lists spell it
(``entities_display``).
"""

from collections.abc import Callable

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_DISPLAY
from ppc_pipeline.sandbox.drawing import Creator, state_of
from ppc_pipeline.sandbox.world import CPC, ENABLED, PAUSED, VCPM, Ad, AdGroup, Campaign, Expression

_CONTEXTS, _AUDIENCES = "T00020", "T00030"
_OPTIMIZATIONS = {_CONTEXTS: ("CLICKS", "CONVERSIONS"), _AUDIENCES: ("REACH",)}
_KIND = "TARGETING_EXPRESSION"


class DisplayCreator(Creator):
    """Draws a world of Sponsored Display."""

    ad_product = SPONSORED_DISPLAY
    seeds = (SPONSORED_DISPLAY,)

    def add_campaign(self, number: int) -> None:
        """Draw a campaign and everything in it."""
        product, tactic = self.product(number), (_CONTEXTS, _AUDIENCES)[number % 2]
        cost_type = CPC if tactic == _CONTEXTS else VCPM
        self.campaigns.append(
            Campaign(
                campaign_id=self.new_id(),
                name=f"{product.title()} | Display {tactic} | {number + 1:03}",
                state=state_of(number),
                automatic=False,
                budget=self.budget(),
                strategy="",
                top_of_search=0,
                portfolio=self.random.choice((None, *self.portfolios)),
                start=self.start(),
                cpc=self.market.cents(1) * self.random.uniform(0.3, 1.2),
                acos=0.4 * self.random.lognormvariate(0, 0.7),
                volume=4 * self.random.lognormvariate(0, 0.6),
                cost_type=cost_type,
                cpm=self.market.cents(1) * self.random.uniform(6, 14) if cost_type == VCPM else 0.0,
                tactic=tactic,
            )
        )
        for position, optimization in enumerate(_OPTIMIZATIONS[tactic]):
            group = self.add_ad_group(number, f"{optimization.title()} {position + 1}", product, optimization)
            add = self.add_context if tactic == _CONTEXTS else self.add_audience
            self.add_targets(group, product, add)
            if tactic == _CONTEXTS:
                self.add_negative(number, group, expression=self.negative_product())
                self.add_negative(number, group, expression=self.negative_brand())

    def add_targets(self, group: int, product: str, add: Callable[[int, int, str], None]) -> None:
        """Add the targets of an ad group."""
        for number in range(max(3, self.keywords // 2)):
            add(group, number, product)

    def add_context(self, group: int, number: int, product: str) -> None:
        """Add a product, a category, or what is like the advertised product."""
        asin, category = self.asin(), str(self.random.randrange(10**9, 10**10))
        expression, keyword, targeting = (
            (Expression("ASIN_SAME_AS", asin, asin), f'asin="{asin}"', f'asin="{asin}"'),
            (
                Expression("ASIN_CATEGORY_SAME_AS", category, product.title()),
                f'category="{category}"',
                f'category="{product.title()}"',
            ),
            (Expression("SIMILAR_PRODUCT"), "similar-product", "similar-product"),
        )[number % 3]
        # The same pages are matched by several targets, and some impressions are on no product's page.
        pages = (asin, self.ads[-1].asin, "")
        self.targets.append(self.target(group, _KIND, keyword, targeting, expression, pages))

    def add_audience(self, group: int, number: int, product: str) -> None:
        """Add people who looked at products, who bought in a category, or of one of Amazon's audiences."""
        days = str(self.random.choice((7, 30, 90)))
        lookback = Expression("LOOKBACK", days, days)
        category = Expression("ASIN_CATEGORY_SAME_AS", str(self.random.randrange(10**9, 10**10)), product.title())
        audience = Expression("AUDIENCE_SAME_AS", str(self.random.randrange(10**17, 10**18)), "In-market shoppers")
        expression, keyword, targeting = (
            (
                Expression("VIEWS", parts=(Expression("EXACT_PRODUCT"), lookback)),
                f"views=(exact-product lookback={days})",
                f"views=(exact-product lookback={days})",
            ),
            (
                Expression("PURCHASES", parts=(category, lookback)),
                f'purchases=(category="{category.value}" lookback={days})',
                f'purchases=(category="{category.resolved}" lookback={days})',
            ),
            (
                Expression("AUDIENCE", parts=(audience,)),
                f'audience="{audience.value}"',
                f'audience="{audience.resolved}"',
            ),
        )[number % 3]
        self.targets.append(self.target(group, _KIND, keyword, targeting, expression, ("",)))

    def add_ad_group(self, campaign: int, kind: str, product: str, optimization: str) -> int:
        """Add an ad group with its product ads, and return its position."""
        position = len(self.ad_groups)
        state = PAUSED if position % 11 == 10 else ENABLED
        bid = max(1, round(self.campaigns[campaign].cpc * 1.2))
        name = f"{product.title()} {kind}"
        self.ad_groups.append(AdGroup(self.new_id(), campaign, name, state, bid, optimization))
        for _ in range(2):
            asin = self.asin()
            sku, price = self.sku(campaign, asin), self.price()
            self.ads.append(Ad(self.new_id(), position, asin, sku, price, ENABLED, is_video=position % 2 == 1))
        return position
