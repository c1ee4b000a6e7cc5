"""Loading staged reports: the days that changed, what changed in them, what is in quarantine, in one transaction.

A day is compared with what is there and rewritten only when it differs; what Amazon changed is recorded in
``restatements``. Loading a file again changes nothing. A day is what its newest report says, whole: where a row of it
is rejected, the figures an earlier report had for the same keys go too, as they would go if Amazon no longer listed
them (to keep them would mix two states of a day, and hide for ever that a figure cannot be read). The reason in
``rejected_rows`` then says so, and ``FileOutcome.rows_displaced`` counts it.

At the end of every load the rows are counted again where they came to lie; see ``_check_balance``. Here: report
tables. Not here: reading files (``stages``), entities (``entities``), or which file belongs to which report
(``reports``).
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.kept import filled, joined, kept_columns, remember
from ppc_pipeline.warehouse.report_files import ReportFile, RowsLostError, UnreadableFileError, rows_lost
from ppc_pipeline.warehouse.stages import Stage, StagedFile, stage_files
from ppc_pipeline.warehouse.staging import drop_temporary
from ppc_pipeline.warehouse.tables import ReportTable, literal_text, quoted

__all__ = [
    "FileOutcome",
    "ReportFile",
    "RowsLostError",
    "UnreadableFileError",
    "load_files",
    "load_stage",
    "without_overlaps",
]

MEMORY = "300MB"
"""What DuckDB may take to write: it would keep whole reports in memory if it were let."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What loading one file did.

    Attributes:
        report_id: Which.
        rows_loaded: Rows of it that are in the table now.
        rows_rejected: Rows of it in quarantine.
        rows_stale: Rows of it, good or not, that are left out: their days have figures of a report asked for later.
        rows_displaced: Rejected rows whose keys had figures of an earlier report, which went with the day's old state.
        days_changed: Days rewritten.
        days_unchanged: Days that were there already, alike.
        days_stale: Days left alone because figures of a report asked for later are there.
        columns_missing: Columns that were asked for and are not in the file.
        columns_left_out: Columns of the table that were not asked for, because Amazon refuses them.
        columns_kept: Those of them of which an earlier report's figures stay in rows; the rest is NULL.
        days_unclear: Changed days that had other rows in quarantine before: what Amazon changed in them is not known.
    """

    report_id: str
    rows_loaded: int
    rows_rejected: int
    rows_stale: int
    rows_displaced: int
    days_changed: int
    days_unchanged: int
    days_stale: int
    columns_missing: tuple[str, ...]
    columns_left_out: tuple[str, ...] = ()
    columns_kept: tuple[str, ...] = ()
    days_unclear: tuple[date, ...] = ()


def load_files(
    connection: duckdb.DuckDBPyConnection, table: ReportTable, files: Sequence[ReportFile], now: datetime
) -> list[FileOutcome]:
    """Read and load files of one report type, each wholly or not at all.

    Files of one profile may cover the same days: they are loaded in the order they were asked for. Whoever shares the
    warehouse with others stages first, and opens it for ``load_stage``.

    Args:
        connection: The warehouse, with no transaction open.
        table: Where the rows go.
        files: What to load.
        now: The moment written to ``loaded_at``.

    Raises:
        UnreadableFileError: A file is not a JSON array, none of its rows is an object, or none has a metric or a key
            that was asked for. Nothing of its group was loaded.
        RowsLostError: The rows of a file do not add up. Nothing of its group was loaded.
    """
    outcomes: list[FileOutcome] = []
    for group in without_overlaps(files):
        with tempfile.TemporaryDirectory() as folder:
            outcomes += load_stage(connection, stage_files(table, group, Path(folder)), now)
    return outcomes


def without_overlaps(files: Iterable[ReportFile]) -> list[list[ReportFile]]:
    """Group files so that in no group two of them cover the same profile and day or are of one report, in order."""
    groups: list[list[ReportFile]] = []
    for file in sorted(files, key=lambda f: (f.requested_at, f.report_id)):
        earliest = 0
        for number, group in enumerate(groups, start=1):
            if any(_overlap(file, other) for other in group):
                earliest = number
        if earliest == len(groups):
            groups.append([])
        groups[earliest].append(file)
    return groups


def _overlap(one: ReportFile, other: ReportFile) -> bool:
    if one.report_id == other.report_id:
        return True
    same = one.profile_id == other.profile_id
    return same and one.start_date <= other.end_date and other.start_date <= one.end_date


def load_stage(connection: duckdb.DuckDBPyConnection, stage: Stage, now: datetime) -> list[FileOutcome]:
    """Load what was staged, all of it or nothing.

    Args:
        connection: The warehouse, with no transaction open.
        stage: What to load.
        now: The moment written to ``loaded_at``.

    Raises:
        RowsLostError: The rows of a file do not add up. Nothing was loaded.
        duckdb.TransactionException: Another load was committed in the meantime. Nothing was loaded.
    """
    # The order of rows in a table means nothing; to keep it costs a core and much memory.
    connection.execute(f"SET preserve_insertion_order = false; SET memory_limit = '{MEMORY}'")
    with in_transaction(connection):
        connection.execute("UPDATE load_turns SET loads = loads + 1")
        load = _Load(connection, stage, now)
        load.describe_files()
        load.find_changed_days()
        load.find_unclear_days()
        rejected = load.reject()
        load.record_restatements()
        load.replace_days()
        outcomes = load.outcomes(rejected)
        _check_balance(load, outcomes)
        _log_load(load, outcomes)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Load:
    """One transaction: its temporary tables are ``files`` and ``days``, its views ``staged`` and ``fresh``."""

    connection: duckdb.DuckDBPyConnection
    stage: Stage
    now: datetime

    @property
    def table(self) -> ReportTable:
        return self.stage.table

    @property
    def files(self) -> list[ReportFile]:
        return [staged.file for staged in self.stage.files]

    @property
    def left_out(self) -> list[str]:
        """The columns that some of the files were asked for without."""
        return sorted({name for staged in self.stage.files for name in staged.columns_left_out})

    def count(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> int:
        (found,) = self.connection.execute(query, values).fetchone() or (0,)
        return int(found)

    def by_file(self, query: str, values: Sequence[object] = ()) -> dict[int, int]:
        """Run a query for (file, number)."""
        return dict(self.connection.execute(query, values).fetchall())

    def there(self) -> str:
        """Return SQL for the rows of the days concerned: constant bounds let DuckDB skip what lies outside them."""
        profiles = ", ".join(str(profile) for profile in sorted({file.profile_id for file in self.files}))
        first, last = min(file.start_date for file in self.files), max(file.end_date for file in self.files)
        return (
            f"(SELECT * FROM {quoted(self.table.name)} "
            f"WHERE profile_id IN ({profiles}) AND date BETWEEN DATE '{first}' AND DATE '{last}')"
        )

    def describe_files(self) -> None:
        """Say what each file belongs to, each of its days with how it may be used, and what was staged."""
        self.connection.execute("DROP VIEW IF EXISTS temp.staged; DROP VIEW IF EXISTS temp.fresh")
        drop_temporary(self.connection, "files", "days", "kept")
        self.connection.execute(
            """
            CREATE TEMP TABLE files AS
            SELECT
                unnest($numbers::INTEGER[]) AS file_no, unnest($reports::VARCHAR[]) AS report_id,
                unnest($accounts::VARCHAR[]) AS account, unnest($profiles::BIGINT[]) AS profile_id,
                unnest($currencies::VARCHAR[]) AS currency_code, unnest($starts::DATE[]) AS start_date,
                unnest($ends::DATE[]) AS end_date, unnest($asked::TIMESTAMPTZ[]) AS requested_at,
                unnest($left_out::VARCHAR[][]) AS left_out
            """,
            {
                "numbers": list(range(len(self.files))),
                "reports": [file.report_id for file in self.files],
                "accounts": [file.account for file in self.files],
                "profiles": [file.profile_id for file in self.files],
                "currencies": [file.currency_code for file in self.files],
                "starts": [file.start_date for file in self.files],
                "ends": [file.end_date for file in self.files],
                "asked": [file.requested_at for file in self.files],
                "left_out": [list(staged.columns_left_out) for staged in self.stage.files],
            },
        )
        columns, with_kept = "s.*", ""
        if self.left_out:
            remember(self.connection, self.table, self.there(), self.left_out)
            columns, with_kept = filled(self.left_out), f"LEFT JOIN {joined(self.table)}"
        self.connection.execute(
            f"""
            CREATE TEMP VIEW staged AS
            SELECT {columns}, f.report_id, f.account, f.profile_id, f.currency_code
            FROM ({self.stage.good_rows()}) AS s JOIN temp.files AS f USING (file_no) {with_kept}
            """
        )
        # restatable: another report of this day was loaded, and this one was not: it brings what Amazon says now.
        # newer: a report of this day was loaded that was asked for later than this one.
        # former: the report that was asked for last of those loaded before.
        self.connection.execute(
            """
            CREATE TEMP TABLE days AS
            SELECT
                f.file_no,
                f.profile_id,
                d.date::DATE AS date,
                count(l.report_id) > 0 AND count(*) FILTER (l.report_id = f.report_id) = 0 AS restatable,
                coalesce(max(l.requested_at) > any_value(f.requested_at), false) AS newer,
                arg_max(l.report_id, l.requested_at) AS former,
                0::BIGINT AS staged,
                0::BIGINT AS there,
                false AS changed,
                false AS unclear
            FROM temp.files AS f
            CROSS JOIN LATERAL (SELECT unnest(range(f.start_date, f.end_date + 1, INTERVAL 1 DAY)) AS date) AS d
            LEFT JOIN load_log AS l
                ON l.profile_id = f.profile_id AND l.report_type = ? AND d.date BETWEEN l.start_date AND l.end_date
            GROUP BY ALL
            """,
            [self.table.report_type],
        )
        # The others bring nothing: all their days have figures of reports asked for later.
        self.connection.execute(
            "CREATE TEMP VIEW fresh AS FROM temp.files SEMI JOIN (FROM temp.days WHERE NOT newer) AS d USING (file_no)"
        )

    def find_changed_days(self) -> None:
        """Compare each day with what is there: by its rows, and where those are as many, by a digest over them.

        The digest does not depend on the order of rows.
        """
        for column, rows in (("staged", "temp.staged"), ("there", self.there())):
            self.connection.execute(
                f"""
                UPDATE temp.days AS d SET {column} = n
                FROM (SELECT profile_id, date, count(*) AS n FROM {rows} GROUP BY ALL) AS found
                WHERE found.profile_id = d.profile_id AND found.date = d.date
                """
            )
        self.connection.execute("UPDATE temp.days SET changed = staged <> there WHERE NOT newer")
        alike = "NOT newer AND staged = there AND staged > 0"
        if not self.count(f"SELECT count(*) FROM temp.days WHERE {alike}"):
            return
        columns = ", ".join(["currency_code", "account", *(quoted(c.name) for c in self.table.columns)])
        digest = f"SELECT profile_id, date, sum(hash({columns})) AS digest"
        days = f"(SELECT profile_id, date FROM temp.days WHERE {alike})"
        self.connection.execute(
            f"""
            UPDATE temp.days AS d SET changed = true
            FROM ({digest} FROM temp.staged SEMI JOIN {days} USING (profile_id, date) GROUP BY ALL) AS after
            JOIN ({digest} FROM {self.there()} SEMI JOIN {days} USING (profile_id, date) GROUP BY ALL) AS before
                USING (profile_id, date)
            WHERE after.profile_id = d.profile_id AND after.date = d.date AND after.digest <> before.digest
            """
        )

    def find_unclear_days(self) -> None:
        """Note the days whose rejected rows are others than those of the report before: figures go or come with them.

        A row without a usable date may be of any day of its report. None goes from an empty day, or comes to one.
        """
        stage, source = self.stage, self.table.report_type
        if stage.rejected is None and not self.count("SELECT count(*) FROM rejected_rows WHERE source = ?", [source]):
            return
        rejected = stage.rejected_rows() if stage.rejected else "SELECT 0 AS file_no, NULL::JSON AS raw WHERE false"
        keys = [column.source for column in self.table.columns if column.name in ("date", *self.table.grain)]
        row = "[" + ", ".join(f"r.raw->>{literal_text(key)}" for key in keys) + "]"
        date = self._date("r.raw")
        self.connection.execute(
            f"""
            UPDATE temp.days AS d SET unclear = true
            FROM (
                WITH concerned AS (FROM temp.days WHERE changed AND restatable),
                before AS (
                    SELECT c.profile_id, c.date, staged, there, {row} AS row
                    FROM concerned AS c
                    JOIN ({self._quarantined()}) AS r ON r.profile_id = c.profile_id AND r.report_id = c.former
                    WHERE coalesce(r.date = c.date, true)
                ),
                after AS (
                    SELECT c.profile_id, c.date, staged, there, {row} AS row
                    FROM concerned AS c JOIN temp.files AS f USING (file_no) JOIN ({rejected}) AS r USING (file_no)
                    WHERE coalesce({date} = c.date OR {date} NOT BETWEEN f.start_date AND f.end_date, true)
                )
                SELECT profile_id, date FROM (FROM before EXCEPT FROM after) WHERE staged > 0
                UNION ALL
                SELECT profile_id, date FROM (FROM after EXCEPT FROM before) WHERE there > 0
            ) AS other
            WHERE other.profile_id = d.profile_id AND other.date = d.date
            """,
            {"source": source},
        )

    def reject(self) -> dict[int, tuple[int, int]]:
        """Bring quarantine up to date, before the days' earlier state is gone.

        A rejected row of a day that a report asked for later covers is left out like the day's good rows; one without
        a usable date is left out when that is so of all days of its report.

        Returns:
            By file, the rejected rows that take earlier figures of their keys with them, and those left out.
        """
        self._forget_rejected()
        if self.stage.rejected is None:
            return {}
        self.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE wrong AS
            WITH rejected AS (
                SELECT * FROM ({self.stage.rejected_rows()}) JOIN temp.files USING (file_no)
            ),
            stale AS (SELECT file_no, bool_and(newer) AS all_newer FROM temp.days GROUP BY 1)
            SELECT
                r.*,
                coalesce(d.newer, all_newer) AS stale,
                NOT r.twice AND EXISTS (
                    FROM {self.there()} AS t SEMI JOIN (FROM temp.days WHERE changed) USING (profile_id, date)
                    WHERE {self.table.same_key("t", "r", also=["profile_id"])}
                ) AND NOT EXISTS (
                    FROM temp.staged AS s WHERE {self.table.same_key("s", "r", also=["profile_id"])}
                ) AS displaces
            FROM rejected AS r
            JOIN stale USING (file_no)
            LEFT JOIN temp.days AS d ON d.file_no = r.file_no AND d.date = r.date
            """
        )
        self.connection.execute(
            """
            INSERT INTO rejected_rows (account, profile_id, source, report_id, row_no, reason, raw, rejected_at)
            SELECT
                account, profile_id, ?, report_id, place,
                reason || CASE WHEN displaces THEN
                    CASE WHEN contains(reason, ': ') THEN '' ELSE ':' END || '; the figures loaded before are gone'
                ELSE '' END,
                raw, ?
            FROM temp.wrong WHERE NOT stale
            """,
            [self.table.report_type, self.now],
        )
        query = """
            SELECT file_no, count(*) FILTER (displaces), count(*) FILTER (stale) FROM temp.wrong GROUP BY 1
        """
        return {number: (displaced, stale) for number, displaced, stale in self.connection.execute(query).fetchall()}

    def _forget_rejected(self) -> None:
        """Take out of quarantine what these files bring anew: rows of their days, of reports asked for before.

        A report loaded again replaces what it had there. A row without a usable date may be of any day of its report,
        and goes when all of them are covered, or when it is brought again as it is: one for each time that it is.
        """
        if not self.count("SELECT count(*) FROM rejected_rows WHERE source = ?", [self.table.report_type]):
            return
        self.connection.execute(
            """
            DELETE FROM rejected_rows
            WHERE source = ? AND (profile_id, report_id) IN (SELECT profile_id, report_id FROM temp.fresh)
            """,
            [self.table.report_type],
        )
        self.connection.execute(
            f"""
            DELETE FROM rejected_rows WHERE source = $source AND (profile_id, report_id, row_no) IN (
                SELECT r.profile_id, r.report_id, r.row_no
                FROM ({self._quarantined()}) AS r
                JOIN temp.fresh AS f ON f.profile_id = r.profile_id AND f.requested_at >= r.requested_at
                WHERE CASE
                    WHEN r.date IS NOT NULL THEN r.date BETWEEN f.start_date AND f.end_date
                    ELSE f.start_date <= r.start_date AND r.end_date <= f.end_date
                END
            )
            """,
            {"source": self.table.report_type},
        )
        if self.stage.rejected is None:
            return
        date = self._date("r.raw")
        self.connection.execute(
            f"""
            DELETE FROM rejected_rows WHERE source = $source AND (profile_id, report_id, row_no) IN (
                WITH brought AS (
                    SELECT file_no, f.profile_id, f.requested_at, r.raw::VARCHAR AS text, count(*) AS times
                    FROM ({self.stage.rejected_rows()}) AS r JOIN temp.fresh AS f USING (file_no)
                    WHERE coalesce({date} NOT BETWEEN f.start_date AND f.end_date, true) GROUP BY ALL
                )
                SELECT r.profile_id, r.report_id, r.row_no
                FROM ({self._quarantined()}) AS r
                JOIN brought AS b
                    ON b.profile_id = r.profile_id AND b.text = r.raw::VARCHAR AND b.requested_at >= r.requested_at
                WHERE r.date IS NULL
                QUALIFY times >= row_number() OVER (PARTITION BY file_no, text ORDER BY r.requested_at DESC, r.row_no)
            )
            """,
            {"source": self.table.report_type},
        )

    def _date(self, raw: str) -> str:
        """Return SQL for the date that a rejected row says it is of."""
        return f"TRY_CAST({raw}->>{literal_text(self.table.date_source)} AS DATE)"

    def _quarantined(self) -> str:
        """Return SQL for the quarantine of $source: by row its report, and its date if that is one of the report's."""
        date = self._date("r.raw")
        return f"""
            SELECT
                r.*, l.* EXCLUDE (profile_id, report_id),
                CASE WHEN {date} BETWEEN l.start_date AND l.end_date THEN {date} END AS date
            FROM rejected_rows AS r
            JOIN (
                SELECT
                    profile_id, report_id, max(requested_at) AS requested_at,
                    any_value(start_date) AS start_date, any_value(end_date) AS end_date
                FROM load_log WHERE report_type = $source GROUP BY ALL
            ) AS l USING (profile_id, report_id)
            WHERE r.source = $source
        """

    def record_restatements(self) -> None:
        """Write down each metric of each day that another report brought before and that differs now.

        What the same report brings, read once more after a correction in this program, is no change by Amazon. Of a
        column that was not asked for, now or the last time, nothing is known; and it is no change either when a figure
        comes or goes because its row went to quarantine or came out of it.
        """
        restated = "(FROM temp.days WHERE changed AND restatable AND NOT unclear)"
        if not self.count(f"SELECT count(*) FROM {restated}"):
            return
        metrics = [column for column in self.table.columns if column.metric]
        sums = ", ".join(f"sum({quoted(c.name)})::DECIMAL(38, 6) AS {quoted(c.name)}" for c in metrics)
        names = ", ".join(quoted(c.name) for c in metrics)
        total = f"SELECT profile_id, date, {sums}"
        self.connection.execute(
            f"""
            INSERT INTO restatements
            WITH restated AS {restated},
            before AS ({total} FROM {self.there()} SEMI JOIN restated USING (profile_id, date) GROUP BY ALL),
            after AS ({total} FROM temp.staged SEMI JOIN restated USING (profile_id, date) GROUP BY ALL),
            old AS (UNPIVOT before ON {names} INTO NAME metric VALUE amount),
            new AS (UNPIVOT after ON {names} INTO NAME metric VALUE amount),
            last_time AS (
                SELECT d.profile_id, d.date, arg_max(l.columns_left_out, l.requested_at) AS left_out
                FROM restated AS d JOIN load_log AS l
                    ON l.profile_id = d.profile_id AND l.report_type = ? AND d.date BETWEEN l.start_date AND l.end_date
                GROUP BY ALL
            ),
            not_asked AS (
                SELECT DISTINCT profile_id, date, unnest(left_out) AS metric, true AS unknown FROM (
                    SELECT profile_id, date, left_out FROM last_time
                    UNION ALL
                    SELECT d.profile_id, d.date, left_out FROM restated AS d JOIN temp.files USING (file_no)
                )
            )
            SELECT date, f.account, profile_id, f.currency_code, ?, metric, old.amount, new.amount, f.report_id, ?
            FROM old FULL JOIN new USING (profile_id, date, metric)
            JOIN restated AS d USING (profile_id, date)
            JOIN temp.files AS f USING (file_no, profile_id)
            LEFT JOIN not_asked USING (profile_id, date, metric)
            WHERE old.amount IS DISTINCT FROM new.amount
                AND unknown IS NULL
            """,
            [self.table.report_type, self.table.report_type, self.now],
        )

    def replace_days(self) -> None:
        """Replace each changed day as a whole."""
        name = quoted(self.table.name)
        changed = "(SELECT profile_id, date FROM temp.days WHERE changed)"
        if self.count("SELECT count(*) FROM temp.days WHERE changed AND there > 0"):
            self.connection.execute(
                f"""
                DELETE FROM {name} USING {changed} AS d
                WHERE {name}.profile_id = d.profile_id AND {name}.date = d.date
                """
            )
        own = ", ".join(quoted(column) for column in self.table.all_columns if column != "loaded_at")
        if self.count("SELECT count(*) FROM temp.days WHERE changed AND staged > 0"):
            self.connection.execute(
                f"""
                INSERT INTO {name} ({own}, loaded_at)
                SELECT {own}, ? FROM temp.staged SEMI JOIN {changed} AS d USING (profile_id, date)
                """,
                [self.now],
            )

    def kept(self) -> dict[int, tuple[str, ...]]:
        """Return, by file, the columns of which an earlier report's figures stay."""
        if not self.left_out:
            return {}
        return kept_columns(self.connection, self.table, self.stage.good_rows(), self.left_out)

    def outcomes(self, rejected: Mapping[int, tuple[int, int]]) -> list[FileOutcome]:
        """Say what was done with each file.

        Args:
            rejected: What ``reject`` returned.
        """
        query = """
            SELECT
                file_no, coalesce(sum(staged) FILTER (newer), 0)::BIGINT, count(*) FILTER (changed),
                count(*) FILTER (NOT changed AND NOT newer), count(*) FILTER (newer), list(date) FILTER (unclear)
            FROM temp.days GROUP BY file_no
        """
        days = {number: found for number, *found in self.connection.execute(query).fetchall()}
        kept = self.kept()
        outcomes = []
        for number, staged in enumerate(self.stage.files):
            stale, changed, unchanged, days_stale, unclear = days[number]
            displaced, rejected_stale = rejected.get(number, (0, 0))
            outcome = FileOutcome(
                report_id=staged.file.report_id,
                rows_loaded=staged.rows - staged.rejected - stale,
                rows_rejected=staged.rejected - rejected_stale,
                rows_stale=stale + rejected_stale,
                rows_displaced=displaced,
                days_changed=changed,
                days_unchanged=unchanged,
                days_stale=days_stale,
                columns_missing=staged.columns_missing,
                columns_left_out=staged.columns_left_out,
                columns_kept=kept.get(number, ()),
                days_unclear=tuple(sorted(unclear or ())),
            )
            outcomes.append(outcome)
        return outcomes


