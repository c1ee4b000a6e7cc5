"""Worlds of Sponsored TV: a campaign, an ad group and a few audiences. They have reports; no list shows them.

Here: what is in a campaign. Not here: how it is drawn (``drawing``).
"""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_TELEVISION
from ppc_pipeline.sandbox.drawing import Creator, state_of
from ppc_pipeline.sandbox.world import ENABLED, VCPM, Ad, AdGroup, Campaign, Expression

_AUDIENCES = ("Households with streaming devices", "Sports fans", "Parents")


class TelevisionCreator(Creator):
    """Draws a world of Sponsored TV."""

    ad_product = SPONSORED_TELEVISION
    seeds = (SPONSORED_TELEVISION,)

    def add_campaign(self, number: int) -> None:
        """Draw a campaign and everything in it."""
        product = self.product(number)
        self.campaigns.append(
            Campaign(
                campaign_id=self.new_id(),
                name=f"{product.title()} | TV | {number + 1:03}",
                state=state_of(number),
                automatic=False,
                budget=self.market.cents(50),
                strategy="",
                top_of_search=0,
                portfolio=self.random.choice((None, *self.portfolios)),
                start=self.start(),
                cpc=self.market.cents(1) * self.random.uniform(0.5, 2),
                acos=0.5 * self.random.lognormvariate(0, 0.7),
                volume=60 * self.random.lognormvariate(0, 0.6),
                cost_type=VCPM,
                cpm=self.market.cents(1) * self.random.uniform(15, 30),
            )
        )
        position = len(self.ad_groups)
        bid = max(1, round(self.campaigns[number].cpm))
        self.ad_groups.append(AdGroup(self.new_id(), number, f"{product.title()} Spot", ENABLED, bid))
        asin = self.asin()
        self.ads.append(Ad(self.new_id(), position, asin, None, self.price(), ENABLED, is_video=True))
        for name in _AUDIENCES:
            audience = Expression("AUDIENCE_SAME_AS", str(self.random.randrange(10**17, 10**18)), name)
            expression = Expression("AUDIENCE", parts=(audience,))
            keyword, targeting = f'audience="{audience.value}"', f'audience="{name}"'
            self.targets.append(self.target(position, "TARGETING_EXPRESSION", keyword, targeting, expression, ("",)))
