"""The metric tables: what they are called, which columns they have and what each means.

A metric table is a view over report tables, so that it changes with them in one transaction. Its file in
``sql/metrics`` is its whole SELECT; the rates and the converted amounts are those of ``sql/macros/ppc_with_rates.sql``,
so that a rate is the same everywhere. Not here: figures of entities over periods (``sql/macros/ppc_with_periods.sql``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ppc_pipeline.warehouse.tables import ColumnType

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"
SPONSORED_BRANDS = "SPONSORED_BRANDS"
SPONSORED_DISPLAY = "SPONSORED_DISPLAY"
SPONSORED_TELEVISION = "SPONSORED_TELEVISION"

INTEGER = "BIGINT"
MONEY = "DECIMAL"  # with six decimals, and as many digits before them as sums need
RATE = "DOUBLE"
TEXT = "VARCHAR"


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A column as people read of it.

    Attributes:
        name: Its name.
        type: Its SQL type.
        doc: What it means, in a sentence.
    """

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Rate:
    """One sum over another, NULL where that is 0 or NULL.

    Attributes:
        name: Its column; a window's has the window behind it.
        over: The figure that is divided.
        under: The figure that it is divided by.
        doc: What it means, in a sentence.
        percent: Whether it is given in percent.
        money: Whether it is an amount: it is rounded to the sixth decimal then.
    """

    name: str
    over: str
    under: str
    doc: str
    percent: bool = False
    money: bool = False

    @property
    def type(self) -> str:
        """Its SQL type."""
        return MONEY if self.money else RATE

    def sql(self, over: str, under: str) -> str:
        """Return its SQL for two sums: a call of the macro that defines it, which is stored in the warehouse."""
        macro = "ppc_amount_per" if self.money else "ppc_percent" if self.percent else "ppc_ratio"
        return f"{macro}({over}, {under})"


@dataclass(frozen=True, slots=True)
class MetricTable:
    """A metric table.

    Attributes:
        name: The view; its SQL is the file of ``sql/metrics`` of that name.
        row: What one row is, in words.
        keys: Its columns before the figures.
        grain: Those of them that tell rows apart.
        sources: Ad product -> the report type that its figures are of.
    """

    name: str
    row: str
    keys: tuple[str, ...]
    grain: tuple[str, ...]
    sources: Mapping[str, str]

    @property
    def columns(self) -> tuple[MetricColumn, ...]:
        """Every column, in order."""
        return (*(KEYS[name] for name in self.keys), *MEASURES, *_rate_columns(), *CONVERTED)


KEYS = {
    column.name: column
    for column in (
        MetricColumn("date", "DATE", "The day, in the profile's own time zone."),
        MetricColumn("account", TEXT, "The account through which the rows came."),
        MetricColumn("profile_id", INTEGER, "The profile: one advertiser in one marketplace."),
        MetricColumn("profile_name", TEXT, "The profile's name, as of now."),
        MetricColumn("country_code", TEXT, "The profile's country; NULL where the profile is not known."),
        MetricColumn("currency_code", TEXT, "The currency of every amount of the row, but for converted ones."),
        MetricColumn("ad_product", TEXT, "SPONSORED_PRODUCTS, _BRANDS, _DISPLAY or _TELEVISION."),
        MetricColumn("portfolio_id", INTEGER, "The portfolio the campaign is in now; NULL: none, or never listed."),
        MetricColumn("portfolio_name", TEXT, "The portfolio's name, as of now."),
        MetricColumn("campaign_id", INTEGER, "The campaign."),
        MetricColumn("campaign_name", TEXT, "The campaign's name, as the day's report has it."),
        MetricColumn("ad_group_id", INTEGER, "The ad group."),
        MetricColumn("ad_group_name", TEXT, "The ad group's name, as the day's report has it."),
        MetricColumn("target_id", INTEGER, "The keyword or target; NULL in some search terms of Sponsored Brands."),
        MetricColumn("target_kind", TEXT, "What is bid on: keyword, product, category, auto, theme, audience, ..."),
        MetricColumn("target_text", TEXT, "The keyword's text, or the target's expression."),
        MetricColumn("match_type", TEXT, "BROAD, PHRASE or EXACT; NULL where it is no keyword of Sponsored Products."),
        MetricColumn("search_term", TEXT, "What the shopper searched for, or the ASIN of the page the ad was on."),
        MetricColumn("ad_id", INTEGER, "The product ad."),
        MetricColumn("advertised_asin", TEXT, "The ASIN of the advertised product."),
        MetricColumn("advertised_sku", TEXT, "The seller's SKU of the advertised product; vendors have none."),
        MetricColumn("placement", TEXT, "Where the ad was shown, in Amazon's words."),
    )
}

