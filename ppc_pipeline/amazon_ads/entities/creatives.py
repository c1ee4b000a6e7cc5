"""Creatives, of Sponsored Display: what an ad group's ads look like beside its products.

One list has them all: no filter is asked for. A creative of Sponsored Brands is its ad (``product_ads``): the list of
all its versions takes one ad at a time.
"""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_DISPLAY
from ppc_pipeline.amazon_ads.entities.listing import EntityType, Listing
from ppc_pipeline.amazon_ads.fields import Kind

CREATIVES = EntityType(
    name="creatives",
    key=("creative_id",),
    row="a creative of an ad group of Sponsored Display: headline, logo, image or video, and Amazon's judgement of it",
    label=("headline",),
    watched=("moderation_status", "headline", "brand_logo_asset_id", "custom_image_asset_id", "video_asset_id"),
    columns={
        "creative_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "creative_type": Kind.ENUM,
        "moderation_status": Kind.ENUM,
        "headline": Kind.STRING,
        "brand_logo_asset_id": Kind.STRING,
        "custom_image_asset_id": Kind.STRING,
        "video_asset_id": Kind.STRING,
        "properties": Kind.JSON,
    },
    listings=(
        Listing(
            path="/sd/creatives",
            accept="application/json",
            items_key=None,
            ad_product=SPONSORED_DISPLAY,
            page_size=100,
            apart=True,
            fields={
                "creative_id": "$.creativeId",
                "ad_group_id": "$.adGroupId",
                "creative_type": "$.creativeType",
                "moderation_status": "$.moderationStatus",
                "headline": "$.properties.headline",
                "brand_logo_asset_id": "$.properties.brandLogo.assetId",
                "custom_image_asset_id": "$.properties.rectCustomImage.assetId",
                "video_asset_id": "$.properties.video.assetId",
                "properties": "$.properties",
            },
        ),
    ),
)
