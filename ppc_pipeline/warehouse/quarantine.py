"""What is in quarantine, for people: counted by kind of reason, with examples, and of which days it is.

Here: reading ``rejected_rows``. Not here: putting rows there or taking them out (``loading``, ``entities``).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

MOST_RAW_CHARS = 2000
"""An example shows no more of its row than this."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the quarantine are looked at; all of them by default.

    Attributes:
        sources: Report types and entities.
        profile_ids: Whose.
        start: The first day. A row whose date is unusable may be of any day of its report, one of an entity is of the
            day it was rejected on.
        end: The last day.
    """

    sources: tuple[str, ...] = ()
    profile_ids: tuple[int, ...] = ()
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one profile and source that were rejected for the same kind of reason."""

    account: str
    profile_id: int
    source: str
    kind: str
    rows: int
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows of one source that were rejected for the same kind of reason, over all profiles."""

    source: str
    kind: str
    rows: int
    profiles: int
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row in quarantine.

    Attributes:
        report_id: Amazon's report; None for an entity.
        row_no: Its place in the report's file, from 1.
        raw: The row as Amazon sent it, the beginning of it where it is long.
    """

    account: str
    profile_id: int
    source: str
    reason: str
    report_id: str | None
    row_no: int | None
    rejected_at: datetime
    raw: str


_FOUND = """
    WITH reports AS (
        SELECT report_id, any_value(start_date) AS start_date, any_value(end_date) AS end_date
        FROM load_log GROUP BY report_id
    ),
    dated AS (
        SELECT r.*, TRY_CAST(r.raw->>'date' AS DATE) AS date, start_date, end_date
        FROM rejected_rows AS r LEFT JOIN reports USING (report_id)
    ),
    found AS (
        SELECT
            * EXCLUDE (date),
            regexp_replace(regexp_replace(reason, ':.*', ''), '\\d{4}-\\d{2}-\\d{2}', '...', 'g') AS kind,
            CASE WHEN date BETWEEN start_date AND end_date THEN date ELSE coalesce(start_date, rejected_at::DATE) END
                AS first_day,
            CASE WHEN date BETWEEN start_date AND end_date THEN date ELSE coalesce(end_date, rejected_at::DATE) END
                AS last_day
        FROM dated
    ),
    wanted AS (
        FROM found
        WHERE (len($sources) = 0 OR list_contains($sources::VARCHAR[], source))
            AND (len($profile_ids) = 0 OR list_contains($profile_ids::BIGINT[], profile_id))
            AND last_day >= coalesce($start::DATE, last_day)
            AND first_day <= coalesce($end::DATE, first_day)
    )
"""


def kinds(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[Kind]:
    """Return what is in quarantine by profile, source and kind of reason, the most rows first."""
    query = f"""
        {_FOUND}
        SELECT account, profile_id, source, kind, count(*) AS rows, min(first_day), max(last_day) FROM wanted
        GROUP BY account, profile_id, source, kind ORDER BY rows DESC, account, profile_id, source, kind
    """
    return [Kind(*row) for row in _rows(connection, query, wanted)]


def by_reason(found: Sequence[Kind]) -> list[Reason]:
    """Add up kinds over their profiles, the most rows first."""
    groups: dict[tuple[str, str], list[Kind]] = defaultdict(list)
    for one in found:
        groups[one.source, one.kind].append(one)
    reasons = [
        Reason(
            source=source,
            kind=kind,
            rows=sum(one.rows for one in some),
            profiles=len({one.profile_id for one in some}),
            first_day=min(one.first_day for one in some),
            last_day=max(one.last_day for one in some),
        )
        for (source, kind), some in groups.items()
    ]
    return sorted(reasons, key=lambda reason: (-reason.rows, reason.source, reason.kind))


def examples(connection: duckdb.DuckDBPyConnection, wanted: Wanted, most: int) -> list[RejectedRow]:
    """Return rows in quarantine, at most ``most``: one of each kind before a second of any."""
    query = f"""
        {_FOUND},
        numbered AS (
            SELECT *, row_number() OVER (
                PARTITION BY account, profile_id, source, kind ORDER BY rejected_at DESC, report_id, row_no
            ) AS number
            FROM wanted
        )
        SELECT account, profile_id, source, reason, report_id, row_no, rejected_at, left(raw::VARCHAR, $most_chars)
        FROM numbered ORDER BY number, account, profile_id, source, kind LIMIT $most
    """
    return [RejectedRow(*row) for row in _rows(connection, query, wanted, most=most, most_chars=MOST_RAW_CHARS)]


def rows_in_quarantine(connection: duckdb.DuckDBPyConnection, source: str, profile_ids: tuple[int, ...] = ()) -> int:
    """Return how many rows of a report type or entity are in quarantine."""
    query = """
        SELECT count(*) FROM rejected_rows
        WHERE source = ? AND (len(?::BIGINT[]) = 0 OR list_contains(?::BIGINT[], profile_id))
    """
    found = connection.execute(query, [source, list(profile_ids), list(profile_ids)]).fetchone()
    return int(found[0]) if found else 0


def has_quarantine(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether there is a quarantine: a warehouse that nothing was loaded into has no tables."""
    query = "SELECT count(*) = 2 FROM information_schema.tables WHERE table_name IN ('rejected_rows', 'load_log')"
    found = connection.execute(query).fetchone()
    return bool(found and found[0])


def _rows(connection: duckdb.DuckDBPyConnection, query: str, wanted: Wanted, **more: int) -> list[tuple[Any, ...]]:
    values = {
        "sources": list(wanted.sources),
        "profile_ids": list(wanted.profile_ids),
        "start": wanted.start,
        "end": wanted.end,
    }
    return connection.execute(query, values | more).fetchall()
