"""Checks of whether the figures can be trusted: what was expected, what was found, and whose it is.

Here: which checks there are, and asking them of a warehouse. Each is a file in ``sql/quality`` that says in its head
what it tolerates. Not here: figures that are right and bad (``insights``), or what is missing and why
(``reports.completeness``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from ppc_pipeline.warehouse.sql_files import ask_file


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """A check.

    Attributes:
        name: Its name; its SQL is the file of ``sql/quality`` of that name.
        table: The metric table that it is about.
        rule: What must hold, in a sentence.
    """

    name: str
    table: str
    rule: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One thing that was compared.

    Attributes:
        client: The profile's name; None where it is not known.
        subject: What was compared.
        expected: What it should be.
        found: What it is.
        problem: What is wrong, in words; None where nothing is.
    """

    account: str
    profile_id: int
    client: str | None
    subject: str
    expected: str
    found: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked of.

    Attributes:
        start: First day, for the checks that are about a range of days.
        end: Last day.
        report_types: Those that are configured.
        now: This moment.
    """

    start: date
    end: date
    report_types: Sequence[str]
    now: datetime

    @property
    def values(self) -> dict[str, Any]:
        """What the files in ``sql/quality`` are told."""
        return {"start": self.start, "end": self.end, "report_types": [*self.report_types], "now": self.now}


QUALITY_CHECKS: dict[str, QualityCheck] = {
    check.name: check
    for check in (
        QualityCheck("fresh", "metrics_by_profile", "Yesterday, in each profile's own time zone, is loaded."),
        QualityCheck("currency", "metrics_by_profile", "Every figure is in the profile's own currency."),
        QualityCheck(
            "known_ids",
            "metrics_by_campaign",
            "Every campaign, ad group, target, ad and portfolio in reports was listed once; archived ones need not be.",
        ),
        QualityCheck(
            "active_campaigns", "metrics_by_campaign", "Every enabled campaign has a report row in the last 30 days."
        ),
        QualityCheck("grain_unique", "metrics_by_campaign", "No two rows of a metric table have the same key."),
        QualityCheck(
            "possible_values", "metrics_by_campaign", "No figure is negative, and none contradicts another of its row."
        ),
        QualityCheck(
            "row_counts",
            "metrics_by_campaign",
            "The newest day has as many rows as the same weekday usually, up to half or double.",
        ),
        QualityCheck(
            "sums_agree", "metrics_by_target", "Keywords and targets add up to each campaign, up to 1 percent in all."
        ),
    )
}


def judge(connection: duckdb.DuckDBPyConnection, check: QualityCheck, asked: Asked) -> list[Judged]:
    """Return what a check compared, with what is wrong first."""
    return [Judged(*row) for row in ask_file(connection, f"quality/{check.name}", asked.values).fetchall()]
