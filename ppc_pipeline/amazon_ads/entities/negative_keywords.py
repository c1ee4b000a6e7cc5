"""Negative keywords: of ad groups, and in Sponsored Products of whole campaigns too."""

from ppc_pipeline.amazon_ads.entities.listing import CHILD, EntityType, sb_get_list, sp_list
from ppc_pipeline.amazon_ads.fields import Kind

_KEYWORD = {"keyword_id": "$.keywordId", "keyword_text": "$.keywordText", "match_type": "$.matchType"}
_OF_AD_GROUP = {"level": "AD_GROUP"}

NEGATIVE_KEYWORDS = EntityType(
    name="negative_keywords",
    key=("level", "keyword_id"),
    row="a negative keyword of an ad group, or of a whole campaign (level says which; ad_group_id is NULL then)",
    label=("keyword_text",),
    watched=("state",),
    part_column="level",
    columns={
        "keyword_id": Kind.INTEGER,
        "level": Kind.ENUM,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "keyword_text": Kind.STRING,
        "match_type": Kind.ENUM,
        "state": Kind.ENUM,
    },
    listings=(
        sp_list("negativeKeywords", "spNegativeKeyword", "negativeKeywords", {**CHILD, **_KEYWORD}, _OF_AD_GROUP),
        sp_list(
            "campaignNegativeKeywords",
            "spCampaignNegativeKeyword",
            "campaignNegativeKeywords",
            {"campaign_id": "$.campaignId", "state": "$.state", **_KEYWORD},
            {"level": "CAMPAIGN"},
        ),
        # Its stateFilter takes a single state: without it come those that Amazon thinks of, and an archived one may
        # be marked as removed instead.
        sb_get_list("negativeKeywords", "sbnegativekeyword", {**CHILD, **_KEYWORD}, {}, _OF_AD_GROUP),
    ),
)
