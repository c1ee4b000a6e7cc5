"""Taking reports through their life: ask, poll, download, load, each step claimed, recorded and repeatable.

Here: one coroutine a report, and what an error means for it. Not here: the rules of the states (``states``), what to
order (``orders``), how a file is loaded (``loader``).
"""

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import (
    AdsError,
    Category,
    MalformedResponseError,
    PermanentError,
    ReportNotFoundError,
    RetentionError,
    ThrottledError,
)
from ppc_pipeline.amazon_ads.models import Report, ReportRequest, ReportStatus
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import LEASE, ClaimLostError, Ledger, ReportRow
from ppc_pipeline.reports.load_queue import Load, LoadQueue, Tally
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.states import Event, State
from ppc_pipeline.reports.windows import Days, Window

log = logging.getLogger(__name__)

T = TypeVar("T")

_ASKING = frozenset({State.PLANNED, State.REQUESTED})
_FETCHING = frozenset({State.READY, State.DOWNLOADED})


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, in seconds.

    Attributes:
        poll_first: Before the first poll of a report.
        poll_most: Between two polls, at most; in between the wait grows with the report's age.
        patient_after: Age from which a report is no longer expected soon, and the wait may grow further.
        watch: Between two looks at a report another process works on, or for a place among the reports in flight.
        in_flight: Reports of one account and ad product that Amazon may work on at once; a number, not seconds.
    """

    poll_first: float = 5.0
    poll_most: float = 60.0
    patient_after: float = 4 * 3600.0
    watch: float = 2.0
    in_flight: int = 1000

    def next_poll(self, age_seconds: float) -> float:
        """Return the wait before the next poll: a quarter of the age, so that a late look is late by no more."""
        if age_seconds > self.patient_after:
            return max(self.poll_most, min(3600.0, age_seconds / 16))
        return min(self.poll_most, max(self.poll_first, age_seconds / 4))


class Lifecycle:
    """Takes reports through their life in one process.

    Args:
        ledger: Where everything is written down.
        roster: Where refused profiles and broken accounts are written down.
        clients: A client for each account.
        archive: Where raw files go.
        pace: How often to look.
        progress: Told how many reports are done.
    """

    def __init__(
        self,
        ledger: Ledger,
        roster: Roster,
        clients: Mapping[str, AmazonAdsClient],
        archive: Archive,
        *,
        pace: Pace | None = None,
        progress: Progress = silent,
    ) -> None:
        self._ledger = ledger
        self._roster = roster
        self._clients = clients
        self._archive = archive
        self._pace = pace or Pace()
        self._progress = progress
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._working: set[str] = set()
        self._serving: set[int] = set()
        self._broken: dict[str, str] = {}
        self._refused: dict[int, str] = {}
        self._rests: dict[int, ReportRow] = {}
        self._watched: dict[int, ReportRow] = {}
        self._full_until: dict[tuple[str, str], datetime] = {}

    async def see_through(self, rows: Sequence[ReportRow], load: Load, *, deadline: timedelta) -> list[ReportRow]:
        """Take reports all the way into the warehouse.

        Everything is asked for before anything is waited for, and what is ready first is loaded first. A report that
        Amazon has not made ``deadline`` after it was requested is left as it stands, to be gone on with later.

        Returns:
            The rows as they stand now, with those that took the place of a row Amazon serves only in part.
        """
        due_by = self._ledger.clock() + deadline
        async with self._claims():
            loading = LoadQueue(load)
            tally = Tally(self._progress, len(rows))
            async with loading.running(), asyncio.TaskGroup() as group:
                ends = [(row, self._to_the_end(row, loading, due_by, deadline, tally)) for row in rows]
                tasks = [(row, group.create_task(self._alone(row, end))) for row, end in ends]
            return [found for row, task in tasks for found in task.result() or self._ledger.rows([row.id])]

    async def ask_and_poll(self, rows: Sequence[ReportRow], *, seconds: float) -> None:
        """Make one step for each report that is due: ask for it or look whether it is ready. Fetches nothing.

        Steps that are not done within ``seconds`` are broken off; what they found out until then is recorded.
        """
        async with self._claims():
            due = [row for row in rows if row.state in _ASKING and self._is_due(row)]
            tasks = [asyncio.create_task(self._alone(row, self._one_step(row))) for row in due]
            if not tasks:
                return
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def fetch(self, rows: Sequence[ReportRow], load: Load) -> list[ReportRow]:
        """Download and load what is ready. Asks for nothing and waits for nothing."""
        ready = [row for row in rows if row.state in _FETCHING]
        async with self._claims():
            loading = LoadQueue(load)
            tally = Tally(self._progress, len(ready))
            async with loading.running(), asyncio.TaskGroup() as group:
                for row in ready:
                    group.create_task(self._alone(row, self._fetch_one(row, loading, tally)))
        return self._ledger.rows([row.id for row in rows])

    # One report

    async def _alone(self, row: ReportRow, work: Coroutine[None, None, T]) -> T | None:
        """Do the work of one report so that whatever goes wrong with it stops no other one.

        Trouble that is foreseen is written down by the work itself; this is for the rest.
        """
        try:
            return await work
        except Exception as error:
            log.exception("%s: broken off, the next run goes on with it", row)
            with contextlib.suppress(SQLAlchemyError, ClaimLostError):
                (now,) = self._ledger.rows([row.id])
                if now.outstanding and now.lease_owner == self._owner:
                    self._ledger.record(now, states.Troubled(f"unexpected {type(error).__name__}, see the log"))
            return None

    async def _to_the_end(
        self, row: ReportRow, loading: LoadQueue, due_by: datetime, deadline: timedelta, tally: Tally
    ) -> list[ReportRow]:
        done: list[ReportRow] = []
        while True:
            row = await self._until_it_rests(row, loading, due_by, deadline)
            done.append(row)
            rest = self._rests.pop(row.id, None)
            if rest is None:
                tally.one_more()
                return done
            row = rest

    async def _until_it_rests(
        self, row: ReportRow, loading: LoadQueue, due_by: datetime, deadline: timedelta
    ) -> ReportRow:
        """Go on with a report until nothing is left to do or its deadline is past; what Amazon has made is fetched."""
        while row.outstanding:
            held = row if row.lease_owner == self._owner else self._claim_if_free(row)
            row = await self._watch(row) if held is None else await self._next(held, loading)
            left = (self._give_up_at(row, due_by, deadline) - self._ledger.clock()).total_seconds()
            if left <= 0 and not (row.state in _FETCHING and self._is_due(row)):
                break
            if row.outstanding:
                await asyncio.sleep(max(0.0, min(left, self._seconds_until_due(row))))
        return row

    async def _next(self, row: ReportRow, loading: LoadQueue) -> ReportRow:
        """Make the next step of a claimed report and write down what happened."""
        try:
            event = await loading.put(row) if row.state is State.DOWNLOADED else await self._step(row)
            return self._note(row, event)
        except ClaimLostError:
            return self._ledger.rows([row.id])[0]

    async def _one_step(self, row: ReportRow) -> None:
        claimed = self._ledger.claim(row.id, self._owner)
        if claimed is None or claimed.state not in _ASKING:
            return
        with contextlib.suppress(ClaimLostError):
            event = await self._step(claimed)
            if event is None and claimed.state is State.REQUESTED:
                wait = timedelta(seconds=self._pace.next_poll(self._age(claimed)))
                event = states.Cooking(self._ledger.clock() + wait)
            self._note(claimed, event)

    async def _fetch_one(self, row: ReportRow, loading: LoadQueue, tally: Tally) -> None:
        while row.state in _FETCHING and self._is_due(row):
            claimed = self._ledger.claim(row.id, self._owner)
            if claimed is None or claimed.state not in _FETCHING:
                break
            row = await self._next(claimed, loading)
        tally.one_more()

    def _claim_if_free(self, row: ReportRow) -> ReportRow | None:
        """Claim a report, unless another process was seen to hold it: then there is no need to try."""
        free = row.lease_until is None or row.lease_until < self._ledger.clock()
        return self._ledger.claim(row.id, self._owner) if free else None

    async def _watch(self, row: ReportRow) -> ReportRow:
        """Look how far another process is with a report: one question for all that are watched."""
        self._watched[row.id] = row
        await asyncio.sleep(self._pace.watch)
        if self._watched[row.id] is row:
            self._watched |= {seen.id: seen for seen in self._ledger.rows([*self._watched])}
        return self._watched.pop(row.id)

    async def _step(self, row: ReportRow) -> Event | None:
        """Ask, poll or download; say what happened, or None where there is nothing to do but wait."""
        if row.account not in self._clients or row.report_type not in REPORT_TYPES:
            unknown = f"account {row.account!r} or report type {row.report_type!r} is no longer configured"
            return states.GivenUp(unknown, retryable=True)
        hopeless = self._broken.get(row.account) or self._refused.get(row.profile_id)
        if hopeless:  # do not try for each report of an account that cannot log in, or of a refused profile
            return states.GivenUp(hopeless, retryable=True)
        if row.state in _ASKING and row.end_date < self._oldest_served(row):
            return states.Unserved(self._oldest_served(row))
        try:
            event = await _STEPS[row.state](self, row)
        except AdsError as error:
            return self._event_of(row, error)
        except OSError as error:
            return states.Troubled(f"could not write the raw file: {error}")
        self._note_that_it_works(row)
        return event

    async def _ask(self, row: ReportRow) -> Event | None:
        report_type = REPORT_TYPES[row.report_type]
        if not self._place_for(row, report_type):
            return None
        name = f"ppc {row.report_type} {row.start_date}_{row.end_date} {row.columns_hash} {row.order_no}.{row.requests}"
        request = ReportRequest(
            report_type=report_type, start=row.start_date, end=row.end_date, name=name, columns=report_type.columns
        )
        report = await self._clients[row.account].create_report(row.profile_id, request)
        return states.Accepted(report.report_id)

    def _place_for(self, row: ReportRow, report_type: ReportType) -> bool:
        """Take a place among the account's reports in flight; where there is none, do not look again at once."""
        key = (row.account, report_type.ad_product)
        now = self._ledger.clock()
        if self._full_until.get(key, now) > now:
            return False
        same = [name for name, other in REPORT_TYPES.items() if other.ad_product == report_type.ad_product]
        if self._ledger.reserve(row, same, self._pace.in_flight):
            return True
        self._full_until[key] = now + timedelta(seconds=self._pace.watch)
        return False

    async def _poll(self, row: ReportRow) -> Event | None:
        event = _event_of_status(await self._report(row), State.REQUESTED)
        if event is not None or self._age(row) < states.STUCK_AFTER.total_seconds():
            return event
        # Deleted first: asked for again, Amazon would answer with the one that is stuck.
        with contextlib.suppress(PermanentError):
            await self._clients[row.account].delete_report(row.profile_id, row.report_id or "")
        hours = states.STUCK_AFTER.total_seconds() / 3600
        return states.FailedAtAmazon(f"Amazon did not make report {row.report_id} within {hours:.0f} hours")

    async def _download(self, row: ReportRow) -> Event | None:
        # The address is signed for an hour and a secret: it is asked for afresh and never kept.
        report = await self._report(row)
        if report.status is not ReportStatus.COMPLETED or report.url is None:
            return _event_of_status(report, State.READY)
        async with self._clients[row.account].download(row.profile_id, report) as chunks:
            path, size = await self._archive.store(row, chunks)
        return states.Archived(path, size)

    async def _report(self, row: ReportRow) -> Report:
        return await self._clients[row.account].get_report(row.profile_id, row.report_id or "")

    # What happened

    def _event_of(self, row: ReportRow, error: AdsError) -> Event:
        """Say what an error means for a report, and write down what it means for its profile or account."""
        if isinstance(error, ThrottledError):
            wait = timedelta(seconds=error.retry_after or self._pace.poll_most)
            return states.Postponed(str(error), self._ledger.clock() + wait)
        if isinstance(error, ReportNotFoundError):
            return states.FailedAtAmazon(f"Amazon no longer knows report {row.report_id}")
        if isinstance(error, RetentionError):
            return states.Unserved(error.allowed_from)
        if isinstance(error, MalformedResponseError) and row.state is State.READY:
            return states.Unreadable(str(error))
        if error.category is Category.RETRYABLE:
            return states.Troubled(str(error))
        if error.category is Category.REFUSED:
            self._roster.block(row.profile_id, str(error))
            self._serving.discard(row.profile_id)
            self._refused[row.profile_id] = str(error)
        if error.category is Category.MISCONFIGURED:
            self._roster.account_failed(row.account, str(error))
            self._working.discard(row.account)
            self._broken[row.account] = str(error)
        return states.GivenUp(str(error), retryable=error.category is not Category.PERMANENT)

    def _note(self, row: ReportRow, event: Event | None) -> ReportRow:
        if event is None:
            return row
        written = self._ledger.record(row, event)
        if isinstance(event, states.Unserved):
            self._order_rest(written, event.served_from)
        return written

    def _note_that_it_works(self, row: ReportRow) -> None:
        if row.profile_id not in self._serving:
            self._serving.add(row.profile_id)
            self._roster.unblock(row.profile_id)
        if row.account not in self._working:
            self._working.add(row.account)
            self._roster.account_ok(row.account)

    def _order_rest(self, row: ReportRow, served_from: date) -> None:
        """Order the part of a window that Amazon does serve, where it refused the whole for its first days."""
        if not row.start_date < served_from <= row.end_date:
            return
        window = Window(row.account, row.profile_id, row.report_type, Days(served_from, row.end_date))
        self._rests[row.id], _ = self._ledger.order(
            window, row.columns_hash, fresh=timedelta(days=1), archived=self._archive.has
        )

    def _oldest_served(self, row: ReportRow) -> date:
        return self._ledger.clock().date() - timedelta(days=REPORT_TYPES[row.report_type].retention_days)

    # When

    def _age(self, row: ReportRow) -> float:
        since = row.requested_at or row.ordered_at
        return (self._ledger.clock() - since).total_seconds()

    def _is_due(self, row: ReportRow) -> bool:
        return row.is_due(self._ledger.clock())

    def _seconds_until_due(self, row: ReportRow) -> float:
        if not self._is_due(row) and row.not_before is not None:
            return (row.not_before - self._ledger.clock()).total_seconds()
        if row.state is State.PLANNED:  # it was this report's turn, and there was no place for it
            return self._pace.watch
        return self._pace.next_poll(self._age(row)) if row.state is State.REQUESTED else 0.0

    def _give_up_at(self, row: ReportRow, due_by: datetime, deadline: timedelta) -> datetime:
        return due_by if row.requested_at is None or row.state is State.PLANNED else row.requested_at + deadline

    @contextlib.asynccontextmanager
    async def _claims(self) -> AsyncIterator[None]:
        """Hold this process's claims while it works, and give back what is left of them at the end."""
        holding = asyncio.create_task(self._hold_claims())
        try:
            yield
        finally:
            holding.cancel()
            self._ledger.release(self._owner)

    async def _hold_claims(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                self._ledger.renew(self._owner)
            except SQLAlchemyError:
                log.warning("the claims could not be renewed, trying again before they run out", exc_info=True)


_STEPS = {
    State.PLANNED: Lifecycle._ask,
    State.REQUESTED: Lifecycle._poll,
    State.READY: Lifecycle._download,
}


def _event_of_status(report: Report, before: State) -> Event | None:
    if report.status is ReportStatus.FAILED:
        return states.FailedAtAmazon(report.failure_reason or "Amazon says FAILED and gives no reason")
    if report.status is ReportStatus.COMPLETED and before is State.REQUESTED:
        return states.Cooked()
    if before is State.READY:
        return states.Troubled(f"Amazon called the report ready, and now says {report.status}")
    return None
