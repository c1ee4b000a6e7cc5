"""From downloaded reports to the warehouse: which file goes into which table, and what a failure means.

Here: the bridge between the ledger's rows and ``warehouse``: stage without the warehouse, then open it and write.
Not here: SQL, or when to load (``lifecycle``).
"""

import logging
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.states import Event
from ppc_pipeline.reports.tables import ENTITY_TABLES, REPORT_TABLES, columns_hash
from ppc_pipeline.warehouse.connection import Warehouse, WarehouseBusyError, without_password
from ppc_pipeline.warehouse.creation import create_tables, has_tables, is_current
from ppc_pipeline.warehouse.loading import FileOutcome, load_stage, without_overlaps
from ppc_pipeline.warehouse.report_files import ReportFile, RowsLostError, UnreadableFileError
from ppc_pipeline.warehouse.scratch import scratch_directory
from ppc_pipeline.warehouse.stages import Stage, stage_files
from ppc_pipeline.warehouse.tables import ReportTable

log = logging.getLogger(__name__)

_NO_ROOM = (OSError, duckdb.IOException, duckdb.OutOfMemoryException)
"""What a full disk or memory raises: nothing is wrong with any file, and it passes when there is room."""

WAREHOUSE_PAUSE = timedelta(seconds=60)
"""Before a load that the warehouse or the disk refused is tried again."""


class Loader:
    """Loads downloaded reports, and remembers what each load did.

    May be called by two threads at once: one batch is staged while another is written, never two of either.

    Args:
        warehouse: Where the rows go.
        archive: Where the raw files are.
        currencies: Profile id -> currency code.
        clock: What time it is.
        staging: Where rows are staged; beside the archive where nothing else is said.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        archive: Archive,
        currencies: Mapping[int, str],
        clock: Callable[[], datetime],
        staging: Path | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._archive = archive
        self._currencies = currencies
        self._clock = clock
        self._staging = staging or archive.root.parent / "staging"
        self._one_stages = threading.Lock()
        self._one_writes = threading.Lock()
        self.outcomes: dict[int, FileOutcome] = {}

    def __call__(self, rows: Sequence[ReportRow]) -> dict[int, Event]:
        """Load some reports; one that cannot be loaded keeps no other from it.

        Returns:
            Row id -> ``Loaded``, ``Unreadable``, ``Troubled``, ``Postponed`` or ``GivenUp``.
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
            with scratch_directory(self._staging) as folder:
                self._load(by_type, folder, events)
        except (WarehouseBusyError, duckdb.Error, OSError) as error:
            events |= {row.id: self._postponed(error) for row in rows if row.id not in events}
        return events

    def _load(self, by_type: Mapping[str, Sequence[ReportRow]], folder: Path, events: dict[int, Event]) -> None:
        with self._one_stages:
            batches = [
                batch for name, some in by_type.items() for batch in self._stage_type(name, some, folder, events)
            ]
        if batches:
            with self._one_writes, self._warehouse.connect() as connection:
                for batch in batches:
                    events |= self._write(connection, batch, folder)

    def _stage_type(
        self, report_type: str, rows: Sequence[ReportRow], folder: Path, events: dict[int, Event]
    ) -> list["_Batch"]:
        """Stage reports of one type, in the order they were asked for where two cover the same day."""
        files = [self._file(row) for row in rows]
        # Not by report id: two rows of the ledger may bear the same, and each waits for an event of its own.
        by_file = {id(file): row for file, row in zip(files, rows, strict=True)}
        some = [[by_file[id(file)] for file in group] for group in without_overlaps(files)]
        table = REPORT_TABLES[report_type]
        return [batch for group in some for batch in self._stage(table, group, folder, events)]

    def _stage(
        self, table: ReportTable, rows: Sequence[ReportRow], folder: Path, events: dict[int, Event]
    ) -> Iterator["_Batch"]:
        """Stage reports together, or one by one when that fails, to find the one that is at fault."""
        try:
            yield _Batch(rows, stage_files(table, [self._file(row) for row in rows], _fresh(folder)))
        except Exception as error:  # whatever it is: one file must never keep those of other clients from loading
            if len(rows) == 1:
                events[rows[0].id] = self._failed(rows[0], error)
                return
            log.warning("reading %d files of %s together failed, trying them one by one", len(rows), table.report_type)
            for row in rows:
                yield from self._stage(table, [row], folder, events)

    def _write(self, connection: duckdb.DuckDBPyConnection, batch: "_Batch", folder: Path) -> dict[int, Event]:
        """Write staged reports, together or, when that fails, one by one."""
        try:
            outcomes = load_stage(connection, batch.stage, self._clock())
        except duckdb.TransactionException:  # another process loaded meanwhile: nothing is wrong with any file
            raise
        except Exception as error:  # as above
            if len(batch.rows) == 1:
                return {batch.rows[0].id: self._failed(batch.rows[0], error)}
            log.warning("loading %d files together failed, trying them one by one", len(batch.rows))
            events: dict[int, Event] = {}
            for row in batch.rows:
                for single in self._stage(batch.stage.table, [row], folder, events):
                    events |= self._write(connection, single, folder)
            return events
        done = {row.id: outcome for row, outcome in zip(batch.rows, outcomes, strict=True)}
        self.outcomes |= done
        return {key: states.Loaded(outcome.rows_loaded, outcome.rows_rejected) for key, outcome in done.items()}

    def _postponed(self, error: Exception) -> Event:
        """The file is here and good: wait for the warehouse, the disk or the memory, however long that takes."""
        return states.Postponed(without_password(str(error)), self._clock() + WAREHOUSE_PAUSE)

    def _failed(self, row: ReportRow, error: Exception) -> Event:
        # What a lake reports whose catalog is gone in mid-statement has no class of its own.
        if isinstance(error, _NO_ROOM) or type(error) is duckdb.Error:
            return self._postponed(error)
        if isinstance(error, duckdb.Error):
            return states.Troubled(f"loading failed: {without_password(str(error))}")
        if isinstance(error, RowsLostError):
            return states.GivenUp(f"loading failed: {error}", retryable=True)
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
            requested_at=row.asked_at,
            left_out=row.left_out if row.columns_hash == _DECLARED.get(row.report_type) else None,
        )


_DECLARED = {name: columns_hash(report_type.columns) for name, report_type in REPORT_TYPES.items()}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Reports that were staged together."""

    rows: Sequence[ReportRow]
    stage: Stage


def _fresh(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder))


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


def update(warehouse: Warehouse) -> bool:
    """Make what an earlier release did not know of, for somebody who only reads; else nothing is written.

    Returns:
        Whether there is anything in the warehouse. Where there is nothing, nothing is made.

    Raises:
        WarehouseBusyError: Another process has it.
    """
    with warehouse.connect(read_only=True) as connection:
        if not has_tables(connection):
            return False
        current = is_current(connection, REPORT_TABLES.values(), ENTITY_TABLES.values())
    if not current:
        prepare(warehouse)
    return True


def loaded_reports(warehouse: Warehouse, report_ids: Sequence[str]) -> set[str]:
    """Return those of some reports that the warehouse has loaded."""
    with warehouse.connect(read_only=True) as connection:
        query = """
            SELECT DISTINCT report_id FROM load_log
            SEMI JOIN (SELECT unnest(?::VARCHAR[]) AS report_id) USING (report_id)
        """
        return {report_id for (report_id,) in connection.execute(query, [list(report_ids)]).fetchall()}