WINDOWS = ("7d", "14d", "30d")
"""Attribution windows that are there beside the profile's standard one: days after the click."""

FIGURES = (
    MetricColumn("impressions", INTEGER, "How often the ad was shown."),
    MetricColumn("clicks", INTEGER, "How often it was clicked; without clicks that Amazon found invalid."),
    MetricColumn("cost", MONEY, "What the clicks or impressions cost."),
    MetricColumn("purchases", INTEGER, "Orders in the profile's standard window."),
    MetricColumn("sales", MONEY, "What the ordered products were sold for, in the profile's standard window."),
    MetricColumn("units", INTEGER, "Units in those orders, in the profile's standard window."),
)
"""The figures that rates are made of."""

_WINDOWED = ("purchases", "sales", "units")
_WINDOW_DOCS = {
    "7d": "within 7 days of the click; Sponsored Products only.",
    "14d": "within 14 days: of the click for Sponsored Products, of a click or view for Brands and Display.",
    "30d": "within 30 days of the click; Sponsored Products only.",
}
_WHAT = {"purchases": "Orders", "sales": "Sales", "units": "Units ordered"}

MEASURES = (
    *FIGURES,
    *(
        MetricColumn(f"{figure.name}_{window}", figure.type, f"{_WHAT[figure.name]} {_WINDOW_DOCS[window]}")
        for figure in FIGURES
        if figure.name in _WINDOWED
        for window in WINDOWS
    ),
    MetricColumn(
        "new_to_brand_purchases", INTEGER, "Those of `purchases` by who bought nothing of the brand for a year."
    ),
    MetricColumn("new_to_brand_sales", MONEY, "Those of `sales` to who bought nothing of the brand for a year."),
    MetricColumn("new_to_brand_units", INTEGER, "Those of `units` by who bought nothing of the brand for a year."),
)
"""What is summed, in the order of the columns."""

RATES = (
    Rate("ctr_percent", "clicks", "impressions", "Click-through rate: clicks / impressions, in percent.", percent=True),
    Rate("cpc", "cost", "clicks", "Cost per click: cost / clicks, an amount.", money=True),
    Rate("cvr_percent", "purchases", "clicks", "Conversion rate: purchases / clicks, in percent.", percent=True),
    Rate("acos_percent", "cost", "sales", "Advertising cost of sales: cost / sales, in percent.", percent=True),
    Rate("roas", "sales", "cost", "Return on ad spend: sales / cost, a ratio."),
    Rate("cost_per_purchase", "cost", "purchases", "Cost per order: cost / purchases, an amount.", money=True),
)
"""The rates of the standard window; those of the others follow from them."""

_NEW_TO_BRAND_RATES = (
    Rate(
        *("new_to_brand_purchases_percent", "new_to_brand_purchases", "purchases"),
        "New-to-brand purchases / purchases, in percent.",
        percent=True,
    ),
    Rate(
        *("new_to_brand_sales_percent", "new_to_brand_sales", "sales"),
        "New-to-brand sales / sales, in percent.",
        percent=True,
    ),
)

WHENCE = (
    MetricColumn("report_id", TEXT, "Amazon's id of the report that the row is from."),
    MetricColumn("loaded_at", "TIMESTAMP WITH TIME ZONE", "When the row was loaded."),
)
"""The last columns of report tables."""

CONVERTED = (
    MetricColumn("cost_converted", MONEY, "cost in converted_currency; NULL where there is no rate of the day."),
    MetricColumn("sales_converted", MONEY, "sales in converted_currency; NULL where there is no rate of the day."),
    MetricColumn("converted_currency", TEXT, "PPC_CURRENCY; NULL where nothing was converted."),
)


def _rate_columns() -> Iterator[MetricColumn]:
    """Yield the columns of every rate of a metric table."""
    for rate in (*RATES, *_NEW_TO_BRAND_RATES):
        yield MetricColumn(rate.name, rate.type, rate.doc)
    for window in WINDOWS:
        for rate in RATES:
            if late := [name for name in (rate.over, rate.under) if name in _WINDOWED]:
                doc = f"`{rate.name}` with the {window.removesuffix('d')} days' {late[0]}_{window}."
                yield MetricColumn(f"{rate.name}_{window}", rate.type, doc)


