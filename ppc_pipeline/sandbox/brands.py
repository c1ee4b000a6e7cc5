"""Worlds of Sponsored Brands: campaigns that show a brand, with every kind of creative in turn.

Here: what is in a campaign. Not here: how it is drawn (``drawing``), or how Amazon's lists spell it
(``entities_brands``). Ids have 18 digits: more than a double holds, as Amazon's have.
"""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.sandbox.drawing import Creator, state_of
from ppc_pipeline.sandbox.world import CPC, ENABLED, PAUSED, THEME, VCPM, Ad, AdGroup, Campaign, Expression

_CREATIVES = ("PRODUCT_COLLECTION", "VIDEO", "STORE_SPOTLIGHT", "BRAND_VIDEO")
_THEMES = {
    "KEYWORDS_RELATED_TO_YOUR_BRAND": "keywords-related-to-your-brand",
    "KEYWORDS_RELATED_TO_YOUR_LANDING_PAGES": "keywords-related-to-your-landing-pages",
}
_PRODUCTS = 3  # of an ad: Amazon wants that many at least


class BrandsCreator(Creator):
    """Draws a world of Sponsored Brands."""

    ad_product = SPONSORED_BRANDS
    ids = (10**17, 9 * 10**17)
    seeds = (SPONSORED_BRANDS,)

    def add_campaign(self, number: int) -> None:
        """Draw a campaign and everything in it."""
        product, creative = self.product(number), _CREATIVES[number % len(_CREATIVES)]
        cost_type = VCPM if number % 5 == 2 else CPC
        legacy = number % 8 == 7
        self.campaigns.append(
            Campaign(
                campaign_id=self.new_id(),
                name=f"{product.title()} | Brand {creative.replace('_', ' ').title()} | {number + 1:03}",
                state=state_of(number),
                automatic=False,
                budget=self.budget(),
                strategy="MAXIMIZE_IMMEDIATE_SALES",
                top_of_search=self.random.choice((0, 25, 50)),
                portfolio=self.random.choice((None, *self.portfolios)),
                start=self.start(),
                cpc=self.market.cents(1) * self.random.uniform(0.4, 2.2),
                acos=0.35 * self.random.lognormvariate(0, 0.7),
                volume=0.0 if legacy else 2 * self.random.lognormvariate(0, 0.6),
                cost_type=cost_type,
                cpm=self.market.cents(1) * self.random.uniform(6, 14) if cost_type == VCPM else 0.0,
                has_reports=not legacy,
            )
        )
        self.add_searches(number, product, creative)
        self.add_pages(number, product, creative)

    def add_searches(self, campaign: int, product: str, creative: str) -> None:
        """Add an ad group of keywords and, in every other campaign, themes."""
        group = self.add_ad_group(campaign, "Searches", product, creative)
        for number in range(self.keywords):
            self.keyword_target(group, number, product)
        for kind, name in list(_THEMES.items())[: 2 if campaign % 2 == 0 else 0]:
            terms = self.terms(self.phrase(product, 3), product, 3)
            self.targets.append(self.target(group, THEME, name, name, Expression(kind), terms))
        for text_number in (7, 8):
            self.add_negative(campaign, group, text=self.phrase(product, text_number))

    def add_pages(self, campaign: int, product: str, creative: str) -> None:
        """Add an ad group of products and categories."""
        group = self.add_ad_group(campaign, "Pages", product, creative)
        for number in range(max(2, self.keywords // 4)):
            asin, category = self.asin(), str(self.random.randrange(10**9, 10**10))
            expression = Expression("ASIN_SAME_AS", asin, asin)
            keyword = targeting = f'asin="{asin}"'
            if number % 2:
                expression = Expression("ASIN_CATEGORY_SAME_AS", category, product.title())
                keyword, targeting = f'category="{category}"', f'category="{product.title()}"'
            terms = (asin.lower(), self.asin().lower(), "*")
            self.targets.append(self.target(group, "TARGETING_EXPRESSION", keyword, targeting, expression, terms))
        self.add_negative(campaign, group, expression=self.negative_product())
        self.add_negative(campaign, group, expression=self.negative_brand())

    def add_ad_group(self, campaign: int, kind: str, product: str, creative: str) -> int:
        """Add an ad group with its ads, and return its position."""
        position = len(self.ad_groups)
        state = PAUSED if position % 11 == 10 else ENABLED
        bid = max(1, round(self.campaigns[campaign].cpc * 1.2))
        self.ad_groups.append(AdGroup(self.new_id(), campaign, f"{product.title()} {kind}", state, bid))
        for number in range(2):
            asins = tuple(self.asin() for _ in range(1 if creative == "VIDEO" else _PRODUCTS))
            self.ads.append(
                Ad(
                    ad_id=self.new_id(),
                    ad_group=position,
                    asin=asins[0],
                    sku=None,
                    price=self.price(),
                    state=PAUSED if number and position % 2 else ENABLED,
                    creative=creative,
                    asins=asins,
                    is_video=creative.endswith("VIDEO"),
                )
            )
        return position
