"""Forgetting what the ledger no longer needs: old orders whose every day newer ones have loaded, and old history.

Here: what may go. Not here: when, and how long things are kept (``cleanup``), or raw files (``archive``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, func, select

from ppc_pipeline.reports import activity
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.schema import activity_log, reports
from ppc_pipeline.reports.states import OUTSTANDING, State

_IDS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten."""

    reports: int
    activities: int


def forget_older(ledger: Ledger, before: datetime) -> Forgotten:
    """Delete what is older than a moment and no longer needed.

    An order that is done goes when orders asked for later have loaded every one of its days: until then it says that
    those days are there, failed or are no longer served, and without it they would be ordered again. Of the audit trail
    everything older goes; that it went is its newest entry.
    """
    with ledger.transaction() as connection:
        ids = _superseded(connection, before)
        for first in range(0, len(ids), _IDS_A_STATEMENT):
            connection.execute(delete(reports).where(reports.c.id.in_(ids[first : first + _IDS_A_STATEMENT])))
        entries = connection.execute(delete(activity_log).where(activity_log.c.at < before)).rowcount
        if ids or entries:
            activity.note(
                connection,
                {
                    "at": ledger.clock(),
                    "actor": ledger.actor,
                    "action": activity.FORGOTTEN,
                    "account": "",
                    "outcome": "done",
                    "detail": f"{len(ids)} orders and {entries} entries from before {before:%Y-%m-%d %H:%M} UTC",
                },
            )
    return Forgotten(len(ids), entries)


def _superseded(connection: Connection, before: datetime) -> Sequence[int]:
    """Return the orders, done before a moment, whose days are all covered by loaded ones asked for later."""
    columns = ("id", "profile_id", "report_type", "start_date", "end_date", "state", "updated_at")
    # What the warehouse goes by too: the figures of a report are as of the moment it was asked for.
    asked_at = func.coalesce(reports.c.requested_at, reports.c.ordered_at)
    query = select(*(reports.c[name] for name in columns)).order_by(asked_at.desc(), reports.c.id.desc())
    loaded: dict[tuple[int, str], int] = {}
    old = []
    for id_, profile_id, report_type, start, end, state, updated_at in connection.execute(query):
        days, there = _bits(start, end), loaded.get((profile_id, report_type), 0)
        if state not in OUTSTANDING and updated_at < before and days & ~there == 0:
            old.append(id_)
        if state == State.LOADED:
            loaded[profile_id, report_type] = there | days
    return old


def _bits(start: date, end: date) -> int:
    """Return days as a number with a bit for each: whole windows are joined and compared at once."""
    return ((1 << ((end - start).days + 1)) - 1) << (start - date(2000, 1, 1)).days
