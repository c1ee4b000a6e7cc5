"""A warehouse in a file with every table in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that each test gets a copy of."""
    path = tmp_path_factory.mktemp("empty") / "ppc.duckdb"
    prepare(Warehouse(str(path)))
    return path


@pytest.fixture
def warehouse(tmp_path: Path, empty_warehouse: Path) -> Warehouse:
    return Warehouse(str(shutil.copy(empty_warehouse, tmp_path / "ppc.duckdb")))


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.connect() as opened:
        yield opened
