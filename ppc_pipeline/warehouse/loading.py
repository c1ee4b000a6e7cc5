"""Loading report files: gzip JSON -> typed rows -> quarantine -> the days that changed, in one transaction.

Rows never pass through Python. A day is compared with what is there and rewritten only when it differs; what changed
is recorded in ``restatements``. Loading a file again changes nothing. Here: report tables. Not here: entities
(``entities``), or which file belongs to which report (``reports``).
"""

import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.staging import (
    MAX_OBJECT_BYTES,
    Rule,
    any_broken,
    cast,
    cast_rules,
    drop_temporary,
    first_reason,
)
from ppc_pipeline.warehouse.tables import ReportTable, quoted

_JSON = json.JSONDecoder()
_USUAL_ROW_CHARS = 2**16


class UnreadableFileError(Exception):
    """A report file that is not a JSON array of objects, or that lacks what no report can do without.

    A single character that UTF-8 cannot hold (a lone surrogate in a name) makes the whole file unreadable: DuckDB reads
    no further, and to leave out the row would be to load a day without it, unnoticed.
    """


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report file and what its rows belong to."""

    path: Path
    raw_path: str
    report_id: str
    account: str
    profile_id: int
    currency_code: str
    start_date: date
    end_date: date
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What loading one file did.

    Attributes:
        report_id: Which.
        rows_loaded: Rows of it that are in the table now.
        rows_rejected: Rows of it in quarantine.
        days_changed: Days rewritten.
        days_unchanged: Days that were there already, alike.
        days_stale: Days left alone because figures of a report asked for later are there.
        columns_missing: Columns that were asked for and are not in the file.
    """

    report_id: str
    rows_loaded: int
    rows_rejected: int
    days_changed: int
    days_unchanged: int
    days_stale: int
    columns_missing: tuple[str, ...]


def load_files(
    connection: duckdb.DuckDBPyConnection, table: ReportTable, files: Sequence[ReportFile], now: datetime
) -> list[FileOutcome]:
    """Load files of one report type, each wholly or not at all.

    Files of one profile may cover the same days: they are loaded in the order they were asked for.

    Args:
        connection: The warehouse, with no transaction open.
        table: Where the rows go.
        files: What to load.
        now: The moment written to ``loaded_at``.

    Raises:
        UnreadableFileError: A file is not a JSON array of objects, or none of its rows has a metric or a key that was
            asked for. Nothing of its group was loaded.
    """
    outcomes: list[FileOutcome] = []
    for group in without_overlaps(files):
        with in_transaction(connection):
            outcomes += _load_group(connection, table, group, now)
    return outcomes


def without_overlaps(files: Iterable[ReportFile]) -> list[list[ReportFile]]:
    """Group files so that in no group two of them cover the same profile and day, keeping their order."""
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
    same = one.profile_id == other.profile_id
    return same and one.start_date <= other.end_date and other.start_date <= one.end_date


def _load_group(
    connection: duckdb.DuckDBPyConnection, table: ReportTable, files: Sequence[ReportFile], now: datetime
) -> list[FileOutcome]:
    _stage_files(connection, table, files)
    _stage_rows(connection, table, files)
    missing = {file.report_id: _missing_columns(connection, table, file) for file in files}
    _forget_rejected(connection, table)
    rejected = _reject(connection, table, files, now)
    _find_changed_days(connection, table)
    _record_restatements(connection, table, now)
    _replace_days(connection, table, now)
    return _log_load(connection, table, files, rejected, missing, now)


def _stage_files(connection: duckdb.DuckDBPyConnection, table: ReportTable, files: Sequence[ReportFile]) -> None:
    """Stage what each file belongs to, and each of its days with how it may be used."""
    drop_temporary(connection, "staged_files", "staged_days")
    connection.execute(
        """
        CREATE TEMP TABLE staged_files (
            path VARCHAR, raw_path VARCHAR, report_id VARCHAR, account VARCHAR, profile_id BIGINT,
            currency_code VARCHAR, start_date DATE, end_date DATE, requested_at TIMESTAMPTZ
        )
        """
    )
    connection.executemany(
        "INSERT INTO temp.staged_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                str(f.path),
                f.raw_path,
                f.report_id,
                f.account,
                f.profile_id,
                f.currency_code,
                f.start_date,
                f.end_date,
                f.requested_at,
            )
            for f in files
        ],
    )
    # loaded_before: some report of this day was loaded; newer: one that was asked for later than this one.
    connection.execute(
        """
        CREATE TEMP TABLE staged_days AS
        SELECT
            f.report_id,
            f.profile_id,
            d.date::DATE AS date,
            count(l.report_id) > 0 AS loaded_before,
            coalesce(max(l.requested_at) > any_value(f.requested_at), false) AS newer
        FROM temp.staged_files AS f
        CROSS JOIN LATERAL (SELECT unnest(range(f.start_date, f.end_date + 1, INTERVAL 1 DAY)) AS date) AS d
        LEFT JOIN load_log AS l
            ON l.profile_id = f.profile_id AND l.report_type = ? AND d.date BETWEEN l.start_date AND l.end_date
        GROUP BY ALL
        """,
        [table.report_type],
    )


