"""Worlds of Sponsored Products: manual campaigns with keywords and products, and every fourth one automatic.

Here: what is in a campaign. Not here: how it is drawn (``drawing``), or the records themselves (``world``).
"""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.drawing import Creator, state_of
from ppc_pipeline.sandbox.world import ENABLED, PAUSED, Ad, AdGroup, Campaign, Expression, Portfolio, World

_AUTOMATIC = {
    "close-match": "QUERY_HIGH_REL_MATCHES",
    "loose-match": "QUERY_BROAD_REL_MATCHES",
    "substitutes": "ASIN_SUBSTITUTE_RELATED",
    "complements": "ASIN_ACCESSORY_RELATED",
}
_STRATEGIES = ("LEGACY_FOR_SALES", "AUTO_FOR_SALES", "MANUAL")


class ProductsCreator(Creator):
    """Draws a world of Sponsored Products, and with it the profile's portfolios."""

    ad_product = SPONSORED_PRODUCTS

    def create(self) -> World:
        """Draw the portfolios, then the rest."""
        for number in range(1 + self.count // 4):
            budget = None if number % 2 else self.market.cents(self.random.randrange(500, 5000))
            self.portfolios.append(Portfolio(self.new_id(), f"Portfolio {number + 1}", budget))
        return super().create()

    def add_campaign(self, number: int) -> None:
        """Draw a campaign and everything in it."""
        automatic = number % 4 == 2
        product = self.product(number)
        self.campaigns.append(
            Campaign(
                campaign_id=self.new_id(),
                name=f"{product.title()} | {'Auto' if automatic else 'Manual'} | {number + 1:03}",
                state=state_of(number),
                automatic=automatic,
                budget=self.budget(),
                strategy=_STRATEGIES[number % len(_STRATEGIES)],
                top_of_search=self.random.choice((0, 0, 20, 50, 100)),
                portfolio=self.random.choice((None, *self.portfolios)),
                start=self.start(),
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
        """Add the ad group of a campaign for which Amazon chooses the targets."""
        group = self.add_ad_group(campaign, "Auto", product)
        for position, (name, kind) in enumerate(_AUTOMATIC.items()):
            searched = kind.startswith("QUERY")
            terms = tuple(self.phrase(product, position + 2 * i) if searched else self.asin().lower() for i in range(3))
            target = self.target(group, "TARGETING_EXPRESSION_PREDEFINED", name, name, Expression(kind), terms)
            self.targets.append(target)
        self.add_negative(campaign, group, expression=self.negative_product())
        self.add_negative(campaign, group, expression=self.negative_brand())

    def add_manual(self, campaign: int, product: str) -> None:
        """Add an ad group of keywords and one of products."""
        keywords = self.add_ad_group(campaign, "Keywords", product)
        for number in range(self.keywords):
            self.keyword_target(keywords, number, product)
        for text_number in (7, 8):
            self.add_negative(campaign, keywords, text=self.phrase(product, text_number))
        products = self.add_ad_group(campaign, "Products", product)
        for number in range(max(3, self.keywords // 6)):
            self.add_product_target(products, number, product)

    def add_product_target(self, group: int, number: int, product: str) -> None:
        """Add a product, a product and those like it, or a category."""
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
        """Add an ad group with its product ads, and return its position."""
        owner = self.campaigns[campaign]
        position = len(self.ad_groups)
        state = PAUSED if position % 11 == 10 else ENABLED
        bid = max(1, round(owner.cpc * 1.2))
        self.ad_groups.append(AdGroup(self.new_id(), campaign, f"{product.title()} {kind}", state, bid))
        for number in range(self.random.randint(2, 3)):
            asin = self.asin()
            sku, price = self.sku(campaign, asin), self.price()
            self.ads.append(Ad(self.new_id(), position, asin, sku, price, ENABLED if number < 2 else PAUSED))
        return position

    def add_campaign_negatives(self, campaign: int, product: str) -> None:
        """Add the negatives of a whole campaign."""
        self.add_negative(campaign, None, text=self.phrase(product, 5))
        if self.campaigns[campaign].automatic:
            self.add_negative(campaign, None, expression=self.negative_product())
