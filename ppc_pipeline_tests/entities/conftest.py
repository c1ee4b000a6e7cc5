"""A warehouse with its tables, and a roster with two profiles of one account and one of another."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.entities.company import Company, FakeLists
from ppc_pipeline_tests.fakes import Clock, facts


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def roster(tmp_path: Path, clock: Clock) -> Iterator[Roster]:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db", clock)
    yield Roster(ledger)
    ledger.close()


@pytest.fixture
def warehouse(tmp_path: Path, empty_warehouse: Path) -> Warehouse:
    return Warehouse(str(shutil.copy(empty_warehouse, tmp_path / "ppc.duckdb")))


@pytest.fixture
def company(roster, warehouse, tmp_path, clock):
    roster.save("acme", [facts()])
    return Company(FakeLists(), roster, warehouse, tmp_path / "aside", clock)