def _rules(table: ReportTable) -> list[Rule]:
    raw = {column.name: f"raw_{column.name}" for column in table.columns}
    outside = Rule(
        "date NOT BETWEEN start_date AND end_date",
        "'date ' || date || ' is outside the report (' || start_date || ' to ' || end_date || ')'",
    )
    return [*cast_rules(table.columns, raw, required=("date", *table.grain)), outside]


def _typed_rows(table: ReportTable) -> str:
    """Return SQL that reads the staged files: texts as ``raw_<column>``, typed values, and what they belong to."""
    texts = ", ".join(f"r.{quoted(c.source)} AS {quoted('raw_' + c.name)}" for c in table.columns)
    typed = ", ".join(f"{cast(c, quoted('raw_' + c.name))} AS {quoted(c.name)}" for c in table.columns)
    keys = ", ".join(f"{_string(c.source)}: 'VARCHAR'" for c in table.columns)
    return f"""
        SELECT *, {typed}
        FROM (
            SELECT r.row_no, {texts}, f.* EXCLUDE (path, raw_path, requested_at)
            FROM (
                SELECT *, row_number() OVER () AS row_no
                FROM read_json(
                    ?,
                    format = 'array', filename = true, maximum_object_size = {MAX_OBJECT_BYTES},
                    columns = {{{keys}}}
                )
            ) AS r
            JOIN temp.staged_files AS f ON f.path = r.filename
        )
    """


def _stage_rows(connection: duckdb.DuckDBPyConnection, table: ReportTable, files: Sequence[ReportFile]) -> None:
    """Stage every row, typed, with whether a rule is broken."""
    drop_temporary(connection, "staged")
    own = ", ".join(quoted(c.name) for c in table.columns)
    broken = any_broken(_rules(table))
    try:
        connection.execute(
            f"""
            CREATE TEMP TABLE staged AS
            SELECT row_no, report_id, account, profile_id, currency_code, {own}, coalesce({broken}, false) AS broken
            FROM ({_typed_rows(table)})
            """,
            [[str(file.path) for file in files]],
        )
    except duckdb.InvalidInputException as error:  # an IOException is about the disk, not about what is in the file
        raise UnreadableFileError(_first_line(error)) from None
    duplicate = f"""
        UPDATE temp.staged SET broken = true WHERE row_no IN (
            SELECT row_no FROM temp.staged WHERE NOT broken
            QUALIFY row_number() OVER (PARTITION BY {_grain(table)} ORDER BY row_no) > 1
        )
    """
    if _has_duplicates(connection, table):
        connection.execute(duplicate)


def _has_duplicates(connection: duckdb.DuckDBPyConnection, table: ReportTable) -> bool:
    query = f"""
        SELECT 1 FROM temp.staged WHERE NOT broken GROUP BY {_grain(table)} HAVING count(*) > 1 LIMIT 1
    """
    return connection.execute(query).fetchone() is not None


def _grain(table: ReportTable) -> str:
    return ", ".join(["profile_id", "date", *(quoted(name) for name in table.grain)])


def _forget_rejected(connection: duckdb.DuckDBPyConnection, table: ReportTable) -> None:
    """Take out of quarantine what these files bring anew: rows of days that they cover, of reports asked for before.

    A row without a usable date may be of any day of its report, and goes when all of them are covered.
    """
    source = next(column.source for column in table.columns if column.name == "date")
    connection.execute(
        """
        DELETE FROM rejected_rows WHERE (report_id, row_no) IN (
            SELECT r.report_id, r.row_no
            FROM (SELECT *, TRY_CAST(raw->>? AS DATE) AS date FROM rejected_rows WHERE source = ?) AS r
            JOIN load_log AS l USING (report_id)
            JOIN temp.staged_files AS f ON f.profile_id = r.profile_id AND f.requested_at >= l.requested_at
            WHERE CASE
                WHEN r.date BETWEEN l.start_date AND l.end_date THEN r.date BETWEEN f.start_date AND f.end_date
                ELSE f.start_date <= l.start_date AND l.end_date <= f.end_date
            END
        )
        """,
        [source, table.report_type],
    )


