"""What kind of value each report column holds, and which columns can be added up.

Here: the column catalogue (Amazon Ads API docs, guides/reporting/v3/columns.md), and tuples of columns that many report
types share. Not here: which type has which (the modules by ad product).

Where the catalogue types a column unlike its siblings we follow the siblings: ``detailPageViewsClicks`` is a count
(it says string), ``salesBrandHalo`` an amount (it says integer, which an amount can hold).
"""

from ppc_pipeline.amazon_ads.fields import Kind


def windows(*stems: str) -> tuple[str, ...]:
    """Expand stems over the four attribution windows: 1, 7, 14 and 30 days after the click."""
    return tuple(f"{stem}{window}" for stem in stems for window in ("1d", "7d", "14d", "30d"))


CAMPAIGN_BUDGET = ("campaignBudgetAmount", "campaignBudgetType", "campaignBudgetCurrencyCode")
READERS = ("addToList", "qualifiedBorrows", "royaltyQualifiedBorrows")
READERS_BY_CLICKS = ("addToListFromClicks", "qualifiedBorrowsFromClicks", "royaltyQualifiedBorrowsFromClicks")
READERS_BY_VIEWS = ("addToListFromViews", "qualifiedBorrowsFromViews", "royaltyQualifiedBorrowsFromViews")
KINDLE = ("kindleEditionNormalizedPagesRead14d", "kindleEditionNormalizedPagesRoyalties14d")
VIDEO = (
    "videoFirstQuartileViews",
    "videoMidpointViews",
    "videoThirdQuartileViews",
    "videoCompleteViews",
    "videoUnmutes",
)
GROSS_AND_INVALIDS = (
    "date",
    "campaignName",
    "campaignStatus",
    "impressions",
    "grossImpressions",
    "invalidImpressions",
    "invalidImpressionRate",
    "clicks",
    "grossClickThroughs",
    "invalidClickThroughs",
    "invalidClickThroughRate",
)

_INTEGERS = frozenset(
    {
        "adGroupId",
        "adId",
        "addToCart",
        "addToCartClicks",
        "addToCartViews",
        "brandedSearches",
        "brandedSearchesClicks",
        "brandedSearchesViews",
        "campaignId",
        "clicks",
        "conversionsBrandHalo",
        "conversionsBrandHaloClicks",
        "cumulativeReach",
        "detailPageViews",
        "detailPageViewsClicks",
        "detailPageViewsViews",
        "grossClickThroughs",
        "grossImpressions",
        "householdReach",
        "impressions",
        "impressionsViews",
        "invalidClickThroughs",
        "invalidImpressions",
        "keywordId",
        "kindleEditionNormalizedPagesRead14d",
        "newToBrandDetailPageViewClicks",
        "newToBrandDetailPageViewViews",
        "newToBrandDetailPageViews",
        "newToBrandDetailPageViewsClicks",
        "newToBrandPurchases",
        "newToBrandPurchases14d",
        "newToBrandPurchasesClicks",
        "newToBrandPurchasesViews",
        "newToBrandUnitsSold",
        "newToBrandUnitsSold14d",
        "newToBrandUnitsSoldClicks",
        "orders14d",
        "ordersClicks14d",
        "portfolioId",
        "purchases",
        "purchasesClicks",
        "purchasesPromoted",
        "purchasesPromotedClicks",
        "purchasesViews",
        "reach",
        "targetingId",
        "unitsSold",
        "unitsSold14d",
        "unitsSoldBrandHalo",
        "unitsSoldBrandHaloClicks",
        "unitsSoldClicks",
        "unitsSoldViews",
        "video5SecondViews",
        "viewableImpressions",
        *READERS,
        *READERS_BY_CLICKS,
        *READERS_BY_VIEWS,
        *VIDEO,
        *windows("purchases", "purchasesSameSku", "purchasesOtherSku"),
        *windows("unitsSoldClicks", "unitsSoldSameSku", "unitsSoldOtherSku"),
    }
)
_MONEY = frozenset(
    {
        "campaignBudgetAmount",
        "campaignRuleBasedBudgetAmount",
        "cost",
        "costPerClick",
        "costPerThousandImpressions",
        "eCPAddToCart",
        "eCPBrandSearch",
        "keywordBid",
        "kindleEditionNormalizedPagesRoyalties14d",
        "longTermSales",
        "newToBrandECPDetailPageView",
        "newToBrandSales",
        "newToBrandSales14d",
        "newToBrandSalesClicks",
        "newToBrandSalesViews",
        "sales",
        "salesBrandHalo",
        "salesBrandHaloClicks",
        "salesClicks",
        "salesClicks14d",
        "salesPromoted",
        "salesPromotedClicks",
        "salesViews",
        "spend",
        *windows("sales", "attributedSalesSameSku", "salesOtherSku"),
    }
)
_RATES = frozenset(
    {
        "acosClicks7d",
        "acosClicks14d",
        "addToCartRate",
        "brandedSearchRate",
        "clickThroughRate",
        "frequencyAverage",
        "householdFrequencyAverage",
        "impressionsFrequencyAverage",
        "invalidClickThroughRate",
        "invalidImpressionRate",
        "longTermROAS",
        "newToBrandDetailPageViewRate",
        "newToBrandPurchasesPercentage",
        "newToBrandPurchasesPercentage14d",
        "newToBrandPurchasesRate",
        "newToBrandSalesPercentage",
        "newToBrandSalesPercentage14d",
        "newToBrandUnitsSoldPercentage",
        "newToBrandUnitsSoldPercentage14d",
        "roas",
        "roasClicks7d",
        "roasClicks14d",
        "topOfSearchImpressionShare",
        "video5SecondViewRate",
        "viewClickThroughRate",
        "viewabilityRate",
    }
)

# Amounts and counts that are a state at report time, a quotient, or people counted once however often they were
# reached: adding them over rows means nothing.
_NOT_ADDITIVE = frozenset(
    {
        "campaignBudgetAmount",
        "campaignRuleBasedBudgetAmount",
        "costPerClick",
        "costPerThousandImpressions",
        "cumulativeReach",
        "eCPAddToCart",
        "eCPBrandSearch",
        "householdReach",
        "keywordBid",
        "newToBrandECPDetailPageView",
        "reach",
    }
)


def kind_of(column: str) -> Kind:
    """Return the kind of a report column."""
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
