"""Negative targets: of ad groups, and in Sponsored Products of whole campaigns too."""

from ppc_pipeline.amazon_ads.entities.listing import CHILD, EntityType, sb_post_list, sd_list, sp_list
from ppc_pipeline.amazon_ads.fields import Kind

_TARGET = {
    "target_id": "$.targetId",
    "expression": "$.expression",
    "resolved_expression": "$.resolvedExpression",
}
_OF_AD_GROUP = {"level": "AD_GROUP"}

NEGATIVE_TARGETS = EntityType(
    name="negative_targets",
    key=("level", "target_id"),
    row=(
        "a negative product target of an ad group, or of a whole campaign (level says which); Sponsored Display does "
        "not say of which campaign"
    ),
    label=("resolved_expression", "expression"),
    watched=("state",),
    part_column="level",
    columns={
        "target_id": Kind.INTEGER,
        "level": Kind.ENUM,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "expression": Kind.PREDICATES,
        "resolved_expression": Kind.PREDICATES,
        "state": Kind.ENUM,
    },
    listings=(
        sp_list(
            "negativeTargets",
            "spNegativeTargetingClause",
            "negativeTargetingClauses",
            {**CHILD, **_TARGET},
            _OF_AD_GROUP,
        ),
        sp_list(
            "campaignNegativeTargets",
            "spCampaignNegativeTargetingClause",
            "campaignNegativeTargetingClauses",
            {"campaign_id": "$.campaignId", "state": "$.state", **_TARGET},
            {"level": "CAMPAIGN"},
        ),
        sb_post_list(
            "negativeTargets",
            "sblistnegativetargetsresponse.v3.2",
            {
                **CHILD,
                "target_id": "$.targetId",
                "expression": "$.expressions",
                "resolved_expression": "$.resolvedExpressions",
            },
            {"filters": [{"filterType": "TARGETING_STATE", "values": ["enabled", "archived"]}]},
            _OF_AD_GROUP,
        ),
        sd_list("negativeTargets", {**CHILD, **_TARGET}, _OF_AD_GROUP),
    ),
)