def _reject(
    connection: duckdb.DuckDBPyConnection, table: ReportTable, files: Sequence[ReportFile], now: datetime
) -> dict[str, int]:
    """Put broken rows in quarantine, as Amazon sent them, and drop them from the stage.

    Returns:
        Rejected rows by report. A report loaded again replaces what it had in quarantine.
    """
    reports = [file.report_id for file in files]
    connection.execute("DELETE FROM rejected_rows WHERE list_contains(?, report_id)", [reports])
    count = "SELECT report_id, count(*) FROM temp.staged WHERE broken GROUP BY report_id"
    rejected = dict(connection.execute(count).fetchall())
    if not rejected:
        return {}
    paths = [str(file.path) for file in files]
    reason = first_reason([*_rules(table), Rule("true", "'another row of the file has the same keys'")])
    connection.execute(
        f"""
        INSERT INTO rejected_rows
        WITH broken AS (SELECT row_no FROM temp.staged WHERE broken),
        reasons AS (
            SELECT account, profile_id, report_id, row_no, {reason} AS reason
            FROM ({_typed_rows(table)}) WHERE row_no IN (FROM broken)
        ),
        texts AS (
            SELECT json, filename, row_number() OVER () AS row_no
            FROM read_json_objects(
                ?, format = 'array', filename = true, maximum_object_size = {MAX_OBJECT_BYTES}
            )
        ),
        places AS (SELECT json, row_no, row_number() OVER (PARTITION BY filename ORDER BY row_no) AS place FROM texts)
        SELECT account, profile_id, ?, report_id, place, reason, json, ?
        FROM reasons JOIN places USING (row_no)
        """,
        [paths, paths, table.report_type, now],
    )
    connection.execute("DELETE FROM temp.staged WHERE broken")
    return rejected


def _find_changed_days(connection: duckdb.DuckDBPyConnection, table: ReportTable) -> None:
    """Compare each day with what is there, by a digest over its rows that does not depend on their order."""
    drop_temporary(connection, "changed_days")
    columns = ", ".join(["currency_code", "account", *(quoted(c.name) for c in table.columns)])
    digest = f"count(*) AS n, sum(hash({columns})) AS digest"
    connection.execute(
        f"""
        CREATE TEMP TABLE changed_days AS
        WITH wanted AS (SELECT * FROM temp.staged_days WHERE NOT newer),
        after AS (SELECT profile_id, date, {digest} FROM temp.staged GROUP BY ALL),
        before AS (
            SELECT t.profile_id, t.date, {digest} FROM {quoted(table.name)} AS t
            SEMI JOIN wanted AS w ON w.profile_id = t.profile_id AND w.date = t.date
            GROUP BY ALL
        )
        SELECT w.report_id, w.profile_id, w.date, w.loaded_before
        FROM wanted AS w
        LEFT JOIN after USING (profile_id, date)
        LEFT JOIN before USING (profile_id, date)
        WHERE after.n IS DISTINCT FROM before.n OR after.digest IS DISTINCT FROM before.digest
        """
    )


def _record_restatements(connection: duckdb.DuckDBPyConnection, table: ReportTable, now: datetime) -> None:
    """Write down each metric of each day that was loaded before and differs now."""
    metrics = [column for column in table.columns if column.metric]
    sums = ", ".join(f"sum({quoted(c.name)})::DECIMAL(38, 6) AS {quoted(c.name)}" for c in metrics)
    names = ", ".join(quoted(c.name) for c in metrics)
    connection.execute(
        f"""
        INSERT INTO restatements
        WITH days AS (SELECT * FROM temp.changed_days WHERE loaded_before),
        before AS (
            SELECT profile_id, date, {sums} FROM {quoted(table.name)} SEMI JOIN days USING (profile_id, date)
            GROUP BY ALL
        ),
        after AS (
            SELECT profile_id, date, {sums} FROM temp.staged SEMI JOIN days USING (profile_id, date) GROUP BY ALL
        ),
        old AS (UNPIVOT before ON {names} INTO NAME metric VALUE amount),
        new AS (UNPIVOT after ON {names} INTO NAME metric VALUE amount)
        SELECT date, f.account, profile_id, f.currency_code, ?, metric, old.amount, new.amount, d.report_id, ?
        FROM old FULL JOIN new USING (profile_id, date, metric)
        JOIN days AS d USING (profile_id, date)
        JOIN temp.staged_files AS f USING (report_id, profile_id)
        WHERE old.amount IS DISTINCT FROM new.amount
        """,
        [table.report_type, now],
    )


