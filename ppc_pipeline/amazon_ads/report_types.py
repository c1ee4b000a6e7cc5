"""Amazon's report types as data: one declaration a grouping, and nothing else to write when one is added.

Here: ids, groupings, columns, grain, range and retention limits, as Amazon documents them
(Amazon Ads API docs, guides/reporting/v3/report-types, and the column catalogue columns.md).
Not here: how a report is requested (``client``), its life (``reports``) or its table (``warehouse``).
"""

from dataclasses import dataclass

from ppc_pipeline.amazon_ads.fields import Kind, snake_case

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"


def _windows(*stems: str) -> tuple[str, ...]:
    """Expand stems over the four attribution windows: 1, 7, 14 and 30 days after the click."""
    return tuple(f"{stem}{window}" for stem in stems for window in ("1d", "7d", "14d", "30d"))


_SP_CONVERSIONS = (
    *_windows(
        "purchases", "purchasesSameSku", "unitsSoldClicks", "sales", "attributedSalesSameSku", "unitsSoldSameSku"
    ),
    "kindleEditionNormalizedPagesRead14d",
    "kindleEditionNormalizedPagesRoyalties14d",
)
_SP_TRAFFIC = ("impressions", "clicks", "cost", "costPerClick", "clickThroughRate")
_SP_READERS = ("addToList", "qualifiedBorrows", "royaltyQualifiedBorrows")
_SP_OTHER_SKU = ("salesOtherSku7d", "unitsSoldOtherSku7d")
_SP_RATES = ("acosClicks7d", "acosClicks14d", "roasClicks7d", "roasClicks14d")
_CAMPAIGN_BUDGET = ("campaignBudgetAmount", "campaignBudgetType", "campaignBudgetCurrencyCode")
_CAMPAIGN_NOW = (
    "campaignName",
    "campaignId",
    "campaignStatus",
    *_CAMPAIGN_BUDGET,
    "campaignRuleBasedBudgetAmount",
    "campaignApplicableBudgetRuleId",
    "campaignApplicableBudgetRuleName",
)
_SP_CAMPAIGNS = (
    "date",
    *_CAMPAIGN_NOW,
    "campaignBiddingStrategy",
    "topOfSearchImpressionShare",
    *_SP_TRAFFIC,
    "spend",
    *_SP_READERS,
    *_SP_CONVERSIONS,
)
_SP_TARGET = (
    "date",
    "campaignId",
    "campaignName",
    "campaignStatus",
    *_CAMPAIGN_BUDGET,
    "portfolioId",
    "adGroupId",
    "adGroupName",
    "keywordId",
    "keyword",
    "keywordType",
    "keywordBid",
    "adKeywordStatus",
    "matchType",
    "targeting",
    *_SP_TRAFFIC,
    *_SP_READERS,
    *_SP_CONVERSIONS,
    *_SP_OTHER_SKU,
    *_SP_RATES,
)

_INTEGERS = frozenset(
    {
        "adGroupId",
        "adId",
        "addToList",
        "campaignId",
        "clicks",
        "impressions",
        "keywordId",
        "kindleEditionNormalizedPagesRead14d",
        "portfolioId",
        "qualifiedBorrows",
        "royaltyQualifiedBorrows",
        "unitsSoldOtherSku7d",
        *_windows("purchases", "purchasesSameSku", "unitsSoldClicks", "unitsSoldSameSku"),
    }
)
_MONEY = frozenset(
    {
        "campaignBudgetAmount",
        "campaignRuleBasedBudgetAmount",
        "cost",
        "costPerClick",
        "keywordBid",
        "kindleEditionNormalizedPagesRoyalties14d",
        "salesOtherSku7d",
        "spend",
        *_windows("sales", "attributedSalesSameSku"),
    }
)
_RATES = frozenset({"clickThroughRate", "topOfSearchImpressionShare", *_SP_RATES})

# Amounts and counts that are a state at report time or a quotient: adding them over rows means nothing.
_NOT_ADDITIVE = frozenset({"campaignBudgetAmount", "campaignRuleBasedBudgetAmount", "costPerClick", "keywordBid"})


def kind_of(column: str) -> Kind:
    """Return the kind of a report column, as Amazon's column catalogue (columns.md) types it."""
    if column in _INTEGERS:
        return Kind.INTEGER
    if column in _MONEY:
        return Kind.MONEY
    if column in _RATES:
        return Kind.RATE
    return Kind.DATE if column == "date" else Kind.STRING


