"""The highest campaigns, keywords, search terms and so on by one figure: the question people ask most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from ppc_pipeline.warehouse.metrics import FIGURES, METRIC_TABLES, RATES, WINDOWS
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline.warehouse.tables import literal_text, quoted

STANDARD = "standard"
"""The window that is each profile's own."""

FIGURE_NAMES = (*(figure.name for figure in FIGURES), *(rate.name for rate in RATES))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing.

    Attributes:
        table: The metric table that its figures are of.
        keys: The columns that, with the profile, tell such things apart.
        names: What people know them by; the newest counts.
        where: Which rows of the table are of the kind.
    """

    table: str
    keys: tuple[str, ...]
    names: tuple[str, ...]
    where: str = "true"


_TARGETS = ("target_text", "match_type", "target_kind", "campaign_name", "ad_group_name")
KINDS: Mapping[str, Kind] = {
    "profiles": Kind("metrics_by_profile", ("ad_product",), ()),
    "portfolios": Kind("metrics_by_portfolio", ("portfolio_id",), ("portfolio_name",)),
    "campaigns": Kind("metrics_by_campaign", ("ad_product", "campaign_id"), ("campaign_name",)),
    "ad-groups": Kind("metrics_by_ad_group", ("ad_product", "ad_group_id"), ("ad_group_name", "campaign_name")),
    "keywords": Kind("metrics_by_target", ("ad_product", "target_id"), _TARGETS, "target_kind = 'keyword'"),
    "targets": Kind("metrics_by_target", ("ad_product", "target_id"), _TARGETS, "target_kind <> 'keyword'"),
    "search-terms": Kind("metrics_by_search_term", ("search_term",), ()),
    "products": Kind("metrics_by_product", ("advertised_asin", "advertised_sku"), ()),
    "placements": Kind("metrics_by_placement", ("ad_product", "placement"), ()),
}


_ENDLESS = {rate.name: rate for rate in RATES if rate.name in ("acos_percent", "cost_per_purchase")}
"""Rates that are without end, and none better, where there was cost and nothing came of it."""


def unknown_profiles(connection: duckdb.DuckDBPyConnection, profiles: Sequence[int]) -> list[int]:
    """Return those of some profiles that the warehouse has never heard of."""
    query = "SELECT profile_id FROM profiles UNION SELECT profile_id FROM load_log"
    known = {profile_id for (profile_id,) in connection.execute(query).fetchall()}
    return [profile_id for profile_id in profiles if profile_id not in known]


def last_days(
    connection: duckdb.DuckDBPyConnection, kind: Kind, days: int, profiles: Sequence[int] = ()
) -> tuple[date, date] | None:
    """Return the first and the last of the newest days that are loaded of some profiles; None where there is none.

    Profiles and ad products that are not loaded as far as others have their own last days within these.
    """
    query = """
        SELECT min(last_day), max(last_day) FROM (
            SELECT max(end_date) AS last_day FROM load_log
            WHERE list_contains(?::VARCHAR[], report_type) AND (? = [] OR list_contains(?::BIGINT[], profile_id))
            GROUP BY profile_id, report_type
        )
    """
    sources = list(METRIC_TABLES[kind.table].sources.values())
    found = connection.execute(query, [sources, list(profiles), list(profiles)]).fetchone()
    if found is None or found[0] is None:
        return None
    earliest, latest = found
    return earliest - timedelta(days=days - 1), latest


def top(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    by: str,
    days: int,
    *,
    window: str = STANDARD,
    profiles: Sequence[int] = (),
    most: int = 20,
    lowest: bool = False,
) -> duckdb.DuckDBPyRelation:
    """Return the things with the highest figure over the last days of each profile and ad product.

    Cost that brought nothing at all is the highest ACoS and cost per purchase.

    Args:
        connection: The warehouse.
        kind: Of what.
        by: One of ``FIGURE_NAMES``.
        days: How many days, back from the last one that is loaded.
        window: The attribution window of purchases, sales and units: one of ``WINDOWS``, or ``STANDARD``.
        profiles: Of which profiles; of all by default.
        most: How many of each currency.
        lowest: Those with the lowest figure instead.
    """
    if by not in FIGURE_NAMES or window not in (STANDARD, *WINDOWS):
        raise ValueError(f"{by} ({window}) is no figure")
    sources = METRIC_TABLES[kind.table].sources
    query = sql_file("top").format(
        report_types=", ".join(f"({literal_text(name)}, {literal_text(ad)})" for ad, name in sources.items()),
        table=quoted(kind.table),
        keys=", ".join(kind.keys),
        names=", ".join(f"arg_max({name}, date) AS {name}" for name in kind.names) or "max(date) AS last_day",
        figures=", ".join(_sum(figure.name, figure.type, window) for figure in FIGURES),
        rates=", ".join(f"{rate.sql(rate.over, rate.under)} AS {rate.name}" for rate in RATES),
        where=kind.where,
        order=f"{by} ASC NULLS LAST" if lowest else _highest(by),
    )
    return connection.sql(query, params={"days": days, "profiles": list(profiles), "most": most})


def _highest(by: str) -> str:
    order = f"{by} DESC NULLS LAST"
    if rate := _ENDLESS.get(by):
        return f"coalesce({rate.over} > 0 AND {rate.under} = 0, false) DESC, {order}, {rate.over} DESC"
    return order


def _sum(figure: str, type_: str, window: str) -> str:
    late = figure in ("purchases", "sales", "units")
    column = f"{figure}_{window}" if late and window != STANDARD else figure
    whole = f"::{type_}" if type_ == "BIGINT" else ""
    lacking = f"count(*) FILTER ({column} IS NULL AND cost > 0)" if late else "0"
    return f"CASE WHEN {lacking} = 0 THEN sum({column}){whole} END AS {figure}"
