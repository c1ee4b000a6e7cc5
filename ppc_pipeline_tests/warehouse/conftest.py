"""A warehouse in a file with every table in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import Warehouse


@pytest.fixture(scope="module")
def shared_warehouse(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Iterator[DuckDBPyConnection]:
    path = shutil.copy(empty_warehouse, tmp_path_factory.mktemp("shared") / "ppc.duckdb")
    with Warehouse(str(path)).connect() as opened:
        yield opened


@pytest.fixture
def undone(shared_warehouse: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """A connection to an empty warehouse; what a test writes is rolled back."""
    shared_warehouse.begin()
    yield shared_warehouse
    shared_warehouse.rollback()


@pytest.fixture
def warehouse(tmp_path: Path, empty_warehouse: Path) -> Warehouse:
    return Warehouse(str(shutil.copy(empty_warehouse, tmp_path / "ppc.duckdb")))


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[DuckDBPyConnection]:
    with warehouse.connect() as opened:
        yield opened