def _replace_days(connection: duckdb.DuckDBPyConnection, table: ReportTable, now: datetime) -> None:
    """Replace each changed day as a whole."""
    name = quoted(table.name)
    own = ", ".join(quoted(column) for column in table.all_columns if column != "loaded_at")
    connection.execute(
        f"""
        DELETE FROM {name} USING temp.changed_days AS d
        WHERE {name}.profile_id = d.profile_id AND {name}.date = d.date
        """
    )
    connection.execute(
        f"""
        INSERT INTO {name} ({own}, loaded_at)
        SELECT {own}, ? FROM temp.staged SEMI JOIN temp.changed_days AS d USING (profile_id, date)
        """,
        [now],
    )


def _missing_columns(connection: duckdb.DuckDBPyConnection, table: ReportTable, file: ReportFile) -> tuple[str, ...]:
    """Say which columns no row of a file has: Amazon gives every row every column asked for, NULL or not.

    Raises:
        UnreadableFileError: A metric or a key is among them. Its NULLs would take the place of good figures.
    """
    try:
        first = _first_row(file)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:  # DuckDB reads more than JSON allows
        raise UnreadableFileError(f"its first row is not JSON: {error}") from None
    if first is None or all(c.source in first for c in table.columns):
        return ()
    keys = (
        "SELECT DISTINCT unnest(json_keys(json)) FROM read_json_objects(?, format = 'array', maximum_object_size = ?)"
    )
    there = {key for (key,) in connection.execute(keys, [str(file.path), MAX_OBJECT_BYTES]).fetchall()}
    missing = [c for c in table.columns if c.source not in there]
    needed = [c.source for c in missing if c.metric or c.name in ("date", *table.grain)]
    if needed:
        raise UnreadableFileError(f"columns that were asked for are not in it: {', '.join(needed)}")
    return tuple(c.source for c in missing)


def _first_row(file: ReportFile) -> Collection[str] | None:
    """Return the first row of a file: read here, and not by DuckDB, which would unzip megabytes for it."""
    with gzip.open(file.path, "rt", encoding="utf-8") as text:
        head = text.read(_USUAL_ROW_CHARS)
        if "{" not in head:
            return None
        try:
            row, _ = _JSON.raw_decode(head, head.index("{"))
        except ValueError:
            head += text.read(MAX_OBJECT_BYTES)
            row, _ = _JSON.raw_decode(head, head.index("{"))
    return dict(row)


def _log_load(
    connection: duckdb.DuckDBPyConnection,
    table: ReportTable,
    files: Sequence[ReportFile],
    rejected: dict[str, int],
    missing: dict[str, tuple[str, ...]],
    now: datetime,
) -> list[FileOutcome]:
    valid = dict(connection.execute("SELECT report_id, count(*) FROM temp.staged GROUP BY report_id").fetchall())
    changed = dict(connection.execute("SELECT report_id, count(*) FROM temp.changed_days GROUP BY 1").fetchall())
    stale: dict[str, int] = defaultdict(int)
    stale |= dict(
        connection.execute("SELECT report_id, count(*) FILTER (newer) FROM temp.staged_days GROUP BY 1").fetchall()
    )
    outcomes = []
    for file in files:
        key = file.report_id
        days = (file.end_date - file.start_date).days + 1
        outcome = FileOutcome(
            report_id=key,
            rows_loaded=valid.get(key, 0),
            rows_rejected=rejected.get(key, 0),
            days_changed=changed.get(key, 0),
            days_unchanged=days - changed.get(key, 0) - stale[key],
            days_stale=stale[key],
            columns_missing=missing[key],
        )
        outcomes.append(outcome)
    connection.executemany(
        "INSERT INTO load_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                file.report_id,
                file.account,
                file.profile_id,
                table.report_type,
                file.start_date,
                file.end_date,
                file.requested_at,
                now,
                done.rows_loaded + done.rows_rejected,
                done.rows_loaded,
                done.rows_rejected,
                done.days_changed,
                done.days_unchanged,
                done.days_stale,
                list(done.columns_missing),
                file.raw_path,
            )
            for file, done in zip(files, outcomes, strict=True)
        ],
    )
    return outcomes


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
