"""The warehouse with weeks of figures."""

import shutil

import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.weekly.made_weeks import fill_weeks


@pytest.fixture(scope="session")
def filled_weeks(tmp_path_factory):
    """The file that tests read, or copy."""
    folder = tmp_path_factory.mktemp("weeks")
    warehouse = Warehouse(str(folder / "ppc.duckdb"))
    prepare(warehouse)
    with warehouse.connect() as connection:
        fill_weeks(connection, folder)
    return folder / "ppc.duckdb"


@pytest.fixture
def weeks(filled_weeks, tmp_path):
    """A copy of it, opened."""
    with Warehouse(str(shutil.copy(filled_weeks, tmp_path / "ppc.duckdb"))).connect() as connection:
        yield connection
