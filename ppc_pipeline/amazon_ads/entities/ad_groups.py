"""Ad groups: those of Sponsored Brands have no bid of their own."""

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

_ALIKE = {**CHILD, "name": "$.name"}

AD_GROUPS = EntityType(
    name="ad_groups",
    key=("ad_group_id",),
    row="an ad group of a campaign",
    label=("name",),
    watched=("name", "state", "default_bid", "bid_optimization"),
    on_request=("serving_status",),
    columns={
        "ad_group_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "name": Kind.STRING,
        "state": Kind.ENUM,
        "default_bid": Kind.MONEY,
        "bid_optimization": Kind.ENUM,
        "tactic": Kind.ENUM,
        "creative_type": Kind.ENUM,
        "serving_status": Kind.ENUM,
        "created_at": Kind.MOMENT,
    },
    listings=(
        sp_list(
            "adGroups",
            "spAdGroup",
            "adGroups",
            {**_ALIKE, **SP_EXTENDED, "default_bid": "$.defaultBid"},
            extends=True,
        ),
        sb_v4_list("adGroups", "sbadgroupresource", {**_ALIKE, **SB_EXTENDED}, extends=True),
        sd_list(
            "adGroups/extended",
            {
                **_ALIKE,
                **SD_EXTENDED,
                "default_bid": "$.defaultBid",
                "bid_optimization": "$.bidOptimization",
                "tactic": "$.tactic",
                "creative_type": "$.creativeType",
            },
        ),
    ),
)
