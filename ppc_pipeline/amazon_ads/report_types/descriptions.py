"""What report columns mean, in words: some by name, families of figures by the rules that Amazon names them by.

Sponsored Products have a column for each attribution window (``sales7d``: within 7 days of the click). Sponsored Brands
and Display have one window of 14 days, after a click or a view, and of clicks alone in ``...Clicks``. Where a name of
theirs has the window all the same, Amazon says of ``sales14d`` alone what comes before it (Amazon Ads API docs,
guides/reporting/v3/columns.md). Of other columns nothing is said here: their names are all there is.
Not here: which kind of value a column holds (``columns``).
"""

import re

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS

_BY_NAME = {
    "acosClicks7d": "Cost / sales within 7 days of the click, in percent.",
    "acosClicks14d": "Cost / sales within 14 days of the click, in percent.",
    "adId": "The ad.",
    "campaignBudgetAmount": "The campaign's budget, as the day's report has it.",
    "campaignBudgetCurrencyCode": "The currency of the campaign's budget.",
    "campaignStatus": "The campaign's state, as the day's report has it.",
    "clickThroughRate": "Clicks / impressions, in percent.",
    "costPerClick": "Cost / clicks, an amount.",
    "keywordBid": "The bid, as the day's report has it.",
    "keywordId": "The keyword or target.",
    "placementClassification": "Where the ad was shown, in Amazon's words.",
    "portfolioId": "The portfolio, as the day's report has it.",
    "promotedAsin": "The ASIN of the advertised product.",
    "promotedSku": "The seller's SKU of the advertised product.",
    "purchasedAsin": "The ASIN of the product that was bought.",
    "roasClicks7d": "Sales within 7 days of the click / cost, a ratio.",
    "roasClicks14d": "Sales within 14 days of the click / cost, a ratio.",
    "targetingId": "The keyword or target.",
}

# What is counted or added up within an attribution window.
_SOLD = {
    "purchases": "Orders",
    "orders": "Orders",
    "conversions": "Orders",
    "sales": "Sales",
    "attributedSales": "Sales",
    "unitsSold": "Units sold",
    "newToBrandPurchases": "Orders of customers who are new to the brand",
    "newToBrandSales": "Sales to customers who are new to the brand",
    "newToBrandUnitsSold": "Units sold to customers who are new to the brand",
    "kindleEditionNormalizedPagesRead": "Kindle pages read",
    "kindleEditionNormalizedPagesRoyalties": "Royalties of Kindle pages read",
}
# What else happened: nothing is said of how long after.
_DONE = {
    "addToCart": "How often a product was put into the cart",
    "brandedSearches": "How often the brand was searched for",
    "detailPageViews": "How often a product's page was looked at",
}
_OF = {
    "SameSku": " of the advertised product",
    "OtherSku": " of other products",
    "Promoted": " of the advertised product",
    "BrandHalo": " of other products of the brand",
}
_AFTER = {"Clicks": "a click", "Views": "a view"}
_FIGURE = re.compile(
    f"(?P<stem>{'|'.join((*_SOLD, *_DONE))})(?P<of>{'|'.join(_OF)})?(?P<after>{'|'.join(_AFTER)})?((?P<days>[0-9]+)d)?"
)
_ONE_WINDOW = {SPONSORED_BRANDS: "14", SPONSORED_DISPLAY: "14"}


def describe(column: str, ad_product: str) -> str:
    """Return what a report column means, in a sentence; nothing where only its name says it."""
    if column in _BY_NAME:
        return _BY_NAME[column]
    figure = _FIGURE.fullmatch(column)
    if figure is None:
        return ""
    stem = figure["stem"]
    what = f"{_SOLD.get(stem) or _DONE[stem]}{_OF.get(figure['of'], '')}"
    days = figure["days"] or _ONE_WINDOW.get(ad_product)
    if stem in _SOLD and days:
        return f"{what} within {days} {'day' if days == '1' else 'days'}{_since(figure, ad_product)}."
    return f"{what} after {_AFTER[figure['after']]}." if figure["after"] else f"{what}."


def _since(figure: re.Match[str], ad_product: str) -> str:
    """Say what a window begins with; nothing where Amazon does not."""
    if figure["after"]:
        return f" of {_AFTER[figure['after']]}"
    if ad_product == SPONSORED_PRODUCTS:
        return " of a click"
    if not figure["days"]:
        return " of a click or a view"
    return " of a click; in vCPM campaigns of a view, too" if figure.string == "sales14d" else ""
