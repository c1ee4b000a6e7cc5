"""How far a fresh day can be trusted: reading the view ``restatement_curve``, for people.

Here: the question. Not here: what the view is made of (``sql/restatement_curve.sql``), or recording what Amazon
changed (``loading``).
"""

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How much of the final figure was known at one age of a day, over all profiles.

    Attributes:
        age_days: Days after the day.
        share: Of the final figure; more than 1 where Amazon took some back. Each profile counts by its days.
        days: Days that it is the average of.
    """

    report_type: str
    metric: str
    age_days: int
    share: float
    days: int


def restatement_curve(connection: duckdb.DuckDBPyConnection) -> list[CurvePoint]:
    """Return the curve of every report type and metric; nothing where no day is old enough to be final."""
    there = "SELECT 1 FROM information_schema.tables WHERE table_name = 'restatement_curve'"
    if connection.execute(there).fetchone() is None:  # nothing was ever loaded
        return []
    query = """
        SELECT report_type, metric, age_days, sum(share::DOUBLE * days) / sum(days), sum(days)::BIGINT
        FROM restatement_curve WHERE share IS NOT NULL AND days > 0 GROUP BY ALL ORDER BY ALL
    """
    return [CurvePoint(*row) for row in connection.execute(query).fetchall()]
