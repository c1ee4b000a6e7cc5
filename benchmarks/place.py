"""Where a benchmark takes place: a directory, a sandbox in its own process, and the project set to them.

Not here: what is done there.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import cpu_seconds, process
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.windows import utc_now
from ppc_pipeline.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REFRESH_TOKEN
from ppc_pipeline.settings import Settings, load_settings
from ppc_pipeline.warehouse.connection import Warehouse

REPORT_TYPES = ("spCampaigns", "spTargeting", "spSearchTerm", "spAdvertisedProduct")
"""The report types of every benchmark: figures stay comparable however many there are by default."""

ROOT = Path(__file__).parent.parent
PPC = [sys.executable, "-W", "ignore", "-c", "from ppc_pipeline.cli import main; main()"]


@dataclass(frozen=True, slots=True)
class Server:
    """A sandbox that is being served."""

    url: str
    pid: int
    state: Path

    @property
    def cpu(self) -> float:
        """The CPU seconds it has taken so far."""
        return cpu_seconds(self.pid)

    def reports(self) -> list[tuple[str, int, datetime, datetime]]:
        """Return (id, profile, created, ready) of every report it was asked for, oldest first."""
        with closing(sqlite3.connect(self.state)) as connection:
            found = connection.execute(
                "SELECT report_id, profile_id, created_at, ready_at FROM reports ORDER BY created_at"
            ).fetchall()
        return [
            (id_, profile, datetime.fromisoformat(created), datetime.fromisoformat(ready))
            for id_, profile, created, ready in found
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """A directory for one project, and the environment that sets the project to it and to a sandbox."""

    directory: Path
    server: Server
    environment: Mapping[str, str]

    def enter(self) -> Settings:
        """Set this process to it."""
        for name in [*os.environ]:
            if name.startswith(("AMAZON_ADS_", "PPC_", "DAGSTER_")):
                del os.environ[name]
        os.environ.update(self.environment)
        os.chdir(self.directory)
        return load_settings()

    def ppc(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the project's command in a process.

        Raises:
            RuntimeError: It failed; the message is what it said.
        """
        return self.run([*PPC, *arguments])

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a process in it.

        Raises:
            RuntimeError: It failed; the message is what it said.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        with process(
            command,
            cwd=self.directory,
            env={**kept, **self.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as started:
            out, err = started.communicate()
        if started.returncode:
            raise RuntimeError(f"{' '.join(command[-4:])} ended with {started.returncode}: {err[-3000:]}{out[-1000:]}")
        return subprocess.CompletedProcess(command, started.returncode, out, err)

    @property
    def ledger(self) -> Ledger:
        """A ledger of its own; to be closed."""
        return Ledger.open(f"sqlite:///{self.directory / 'data' / 'ledger.db'}")

    @property
    def warehouse(self) -> Warehouse:
        """Its warehouse."""
        return Warehouse(str(self.directory / "data" / "ppc.duckdb"))


_OURS = ("AMAZON_ADS_", "PPC_", "DAGSTER_")


@contextmanager
def serving(**options: Any) -> Iterator[Server]:
    """Serve a sandbox in a process of its own."""
    with TemporaryDirectory(prefix="ppc-bench-") as directory:
        state = Path(directory) / "sandbox.db"
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.server", json.dumps(options), str(state)]
        with process(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
            url = started.stdout.readline().strip() if started.stdout else ""
            if not url:
                raise RuntimeError("the sandbox did not come up")
            yield Server(url, started.pid, state)


@contextmanager
def project(server: Server, **settings: object) -> Iterator[Place]:
    """Make an empty project that has a sandbox for its account.

    Args:
        server: The sandbox.
        settings: ``PPC_`` settings, in lower case and without that prefix.
    """
    with TemporaryDirectory(prefix="ppc-bench-") as directory:
        environment = {
            "AMAZON_ADS_API_URL": server.url,
            "AMAZON_ADS_TOKEN_URL": f"{server.url}/auth/o2/token",
            "AMAZON_ADS_CLIENT_ID": SANDBOX_CLIENT_ID,
            "AMAZON_ADS_CLIENT_SECRET": SANDBOX_CLIENT_SECRET,
            "AMAZON_ADS_REFRESH_TOKEN": SANDBOX_REFRESH_TOKEN,
            "AMAZON_ADS_REGION": "NA",
            "PPC_DATA_DIR": str(Path(directory) / "data"),
            "PPC_START_DATE": str(days_ago(400)),
            "PPC_REPORT_TYPES": ",".join(REPORT_TYPES),
            **{f"PPC_{name.upper()}": str(value) for name, value in settings.items()},
        }
        yield Place(Path(directory), server, environment)


def days_ago(number: int) -> date:
    """Return the date that many days before today, UTC. Three days ago is over everywhere on earth."""
    return utc_now().date() - timedelta(days=number)
