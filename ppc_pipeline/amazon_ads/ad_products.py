"""Amazon's ad products, as reports, entities, cool-downs and the warehouse's ``ad_product`` spell them."""

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"
SPONSORED_BRANDS = "SPONSORED_BRANDS"
SPONSORED_DISPLAY = "SPONSORED_DISPLAY"
SPONSORED_TELEVISION = "SPONSORED_TELEVISION"
