"""Taking reports through their life: ask, poll, download, load, each step claimed, recorded and repeatable.

Here: one coroutine a report, and when its next step is due. Not here: the rules of the states (``states``), a step at
Amazon and what its errors mean (``steps``), what to order (``orders``), how a file is loaded (``loader``).
"""

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import ClaimLostError, Ledger, ReportRow
from ppc_pipeline.reports.load_queue import Load, LoadQueue, Tally
from ppc_pipeline.reports.lookout import Kind, Lookout
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.recorder import Recorder
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.states import Event, State
from ppc_pipeline.reports.steps import Steps

log = logging.getLogger(__name__)

T = TypeVar("T")

_ASKING = frozenset({State.PLANNED, State.REQUESTED})
_FETCHING = frozenset({State.READY, State.DOWNLOADED})
_GOLDEN = 0.6180339887


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
        self._recorder = Recorder(ledger)
        self._pace = pace or Pace()
        self._steps = Steps(ledger, roster, clients, archive, self._pace)
        self._progress = progress
        self._lookout = Lookout()
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._watched: dict[int, ReportRow] = {}

    async def see_through(self, rows: Sequence[ReportRow], load: Load, *, deadline: timedelta) -> list[ReportRow]:
        """Take reports all the way into the warehouse.

        Everything is asked for before anything is waited for, and what is ready first is loaded first. A report that
        Amazon has not made ``deadline`` after it was requested is left as it stands, to be gone on with later.

        Returns:
            The rows as they stand now, with those that took the place of a row Amazon serves only in part.
        """
        due_by = self._ledger.clock() + deadline
        async with self._claims():
            claimed = {row.id: row for row in self._ledger.claim_all([row.id for row in rows], self._owner)}
            rows = [claimed.get(row.id, row) for row in rows]
            self._say_who_holds(rows)
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
            due = [row.id for row in rows if row.state in _ASKING and self._is_due(row)]
            claimed = [row for row in self._ledger.claim_all(due, self._owner) if row.state in _ASKING]
            tasks = [asyncio.create_task(self._alone(row, self._one_step(row))) for row in claimed]
            try:
                if tasks:
                    await asyncio.wait(tasks, timeout=seconds)
            finally:  # none may go on when the claims are given back
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

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
            if isinstance(error, SQLAlchemyError):  # the ledger is what fails: do not wait for it once more
                return None
            with contextlib.suppress(SQLAlchemyError, ClaimLostError):
                (now,) = self._ledger.rows([row.id])
                if now.outstanding and now.lease_owner == self._owner:
                    await self._recorder.record(now, states.Troubled(f"unexpected {type(error).__name__}, see the log"))
            return None

    async def _to_the_end(
        self, row: ReportRow, loading: LoadQueue, due_by: datetime, deadline: timedelta, tally: Tally
    ) -> list[ReportRow]:
        done: list[ReportRow] = []
        while True:
            row = await self._until_it_rests(row, loading, due_by, deadline)
            done.append(row)
            rest = self._ledger.rest_of(row)
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
            if left <= 0 and (held is None or not (row.state in _FETCHING and self._is_due(row))):
                break
            if row.outstanding:
                await self._rest(row, min(left, self._seconds_until_due(row)))
        return row

    async def _rest(self, row: ReportRow, seconds: float) -> None:
        """Wait for the next step of a report: its turn, or sooner if others like it turn out to be made."""
        if row.state is State.REQUESTED and row.report_type in REPORT_TYPES and self._is_due(row):
            await self._lookout.wait(_kind(row), row.age_seconds(self._ledger.clock()), seconds)
        else:
            await asyncio.sleep(max(0.0, seconds))

    async def _next(self, row: ReportRow, loading: LoadQueue) -> ReportRow:
        """Make the next step of a claimed report and write down what happened."""
        try:
            if row.state is State.DOWNLOADED:
                return await self._note(row, await loading.put(row))
            async with loading.coming() if row.state is State.READY else contextlib.nullcontext():
                return await self._note(row, await self._steps.make(row))
        except ClaimLostError:
            return self._ledger.rows([row.id])[0]

    async def _one_step(self, claimed: ReportRow) -> None:
        with contextlib.suppress(ClaimLostError):
            event = await self._steps.make(claimed)
            if event is None and claimed.state is State.REQUESTED:
                wait = timedelta(seconds=self._pace.next_poll(claimed.age_seconds(self._ledger.clock())))
                event = states.Cooking(self._ledger.clock() + wait)
            await self._note(claimed, event)

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

    def _say_who_holds(self, rows: Sequence[ReportRow]) -> None:
        """Say which reports have to be waited for because another process has them in hand: it may be a dead one."""
        now = self._ledger.clock()
        held: dict[str, list[datetime]] = defaultdict(list)
        for row in rows:
            owner, until = row.lease_owner, row.lease_until
            if row.outstanding and owner and owner != self._owner and until and until > now:
                held[owner].append(until)
        for owner, untils in held.items():
            log.warning(
                "waiting for reports (%d) that the process %s has in hand; if it is dead, its claims end at %s UTC",
                len(untils),
                ":".join(owner.split(":")[:2]),
                f"{max(untils):%H:%M:%S}",
            )

    async def _watch(self, row: ReportRow) -> ReportRow:
        """Look how far another process is with a report: one question for all that are watched."""
        self._watched[row.id] = row
        await asyncio.sleep(self._pace.watch)
        if self._watched[row.id] is row:
            self._watched |= {seen.id: seen for seen in self._ledger.rows([*self._watched])}
        return self._watched.pop(row.id)

    # What happened

    async def _note(self, row: ReportRow, event: Event | None) -> ReportRow:
        if event is None:
            return row
        # First of all: whatever comes between Amazon's answer and the ledger may be where it is lost.
        written = await self._recorder.record(row, event)
        self._steps.learn(row, event)
        if isinstance(event, states.Cooked):
            self._lookout.made(_kind(row), row.age_seconds(self._ledger.clock()))
        return written

    # When

    def _is_due(self, row: ReportRow) -> bool:
        return row.is_due(self._ledger.clock())

    def _seconds_until_due(self, row: ReportRow) -> float:
        if not self._is_due(row) and row.not_before is not None:
            return (row.not_before - self._ledger.clock()).total_seconds()
        if row.state is State.PLANNED:  # it was this report's turn, and there was no place for it
            return self._pace.watch
        if row.state is not State.REQUESTED:
            return 0.0
        return self._pace.next_poll(row.age_seconds(self._ledger.clock())) * _spread(row)

    def _give_up_at(self, row: ReportRow, due_by: datetime, deadline: timedelta) -> datetime:
        return due_by if row.requested_at is None or row.state is State.PLANNED else row.requested_at + deadline

    @contextlib.asynccontextmanager
    async def _claims(self) -> AsyncIterator[None]:
        """Hold this process's claims while it works, and give back what is left of them at the end."""
        holding = asyncio.create_task(self._recorder.hold_claims(self._owner))
        try:
            yield
        finally:
            holding.cancel()
            await self._recorder.drained()
            try:
                self._ledger.release(self._owner)
            except SQLAlchemyError:  # nor may it hide what went wrong before
                log.warning("the claims could not be given back: they run out by themselves", exc_info=True)


def _kind(row: ReportRow) -> Kind:
    return row.account, REPORT_TYPES[row.report_type].ad_product


def _spread(row: ReportRow) -> float:
    """Return a factor about 1, another for each report, so that those asked for together are not looked at together."""
    return 0.75 + row.id * _GOLDEN % 1 / 2
