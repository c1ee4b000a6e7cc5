"""The audit trail: who or what did what to which report, when, and with which outcome. Nothing in it is ever changed.

Here: the words for what happened, writing it down in the transaction of the change itself, and reading it. Not here:
where a report stands now (``ledger``), or forgetting what is very old (``retention``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select

from ppc_pipeline.reports import states
from ppc_pipeline.reports.schema import activity_log
from ppc_pipeline.reports.states import Event

if TYPE_CHECKING:  # the ledger writes activities down
    from ppc_pipeline.reports.ledger import Ledger

ACTIONS: Mapping[type[Event], str] = {
    states.Accepted: "asked for",
    states.Cooked: "ready",
    states.FailedAtAmazon: "failed at Amazon",
    states.DeletedAtAmazon: "deleted at Amazon",
    states.Archived: "downloaded",
    states.Loaded: "loaded",
    states.Troubled: "to be retried",
    states.Postponed: "postponed",
    states.GivenUp: "given up",
    states.Unserved: "no longer served",
    states.Unreadable: "unreadable",
    states.AskedAgain: "taken up again",
    states.Recovered: "file recovered",
    states.Unloaded: "to be loaded again",
    states.Lost: "lost",
}
"""What each event is called. That Amazon still works on a report is no news, and is not written down; nor is that
somebody asked for what is ordered already."""

ORDERED = "ordered"
BLOCKED = "profile blocked"
UNBLOCKED = "profile served again"
NOT_OFFERED = "not offered"
OFFERED = "offered again"
COLUMNS_REFUSED = "columns refused"
COLUMNS_SERVED = "columns served again"
ACCOUNT_FAILED = "account failed"
ACCOUNT_OK = "account works"
FORGOTTEN = "forgotten"
CLEANED_UP = "cleaned up"


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that happened.

    Attributes:
        at: When, in UTC.
        actor: Who or what did it: a Dagster run, the sensor, a process.
        action: What, in words.
        account: Whose report, or which account.
        report_id: Amazon's id, where it was known by then.
        outcome: Where the report stood afterwards; for profiles and accounts, how they stand.
        detail: Why, or how much.
    """

    at: datetime
    actor: str
    action: str
    account: str
    profile_id: int | None = None
    report_type: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    order_id: int | None = None
    report_id: str | None = None
    outcome: str = ""
    detail: str | None = None


_COLUMNS = [activity_log.c[f.name] for f in fields(Activity)]


def note(connection: Connection, *activities: Mapping[str, Any]) -> None:
    """Write down what happened: values for the fields of ``Activity``, in the transaction that makes it happen."""
    if activities:
        connection.execute(insert(activity_log), list(activities))


def record(ledger: "Ledger", action: str, detail: str) -> None:
    """Write down what was done that belongs to no report, profile or account."""
    entry = {"at": ledger.clock(), "actor": ledger.actor, "action": action, "account": "", "outcome": "done"}
    with ledger.transaction() as connection:
        note(connection, {**entry, "detail": detail})


def activities(
    ledger: "Ledger",
    *,
    since: datetime | None = None,
    profile_ids: Collection[int] = (),
    report_types: Collection[str] = (),
    most: int = 200,
) -> list[Activity]:
    """Return what happened, the newest first.

    Args:
        ledger: Where it is written down.
        since: Nothing before it.
        profile_ids: Of these profiles; of all where empty.
        report_types: Of these report types; of all where empty.
        most: No more than these.
    """
    query = select(*_COLUMNS).order_by(activity_log.c.id.desc()).limit(most)
    if since is not None:
        query = query.where(activity_log.c.at >= since)
    if profile_ids:
        query = query.where(activity_log.c.profile_id.in_(tuple(profile_ids)))
    if report_types:
        query = query.where(activity_log.c.report_type.in_(tuple(report_types)))
    with ledger.engine.connect() as connection:
        return [Activity(*row) for row in connection.execute(query)]


def detail_of(event: Event) -> str | None:
    """Return what there is to say about an event, beyond its name."""
    match event:
        case states.Loaded():
            return f"{event.rows} rows, {event.rejected} in quarantine"
        case states.Accepted():
            return f"without {', '.join(event.left_out)}" if event.left_out else None
        case states.Archived():
            return f"{event.size} bytes"
        case states.Unserved():
            return f"Amazon serves it from {event.served_from} on"
        case _:
            return getattr(event, "reason", None)