def _check_balance(load: _Load, outcomes: Sequence[FileOutcome]) -> None:
    """See that every row of each file lies somewhere, counted where it lies and not where it was sent.

    Rows read from the file = rows of its days that stand in the table + its rows in quarantine + its rows left out
    because a report asked for later has their day.

    Raises:
        RowsLostError: They do not add up, or not to what will be written to ``load_log``.
    """
    there = f"""
        SELECT file_no, count(*) FROM {load.there()} JOIN temp.days USING (profile_id, date) WHERE NOT newer GROUP BY 1
    """
    quarantine = """
        SELECT file_no, count(*) FROM rejected_rows AS r JOIN temp.fresh USING (profile_id, report_id)
        WHERE r.source = ? GROUP BY 1
    """
    loaded, rejected = load.by_file(there), load.by_file(quarantine, [load.table.report_type])
    for number, (staged, outcome) in enumerate(zip(load.stage.files, outcomes, strict=True)):
        found = (loaded.get(number, 0), rejected.get(number, 0), outcome.rows_stale)
        if found != (outcome.rows_loaded, outcome.rows_rejected, outcome.rows_stale) or sum(found) != staged.rows:
            raise _lost(load.table, staged, found)


def _lost(table: ReportTable, staged: StagedFile, found: tuple[int, int, int]) -> RowsLostError:
    loaded, rejected, stale = found
    return rows_lost(
        f"report {staged.file.report_id} ({table.report_type}) of profile {staged.file.profile_id} has {staged.rows} "
        f"rows, of which {staged.rejected} break a rule, but {sum(found)} are accounted for: {loaded} in the table, "
        f"{rejected} in quarantine, {stale} of days with newer figures. The load was undone"
    )


