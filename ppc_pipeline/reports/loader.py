"""From downloaded reports to the warehouse: which file goes into which table, and what a failure means.

Here: the bridge between the ledger's rows and ``warehouse.loading``. Not here: SQL, or when to load (``lifecycle``).
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.states import Event
from ppc_pipeline.reports.tables import ENTITY_TABLES, REPORT_TABLES
from ppc_pipeline.warehouse.connection import Warehouse, WarehouseBusyError
from ppc_pipeline.warehouse.loading import FileOutcome, ReportFile, UnreadableFileError, load_files
from ppc_pipeline.warehouse.tables import create_tables

log = logging.getLogger(__name__)

WAREHOUSE_PAUSE = timedelta(seconds=60)
"""Before a load that the warehouse or the disk refused is tried again."""


class Loader:
    """Loads downloaded reports, and remembers what each load did.

    Args:
        warehouse: Where the rows go.
        archive: Where the raw files are.
        currencies: Profile id -> currency code.
        clock: What time it is.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        archive: Archive,
        currencies: Mapping[int, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._warehouse = warehouse
        self._archive = archive
        self._currencies = currencies
        self._clock = clock
        self.outcomes: dict[int, FileOutcome] = {}

    def __call__(self, rows: Sequence[ReportRow]) -> dict[int, Event]:
        """Load some reports; one that cannot be loaded keeps no other from it.

        Returns:
            Row id -> ``Loaded``, ``Unreadable``, ``Troubled`` or ``GivenUp``.
        """
        by_type: dict[str, list[ReportRow]] = defaultdict(list)
        events: dict[int, Event] = {}
        for row in rows:
            if not self._archive.has(row):
                events[row.id] = states.Unreadable("the raw file is no longer in the archive")
            elif row.profile_id not in self._currencies:
                reason = f"the currency of profile {row.profile_id} is not known: no configured account lists it"
                events[row.id] = states.GivenUp(reason, retryable=True)
            else:
                by_type[row.report_type].append(row)
        try:
            with self._warehouse.connect() as connection:
                for report_type, some in by_type.items():
                    events |= self._load(connection, report_type, some)
        except (WarehouseBusyError, duckdb.Error, OSError) as error:
            # The files are here and good: wait for the warehouse or the disk, however long that takes.
            later = self._clock() + WAREHOUSE_PAUSE
            events |= {row.id: states.Postponed(str(error), later) for row in rows if row.id not in events}
        return events

    def _load(
        self, connection: duckdb.DuckDBPyConnection, report_type: str, rows: Sequence[ReportRow]
    ) -> dict[int, Event]:
        """Load reports of one type together, or one by one when that fails, to find the one that is at fault."""
        try:
            files = [self._file(row) for row in rows]
            outcomes = load_files(connection, REPORT_TABLES[report_type], files, self._clock())
        except Exception as error:  # whatever it is: one file must never keep those of other clients from loading
            if len(rows) == 1:
                return {rows[0].id: self._failed(rows[0], error)}
            log.warning("loading %d files of %s together failed, trying them one by one", len(rows), report_type)
            return {key: event for row in rows for key, event in self._load(connection, report_type, [row]).items()}
        by_report = {outcome.report_id: outcome for outcome in outcomes}
        done = {row.id: by_report[row.report_id or ""] for row in rows}
        self.outcomes |= done
        return {key: states.Loaded(outcome.rows_loaded, outcome.rows_rejected) for key, outcome in done.items()}

    def _failed(self, row: ReportRow, error: Exception) -> Event:
        if isinstance(error, duckdb.Error | OSError):
            return states.Troubled(f"loading failed: {error}")
        if not isinstance(error, UnreadableFileError):
            log.error("loading %s failed unexpectedly", row, exc_info=error)
            return states.GivenUp(f"loading failed: {type(error).__name__}: {error}", retryable=True)
        path = self._archive.root / (row.raw_path or "")
        aside = path.with_suffix(".malformed")
        try:
            path.replace(aside)
        except OSError as problem:
            return states.Troubled(f"the report file cannot be read: {error}; nor can it be put aside: {problem}")
        return states.Unreadable(f"the report file cannot be read: {error}; its bytes are kept in {aside}")

    def _file(self, row: ReportRow) -> ReportFile:
        raw_path = row.raw_path or ""
        return ReportFile(
            path=Path(self._archive.root / raw_path),
            raw_path=raw_path,
            report_id=row.report_id or "",
            account=row.account,
            profile_id=row.profile_id,
            currency_code=self._currencies[row.profile_id],
            start_date=row.start_date,
            end_date=row.end_date,
            requested_at=row.requested_at or row.ordered_at,
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What a warehouse has.

    Attributes:
        profiles: The ids of the profiles it knows.
        loads: Whether any report was ever loaded.
    """

    profiles: frozenset[int]
    loads: bool


def prepare(warehouse: Warehouse) -> Contents:
    """Make every table the declarations ask for, and say what is in them."""
    with warehouse.connect() as connection:
        create_tables(connection, REPORT_TABLES.values(), ENTITY_TABLES.values())
        profiles = connection.execute("SELECT profile_id FROM profiles WHERE removed_at IS NULL").fetchall()
        loads = connection.execute("SELECT 1 FROM load_log LIMIT 1").fetchone()
    return Contents(frozenset(profile_id for (profile_id,) in profiles), loads is not None)


def loaded_reports(warehouse: Warehouse, report_ids: Sequence[str]) -> set[str]:
    """Return those of some reports that the warehouse has loaded."""
    with warehouse.connect(read_only=True) as connection:
        query = """
            SELECT DISTINCT report_id FROM load_log
            SEMI JOIN (SELECT unnest(?::VARCHAR[]) AS report_id) USING (report_id)
        """
        return {report_id for (report_id,) in connection.execute(query, [list(report_ids)]).fetchall()}
