"""Ads: one advertised product each in Sponsored Products and Display, a whole creative in Sponsored Brands."""

from ppc_pipeline.amazon_ads.entities.listing import (
    CHILD,
    SB_EXTENDED,
    SD_EXTENDED,
    SP_EXTENDED,
    EntityType,
    sb_v4_list,
    sd_list,
    sp_list,
)
from ppc_pipeline.amazon_ads.fields import Kind

_ALIKE = {**CHILD, "ad_id": "$.adId"}

PRODUCT_ADS = EntityType(
    name="product_ads",
    key=("ad_id",),
    row=(
        "an ad of an ad group: one advertised product (SKU for sellers, ASIN for vendors), or a creative of Sponsored "
        "Brands with its products in asins"
    ),
    label=("name", "asin", "sku"),
    watched=("name", "state", "landing_page_url", "headline"),
    on_request=("serving_status",),
    columns={
        "ad_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "asin": Kind.STRING,
        "sku": Kind.STRING,
        "custom_text": Kind.STRING,
        "state": Kind.ENUM,
        "name": Kind.STRING,
        "creative_type": Kind.ENUM,
        "headline": Kind.STRING,
        "asins": Kind.JSON,
        "landing_page_type": Kind.ENUM,
        "landing_page_url": Kind.STRING,
        "serving_status": Kind.ENUM,
        "created_at": Kind.MOMENT,
    },
    listings=(
        sp_list(
            "productAds",
            "spProductAd",
            "productAds",
            {**_ALIKE, **SP_EXTENDED, "asin": "$.asin", "sku": "$.sku", "custom_text": "$.customText"},
            extends=True,
        ),
        sb_v4_list(
            "ads",
            "sbadresource",
            {
                **_ALIKE,
                **SB_EXTENDED,
                "name": "$.name",
                "creative_type": "$.creative.type",
                "headline": "$.creative.headline",
                "asins": "$.creative.asins",
                "landing_page_type": "$.landingPage.pageType",
                "landing_page_url": "$.landingPage.url",
            },
        ),
        sd_list(
            "productAds/extended",
            {
                **_ALIKE,
                **SD_EXTENDED,
                "asin": "$.asin",
                "sku": "$.sku",
                "name": "$.adName",
                "landing_page_type": "$.landingPageType",
                "landing_page_url": "$.landingPageURL",
            },
        ),
    ),
)
