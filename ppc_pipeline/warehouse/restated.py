"""How far a fresh day can be trusted: what share of a figure was known when the day was young.

Here: the curve, worked out from ``restatements``, ``load_log`` and the report table whenever somebody asks: nothing is
stored for it. Not here: writing restatements (``loading``), or drawing the curve.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.tables import ReportTable, quoted, sql_file

FINAL_AFTER_DAYS = 60
"""Days from which a day's figures are taken as final: 30 days of attribution, 28 of corrections, and the zones."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What was known of one metric of one profile at one age.

    Attributes:
        report_type: Of which reports.
        profile_id: Whose.
        currency_code: Of amounts.
        metric: The column.
        age_days: Days from the day to the UTC date on which the last report until then was asked for.
        known: The figure as known at that age, summed over the days.
        final: The figure as it is now, summed over the same days.
        days: How many days that is.
    """

    report_type: str
    profile_id: int
    currency_code: str
    metric: str
    age_days: int
    known: Decimal
    final: Decimal
    days: int

    @property
    def share(self) -> float | None:
        """The share of the final figure that was known; None where that is 0. More than 1: Amazon took some back."""
        return float(self.known / self.final) if self.final else None


def restatement_curve(connection: DuckDBPyConnection, table: ReportTable, today: date) -> list[CurvePoint]:
    """Return what share of the final figures was known 1, 2, 3, 7, 14 and 28 days after the day.

    Args:
        connection: The warehouse.
        table: The report type.
        today: Days are final that are ``FINAL_AFTER_DAYS`` before it, or more.

    Returns:
        A point for each profile, currency, metric and age that some final day was loaded by, in that order.
    """
    metrics = [quoted(column.name) for column in table.columns if column.metric]
    sums = ", ".join(f"sum({metric})::DECIMAL(38, 6) AS {metric}" for metric in metrics)
    last = f"DATE '{today.isoformat()}' - {FINAL_AFTER_DAYS}"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW current_figures AS
        UNPIVOT (
            SELECT profile_id, currency_code, date, {sums} FROM {quoted(table.name)} WHERE date <= {last} GROUP BY ALL
        ) ON {", ".join(metrics)} INTO NAME metric VALUE amount
        """
    )
    values = {"report_type": table.report_type, "today": today, "final_after": FINAL_AFTER_DAYS}
    found = connection.execute(sql_file("restatement_curve"), values).fetchall()
    return [CurvePoint(table.report_type, *point) for point in found]
