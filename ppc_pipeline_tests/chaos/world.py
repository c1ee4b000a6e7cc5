"""A company under test: a sandbox whose clock is ours, a data directory, and the settings of both.

Here: what workers are given, and looking at ledger, warehouse and sandbox from outside. Not here: what must hold of
them (``promises``).
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx

from ppc_pipeline.reports.windows import Days, utc_now
from ppc_pipeline.sandbox import SandboxOptions, running
from ppc_pipeline_tests.chaos.worker import Job, Worker
from ppc_pipeline_tests.conftest import account_environment
from ppc_pipeline_tests.fakes import FOUR

LEASE_SECONDS = 1.0
"""How long claims hold in a round; an orphaned report waits that long."""

COOKING_SECONDS = 600.0


class SandboxClock:
    """Goes on as time does, jumps forward when told to, and stands still to look at the past."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._pinned: datetime | None = None

    def __call__(self) -> datetime:
        return self._pinned or utc_now() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        self._pinned = moment
        try:
            yield
        finally:
            self._pinned = None


@dataclass(frozen=True)
class AtAmazon:
    """A report that the sandbox made."""

    report_id: str
    fingerprint: str
    created_at: datetime
    ready_at: datetime


@dataclass
class World:
    """A sandbox and the project's data directory.

    Attributes:
        url: Where the sandbox is.
        folder: Of both.
        clock: The sandbox's.
        days: What is to be brought.
        settings: Beside the account.
        lease: Seconds a claim holds; the project's own where it is None.
    """

    url: str
    folder: Path
    clock: SandboxClock
    days: Days
    settings: Mapping[str, str] = field(default_factory=dict)
    lease: float | None = LEASE_SECONDS
    _started: int = 0

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def warehouse_file(self) -> Path:
        return self.data_dir / "ppc.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "PPC_DATA_DIR": str(self.data_dir),
            "PPC_START_DATE": str(self.days.start),
            "PPC_REPORT_TYPES": ",".join(FOUR),
        }
        return account_environment(self.url) | own | {**self.settings}

    def start(self, role: str, **more: Any) -> Worker:
        """Start a worker."""
        self._started += 1
        log = self.folder / f"{self._started:02}-{role}.log"
        return Worker(Job(role, self.days, self.environment, log, **({"lease": self.lease} | more)))

    def run(self, role: str, seconds: float = 90, **more: Any) -> Worker:
        """Run a worker to its end, which must be a good one."""
        worker = self.start(role, **more)
        code = worker.wait(seconds)
        if code is None:
            worker.kill()
        assert code == 0, f"{role} ended with {code} ({worker.job.log}):\n{worker.output[-3000:]}"
        return worker

    def in_ledger(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the ledger; nothing while there is none."""
        try:
            with closing(sqlite3.connect(self.data_dir / "ledger.db", timeout=10)) as connection:
                return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise

    def states(self) -> dict[str, int]:
        return dict(self.in_ledger("SELECT state, count(*) FROM reports GROUP BY 1"))

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(self.warehouse_file, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/_sandbox/stats").raise_for_status().json()
        return found

    def created(self) -> int:
        return int(self.stats()["reportsCreated"])

    def at_amazon(self) -> list[AtAmazon]:
        """Return every report that the sandbox made, oldest first."""
        with closing(sqlite3.connect(self.folder / "sandbox.db", timeout=10)) as connection:
            query = "SELECT report_id, fingerprint, created_at, ready_at FROM reports ORDER BY created_at"
            return [
                AtAmazon(report_id, fingerprint, datetime.fromisoformat(created), datetime.fromisoformat(ready))
                for report_id, fingerprint, created, ready in connection.execute(query)
            ]

    def orphans(self) -> set[str]:
        """Return the reports that Amazon made and the ledger does not know."""
        made = {report.report_id for report in self.at_amazon()}
        return made - {report_id for (report_id,) in self.in_ledger("SELECT report_id FROM reports")}

    def truth(self, profile_id: int, report_type: str, days: Days, as_of: datetime) -> dict[str, Any]:
        """Return what a report added up to that was created at a moment."""
        asked = {"profileId": profile_id, "reportType": report_type, "startDate": days.start, "endDate": days.end}
        with self.clock.at(as_of.replace(tzinfo=UTC)):
            answer = httpx.get(f"{self.url}/_sandbox/totals", params=asked).raise_for_status()
        found: dict[str, Any] = json.loads(answer.text, parse_float=str)
        return found


@contextmanager
def opened(
    folder: Path, days: Days, *, patient: bool = False, settings: Mapping[str, str] | None = None, **options: Any
) -> Iterator[World]:
    """Make a world.

    Args:
        folder: Where everything is kept.
        days: What is to be brought.
        patient: No report is ready before every order has its id: so no kill can cost a second report.
        settings: The project's, beside the account.
        options: The sandbox's.
    """
    wanted = {"campaigns": 2, "keywords_per_campaign": 3, "profiles": 2} | options
    if patient:
        wanted["ready_seconds"] = COOKING_SECONDS
    clock = SandboxClock()
    (folder / "data").mkdir(parents=True)
    with running(SandboxOptions(**wanted), state=folder / "sandbox.db", clock=clock) as url:
        world = World(url, folder, clock, days, settings or {})
        with _kitchen(world) if patient else _nothing():
            yield world


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _kitchen(world: World) -> Iterator[None]:
    """Let the reports be ready as soon as every order has its id."""
    closed = threading.Event()

    def watch() -> None:
        while not closed.wait(0.05):
            states = world.states()
            if states.get("requested") and not states.get("planned"):
                world.clock.forward(2 * COOKING_SECONDS)
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        closed.set()
        thread.join()
