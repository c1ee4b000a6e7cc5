"""The project as Dagster runs it, on a sandbox: its jobs in-process, its checks, metadata, warehouse and ledger."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
from sqlalchemy import text

from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.resources import LedgerResource, WarehouseResource
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.settings import Settings, load_settings
from ppc_pipeline_tests.conftest import make_reports_alone

QUICK = {"poll_first_seconds": 0.02, "poll_most_seconds": 0.2}


@dataclass
class Project:
    """The project on a sandbox."""

    url: str
    settings: Settings
    defs: dg.Definitions
    instance: dg.DagsterInstance

    def run(
        self, job: str, *, start: Any = None, end: Any = None, assets: Sequence[str] | None = None, **steps: Any
    ) -> dg.ExecuteInProcessResult:
        """Run a job, for a range of dates when there is one; config by step."""
        tags = {}
        if start is not None:
            tags["dagster/asset_partition_range_start"] = str(start)
            tags["dagster/asset_partition_range_end"] = str(end or start)
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            tags=tags,
            run_config=self.config(**steps),
            asset_selection=[dg.AssetKey(asset) for asset in assets] if assets else None,
            raise_on_error=False,
        )

    def config(self, **steps: Any) -> dict[str, Any]:
        return {
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "resources": {"amazon_ads": {"config": QUICK}},
            "ops": {step: {"config": config} for step, config in steps.items()},
        }

    def sensor_resources(self) -> dict[str, Any]:
        return {**self.defs.resources, "amazon_ads": self.defs.resources["amazon_ads"].model_copy(update=QUICK)}

    @property
    def ledger(self) -> Ledger:
        return LedgerResource().open()

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with WarehouseResource(database=self.settings.warehouse).get_connection() as connection:
            return connection.execute(sql, list(values)).fetchall()

    def in_ledger(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.ledger.transaction() as connection:
            done = connection.execute(text(sql), values)
            return [tuple(row) for row in done] if done.returns_rows else []

    def created(self) -> int:
        """Say how many reports the sandbox was asked for."""
        return httpx.get(f"{self.url}/_sandbox/stats").json()["reportsCreated"]

    def profile_ids(self) -> list[int]:
        return [profile["profileId"] for profile in httpx.get(f"{self.url}/_sandbox/profiles").json()]


@pytest.fixture(autouse=True)
def _reports_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    make_reports_alone(request, monkeypatch, "reports", "operations")


@pytest.fixture
def project(data_dir, empty_warehouse, start_sandbox, monkeypatch) -> Iterator[Callable[..., Project]]:
    """Make a project on a sandbox with some options; ``url`` for one that was started already."""
    with ExitStack() as stack:

        def make(url: str | None = None, report_types: str | None = None, **options: Any) -> Project:
            url = url or start_sandbox(**options)
            if report_types:
                monkeypatch.setenv("PPC_REPORT_TYPES", report_types)
            settings = load_settings()
            if not Path(settings.warehouse).exists():
                data_dir.mkdir(exist_ok=True)
                shutil.copy(empty_warehouse, settings.warehouse)
            instance = stack.enter_context(dg.DagsterInstance.ephemeral())
            return Project(url, settings, build_defs(settings), instance)

        yield make


def check_of(result: dg.ExecuteInProcessResult, asset: str, name: str = "complete") -> dg.AssetCheckEvaluation:
    """Return what a check of an asset found in a run."""
    (found,) = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.asset_key == dg.AssetKey(asset) and evaluation.check_name == name
    ]
    return found


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """Return the metadata of an asset's materialization in a run."""
    found = [
        event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(asset)
    ]
    return {name: value.value for name, value in found[0].metadata.items()}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """Return why a run failed."""
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return " ".join((error.cause or error).message for error in errors)
