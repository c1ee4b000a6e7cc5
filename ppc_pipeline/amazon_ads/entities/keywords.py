"""Keywords, of Sponsored Products and Sponsored Brands; Sponsored Display has none."""

from ppc_pipeline.amazon_ads.entities.listing import CHILD, LOWER_STATES, SP_EXTENDED, EntityType, sb_get_list, sp_list
from ppc_pipeline.amazon_ads.fields import Kind

_ALIKE = {
    **CHILD,
    "keyword_id": "$.keywordId",
    "keyword_text": "$.keywordText",
    "match_type": "$.matchType",
    "bid": "$.bid",
    "native_language_keyword": "$.nativeLanguageKeyword",
}

KEYWORDS = EntityType(
    name="keywords",
    key=("keyword_id",),
    row="a keyword of an ad group; bid is NULL where the ad group's default bid applies",
    label=("keyword_text",),
    watched=("state", "bid"),
    on_request=("serving_status",),
    columns={
        "keyword_id": Kind.INTEGER,
        "campaign_id": Kind.INTEGER,
        "ad_group_id": Kind.INTEGER,
        "keyword_text": Kind.STRING,
        "match_type": Kind.ENUM,
        "state": Kind.ENUM,
        "bid": Kind.MONEY,
        "native_language_keyword": Kind.STRING,
        "native_language_locale": Kind.STRING,
        "serving_status": Kind.ENUM,
        "created_at": Kind.MOMENT,
    },
    listings=(
        sp_list(
            "keywords",
            "spKeyword",
            "keywords",
            {**_ALIKE, **SP_EXTENDED, "native_language_locale": "$.nativeLanguageLocale"},
            extends=True,
        ),
        sb_get_list("keywords", "sbkeyword", _ALIKE, {"stateFilter": ",".join(LOWER_STATES)}),
    ),
)
