"""How far a fresh day can be trusted: what share of a figure was known when the day was young.

Here: the table ``restatement_curve``, worked out from ``restatements``, ``load_log`` and the report tables, and reading
it. Not here: writing restatements (``loading``), when the table is made anew, drawing the curve, or what it says of the
ages between its own (``sql/known_shares.sql``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline.warehouse.tables import ReportTable, quoted

FINAL_AFTER_DAYS = 60
"""Days from which a day's figures are taken as final: 30 days of attribution, 28 of corrections, and the zones."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How much of the final figure was known at one age of a day, over all profiles.

    Attributes:
        age_days: Days from the day to the date (the profile's own) on which the last report until then was asked for.
        share: Of the final figure; more than 1 where Amazon took some back. Each profile counts by its days.
        days: Days that it is the average of.
    """

    report_type: str
    metric: str
    age_days: int
    share: float
    days: int


def refresh_restatement_curve(connection: DuckDBPyConnection, tables: Iterable[ReportTable], now: datetime) -> None:
    """Make the table ``restatement_curve`` anew, for every report type at once.

    A point for each profile, currency, metric and age (1, 2, 3, 7, 14, 28 days) that some final day was loaded by.

    Args:
        connection: The warehouse, with no transaction open.
        tables: The report types.
        now: Days are final that are ``FINAL_AFTER_DAYS`` before it, or more.
    """
    with in_transaction(connection):
        connection.execute("DELETE FROM restatement_curve")
        for table in tables:
            _insert(connection, table, now)


def _insert(connection: DuckDBPyConnection, table: ReportTable, now: datetime) -> None:
    today = now.date()
    metrics = [column.name for column in table.columns if column.metric]
    names = ", ".join(quoted(metric) for metric in metrics)
    sums = ", ".join(f"sum({quoted(metric)})::DECIMAL(38, 6) AS {quoted(metric)}" for metric in metrics)
    last = f"DATE '{today.isoformat()}' - {FINAL_AFTER_DAYS}"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW current_figures AS
        UNPIVOT (
            SELECT profile_id, currency_code, date, {sums} FROM {quoted(table.name)} WHERE date <= {last} GROUP BY ALL
        ) ON {names} INTO NAME metric VALUE amount
        """
    )
    points = sql_file("restatement_curve").rstrip().removesuffix(";")
    connection.execute(
        f"""
        INSERT INTO restatement_curve
        SELECT
            $report_type, profile_id, currency_code, metric, age, known, final,
            known::DOUBLE / nullif(final::DOUBLE, 0), days, $now
        FROM ({points})
        """,
        {
            "report_type": table.report_type,
            "metrics": metrics,
            "today": today,
            "final_after": FINAL_AFTER_DAYS,
            "now": now,
        },
    )


def restatement_curve(connection: DuckDBPyConnection) -> list[CurvePoint]:
    """Return the curve of every report type and metric over all profiles; nothing where no day is final yet."""
    query = """
        SELECT report_type, metric, age_days, sum(share * days) / sum(days), sum(days)::BIGINT
        FROM restatement_curve WHERE share IS NOT NULL GROUP BY ALL ORDER BY ALL
    """
    return [CurvePoint(*row) for row in connection.execute(query).fetchall()]
