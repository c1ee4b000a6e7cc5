"""The pipeline on a sandbox where things go wrong, in time that runs fast: its waits last a hundredth.

The sandbox is served on this machine, so connections are real ones; clock, event loop, ledger and sandbox agree on what
time it is.
"""

import asyncio
import logging
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from ppc_pipeline import clients
from ppc_pipeline.amazon_ads.auth import Credentials, TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.amazon_ads.exchange import Limits
from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType
from ppc_pipeline.entities.profiles import Trouble
from ppc_pipeline.pipeline import Brought, Tools, bring_reports, sync_entities, sync_profiles
from ppc_pipeline.reports.ledger import Ledger, ReportRow
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.sandbox import SandboxOptions, running
from ppc_pipeline.sandbox.faults import CALLS
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.conftest import account_environment
from ppc_pipeline_tests.fakes import FOUR, NOON

T = TypeVar("T")
SPEED = 100
WEEK = Days(date(2026, 11, 14), date(2026, 11, 20))
KINDS = [REPORT_TYPES[name] for name in FOUR]
TARGETING, CAMPAIGNS = REPORT_TYPES["spTargeting"], REPORT_TYPES["spCampaigns"]
# As patient as ever: what a machine takes is not to be measured in fast time.
PATIENT = Limits(*(seconds * SPEED for seconds in (10.0, 60.0, 60.0, 120.0, 1800.0)))


@dataclass
class FastClock:
    """Begins at a fixed moment and runs fast; may be moved on."""

    begun: float = field(default_factory=time.monotonic)
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=(time.monotonic() - self.begun) * SPEED) + self.ahead

    def forward(self, **delta: float) -> None:
        self.ahead += timedelta(**delta)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run fast."""

    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return super().time() * SPEED


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout and timeout / SPEED)


def run_fast(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(work)


@dataclass
class Company:
    """A sandbox where things go wrong, and the project's tools set to it."""

    url: str
    tools: Tools
    clock: FastClock
    http: httpx.Client

    def bring(self, days: Days = WEEK, kinds: Sequence[ReportType] = (TARGETING,), **more: Any) -> Brought:
        return run_fast(bring_reports(self.tools, kinds, days, **more))

    def go_wrong(self, faults: str) -> None:
        """Let other things go wrong from now on."""
        self.http.post(f"{self.url}/_sandbox/faults", content=faults).raise_for_status()

    def stats(self) -> dict[str, Any]:
        return self.http.get(f"{self.url}/_sandbox/stats").raise_for_status().json()

    def calls(self, kind: str) -> int:
        return self.stats()["calls"].get(kind, 0)

    def faults(self) -> dict[str, int]:
        return self.stats()["faults"]

    def call_faults(self) -> int:
        """Return how many calls went wrong."""
        return sum(self.faults().get(fault, 0) for fault in CALLS)

    def created(self) -> int:
        return self.stats()["reportsCreated"]

    def reports(self) -> dict[str, dict[str, Any]]:
        """Return what the sandbox knows of every report, by id."""
        shown = self.http.get(f"{self.url}/_sandbox/reports").raise_for_status().json()
        return {report["reportId"]: report for report in shown}

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.tools.warehouse.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def profile_ids(self) -> list[int]:
        return [profile.facts.profile_id for profile in self.tools.profiles()]

    def assert_exact(self, rows: Sequence[ReportRow]) -> None:
        """What is there of loaded reports, the last of their days, is Amazon's own, and each row is accounted for."""
        assert rows
        known = self.reports()
        for row in rows:
            assert row.state is State.LOADED, row.reason
            truth = known[row.report_id]
            sums = ", ".join(f'sum("{snake_case(metric)}")::DECIMAL(38, 6)' for metric in truth["sums"])
            table = REPORT_TYPES[row.report_type].table
            query = f"SELECT count(*), {sums} FROM {table} WHERE profile_id = ? AND date BETWEEN ? AND ?"
            ((count, *found),) = self.query(query, row.profile_id, row.start_date, row.end_date)
            assert count == truth["rows"] > 0
            assert found == [Decimal(total) for total in truth["sums"].values()]
            assert row.rows_loaded == count
            assert row.rows_rejected == truth["rejectedRows"] == self._quarantined(row)
            assert truth["rowsInFile"] == row.rows_loaded + row.rows_rejected

    def _quarantined(self, row: ReportRow) -> int:
        return self.query("SELECT count(*) FROM rejected_rows WHERE report_id = ?", row.report_id)[0][0]


Start = Callable[..., Company]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> Iterator[Start]:
    """Start a sandbox with faults and gather the project's tools for it."""
    caplog.set_level(logging.INFO)
    with starting(monkeypatch, tmp_path / "data") as go:
        yield go


@contextmanager
def starting(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Iterator[Start]:
    """Give a function that starts a sandbox with faults and gathers the project's tools for it."""
    with ExitStack() as stack:

        def go(
            faults: str = "none", *, settings: dict[str, str] | None = None, limits: Limits = PATIENT, **options: Any
        ) -> Company:
            wanted = {"ready_seconds": 5.0, "profiles": 1, "campaigns": 2, "keywords_per_campaign": 3} | options
            clock = FastClock()
            url = stack.enter_context(running(SandboxOptions(**wanted, faults=faults), clock=clock))
            environment = account_environment(url) | {"PPC_DATA_DIR": str(data_dir)} | (settings or {})
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            tokens = TokenCache()

            def client_of(credentials: Credentials, **more: Any) -> AmazonAdsClient:
                return AmazonAdsClient(credentials, **({"limits": limits, "tokens": tokens} | more))

            monkeypatch.setattr(clients, "AmazonAdsClient", client_of)
            found = load_settings()
            ledger = Ledger.open(found.ledger_url, clock)
            stack.callback(ledger.close)
            tools = Tools.gather(found, ledger, Warehouse(found.warehouse), Pace(1.0, 5.0, watch=1.0))
            http = stack.enter_context(httpx.Client(transport=httpx.HTTPTransport(verify=False), timeout=60))
            return Company(url, tools, clock, http)

        yield go


@dataclass
class OneEach:
    """What became of profiles of which each was hit by a fault of its own."""

    company: Company
    profiles: dict[str, int]
    troubles: list[Trouble]
    rows: dict[int, ReportRow]

    @classmethod
    def of(cls, company: Company, faults: Sequence[str]) -> "OneEach":
        """List a kind of entity and bring a report for each profile, of which each has its fault."""
        run_fast(sync_profiles(company.tools))
        profiles = dict(zip(faults, company.profile_ids(), strict=True))
        company.go_wrong(",".join(f"{fault}@ {profile} " for fault, profile in profiles.items()))
        synced = run_fast(sync_entities(company.tools, [ENTITY_TYPES["campaigns"]]))
        rows = {row.profile_id: row for row in company.bring().rows}
        return cls(company, profiles, synced.troubles, rows)

    def reports_of(self, fault: str) -> list[dict[str, Any]]:
        return [report for report in self.company.reports().values() if report["profileId"] == self.profiles[fault]]
