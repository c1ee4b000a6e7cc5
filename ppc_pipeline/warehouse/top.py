"""The highest campaigns, keywords, search terms and so on by one figure: the question people ask most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from ppc_pipeline.warehouse.metrics import FIGURES, METRIC_TABLES, RATES, WINDOWS
from ppc_pipeline.warehouse.tables import quoted, sql_file

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


def last_days(connection: duckdb.DuckDBPyConnection, kind: Kind, days: int) -> tuple[date, date] | None:
    """Return the first and the last of the newest days that are loaded; None where there is none."""
    query = "SELECT max(end_date) FROM load_log WHERE list_contains(?::VARCHAR[], report_type)"
    found = connection.execute(query, [list(METRIC_TABLES[kind.table].sources.values())]).fetchone()
    if found is None or found[0] is None:
        return None
    end: date = found[0]
    return end - timedelta(days=days - 1), end


def top(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    by: str,
    start: date,
    end: date,
    *,
    window: str = STANDARD,
    profiles: Sequence[int] = (),
    most: int = 20,
    lowest: bool = False,
) -> duckdb.DuckDBPyRelation:
    """Return the things with the highest figure between two dates, both included.

    Args:
        connection: The warehouse.
        kind: Of what.
        by: One of ``FIGURE_NAMES``.
        start: The first day.
        end: The last day.
        window: The attribution window of purchases, sales and units: one of ``WINDOWS``, or ``STANDARD``.
        profiles: Of which profiles; of all by default.
        most: How many of each currency.
        lowest: Those with the lowest figure instead.
    """
    if by not in FIGURE_NAMES or window not in (STANDARD, *WINDOWS):
        raise ValueError(f"{by} ({window}) is no figure")
    query = sql_file("top").format(
        table=quoted(kind.table),
        keys=", ".join(kind.keys),
        names=", ".join(f"arg_max({name}, date) AS {name}" for name in kind.names) or "max(date) AS last_day",
        figures=", ".join(_sum(figure.name, figure.type, window) for figure in FIGURES),
        rates=", ".join(f"{rate.sql(rate.over, rate.under)} AS {rate.name}" for rate in RATES),
        where=kind.where,
        by=by,
        direction="ASC" if lowest else "DESC",
    )
    values = {"start": start, "end": end, "profiles": list(profiles), "most": most}
    return connection.sql(query, params=values)


def _sum(figure: str, type_: str, window: str) -> str:
    windowed = window != STANDARD and figure in ("purchases", "sales", "units")
    whole = f"::{type_}" if type_ == "BIGINT" else ""
    return f"sum({figure}{f'_{window}' if windowed else ''}){whole} AS {figure}"
