"""Campaigns: Sponsored Products and Brands serve ids as texts and ISO dates, Display numbers and ``YYYYMMDD``."""

from ppc_pipeline.amazon_ads.entities.listing import (
    SB_EXTENDED,
    SD_EXTENDED,
    SP_EXTENDED,
    EntityType,
    sb_v4_list,
    sd_list,
    sp_list,
)
from ppc_pipeline.amazon_ads.fields import Kind

_ALIKE = {
    "campaign_id": "$.campaignId",
    "name": "$.name",
    "state": "$.state",
    "portfolio_id": "$.portfolioId",
    "start_date": "$.startDate",
    "end_date": "$.endDate",
}

PLACEMENTS = {
    "PLACEMENT_TOP": "TOP_OF_SEARCH",
    "PLACEMENT_PRODUCT_PAGE": "PRODUCT_PAGE",
    "PLACEMENT_REST_OF_SEARCH": "REST_OF_SEARCH",
    "HOME": "HOME_PAGE",
    "DETAIL_PAGE": "PRODUCT_PAGE",
}
"""The words of the lists for a placement (Sponsored Products, then Brands) -> those of the common model."""

CAMPAIGNS = EntityType(
    name="campaigns",
    key=("campaign_id",),
    row="a campaign",
    label=("name",),
    watched=(
        *("name", "state", "portfolio_id", "budget", "budget_type", "start_date", "end_date"),
        *("bidding_strategy", "bid_optimization", "placement_bidding", "goal", "cost_type"),
    ),
    on_request=("serving_status",),
    columns={
        "campaign_id": Kind.INTEGER,
        "name": Kind.STRING,
        "state": Kind.ENUM,
        "targeting_type": Kind.ENUM,
        "portfolio_id": Kind.INTEGER,
        "budget": Kind.MONEY,
        "budget_type": Kind.ENUM,
        "effective_budget": Kind.MONEY,
        "bidding_strategy": Kind.ENUM,
        "placement_bidding": Kind.PLACEMENTS,
        "start_date": Kind.DATE,
        "end_date": Kind.DATE,
        "tags": Kind.JSON,
        "bid_optimization": Kind.BOOLEAN,
        "cost_type": Kind.ENUM,
        "goal": Kind.ENUM,
        "brand_entity_id": Kind.STRING,
        "product_location": Kind.ENUM,
        "is_multi_ad_groups_enabled": Kind.BOOLEAN,
        "tactic": Kind.ENUM,
        "serving_status": Kind.ENUM,
        "created_at": Kind.MOMENT,
    },
    listings=(
        sp_list(
            "campaigns",
            "spCampaign",
            "campaigns",
            {
                **_ALIKE,
                **SP_EXTENDED,
                "targeting_type": "$.targetingType",
                "budget": "$.budget.budget",
                "budget_type": "$.budget.budgetType",
                "effective_budget": "$.budget.effectiveBudget",
                "bidding_strategy": "$.dynamicBidding.strategy",
                "placement_bidding": "$.dynamicBidding.placementBidding",
                "tags": "$.tags",
            },
            extends=True,
        ),
        sb_v4_list(
            "campaigns",
            "sbcampaignresource",
            {
                **_ALIKE,
                **SB_EXTENDED,
                "budget": "$.budget",
                "budget_type": "$.budgetType",
                # Not in the document: recorded from live accounts, where Amazon sets the bids.
                "bidding_strategy": "$.bidding.bidOptimizationStrategy",
                "bid_optimization": "$.bidding.bidOptimization",
                "placement_bidding": "$.bidding.bidAdjustmentsByPlacement",
                "tags": "$.tags",
                "cost_type": "$.costType",
                "goal": "$.goal",
                "brand_entity_id": "$.brandEntityId",
                "product_location": "$.productLocation",
                "is_multi_ad_groups_enabled": "$.isMultiAdGroupsEnabled",
            },
            extends=True,
        ),
        sd_list(
            "campaigns/extended",
            {
                **_ALIKE,
                **SD_EXTENDED,
                "budget": "$.budget",
                "budget_type": "$.budgetType",
                "cost_type": "$.costType",
                "tactic": "$.tactic",
            },
        ),
    ),
)
