"""The life of one report as a pure function: (where it stands, what happened, when) -> what to write down.

Here: states, events, and the limits on asking again. Not here: who makes an event happen (``lifecycle``) or where the
standing is kept (``ledger``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a report stands."""

    PLANNED = "planned"
    """Wanted, and written down; Amazon has not been asked yet, or must be asked again."""
    REQUESTED = "requested"
    """Amazon works on it; its id is known."""
    READY = "ready"
    """Amazon has the file."""
    DOWNLOADED = "downloaded"
    """The raw file is in the archive, whole."""
    LOADED = "loaded"
    """The rows are in the warehouse or in quarantine."""
    FAILED = "failed"
    """Given up, with a reason; retryable or permanent."""
    EXPIRED = "expired"
    """Amazon no longer serves the window."""


OUTSTANDING = frozenset({State.PLANNED, State.REQUESTED, State.READY, State.DOWNLOADED})

MAX_REQUESTS = 3
"""How often Amazon is asked for one window when it answers FAILED or forgets the report."""

MAX_TROUBLES = 10
"""How often one step may fail in a row before the report is given up for now: an outage of half an hour is sat out."""

STUCK_AFTER = timedelta(hours=24)
"""Amazon makes a report within hours or not at all: one that it has not made by then is ordered anew."""

MAX_UNREADABLE = 4
"""How often a file that is no report is downloaded again before the report is given up."""

TROUBLE_DELAY = timedelta(seconds=5)
"""Wait after the first failure of a step; it doubles with each further one."""

