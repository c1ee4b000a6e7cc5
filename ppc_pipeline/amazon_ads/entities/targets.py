"""Targets: products, categories, audiences and automatic ones; Sponsored Brands lists its themes apart."""

from ppc_pipeline.amazon_ads.entities.listing import (
    CHILD,
    LOWER_STATES,
    SP_EXTENDED,
    EntityType,
    sb_post_list,
    sd_list,
    sp_list,
)
from ppc_pipeline.amazon_ads.fields import Kind

_ALIKE = {
    **CHILD,
    "target_id": "$.targetId",
    "expression_type": "$.expressionType",
    "expression": "$.expression",
    "resolved_expression": "$.resolvedExpression",
    "bid": "$.bid",
}

TARGETS = EntityType(
    name="targets",
    key=("target_id",),
    row=(
        "a target of an ad group: products, a category, an audience, an automatic one, or a theme (expression_type "
        "THEME); bid is NULL where the default bid applies"
    ),
    label=("resolved_expression", "expression", "theme_type"),
    watched=("state", "bid"),
    on_request=("serving_status",),
    part_column="expression_type",
    columns={
        "target_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "expression_type": Kind.ENUM,
        "expression": Kind.PREDICATES,
        "resolved_expression": Kind.PREDICATES,
        "state": Kind.ENUM,
        "bid": Kind.MONEY,
        "theme_type": Kind.ENUM,
        "serving_status": Kind.ENUM,
        "created_at": Kind.MOMENT,
    },
    listings=(
        sp_list("targets", "spTargetingClause", "targetingClauses", {**_ALIKE, **SP_EXTENDED}, extends=True),
        sb_post_list(
            "targets",
            "sblisttargetsresponse.v3.2",
            {
                **CHILD,
                "target_id": "$.targetId",
                "expression": "$.expressions",
                "resolved_expression": "$.resolvedExpressions",
                "bid": "$.bid",
            },
            {"filters": [{"filterType": "TARGETING_STATE", "values": list(LOWER_STATES)}]},
        ),
        sb_post_list(
            "themes",
            "sbthemeslistresponse.v3",
            {**CHILD, "target_id": "$.themeId", "theme_type": "$.themeType", "bid": "$.bid"},
            {"stateFilter": {"include": list(LOWER_STATES)}},
            {"expression_type": "THEME"},
        ),
        sd_list("targets", _ALIKE),
    ),
)
