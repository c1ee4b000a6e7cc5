"""The resources: Dagster's view of the Amazon Ads client, the ledger and the warehouse.

Adapters only: config in, plain objects out. Secrets are not config, because Dagster shows and stores config: they are
read from the environment by the process that uses them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import Field

from ppc_pipeline.clients import wanted_accounts
from ppc_pipeline.pipeline import Tools
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.connection import Warehouse

LAKE = "ducklake"
"""Stands for ``PPC_WAREHOUSE`` where that is a lake's catalog, which may hold a password."""


class LedgerResource(dg.ConfigurableResource):
    """The ledger of reports, at ``PPC_LEDGER_URL``."""

    def open(self) -> Ledger:
        """Return this process's ledger."""
        return _ledger(load_settings().ledger_url)


class WarehouseResource(DuckDBResource):
    """The warehouse: a ``DuckDBResource`` that always closes, waits for a busy file, and names who holds it."""

    wait_seconds: float = Field(default=300.0, description="How long a busy warehouse is waited for, in seconds.")
    lake_path: str | None = Field(default=None, description="Where DuckLake keeps its Parquet files.")

    def warehouse(self) -> Warehouse:
        """Return the plain warehouse."""
        database = load_settings().warehouse if self.database == LAKE else self.database
        return Warehouse(database, self.lake_path, self.wait_seconds)

    @contextmanager
    def get_connection(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse, and close it whatever happens."""
        with self.warehouse().connect(read_only=read_only) as connection:
            yield connection


class AmazonAdsResource(dg.ConfigurableResource):
    """The Amazon Ads accounts, from the environment or ``PPC_ACCOUNTS_FILE``; the sandbox where none is set."""

    poll_first_seconds: float = Field(default=5.0, description="Wait before a report is first asked about.")
    poll_most_seconds: float = Field(default=60.0, description="Longest wait between two looks at a report.")

    def tools(self, ledger: LedgerResource, warehouse: WarehouseResource, actor: str = "") -> Tools:
        """Put together what the work needs.

        Args:
            ledger: Where every report stands.
            warehouse: Where the rows go.
            actor: Who or what works, for the audit trail; this process by default.

        Raises:
            SettingsError: The accounts are half configured.
        """
        pace = Pace(poll_first=self.poll_first_seconds, poll_most=self.poll_most_seconds)
        settings = load_settings()
        wanted_accounts(settings)  # raises before a ledger is made: wrong settings leave nothing behind
        return Tools.gather(settings, ledger.open().acting_as(actor), warehouse.warehouse(), pace)


@lru_cache(maxsize=4)
def _ledger(url: str) -> Ledger:
    return Ledger.open(url)
