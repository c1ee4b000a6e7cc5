"""What every test needs: an environment without settings, a directory of its own, and nothing left open."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ppc_pipeline.sandbox import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_REFRESH_TOKEN,
    SandboxOptions,
    running,
)
from ppc_pipeline_tests.fakes import FOUR

_KEPT = "AMAZON_ADS_SPECS_DIR"  # where the contract tests find Amazon's OpenAPI documents


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away every setting of the project, from the environment and from ``.env``, but for fewer report types."""
    for name in [*os.environ]:
        if name.startswith(("AMAZON_ADS_", "PPC_")) and name != _KEPT:
            monkeypatch.delenv(name)
    # Set and deleted, so that what a test makes of it is undone.
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    # One event says which partitions of an asset a run is for, not one event each: half the time of wide ranges.
    monkeypatch.setenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "true")
    monkeypatch.setenv("PPC_REPORT_TYPES", ",".join(FOUR))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at reports five times a second: the sandbox has them at once. Processes of their own keep Amazon's pace."""
    from ppc_pipeline.defs import resources
    from ppc_pipeline.reports.pace import Pace

    monkeypatch.setattr(resources, "Pace", lambda poll_first, poll_most: Pace(min(poll_first, 0.2), poll_most))


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a warehouse with every table in it, to copy: making them takes a third of a second."""
    from ppc_pipeline.reports.loader import prepare
    from ppc_pipeline.warehouse.connection import Warehouse

    path = tmp_path_factory.mktemp("empty") / "ppc.duckdb"
    prepare(Warehouse(str(path)))
    return path


@pytest.fixture(scope="session")
def filled_weeks(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Path:
    """The file of a warehouse with weeks of figures, to read or copy."""
    from ppc_pipeline.warehouse.connection import Warehouse
    from ppc_pipeline_tests.weekly.made_weeks import fill_weeks

    folder = tmp_path_factory.mktemp("weeks")
    warehouse = Warehouse(str(shutil.copy(empty_warehouse, folder / "ppc.duckdb")))
    with warehouse.connect() as connection:
        fill_weeks(connection, folder)
    return folder / "ppc.duckdb"


@pytest.fixture
def whole_job() -> None:
    """Asked for by tests whose runs are to make everything that follows from reports as well."""


def make_reports_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, *groups: str) -> None:
    """Let runs of ``reports_job`` in this process make some groups alone: others cost seconds, and have own tests."""
    import dagster as dg

    from ppc_pipeline import definitions

    if "whole_job" in request.fixturenames:
        return
    selection = dg.AssetSelection.groups(*groups)
    job = dg.define_asset_job("reports_job", selection=selection, executor_def=dg.in_process_executor)
    sensor = dg.SensorDefinition(name="report_readiness", job=job, evaluation_fn=lambda: None)
    monkeypatch.setattr(definitions, "reports_job", job)
    monkeypatch.setattr(definitions, "report_readiness", sensor)


@pytest.fixture
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty data directory, set as ``PPC_DATA_DIR``; what this process opens in it is closed at the end."""
    from ppc_pipeline import clients, pipeline
    from ppc_pipeline.amazon_ads.auth import TOKENS
    from ppc_pipeline.defs import resources

    opened: list[Any] = []

    def remembering(make: Callable[..., Any]) -> Callable[..., Any]:
        made: dict[Any, Any] = {}

        def remember(*key: Any) -> Any:
            if key not in made:
                made[key] = make(*key)
                opened.append(made[key])
            return made[key]

        return remember

    # The same caches, but ours to empty: a process keeps its ledger open as long as it lives, a test must not.
    monkeypatch.setattr(resources, "_ledger", remembering(resources._ledger.__wrapped__))
    monkeypatch.setattr(clients, "_sandbox_app", remembering(clients._sandbox_app.__wrapped__))
    monkeypatch.setenv("PPC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(400)))
    TOKENS.clear()
    pipeline._say_sandbox.cache_clear()
    yield tmp_path / "data"
    TOKENS.clear()
    for one in opened:
        one.state.sandbox.state.close() if hasattr(one, "state") else one.close()


StartSandbox = Callable[..., str]


@pytest.fixture
def start_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[StartSandbox]:
    """Start a sandbox on this machine and set the project's account to it; give its base URL."""
    with ExitStack() as stack:

        def start(refresh_token: str = SANDBOX_REFRESH_TOKEN, **options: Any) -> str:
            wanted = {"ready_seconds": 0.0, "campaigns": 2, "keywords_per_campaign": 3} | options
            url = stack.enter_context(running(SandboxOptions(**wanted)))
            for name, value in account_environment(url, refresh_token).items():
                monkeypatch.setenv(name, value)
            return url

        yield start


def account_environment(url: str, refresh_token: str = SANDBOX_REFRESH_TOKEN) -> dict[str, str]:
    """Return the settings that make a sandbox's account the project's."""
    return {
        "AMAZON_ADS_API_URL": url,
        "AMAZON_ADS_TOKEN_URL": f"{url}/auth/o2/token",
        "AMAZON_ADS_CLIENT_ID": SANDBOX_CLIENT_ID,
        "AMAZON_ADS_CLIENT_SECRET": SANDBOX_CLIENT_SECRET,
        "AMAZON_ADS_REFRESH_TOKEN": refresh_token,
        "AMAZON_ADS_REGION": "NA",
    }


@pytest.fixture
def two_accounts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start_sandbox: StartSandbox) -> Callable[..., str]:
    """Set two accounts through ``PPC_ACCOUNTS_FILE``: ``good``, and ``broken`` whose refresh token was revoked."""

    def start(names: tuple[str, ...] = ("good", "broken"), **options: Any) -> str:
        url = start_sandbox(**options)
        for name in ("AMAZON_ADS_CLIENT_ID", "AMAZON_ADS_CLIENT_SECRET", "AMAZON_ADS_REFRESH_TOKEN"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("SB_ID", SANDBOX_CLIENT_ID)
        monkeypatch.setenv("SB_SECRET", SANDBOX_CLIENT_SECRET)
        monkeypatch.setenv("GOOD_TOKEN", SANDBOX_REFRESH_TOKEN)
        monkeypatch.setenv("BROKEN_TOKEN", REVOKED_TOKEN)
        entries = [
            f"  - {{name: {name}, region: EU, client_id_env: SB_ID, client_secret_env: SB_SECRET, "
            f"refresh_token_env: {name.upper()}_TOKEN}}"
            for name in names
        ]
        file = tmp_path / "accounts.yaml"
        file.write_text("\n".join(["accounts:", *entries]), encoding="utf-8")
        monkeypatch.setenv("PPC_ACCOUNTS_FILE", str(file))
        return url

    return start


REVOKED_TOKEN = "Atzr|revoked-by-the-seller"


def days_ago(number: int) -> date:
    """Return the date that many days before today, UTC. Three days ago is over everywhere on earth."""
    return datetime.now(UTC).date() - timedelta(days=number)


def pytest_collection_finish() -> None:
    """Take what importing and collecting made out of the garbage collector's sight: it lives to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` makes: half as many again as there are cores, as tests wait a lot."""
    cores = os.cpu_count() or 1
    return cores + cores // 2
