"""Report types of Sponsored Display. Conversions are of 14 days after a click or view; ``...Clicks`` of clicks only."""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_DISPLAY
from ppc_pipeline.amazon_ads.report_types.columns import GROSS_AND_INVALIDS, READERS, READERS_BY_CLICKS, VIDEO
from ppc_pipeline.amazon_ads.report_types.columns import READERS_BY_VIEWS as BY_VIEWS
from ppc_pipeline.amazon_ads.report_types.declaration import ReportType

_RETENTION_DAYS = 65

_CAMPAIGN = ("date", "campaignId", "campaignName", "campaignBudgetCurrencyCode")
_AD_GROUP = ("adGroupId", "adGroupName")
_READERS = (*READERS, *READERS_BY_CLICKS, *BY_VIEWS)
_TRAFFIC = ("impressions", "impressionsViews", "clicks", "cost")
_CONVERSIONS = (
    "purchases",
    "purchasesClicks",
    "purchasesPromotedClicks",
    "sales",
    "salesClicks",
    "salesPromotedClicks",
    "unitsSold",
    "unitsSoldClicks",
)
_FUNNEL = (
    "addToCart",
    "addToCartClicks",
    "addToCartViews",
    "addToCartRate",
    "eCPAddToCart",
    "brandedSearches",
    "brandedSearchesClicks",
    "brandedSearchesViews",
    "brandedSearchRate",
    "eCPBrandSearch",
    "detailPageViews",
    "detailPageViewsClicks",
)
_NEW_TO_BRAND = (
    "newToBrandPurchases",
    "newToBrandPurchasesClicks",
    "newToBrandSalesClicks",
    "newToBrandUnitsSold",
    "newToBrandUnitsSoldClicks",
)
_NEW_DETAIL_PAGE_VIEWS = (
    "newToBrandDetailPageViews",
    "newToBrandDetailPageViewClicks",
    "newToBrandDetailPageViewViews",
    "newToBrandDetailPageViewRate",
    "newToBrandECPDetailPageView",
)
_REACH = ("cumulativeReach", "impressionsFrequencyAverage")
_VIEWS = ("viewabilityRate", "viewClickThroughRate")
_MEASURES = (*_TRAFFIC, *_CONVERSIONS, *_FUNNEL, *_NEW_TO_BRAND, *_READERS)
_CAMPAIGNS = (*_CAMPAIGN, *_MEASURES, *VIDEO, *_VIEWS)
_AD_GROUPS = (
    *_CAMPAIGN,
    *_AD_GROUP,
    "bidOptimization",
    *_MEASURES,
    "newToBrandSales",
    "cumulativeReach",
    *VIDEO,
    *_VIEWS,
)
_TARGETS = (
    *_CAMPAIGN,
    *_AD_GROUP,
    "targetingId",
    "targetingExpression",
    "targetingText",
    *_MEASURES,
    "newToBrandSales",
    *(column for column in VIDEO if column != "videoThirdQuartileViews"),
    "viewabilityRate",
)
_MATCHED = "on pages of one product or category that its targets matched"

REPORT_TYPES = (
    ReportType(
        name="sdCampaigns",
        report_type_id="sdCampaigns",
        ad_product=SPONSORED_DISPLAY,
        group_by=("campaign",),
        columns=(
            *_CAMPAIGNS,
            "campaignStatus",
            "campaignBudgetAmount",
            "costType",
            "newToBrandSales",
            *_NEW_DETAIL_PAGE_VIEWS,
            *_REACH,
            "longTermSales",
            "longTermROAS",
        ),
        grain=("campaignId",),
        row="a Sponsored Display campaign's day",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdCampaigns:matchedTarget",
        report_type_id="sdCampaigns",
        ad_product=SPONSORED_DISPLAY,
        group_by=("matchedTarget",),
        columns=(*_CAMPAIGNS, "matchedTargetAsin"),
        grain=("campaignId", "matchedTargetAsin"),
        nullable=("matchedTargetAsin",),
        row=f"a Sponsored Display campaign's day {_MATCHED}",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdAdGroup",
        report_type_id="sdAdGroup",
        ad_product=SPONSORED_DISPLAY,
        group_by=("adGroup",),
        columns=(*_AD_GROUPS, *_NEW_DETAIL_PAGE_VIEWS, "impressionsFrequencyAverage"),
        grain=("campaignId", "adGroupId"),
        row="a Sponsored Display ad group's day",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdAdGroup:matchedTarget",
        report_type_id="sdAdGroup",
        ad_product=SPONSORED_DISPLAY,
        group_by=("matchedTarget",),
        columns=(*_AD_GROUPS, "matchedTargetAsin"),
        grain=("campaignId", "adGroupId", "matchedTargetAsin"),
        nullable=("matchedTargetAsin",),
        row=f"a Sponsored Display ad group's day {_MATCHED}",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdTargeting",
        report_type_id="sdTargeting",
        ad_product=SPONSORED_DISPLAY,
        group_by=("targeting",),
        columns=(*_TARGETS, "adKeywordStatus", *_NEW_DETAIL_PAGE_VIEWS),
        grain=("campaignId", "adGroupId", "targetingId"),
        row="a Sponsored Display target's or audience's day",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdTargeting:matchedTarget",
        report_type_id="sdTargeting",
        ad_product=SPONSORED_DISPLAY,
        group_by=("matchedTarget",),
        columns=(*_TARGETS, "matchedTargetAsin"),
        grain=("campaignId", "adGroupId", "targetingId", "matchedTargetAsin"),
        nullable=("matchedTargetAsin",),
        row=f"a Sponsored Display target's day {_MATCHED}",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdAdvertisedProduct",
        report_type_id="sdAdvertisedProduct",
        ad_product=SPONSORED_DISPLAY,
        group_by=("advertiser",),
        columns=(
            *_CAMPAIGN,
            *_AD_GROUP,
            "adId",
            "promotedAsin",
            "promotedSku",
            "bidOptimization",
            *_MEASURES,
            "newToBrandSales",
            *_NEW_DETAIL_PAGE_VIEWS,
            *_REACH,
            *VIDEO,
            *_VIEWS,
        ),
        grain=("campaignId", "adGroupId", "adId"),
        row="a Sponsored Display product ad's day",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdPurchasedProduct",
        report_type_id="sdPurchasedProduct",
        ad_product=SPONSORED_DISPLAY,
        group_by=("asin",),
        columns=(
            *_CAMPAIGN,
            *_AD_GROUP,
            "promotedAsin",
            "promotedSku",
            "asinBrandHalo",
            "conversionsBrandHalo",
            "conversionsBrandHaloClicks",
            "salesBrandHalo",
            "salesBrandHaloClicks",
            "unitsSoldBrandHalo",
            "unitsSoldBrandHaloClicks",
            *_READERS,
        ),
        grain=("campaignId", "adGroupId", "promotedAsin", "promotedSku", "asinBrandHalo"),
        nullable=("promotedAsin", "promotedSku"),
        row="a day's purchases of one product of the brand that was not the promoted one",
        retention_days=_RETENTION_DAYS,
    ),
    ReportType(
        name="sdGrossAndInvalids",
        report_type_id="sdGrossAndInvalids",
        ad_product=SPONSORED_DISPLAY,
        group_by=("campaign",),
        columns=GROSS_AND_INVALIDS,
        grain=("campaignName", "campaignStatus"),
        row="the gross and invalid traffic of a Sponsored Display campaign's day (Amazon gives its name, and no id)",
        anonymous=True,
        max_range_days=365,
        retention_days=365,
    ),
)
