"""Questions that the pipeline itself asks of the warehouse: totals for people, checks of what must hold.

Rates are sum over sum and NULL where the denominator is 0; amounts of different currencies are never added.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline.warehouse.tables import ReportTable, quoted


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found: rows below the names of their columns, amounts as decimals."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Total:
    """What a report table holds of one profile over some days.

    Attributes:
        cost: In ``currency_code``; None where the report type has none.
        sales: In the standard attribution window; None likewise, and where the profile is not known and it depends on
            the profile.
    """

    account: str
    profile_id: int
    profile_name: str | None
    currency_code: str
    days: int
    rows: int
    cost: Decimal | None
    sales: Decimal | None


def report_totals(connection: duckdb.DuckDBPyConnection, table: ReportTable, start: date, end: date) -> list[Total]:
    """Return what a report table holds of each profile between two dates, both included."""
    columns = {column.name for column in table.columns}
    cost = "sum(r.cost)" if "cost" in columns else "NULL::DECIMAL(38, 6)"
    sales = _standard_sales(columns)
    query = f"""
        SELECT
            r.account, r.profile_id, any_value(p.name), r.currency_code, count(DISTINCT r.date), count(*),
            {cost}, {sales}
        FROM {quoted(table.name)} AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
        WHERE r.date BETWEEN ? AND ?
        GROUP BY r.account, r.profile_id, r.currency_code
        ORDER BY r.account, r.profile_id
    """
    return [Total(*row) for row in connection.execute(query, [start, end]).fetchall()]


@dataclass(frozen=True, slots=True)
class MetricTotal:
    """What a metric table holds in one currency over some days."""

    currency_code: str
    rows: int
    cost: Decimal | None
    sales: Decimal | None


def metric_totals(connection: duckdb.DuckDBPyConnection, table: str, start: date, end: date) -> list[MetricTotal]:
    """Return what a metric table holds between two dates, both included, by currency."""
    query = f"""
        SELECT currency_code, count(*), sum(cost), sum(sales) FROM {quoted(table)} WHERE date BETWEEN ? AND ?
        GROUP BY currency_code ORDER BY currency_code
    """
    return [MetricTotal(*row) for row in connection.execute(query, [start, end]).fetchall()]


def _standard_sales(columns: Collection[str]) -> str:
    """Return SQL for the sales of rows in the standard window: one of several is the profile's, a single one is it."""
    if {"sales_7d", "sales_14d"} <= {*columns}:
        return "sum(CASE p.account_type WHEN 'seller' THEN r.sales_7d WHEN 'vendor' THEN r.sales_14d END)"
    only = next((name for name in ("sales", "sales_14d") if name in columns), None)
    return f"sum(r.{only})" if only else "NULL::DECIMAL(38, 6)"


def rows_in(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return how many rows a table or view has."""
    (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone() or (0,)
    return int(rows)


def duplicates(
    connection: duckdb.DuckDBPyConnection, table: str, grain: Sequence[str], start: date, end: date
) -> Answer:
    """Return examples of keys that stand more than once, with how often."""
    key = ", ".join(quoted(name) for name in grain)
    query = f"""
        SELECT {key}, count(*) AS times FROM {quoted(table)} WHERE date BETWEEN ? AND ?
        GROUP BY {key} HAVING count(*) > 1 ORDER BY times DESC, {key} LIMIT 20
    """
    return _answer(connection.execute(query, [start, end]))


def rejected(connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple[Any, ...]]:
    """Return what is in quarantine of a report type or entity, by kind of reason.

    Returns:
        (account, profile, kind of reason, rows, an example's whole reason, how its row begins) each, the most rows
        first.
    """
    query = """
        SELECT
            account, profile_id, regexp_replace(reason, ':.*', '') AS kind, count(*) AS rows,
            any_value(reason), left(any_value(raw)::VARCHAR, 300)
        FROM rejected_rows WHERE source = ? GROUP BY account, profile_id, kind ORDER BY rows DESC, account, profile_id
    """
    return connection.execute(query, [source]).fetchall()


def emptied_days(connection: duckdb.DuckDBPyConnection, table: ReportTable) -> list[tuple[Any, ...]]:
    """Return the days of a report table that had rows, of which a later report said that there are none.

    Returns:
        (account, profile, day, impressions and cost as they were, its currency, the report that has none, when) each,
        the newest days first.
    """
    query = f"""
        SELECT
            account, profile_id, date,
            max(before) FILTER (metric = 'impressions')::BIGINT, max(before) FILTER (metric = 'cost'),
            any_value(currency_code), arg_max(report_id, restated_at), max(restated_at)
        FROM restatements AS r
        WHERE report_type = ? AND after IS NULL
            AND NOT EXISTS (FROM {quoted(table.name)} AS t WHERE t.profile_id = r.profile_id AND t.date = r.date)
        GROUP BY account, profile_id, date ORDER BY date DESC, account, profile_id
    """
    return connection.execute(query, [table.report_type]).fetchall()


def daily_cost(connection: duckdb.DuckDBPyConnection, start: date, end: date) -> list[tuple[date, str, Decimal]]:
    """Return (date, currency, cost) of all performance records."""
    query = """
        SELECT date, currency_code, sum(cost) FROM performance_records WHERE date BETWEEN ? AND ?
        GROUP BY ALL ORDER BY ALL
    """
    return connection.execute(query, [start, end]).fetchall()


def profile_summary(connection: duckdb.DuckDBPyConnection, start: date, end: date) -> Answer:
    """Return spend, sales, ACoS and ROAS of each profile and ad product over some days, with their currency."""
    return _answer(connection.execute(sql_file("profile_summary"), {"start": start, "end": end}))


def top_keywords(connection: duckdb.DuckDBPyConnection, start: date, end: date, most: int) -> Answer:
    """Return the keywords and targets with the highest cost of each profile, ``most`` for each."""
    return _answer(connection.execute(sql_file("top_keywords"), {"start": start, "end": end, "most": most}))


def _answer(cursor: duckdb.DuckDBPyConnection) -> Answer:
    return Answer(tuple(column[0] for column in cursor.description), cursor.fetchall())
