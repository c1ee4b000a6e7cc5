"""Opening the warehouse for reading, or saying in one line that there is nothing to read yet.

Not here: what is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ppc_pipeline.cli.console import fail, one_line_errors, refuse
from ppc_pipeline.cli.runs import settings_here
from ppc_pipeline.reports.loader import update
from ppc_pipeline.warehouse.connection import Warehouse, ended_by_ctrl_c


@contextmanager
def reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading; exit code 1 where nothing is in it yet."""
    with one_line_errors():
        settings = settings_here()
        warehouse = Warehouse(settings.warehouse, settings.lake_path, settings.warehouse_wait_seconds)
        with opened(warehouse) as connection:
            yield connection


@contextmanager
def opened(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse for reading; exit code 1 where nothing is in it yet."""
    if not warehouse.is_lake and Path(warehouse.database).is_dir():
        refuse(f"PPC_WAREHOUSE: {warehouse.name} is a directory; the warehouse is a file")
    if not warehouse.exists:
        fail(f"there is no warehouse {warehouse.name} yet: `ppc sync` or `ppc demo` makes it")
    if not update(warehouse):
        fail(f"nothing is in the warehouse {warehouse.name} yet: `ppc sync` or `ppc demo` brings it in")
    with warehouse.connect(read_only=True) as connection, ended_by_ctrl_c(connection):
        yield connection
