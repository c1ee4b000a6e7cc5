"""A process of the project that does real work, and may be made to die of it.

Here: what each role runs, and what makes it quick (a short lease, frequent looks). Everything here runs in a process of
its own. Not here: who starts and judges it (``rounds``).
"""

import asyncio
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL, Signals

from ppc_pipeline.cli import main
from ppc_pipeline.defs import resources
from ppc_pipeline.pipeline import Tools, bring_reports, finish_reports, order_day, poll_outstanding
from ppc_pipeline.reports import ledger, lifecycle
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.windows import Days, utc_now
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.chaos.in_dagster import click, home, sensor
from ppc_pipeline_tests.chaos.points import POINTS, Fuse

PROCESSES = multiprocessing.get_context("forkserver")
"""Each worker is a process of its own, forked from one that has imported everything and done nothing."""

_IMPORTED_LATE = (
    *("pandas", "httpcore", "anyio._backends._asyncio", "alembic.command", "ppc_pipeline.defs.plots"),
    *("dagster._core.execution.execute_in_process", "dagster._core.storage.sqlite_storage", "dagster._daemon.daemon"),
    *("dagster._core.storage.runs.sqlite", "dagster._core.storage.event_log.polling_event_watcher"),
)
"""What work imports only when it comes to it: these processes have it already."""

PROCESSES.set_forkserver_preload(["ppc_pipeline_tests.chaos.worker", *_IMPORTED_LATE])

PACE = Pace(poll_first=0.05, poll_most=0.3, watch=0.05)


@dataclass(frozen=True)
class Job:
    """What a worker is to do.

    Attributes:
        role: One of ``ROLES``.
        days: Which dates.
        environment: The settings.
        log: Where its output goes.
        lease: Seconds a claim holds; the project's own where it is None.
        point: At which boundary it dies, if at one.
        nth: The how manieth time.
        late: Seconds after it.
        signal: Of what it dies.
        ahead: Seconds its ledger's clock is ahead.
    """

    role: str
    days: Days
    environment: Mapping[str, str]
    log: Path
    lease: float | None = None
    point: str | None = None
    nth: int = 1
    late: float = 0.0
    signal: Signals = SIGKILL
    ahead: float = 0.0


def bring(tools: Tools, days: Days) -> None:
    """What a click or a backfill runs."""
    kinds = tools.settings.selected_report_types()
    asyncio.run(bring_reports(tools, kinds, days))


def finish(tools: Tools, days: Days) -> None:
    """What the last run of ``ppc sync`` does."""
    asyncio.run(finish_reports(tools, tools.settings.selected_report_types(), days, wait=True))


def tick(tools: Tools, days: Days) -> None:
    """What the sensor and its load runs do, until nothing is outstanding."""
    while tools.ledger.outstanding():
        asyncio.run(poll_outstanding(tools, seconds=10))
        asyncio.run(finish_reports(tools, tools.settings.selected_report_types(), days, wait=False))
        time.sleep(PACE.watch)


def order(tools: Tools, _: Days) -> None:
    """What the daily schedule runs."""
    asyncio.run(order_day(tools, weekly=False, holes=False))


def load(tools: Tools, days: Days) -> None:
    """One load run of the sensor's: what is ready now."""
    asyncio.run(finish_reports(tools, tools.settings.selected_report_types(), days, wait=False))


def sync(_: Tools, __: Days) -> None:
    """``ppc sync``."""
    _command("sync")


def backfill(_: Tools, days: Days) -> None:
    """``ppc backfill``."""
    _command("backfill", str(days.start), str(days.end))


def _command(*arguments: str) -> None:
    sys.argv = ["ppc", *arguments, "--json"]
    main()


ROLES: dict[str, Callable[[Tools, Days], None]] = {
    role.__name__: role for role in (bring, finish, tick, order, load, sync, backfill, home, click, sensor)
}


@dataclass
class Worker:
    """A job in its process.

    Attributes:
        job: What it does.
        process: Where.
    """

    job: Job
    process: "multiprocessing.process.BaseProcess" = field(init=False)

    def __post_init__(self) -> None:
        self.process = PROCESSES.Process(target=work, args=(self.job,), daemon=True)
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; return its exit code, negative for a signal, or None where it did not end."""
        self.process.join(seconds)
        return self.process.exitcode

    def kill(self) -> int:
        """End it as the system does, if it still goes on."""
        self.process.kill()
        self.process.join(10)
        assert self.process.exitcode is not None
        return self.process.exitcode

    def send(self, number: Signals) -> None:
        os.kill(self.pid, number)

    @property
    def output(self) -> str:
        return self.job.log.read_text(encoding="utf-8", errors="replace") if self.job.log.exists() else ""


def work(job: Job) -> None:
    """Do a job; this is where the process begins."""
    output = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(job.environment)
    os.chdir(job.environment["PPC_DATA_DIR"])
    resources.Pace = lambda **_: PACE
    if job.lease:
        ledger.LEASE = lifecycle.LEASE = timedelta(seconds=job.lease)
    if job.point:
        POINTS[job.point](Fuse(job.nth, job.late, job.signal))
    ROLES[job.role](_tools(job), job.days)


def _tools(job: Job) -> Tools:
    settings = load_settings()
    ahead = timedelta(seconds=job.ahead)
    opened = Ledger.open(settings.ledger_url, lambda: utc_now() + ahead)
    warehouse = Warehouse(settings.warehouse, wait_seconds=settings.warehouse_wait_seconds)
    return Tools.gather(settings, opened, warehouse, PACE)
