"""Loading in the background of a life cycle: downloaded reports gather while others are downloaded or loaded.

Here: the queue, and counting what is done. Not here: what loading a report is (``loader``), or when (``lifecycle``).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from ppc_pipeline.progress import Progress
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.states import Event

Load = Callable[[Sequence[ReportRow]], Mapping[int, Event]]
"""Loads downloaded reports, blocking, and says for each row id what happened to it. Two threads may call it at once."""

WORKERS = 2
"""One batch is read while the former one is written."""

MAX_LOADED_AT_ONCE = 64
"""Files loaded with the warehouse open once: then it is given free for others for a moment."""

GATHERING_SECONDS = 5.0
"""How long downloaded reports wait at most for those that are being downloaded: opening and committing the warehouse
costs as much for one report as for many."""

_Waiting = tuple[ReportRow, "asyncio.Future[Event]"]


@dataclass(slots=True)
class Tally:
    """Counts what is done."""

    progress: Progress
    total: int
    done: int = 0

    def __post_init__(self) -> None:
        self.progress("reports", 0, self.total)

    def one_more(self) -> None:
        """Count one, and tell."""
        self.done += 1
        self.progress("reports", self.done, self.total)


class LoadQueue:
    """Gathers downloaded reports while others are downloaded or loaded, and loads what has gathered in one go."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._going: set[asyncio.Future[Mapping[int, Event]]] = set()
        self._waiting: list[_Waiting] = []
        self._coming = 0
        self._changed = asyncio.Condition()
        self._gathering = asyncio.Lock()

    async def put(self, row: ReportRow) -> Event:
        """Have a report loaded, and say what happened."""
        result: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        async with self._changed:
            self._waiting.append((row, result))
            self._changed.notify_all()
        return await result

    @contextlib.asynccontextmanager
    async def coming(self) -> AsyncIterator[None]:
        """Say, while a report is downloaded, that it will soon be put: what is there already waits for it a little."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            async with self._changed:
                self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load what is put, for as long as the context lasts; a load that is going on is waited for at its end."""
        workers = [asyncio.create_task(self._run()) for _ in range(WORKERS)]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            if self._going:
                await asyncio.wait(self._going)

    async def _run(self) -> None:
        while True:
            batch = await self._gather()
            going = asyncio.get_running_loop().run_in_executor(None, self._load, [row for row, _ in batch])
            self._going.add(going)
            going.add_done_callback(self._going.discard)
            try:
                events: Mapping[int, Event] = await asyncio.shield(going)
                failure: Exception | None = None
            except Exception as error:
                events, failure = {}, error
            for row, result in batch:
                if result.done():  # whoever waited for it was cancelled
                    continue
                if row.id in events:
                    result.set_result(events[row.id])
                else:
                    result.set_exception(failure or RuntimeError(f"{row}: loading it came to no end"))

    async def _gather(self) -> list[_Waiting]:
        """Return what is to be loaded next: one worker at a time, or they would share what belongs together."""
        async with self._gathering, self._changed:
            await self._changed.wait_for(lambda: self._waiting)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHERING_SECONDS):
                    await self._changed.wait_for(self._is_gathered)
            batch = self._waiting[:MAX_LOADED_AT_ONCE]
            del self._waiting[:MAX_LOADED_AT_ONCE]
            return batch

    def _is_gathered(self) -> bool:
        return not self._coming or len(self._waiting) >= MAX_LOADED_AT_ONCE