_ALWAYS = ("date", "account", "profile_id", "country_code", "currency_code", "ad_product")
_OF_TARGETS = {
    SPONSORED_PRODUCTS: "spTargeting",
    SPONSORED_BRANDS: "sbTargeting",
    SPONSORED_DISPLAY: "sdTargeting",
    SPONSORED_TELEVISION: "stTargeting",
}
_OF_CAMPAIGNS = {
    SPONSORED_PRODUCTS: "spCampaigns",
    SPONSORED_BRANDS: "sbCampaigns",
    SPONSORED_DISPLAY: "sdCampaigns",
    SPONSORED_TELEVISION: "stCampaigns",
}
_CAMPAIGN = ("campaign_id", "campaign_name")
_AD_GROUP = (*_CAMPAIGN, "ad_group_id", "ad_group_name")
_TARGET = (*_AD_GROUP, "target_id", "target_kind", "target_text", "match_type")

_PERFORMANCE = (
    *(KEYS[name] for name in (*_ALWAYS, *_TARGET)),
    *(one for one in MEASURES if one.name in ("impressions", "clicks", "cost")),
    *(one for one in MEASURES if one.name.endswith(WINDOWS)),
    *(one for one in FIGURES if one.name in _WINDOWED),
    *(one for one in MEASURES if one.name.startswith("new_to_brand")),
    *WHENCE,
)
PERFORMANCE_COLUMNS = tuple(
    replace(column, type=str(ColumnType.MONEY)) if column.type == MONEY else column for column in _PERFORMANCE
)
"""Every column of the view ``performance_records``, in order; its amounts are no sums, but those of report tables."""


def _table(name: str, row: str, keys: Sequence[str], grain: Sequence[str], sources: Mapping[str, str]) -> MetricTable:
    always = [key for key in _ALWAYS if key not in keys]
    return MetricTable(
        name, row, (*always, *keys), ("date", "profile_id", "currency_code", "ad_product", *grain), sources
    )


_IN_ORDER = (  # some are made of those before them
    _table(
        "metrics_by_campaign",
        "a day of one campaign, with the portfolio it is in now",
        (*_CAMPAIGN, "portfolio_id", "portfolio_name"),
        ("campaign_id",),
        _OF_CAMPAIGNS,
    ),
    _table(
        "metrics_by_portfolio",
        "a day of one portfolio and ad product: the sum over the campaigns that are in it now",
        ("portfolio_id", "portfolio_name"),
        ("portfolio_id",),
        _OF_CAMPAIGNS,
    ),
    _table(
        "metrics_by_profile",
        "a day of one profile and ad product: the sum over its campaigns",
        ("profile_name",),
        (),
        _OF_CAMPAIGNS,
    ),
    _table(
        "metrics_by_target",
        "a day of one keyword or target",
        _TARGET,
        ("campaign_id", "ad_group_id", "target_id"),
        _OF_TARGETS,
    ),
    _table(
        "metrics_by_ad_group",
        "a day of one ad group: the sum over its keywords and targets",
        _AD_GROUP,
        ("campaign_id", "ad_group_id"),
        _OF_TARGETS,
    ),
    _table(
        "metrics_by_search_term",
        "a day of one search term that led to clicks, by the keyword or target that it was matched to",
        (*_TARGET, "search_term"),
        ("campaign_id", "ad_group_id", "target_id", "target_text", "match_type", "search_term"),
        {SPONSORED_PRODUCTS: "spSearchTerm", SPONSORED_BRANDS: "sbSearchTerm"},
    ),
    _table(
        "metrics_by_product",
        "a day of one advertised product in one ad: a product that several ads show has a row for each",
        (*_AD_GROUP, "ad_id", "advertised_asin", "advertised_sku"),
        ("campaign_id", "ad_group_id", "ad_id"),
        {SPONSORED_PRODUCTS: "spAdvertisedProduct", SPONSORED_DISPLAY: "sdAdvertisedProduct"},
    ),
    _table(
        "metrics_by_placement",
        "a day of one campaign on one placement",
        (*_CAMPAIGN, "placement"),
        ("campaign_id", "placement"),
        {SPONSORED_PRODUCTS: "spCampaigns:campaignPlacement", SPONSORED_BRANDS: "sbCampaignPlacement"},
    ),
)

METRIC_TABLES: dict[str, MetricTable] = {table.name: table for table in _IN_ORDER}
