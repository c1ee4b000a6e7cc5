"""Report types of Sponsored TV. Conversions are of clicks and views; ``...Clicks`` and ``...Views`` tell them apart.

Grouped by ad group or target alone Amazon gives no campaign id, so that the coarser groupings are asked for with it.
"""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_TELEVISION
from ppc_pipeline.amazon_ads.report_types.columns import CAMPAIGN_BUDGET, VIDEO
from ppc_pipeline.amazon_ads.report_types.declaration import ReportType

_CAMPAIGN = ("date", "portfolioId", "campaignId", "campaignName", "campaignStatus", *CAMPAIGN_BUDGET)
_AD_GROUP = ("adGroupId", "adGroupName", "adStatus")
_MEASURES = (
    "impressions",
    "clicks",
    "clickThroughRate",
    "cost",
    "costPerThousandImpressions",
    "purchases",
    "purchasesClicks",
    "purchasesViews",
    "sales",
    "salesClicks",
    "salesViews",
    "roas",
    "unitsSold",
    "unitsSoldClicks",
    "unitsSoldViews",
    "addToCart",
    "addToCartClicks",
    "addToCartViews",
    "brandedSearches",
    "brandedSearchesClicks",
    "brandedSearchesViews",
    "detailPageViews",
    "detailPageViewsClicks",
    "detailPageViewsViews",
    "newToBrandDetailPageViews",
    "newToBrandDetailPageViewClicks",
    "newToBrandDetailPageViewViews",
    "newToBrandPurchases",
    "newToBrandPurchasesClicks",
    "newToBrandPurchasesViews",
    "newToBrandSales",
    "newToBrandSalesClicks",
    "newToBrandSalesViews",
    *(column for column in VIDEO if column != "videoUnmutes"),
)
_REACH = ("reach", "frequencyAverage", "householdReach", "householdFrequencyAverage")

REPORT_TYPES = (
    ReportType(
        name="stCampaigns",
        report_type_id="stCampaigns",
        ad_product=SPONSORED_TELEVISION,
        group_by=("campaign",),
        columns=(*_CAMPAIGN, *_MEASURES, *_REACH, "longTermSales", "longTermROAS"),
        grain=("campaignId",),
        row="a Sponsored TV campaign's day",
    ),
    ReportType(
        name="stCampaigns:adGroup",
        report_type_id="stCampaigns",
        ad_product=SPONSORED_TELEVISION,
        group_by=("campaign", "adGroup"),
        columns=(*_CAMPAIGN, *_AD_GROUP, *_MEASURES, *_REACH, "longTermSales", "longTermROAS"),
        grain=("campaignId", "adGroupId"),
        row="a Sponsored TV ad group's day",
    ),
    ReportType(
        name="stTargeting",
        report_type_id="stTargeting",
        ad_product=SPONSORED_TELEVISION,
        group_by=("campaign", "adGroup", "targeting"),
        columns=(
            *_CAMPAIGN,
            *_AD_GROUP,
            "keywordId",
            "keyword",
            "keywordType",
            "keywordBid",
            "matchType",
            "targetingText",
            "adKeywordStatus",
            *_MEASURES,
        ),
        grain=("campaignId", "adGroupId", "keywordId", "targetingText"),
        nullable=("keywordId", "targetingText"),  # TV has no keywords: that the id is a target's is nowhere documented
        row="a Sponsored TV target's day",
    ),
)