LONGEST_DELAY = timedelta(minutes=5)
"""It doubles up to this."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the state machine looks at.

    Attributes:
        state: Where the report stands.
        requests: How often Amazon was asked for it.
        troubles: How often the present step failed in a row.
    """

    state: State
    requests: int = 0
    troubles: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Amazon took the request (200), or runs it already (425).

    Attributes:
        left_out: Declared columns that were not asked for, because Amazon refuses them.
    """

    report_id: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cooked:
    """Amazon says COMPLETED."""


@dataclass(frozen=True, slots=True)
class FailedAtAmazon:
    """Amazon says FAILED, or no longer knows the id."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeletedAtAmazon:
    """Amazon did not make the report in time, and was told to forget it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Archived:
    """The raw file is in the archive."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """The warehouse committed the file.

    Attributes:
        rows: Rows now in the report's table.
        rejected: Rows in quarantine.
    """

    rows: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Troubled:
    """A step failed in a way that may pass."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """Amazon asked for patience (429), or the disk or the warehouse does: nothing failed, the step is due later."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Cooking:
    """Amazon is still working on it: to be looked at again later."""

    until: datetime


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A step failed for good: refused, misconfigured, or not accepted."""

    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Unserved:
    """The window starts before what Amazon still serves."""

    served_from: date


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The archived file turned out to be no report: it was put aside, and is to be downloaded again."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """Somebody asked for a failed report again: go on from what there is.

    Attributes:
        requested: Whether Amazon's id is known.
        archived: Whether the raw file is in the archive.
    """

    requested: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class Recovered:
    """The file of a failed report is there and can be read now, after a fix in the code."""

    report_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The warehouse does not have what the ledger calls loaded.

    Attributes:
        archived: Whether the raw file is still there to load it from.
        reason: Why it is loaded again, where that is not what the name says.
    """

    archived: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The warehouse does not have what the ledger calls loaded, and the raw file is gone too."""


Event = (
    Accepted
    | Cooked
    | FailedAtAmazon
    | DeletedAtAmazon
    | Archived
    | Loaded
    | Troubled
    | Postponed
    | Cooking
    | GivenUp
    | Unserved
    | Unreadable
    | AskedAgain
    | Recovered
    | Unloaded
    | Lost
)

Change = dict[str, Any]
"""Column -> new value, for the ledger to write down."""


class IllegalEventError(Exception):
    """The event cannot happen to a report in that state: a mistake in this program."""


def advance(standing: Standing, event: Event, now: datetime) -> Change:
    """Return what to write down when something happened to a report.

    Args:
        standing: Where the report stands.
        event: What happened.
        now: When, in UTC.

    Returns:
        The columns that change. ``state`` is always among them.

    Raises:
        IllegalEventError: The event does not fit the state.
    """
    allowed, handler = _RULES[type(event)]
    if standing.state not in allowed:
        raise IllegalEventError(f"{type(event).__name__} cannot happen to a report that is {standing.state}")
    return handler(standing, event, now)


def _fresh(state: State, **columns: Any) -> Change:
    """A step succeeded: no troubles, no reason, due at once."""
    return {"state": state, "troubles": 0, "reason": None, "retryable": None, "not_before": None, **columns}


def _accepted(standing: Standing, event: Accepted, now: datetime) -> Change:
    return _fresh(
        State.REQUESTED,
        report_id=event.report_id,
        columns_left_out=",".join(event.left_out) or None,
        requests=standing.requests + 1,
        requested_at=now,
        ready_at=None,
    )


def _cooked(_: Standing, __: Cooked, now: datetime) -> Change:
    return _fresh(State.READY, ready_at=now)


def _failed_at_amazon(standing: Standing, event: FailedAtAmazon | DeletedAtAmazon, now: datetime) -> Change:
    if standing.requests >= MAX_REQUESTS:
        reason = f"asked {standing.requests} times; the last answer: {event.reason}"
        return {**_given_up(standing, GivenUp(reason, retryable=True), now), "report_id": None, "requests": 0}
    return {**_fresh(State.PLANNED, report_id=None), "reason": event.reason, "not_before": now + TROUBLE_DELAY}


def _archived(standing: Standing, event: Archived, now: datetime) -> Change:
    # Troubles go on counting: a file that cannot be read is downloaded again, but not for ever.
    kept = {"troubles": standing.troubles}
    return {**_fresh(State.DOWNLOADED, raw_path=event.path, raw_bytes=event.size, downloaded_at=now), **kept}


def _loaded(_: Standing, event: Loaded, now: datetime) -> Change:
    return _fresh(State.LOADED, rows_loaded=event.rows, rows_rejected=event.rejected, loaded_at=now)


def _troubled(standing: Standing, event: Troubled, now: datetime, most: int = MAX_TROUBLES) -> Change:
    troubles = standing.troubles + 1
    if troubles >= most:
        return _given_up(standing, GivenUp(f"failed {troubles} times; the last: {event.reason}", retryable=True), now)
    delay = min(LONGEST_DELAY, TROUBLE_DELAY * 2 ** (troubles - 1))
    return {"state": standing.state, "troubles": troubles, "reason": event.reason, "not_before": now + delay}


def _postponed(standing: Standing, event: Postponed, _: datetime) -> Change:
    return {"state": standing.state, "reason": event.reason, "not_before": event.until}


def _cooking(standing: Standing, event: Cooking, _: datetime) -> Change:
    return {"state": standing.state, "reason": "Amazon is still working on it", "not_before": event.until}


def _given_up(_: Standing, event: GivenUp, __: datetime) -> Change:
    return {**_fresh(State.FAILED), "reason": event.reason, "retryable": event.retryable}


def _unserved(_: Standing, event: Unserved, __: datetime) -> Change:
    reason = f"Amazon serves this report type from {event.served_from} on"
    return {**_fresh(State.EXPIRED), "reason": reason, "served_from": event.served_from}


def _unreadable(standing: Standing, event: Unreadable, now: datetime) -> Change:
    change = _troubled(standing, Troubled(event.reason), now, MAX_UNREADABLE)
    if change["state"] is State.FAILED:
        return {**change, "report_id": None, "raw_path": None}
    return {**change, "state": State.READY, "raw_path": None}


def _asked_again(_: Standing, event: AskedAgain, __: datetime) -> Change:
    if event.archived:
        return _fresh(State.DOWNLOADED)
    if event.requested:
        return _fresh(State.REQUESTED)
    return _fresh(State.PLANNED, report_id=None, requests=0)


def _recovered(_: Standing, event: Recovered, __: datetime) -> Change:
    return _fresh(State.DOWNLOADED, report_id=event.report_id, raw_path=event.path)


def _unloaded(_: Standing, event: Unloaded, __: datetime) -> Change:
    if event.archived:
        return _fresh(State.DOWNLOADED)
    return _fresh(State.PLANNED, report_id=None, requests=0)


def _lost(standing: Standing, _: Lost, now: datetime) -> Change:
    return _given_up(standing, GivenUp("the warehouse does not have it, and its raw file is gone", retryable=True), now)


_RULES: dict[type[Any], tuple[frozenset[State], Callable[[Standing, Any, datetime], Change]]] = {
    Accepted: (frozenset({State.PLANNED}), _accepted),
    Cooked: (frozenset({State.REQUESTED}), _cooked),
    FailedAtAmazon: (frozenset({State.REQUESTED, State.READY}), _failed_at_amazon),
    DeletedAtAmazon: (frozenset({State.REQUESTED}), _failed_at_amazon),
    Archived: (frozenset({State.READY}), _archived),
    Loaded: (frozenset({State.DOWNLOADED}), _loaded),
    Troubled: (OUTSTANDING, _troubled),
    Postponed: (OUTSTANDING, _postponed),
    Cooking: (frozenset({State.REQUESTED}), _cooking),
    GivenUp: (OUTSTANDING, _given_up),
    Unserved: (OUTSTANDING, _unserved),
    Unreadable: (frozenset({State.READY, State.DOWNLOADED}), _unreadable),
    AskedAgain: (frozenset({State.FAILED}), _asked_again),
    Recovered: (frozenset({State.FAILED}), _recovered),
    Unloaded: (frozenset({State.LOADED}), _unloaded),
    Lost: (frozenset({State.LOADED}), _lost),
}