def _log_load(load: _Load, outcomes: Sequence[FileOutcome]) -> None:
    lists: dict[str, list[Any]] = {
        "report_id": [done.report_id for done in outcomes],
        "account": [file.account for file in load.files],
        "profile_id": [file.profile_id for file in load.files],
        "start_date": [file.start_date for file in load.files],
        "end_date": [file.end_date for file in load.files],
        "requested_at": [file.requested_at for file in load.files],
        "rows_in_file": [done.rows_loaded + done.rows_rejected + done.rows_stale for done in outcomes],
        "rows_loaded": [done.rows_loaded for done in outcomes],
        "rows_rejected": [done.rows_rejected for done in outcomes],
        "days_changed": [done.days_changed for done in outcomes],
        "days_unchanged": [done.days_unchanged for done in outcomes],
        "days_stale": [done.days_stale for done in outcomes],
        "columns_missing": [list(done.columns_missing) for done in outcomes],
        "raw_path": [file.raw_path for file in load.files],
        "rows_stale": [done.rows_stale for done in outcomes],
        "columns_left_out": [list(done.columns_left_out) for done in outcomes],
        "columns_kept": [list(done.columns_kept) for done in outcomes],
        "days_unclear": [list(done.days_unclear) for done in outcomes],
    }
    types = {
        "columns_missing": "VARCHAR[][]",
        "columns_left_out": "VARCHAR[][]",
        "columns_kept": "VARCHAR[][]",
        "days_unclear": "DATE[][]",
        "requested_at": "TIMESTAMPTZ[]",
    }
    columns = ", ".join(f"unnest(${name}{'::' + types[name] if name in types else ''}) AS {name}" for name in lists)
    load.connection.execute(
        f"INSERT INTO load_log BY NAME SELECT $report_type AS report_type, $now::TIMESTAMPTZ AS loaded_at, {columns}",
        {"report_type": load.table.report_type, "now": load.now, **lists},
    )
