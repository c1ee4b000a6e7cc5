"""The warehouse with weeks of figures, opened."""

import shutil

import pytest

from ppc_pipeline.warehouse.connection import Warehouse


@pytest.fixture
def weeks(filled_weeks, tmp_path):
    """A copy of it, opened."""
    with Warehouse(str(shutil.copy(filled_weeks, tmp_path / "ppc.duckdb"))).connect() as connection:
        yield connection