def is_metric(column: str) -> bool:
    """Say whether a column may be summed over rows: a count or an amount of the day, not an id, a state or a rate."""
    kind = kind_of(column)
    return kind in (Kind.INTEGER, Kind.MONEY) and not column.endswith("Id") and column not in _NOT_ADDITIVE


@dataclass(frozen=True, slots=True)
class ReportType:
    """One grouping of one of Amazon's report types: the unit that is ordered, archived, loaded and shown as an asset.

    Attributes:
        name: What settings and the command line take: ``spTargeting`` or ``spCampaigns:campaignPlacement``.
        report_type_id: Amazon's ``reportTypeId``.
        ad_product: Amazon's ``adProduct``.
        group_by: Amazon's ``groupBy``.
        columns: Every documented column that goes with daily rows, in Amazon's names.
        grain: The columns that, with date and profile, tell rows apart.
        row: What one row is, in words.
        max_range_days: Days one request may span, both ends included.
        retention_days: How far back Amazon serves it.
    """

    name: str
    report_type_id: str
    ad_product: str
    group_by: tuple[str, ...]
    columns: tuple[str, ...]
    grain: tuple[str, ...]
    row: str
    max_range_days: int = 31
    retention_days: int = 95

    @property
    def table(self) -> str:
        """The table and asset: ``report_sp_targeting``, ``report_sp_campaigns_campaign_placement``."""
        return "report_" + snake_case(self.name.replace(":", "_")).replace("__", "_")


_ALL = (
    ReportType(
        name="spCampaigns",
        report_type_id="spCampaigns",
        ad_product=SPONSORED_PRODUCTS,
        group_by=("campaign",),
        columns=_SP_CAMPAIGNS,
        grain=("campaignId",),
        row="a Sponsored Products campaign's day",
    ),
    ReportType(
        name="spCampaigns:campaignPlacement",
        report_type_id="spCampaigns",
        ad_product=SPONSORED_PRODUCTS,
        group_by=("campaignPlacement",),
        columns=(*_SP_CAMPAIGNS, "placementClassification"),
        grain=("campaignId", "placementClassification"),
        row="a Sponsored Products campaign's day on one placement (top of search, detail page, other, off Amazon)",
    ),
    ReportType(
        name="spTargeting",
        report_type_id="spTargeting",
        ad_product=SPONSORED_PRODUCTS,
        group_by=("targeting",),
        columns=(*_SP_TARGET, "topOfSearchImpressionShare"),
        grain=("campaignId", "adGroupId", "keywordId"),
        row="a Sponsored Products keyword's or target's day (keyword_id holds the target id too)",
    ),
    ReportType(
        name="spSearchTerm",
        report_type_id="spSearchTerm",
        ad_product=SPONSORED_PRODUCTS,
        group_by=("searchTerm",),
        columns=(*_SP_TARGET, "searchTerm"),
        grain=("campaignId", "adGroupId", "keywordId", "searchTerm"),
        row="a day of one search term that got at least one click through a keyword or target",
    ),
    ReportType(
        name="spAdvertisedProduct",
        report_type_id="spAdvertisedProduct",
        ad_product=SPONSORED_PRODUCTS,
        group_by=("advertiser",),
        columns=(
            "date",
            "campaignId",
            "campaignName",
            "campaignStatus",
            *_CAMPAIGN_BUDGET,
            "portfolioId",
            "adGroupId",
            "adGroupName",
            "adId",
            "advertisedAsin",
            "advertisedSku",
            *_SP_TRAFFIC,
            "spend",
            *_SP_READERS,
            *_SP_CONVERSIONS,
            *_SP_OTHER_SKU,
            *_SP_RATES,
        ),
        grain=("campaignId", "adGroupId", "adId"),
        row="a Sponsored Products product ad's day",
    ),
)

REPORT_TYPES: dict[str, ReportType] = {report_type.name: report_type for report_type in _ALL}

# Together they answer what most people ask; placements repeat the campaign figures and are asked for by name.
DEFAULT_REPORT_TYPES = ("spCampaigns", "spTargeting", "spSearchTerm", "spAdvertisedProduct")
