"""How the rows of an export become rows of our tables: for each list, which rows are its own and where the columns are.

An export holds what several lists hold, in Amazon's common model. Its words are turned back into those of the lists,
so that an entity has the same row whichever way it was read. What the common model does not say for certain is left
unsaid: such columns keep what they have. Here: declarations. Not here: having an export made (``exports``) or loading
it (``warehouse.entities``). Source: Amazon's guides to the common models, with their tables of the lists' words.

The conditions of one kind and ad product leave no row out: what the guides do not know yet must not get lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ppc_pipeline.amazon_ads.exports import AD_GROUPS, ADS, CAMPAIGNS, TARGETS, ExportKind
from ppc_pipeline.warehouse.entities import Parent
from ppc_pipeline.warehouse.values import At, Clause, Clauses, Condition, Objects, Pairs, Picked, PickedAll, Value

Fields = Mapping[str, str | Value]


@dataclass(frozen=True, slots=True)
class Exported:
    """A list's rows in an export.

    Attributes:
        kind: In which export.
        fields: Column -> where its value stands. Columns that are not named are unsaid.
        where: Which rows are the list's own, beside their ad product.
        parents: Column -> the table above that knows its value, where an export does not say it.
    """

    kind: ExportKind
    fields: Fields
    where: tuple[Condition, ...] = ()
    parents: Mapping[str, Parent] = field(default_factory=dict)


_CAMPAIGN_OF_AD_GROUP = {"campaign_id": Parent("ad_groups", "ad_group_id")}
_TACTIC_OF_CAMPAIGN = {"tactic": Parent("campaigns", "campaign_id")}

_TYPE = "$.targetType"
_DETAILS = "$.targetDetails"
_IS_KEYWORD = Condition(_TYPE, ("KEYWORD",))
_IS_TARGET = Condition(_TYPE, ("KEYWORD",), holds=False)
_IS_NEGATIVE = Condition("$.negative", ("true",))
_IS_POSITIVE = Condition("$.negative", ("true",), holds=False)
_OF_AD_GROUP = Condition("$.adGroupId")
_OF_CAMPAIGN = Condition("$.adGroupId", holds=False)
_IS_NO_THEME = Condition(_TYPE, ("AUTO", "THEME"), holds=False)

_CHILD: Fields = {
    "campaign_id": At("$.campaignId", sparing=True),
    "ad_group_id": "$.adGroupId",
    "state": "$.state",
}
_CREATED: Fields = {"created_at": At("$.creationDateTime", sparing=True)}
_BUDGET = "$.budgetCaps.budgetValue.monetaryBudget"

# The guides' general samples show ``optimization`` as an array of one, those of each ad product as an object.
_OPTIMIZATION, _OPTIMIZATIONS = "$.optimization", "$.optimization[0]"
_PLACEMENTS = "placementBidAdjustments"

_CAMPAIGN: Fields = {
    **_CREATED,
    "campaign_id": "$.campaignId",
    "name": "$.name",
    "state": "$.state",
    "portfolio_id": "$.portfolioId",
    "start_date": "$.startDate",
    "end_date": "$.endDate",
    "budget": f"{_BUDGET}.amount",
    "budget_type": "$.budgetCaps.recurrenceTimePeriod",
}
_SP_STRATEGIES = {
    "SALES_DOWN_ONLY": "LEGACY_FOR_SALES",
    "SALES_BID_DOWN_ONLY": "LEGACY_FOR_SALES",
    "SALES": "AUTO_FOR_SALES",
    "SALES_UP_AND_DOWN": "AUTO_FOR_SALES",
    "NONE": "MANUAL",
}
_SB_STRATEGIES = {"SALES": "MAXIMIZE_IMMEDIATE_SALES", "NEW_TO_BRAND": "MAXIMIZE_NEW_TO_BRAND_CUSTOMERS"}
_PLACEMENT_BIDDING = Objects(
    f"{_OPTIMIZATION}.{_PLACEMENTS}",
    f"{_OPTIMIZATIONS}.{_PLACEMENTS}",
    ("placement", "percentage"),
    within=_OPTIMIZATION,
)

_SP_CAMPAIGN: Fields = {
    **_CAMPAIGN,
    "targeting_type": "$.targetingSettings",
    "effective_budget": f"{_BUDGET}.ruleAmount",
    # A manual strategy is none in the common model.
    "bidding_strategy": At(
        f"{_OPTIMIZATION}.bidStrategy",
        f"{_OPTIMIZATIONS}.bidStrategy",
        _SP_STRATEGIES,
        absent="MANUAL",
        within=_OPTIMIZATION,
    ),
    "placement_bidding": _PLACEMENT_BIDDING,
    "tags": Pairs("$.tags"),
}
_SB_CAMPAIGN: Fields = {
    **_CAMPAIGN,
    "bidding_strategy": At(
        f"{_OPTIMIZATION}.bidStrategy", f"{_OPTIMIZATIONS}.bidStrategy", _SB_STRATEGIES, within=_OPTIMIZATION
    ),
    "placement_bidding": _PLACEMENT_BIDDING,
    "tags": Pairs("$.tags"),
    "cost_type": At("$.costType", sparing=True),
    "brand_entity_id": At("$.brandEntityId", sparing=True),
}
_SD_CAMPAIGN: Fields = {**_CAMPAIGN, "cost_type": "$.costType", "tactic": "$.targetingSettings"}

_AD_GROUP: Fields = {
    **_CREATED,
    "ad_group_id": "$.adGroupId",
    "campaign_id": "$.campaignId",
    "name": "$.name",
    "state": "$.state",
}
_BIDDING_AD_GROUP: Fields = {**_AD_GROUP, "default_bid": "$.bid.defaultBid"}
_SD_AD_GROUP: Fields = {**_BIDDING_AD_GROUP, "creative_type": At("$.creativeType", sparing=True)}


def _advertised(id_type: str) -> Value:
    """Return the product of an ad by one kind of its ids: the lists know both, an export perhaps one."""
    return Picked("$.creative.products", "productIdType", id_type, "productId")


_LANDING_PAGE = "$.creative.landingPage"
_NAMED_AD: Fields = {
    **_CHILD,
    **_CREATED,
    "ad_id": "$.adId",
    "name": At("$.name", sparing=True),
    "landing_page_type": At(f"{_LANDING_PAGE}.landingPageType", sparing=True),
    "landing_page_url": At(f"{_LANDING_PAGE}.landingPageUrl", sparing=True),
}
_SP_AD: Fields = {
    **_CHILD,
    **_CREATED,
    "ad_id": "$.adId",
    "asin": _advertised("ASIN"),
    "sku": _advertised("SKU"),
    "custom_text": At("$.creative.headline", sparing=True),
}
_SB_AD: Fields = {
    **_NAMED_AD,
    "headline": At("$.creative.headline", sparing=True),
    "asins": PickedAll("$.creative.products", "productIdType", "ASIN", "productId"),
}
_SD_AD: Fields = {**_NAMED_AD, "asin": _advertised("ASIN"), "sku": _advertised("SKU")}

_KEYWORD: Fields = {
    **_CHILD,
    **_CREATED,
    "keyword_id": "$.targetId",
    "keyword_text": f"{_DETAILS}.keyword",
    "match_type": f"{_DETAILS}.matchType",
    "bid": "$.bid.bid",
    "native_language_keyword": At(f"{_DETAILS}.nativeLanguageKeyword", sparing=True),
    "native_language_locale": At(f"{_DETAILS}.nativeLanguageLocale", sparing=True),
}
_NEGATIVE_KEYWORD: Fields = {
    **_CHILD,
    "keyword_id": "$.targetId",
    "keyword_text": f"{_DETAILS}.keyword",
    "match_type": At(
        f"{_DETAILS}.matchType", words={word: f"NEGATIVE_{word}" for word in ("EXACT", "PHRASE", "BROAD")}
    ),
}

_AUTOMATIC = {
    "SEARCH_CLOSE_MATCH": "QUERY_HIGH_REL_MATCHES",
    "SEARCH_LOOSE_MATCH": "QUERY_BROAD_REL_MATCHES",
    "PRODUCT_SUBSTITUTES": "ASIN_SUBSTITUTE_RELATED",
    "PRODUCT_COMPLEMENTS": "ASIN_ACCESSORY_RELATED",
}
_NOT_SURE = (
    *(f"product{bound}" for bound in ("PriceLessThan", "PriceGreaterThan", "RatingLessThan", "RatingGreaterThan")),
    *("productGenre", "productAgeRange", "productPrimeShippingEligible"),
)
"""Refinements whose values the lists spell in ways that no guide tells."""
_AUDIENCES = ("AUDIENCE", "PRODUCT_AUDIENCE", "PRODUCT_CATEGORY_AUDIENCE")


def _expressions(automatic: Mapping[str, str], products: Mapping[str, str], themes: tuple[str, ...] = ()) -> Fields:
    """Return how a target's expression and its readable twin are put together.

    Args:
        automatic: Word of the match type -> type, of automatic targets.
        products: Word of the match type -> type, of product targets.
        themes: Types of target of which no expression can be put together.
    """
    word = f"{_DETAILS}.matchType"
    unsure = (Condition(f"{_DETAILS}.{name}") for name in _NOT_SURE)
    always = (
        Clause(Condition(_TYPE, ("AUTO",)), automatic, word),
        Clause(Condition(f"{_DETAILS}.asin"), products, word, value=f"{_DETAILS}.asin"),
        *(Clause(given, "", sure=False) for given in (*unsure, Condition(_TYPE, (*_AUDIENCES, *themes)))),
    )

    def of(category_at: str, brand_at: str) -> Clauses:
        refined = (
            Clause(
                Condition(f"{_DETAILS}.productCategoryId"), "ASIN_CATEGORY_SAME_AS", value=f"{_DETAILS}.{category_at}"
            ),
            Clause(Condition(f"{_DETAILS}.productBrand"), "ASIN_BRAND_SAME_AS", value=f"{_DETAILS}.{brand_at}"),
        )
        return Clauses((*always, *refined))

    return {
        "expression": of("productCategoryId", "productBrand"),
        "resolved_expression": of("productCategoryResolved", "productBrandResolved"),
    }


_PRODUCT_EXACT = {"PRODUCT_EXACT": "ASIN_SAME_AS"}
_SP_EXPRESSIONS = _expressions(
    _AUTOMATIC,
    {**_PRODUCT_EXACT, "PRODUCT_SIMILAR": "ASIN_EXPANDED_FROM"},
    ("THEME",),
)
_SB_EXPRESSIONS = _expressions({}, _PRODUCT_EXACT)
_SD_EXPRESSIONS = _expressions({"PRODUCT_SIMILAR": "SIMILAR_PRODUCT"}, _PRODUCT_EXACT)
_TARGET: Fields = {**_CHILD, **_CREATED, "target_id": "$.targetId", "bid": "$.bid.bid"}
_TYPED: Fields = {"expression_type": At(_TYPE, words={"AUTO": "AUTO"}, other="MANUAL")}
_NEGATIVE_TARGET: Fields = {**_CHILD, "target_id": "$.targetId"}
_NAMELESS: Fields = {"target_id": "$.targetId", "ad_group_id": "$.adGroupId", "state": "$.state"}

EXPORTED: Mapping[str, Exported] = {
    "/sp/campaigns/list": Exported(CAMPAIGNS, _SP_CAMPAIGN),
    "/sb/v4/campaigns/list": Exported(CAMPAIGNS, _SB_CAMPAIGN),
    "/sd/campaigns/extended": Exported(CAMPAIGNS, _SD_CAMPAIGN),
    "/sp/adGroups/list": Exported(AD_GROUPS, _BIDDING_AD_GROUP),
    "/sb/v4/adGroups/list": Exported(AD_GROUPS, _AD_GROUP),
    "/sd/adGroups/extended": Exported(AD_GROUPS, _SD_AD_GROUP, parents=_TACTIC_OF_CAMPAIGN),
    "/sp/productAds/list": Exported(ADS, _SP_AD, parents=_CAMPAIGN_OF_AD_GROUP),
    "/sb/v4/ads/list": Exported(ADS, _SB_AD, parents=_CAMPAIGN_OF_AD_GROUP),
    "/sd/productAds/extended": Exported(ADS, _SD_AD, parents=_CAMPAIGN_OF_AD_GROUP),
    "/sp/keywords/list": Exported(TARGETS, _KEYWORD, (_IS_POSITIVE, _IS_KEYWORD), parents=_CAMPAIGN_OF_AD_GROUP),
    "/sb/keywords": Exported(TARGETS, _KEYWORD, (_IS_POSITIVE, _IS_KEYWORD), parents=_CAMPAIGN_OF_AD_GROUP),
    "/sp/targets/list": Exported(
        TARGETS, {**_TARGET, **_TYPED, **_SP_EXPRESSIONS}, (_IS_POSITIVE, _IS_TARGET), parents=_CAMPAIGN_OF_AD_GROUP
    ),
    # Themes are automatic targets in the common model. They are few, and no guide says that their ids are the same:
    # their own list stays where they come from.
    "/sb/targets/list": Exported(
        TARGETS, {**_TARGET, **_SB_EXPRESSIONS}, (_IS_POSITIVE, _IS_TARGET, _IS_NO_THEME), parents=_CAMPAIGN_OF_AD_GROUP
    ),
    "/sd/targets": Exported(
        TARGETS, {**_TARGET, **_TYPED, **_SD_EXPRESSIONS}, (_IS_POSITIVE, _IS_TARGET), parents=_CAMPAIGN_OF_AD_GROUP
    ),
    "/sp/negativeKeywords/list": Exported(
        TARGETS, _NEGATIVE_KEYWORD, (_IS_NEGATIVE, _IS_KEYWORD, _OF_AD_GROUP), parents=_CAMPAIGN_OF_AD_GROUP
    ),
    "/sp/campaignNegativeKeywords/list": Exported(
        TARGETS, _NEGATIVE_KEYWORD, (_IS_NEGATIVE, _IS_KEYWORD, _OF_CAMPAIGN)
    ),
    "/sb/negativeKeywords": Exported(
        TARGETS, _NEGATIVE_KEYWORD, (_IS_NEGATIVE, _IS_KEYWORD), parents=_CAMPAIGN_OF_AD_GROUP
    ),
    "/sp/negativeTargets/list": Exported(
        TARGETS,
        {**_NEGATIVE_TARGET, **_SP_EXPRESSIONS},
        (_IS_NEGATIVE, _IS_TARGET, _OF_AD_GROUP),
        parents=_CAMPAIGN_OF_AD_GROUP,
    ),
    "/sp/campaignNegativeTargets/list": Exported(
        TARGETS, {**_NEGATIVE_TARGET, **_SP_EXPRESSIONS}, (_IS_NEGATIVE, _IS_TARGET, _OF_CAMPAIGN)
    ),
    "/sb/negativeTargets/list": Exported(
        TARGETS, {**_NEGATIVE_TARGET, **_SB_EXPRESSIONS}, (_IS_NEGATIVE, _IS_TARGET), parents=_CAMPAIGN_OF_AD_GROUP
    ),
    # The list names no campaign for these, and so must the export not.
    "/sd/negativeTargets": Exported(TARGETS, {**_NAMELESS, **_SD_EXPRESSIONS}, (_IS_NEGATIVE, _IS_TARGET)),
}
"""Path of a list -> its rows in an export. Portfolios, themes, creatives and budget rules have none."""
