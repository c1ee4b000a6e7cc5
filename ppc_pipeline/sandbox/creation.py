"""How a profile's worlds are drawn from the seed: one for each ad product.

Here: how large each is, and who draws it. Not here: names, structure, states, bids and prices (``drawing`` and the
modules by ad product), the records themselves (``world``), or what happens day by day (``figures``). Entities do not
change with time: a list is the same today and tomorrow.
"""

from functools import lru_cache

from ppc_pipeline.amazon_ads.ad_products import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
    SPONSORED_TELEVISION,
)
from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.brands import BrandsCreator
from ppc_pipeline.sandbox.display import DisplayCreator
from ppc_pipeline.sandbox.drawing import Creator
from ppc_pipeline.sandbox.options import SandboxOptions
from ppc_pipeline.sandbox.products import ProductsCreator
from ppc_pipeline.sandbox.television import TelevisionCreator
from ppc_pipeline.sandbox.world import World

_CREATORS: dict[str, type[Creator]] = {
    SPONSORED_BRANDS: BrandsCreator,
    SPONSORED_DISPLAY: DisplayCreator,
    SPONSORED_TELEVISION: TelevisionCreator,
}


@lru_cache(maxsize=512)
def world_of(options: SandboxOptions, profile: Profile, ad_product: str = SPONSORED_PRODUCTS) -> World:
    """Return what a profile has of an ad product: the same for the same options, in every process."""
    if ad_product == SPONSORED_PRODUCTS:
        return ProductsCreator(options, profile, options.campaigns, options.keywords_per_campaign).create()
    share = options.share_of(ad_product)
    has_any = options.campaigns > 0 and share > 0 and ad_product not in profile.lacks
    campaigns = max(1, round(options.campaigns * share)) if has_any else 0
    keywords = max(1, round(options.keywords_per_campaign * share))
    portfolios = world_of(options, profile).portfolios
    return _CREATORS[ad_product](options, profile, campaigns, keywords, portfolios).create()
