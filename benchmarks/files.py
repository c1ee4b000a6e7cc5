"""Report files as Amazon makes them, of any size, to measure with. Not here: what is measured (``load``)."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.tables import Column, ColumnType

TABLE = REPORT_TABLES["spTargeting"]

_VALUES = {
    "campaignName": "'Campaign ' || (k // 50) || ' | Exact | Summer'",
    "campaignId": "280000000000000 + k // 50",
    "campaignStatus": "'ENABLED'",
    "campaignBudgetAmount": "25.0",
    "campaignBudgetType": "'DAILY_BUDGET'",
    "campaignBudgetCurrencyCode": "'USD'",
    "portfolioId": "CASE WHEN k % 3 = 0 THEN 190000000000 + k // 500 END",
    "adGroupId": "380000000000000 + k // 10",
    "adGroupName": "'Ad group ' || (k // 10)",
    "keywordId": "480000000000000 + k",
    "keyword": "'towel for the beach ' || k",
    "keywordType": "'EXACT'",
    "matchType": "'EXACT'",
    "targeting": "'towel for the beach ' || k",
    "keywordBid": "round(0.3 + k % 190 / 100, 2)",
    "adKeywordStatus": "'ENABLED'",
    "impressions": "seen",
    "clicks": "clicks",
    "cost": "round(clicks * 0.37, 2)",
    "costPerClick": "CASE WHEN clicks > 0 THEN 0.37 END",
    "clickThroughRate": "clicks / seen * 100",
    "topOfSearchImpressionShare": "CASE WHEN clicks > 0 THEN round((seen % 97) / 97.0, 4) END",
}


def write_report(path: Path, start: date, days: int, rows: int, *, restated: Iterable[int] = ()) -> None:
    """Write a targeting report.

    Args:
        path: The gzip JSON file to make.
        start: Its first day.
        days: How many days it covers.
        rows: How many rows it has, spread evenly over the days.
        restated: Days (0 is the first) whose clicks differ from those of a report made without it.
    """
    values = ", ".join(f'{_value(column)} AS "{column.source}"' for column in TABLE.columns)
    with duckdb.connect() as connection:
        days_restated = [start + timedelta(days=day) for day in restated]
        connection.execute(
            f"""
            COPY (
                SELECT {values} FROM (
                    SELECT
                        $start::DATE + (i % $days)::INTEGER AS date, i // $days AS k, 1 + hash(i) % 900 AS seen,
                        (CASE WHEN hash(i) % 4 = 0 THEN seen // 20 ELSE 0 END
                            + list_contains($restated::DATE[], $start::DATE + (i % $days)::INTEGER)::INTEGER) AS clicks,
                        clicks // 8 AS bought
                    FROM range($rows) AS numbers(i)
                )
            ) TO '{path}' (FORMAT json, ARRAY true, COMPRESSION gzip)
            """,
            {"start": start, "days": days, "rows": rows, "restated": days_restated},
        )


def _value(column: Column) -> str:
    if column.name == "date":
        return "date"
    if column.source in _VALUES:
        return _VALUES[column.source]
    if column.type is ColumnType.INTEGER:
        return "bought"
    if column.type is ColumnType.MONEY:
        return "round(bought * 23.99, 2)"
    if column.type is ColumnType.RATE:
        return "CASE WHEN bought > 0 THEN round(clicks * 0.37 / (bought * 23.99), 4) END"
    return "NULL"
