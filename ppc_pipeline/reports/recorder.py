"""Writing down what happens to reports without holding up the event loop: what comes together is written together.

Here: handing events to the ledger in a thread, those of one moment in one transaction, and holding the claims
meanwhile. Not here: what an event means (``states``), or how a row is written (``ledger``).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import tenacity
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from ppc_pipeline.reports.ledger import LEASE, ClaimLostError, Ledger, ReportRow
from ppc_pipeline.reports.states import Event

log = logging.getLogger(__name__)

_THREADS = 2
"""One writes, one renews. They are nobody else's: loads and slow disks must not hold up what Amazon has answered."""

_Pending = tuple[ReportRow, Event, "asyncio.Future[ReportRow]"]


class Recorder:
    """Records events of one event loop. An event handed over is written even when nobody waits for it any more.

    A ledger that fails is tried again for as long as a claim holds: what Amazon has answered is lost only with the
    process.

    Args:
        ledger: Where they are written down.
        sleep: Waits between two tries.
    """

    def __init__(self, ledger: Ledger, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ledger = ledger
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ledger")
        self._patiently = tenacity.Retrying(
            # The transaction was undone as a whole. (IntegrityError: another process wrote the same order first.)
            retry=tenacity.retry_if_exception_type((OperationalError, IntegrityError)),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
            stop=tenacity.stop_after_delay(LEASE),
            before_sleep=tenacity.before_sleep_log(log, logging.WARNING),
            sleep=sleep,
            reraise=True,
        )
        self._pending: list[_Pending] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, row: ReportRow, happened: Event) -> ReportRow:
        """Write down what happened to a claimed report: it is in the ledger when this returns.

        Returns:
            The row as it stands now.

        Raises:
            ClaimLostError: The claim ran out meanwhile and another process has the report.
        """
        written: asyncio.Future[ReportRow] = asyncio.get_running_loop().create_future()
        self._pending.append((row, happened, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await written

    async def drained(self) -> None:
        """Wait until everything that was handed over is written, or could not be."""
        while self._writing is not None:
            await asyncio.wait([self._writing])

    async def hold_claims(self, owner: str) -> None:
        """Renew the claims of an owner, time and again before they run out, until this is cancelled."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._ledger.renew, owner)
            except SQLAlchemyError:
                log.warning("the claims could not be renewed, trying again before they run out", exc_info=True)

    async def _write(self) -> None:
        try:
            while self._pending:
                some, self._pending = self._pending, []
                outcomes = await asyncio.get_running_loop().run_in_executor(self._threads, self._record, some)
                for (_, _, written), outcome in zip(some, outcomes, strict=True):
                    if written.cancelled():
                        continue
                    if isinstance(outcome, Exception):
                        written.set_exception(outcome)
                    else:
                        written.set_result(outcome)
        finally:
            self._writing = None

    def _record(self, some: Sequence[_Pending]) -> list[ReportRow | Exception]:
        """Record some events together; where one of them is impossible, one by one, so that the others are kept."""
        try:
            rows = self._patiently(self._ledger.record_all, [(row, event) for row, event, _ in some])
        except Exception as error:
            if len(some) == 1 or isinstance(error, SQLAlchemyError):
                return [error] * len(some)
            return [outcome for one in some for outcome in self._record([one])]
        return [
            ClaimLostError(str(before)) if row is None else row for row, (before, _, _) in zip(rows, some, strict=True)
        ]
