"""Staging report files: gzip JSON -> typed rows in Parquet and what is to be rejected, without the warehouse.

Rows never pass through Python. All that can be done without knowing what the warehouse holds is done here, in a DuckDB
of its own, so that the warehouse is held for the write alone. Here: reading, rules, duplicates. Not here: comparing
with what is there and writing (``loading``), which directory (``scratch``).
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ppc_pipeline.warehouse.pieces import WORTH_CUTTING, UncutError, Unzipped, pieces_of
from ppc_pipeline.warehouse.report_files import (
    ReportFile,
    UnreadableFileError,
    first_line,
    missing_columns,
    rows_lost,
)
from ppc_pipeline.warehouse.staging import MAX_OBJECT_BYTES, Rule, any_broken, cast, cast_rules, first_reason
from ppc_pipeline.warehouse.tables import Column, ReportTable, quoted

MEMORY = "300MB"
READERS = min(2, os.cpu_count() or 1)
"""Files or pieces read at once: each takes memory, and the machine has other work."""

_PIECE_STRIDE = 10**12
_ROW_GROUP = 30720


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that was read.

    Attributes:
        file: Which.
        rows: Rows in it, good or not.
        rejected: Those that break a rule.
        columns_missing: Columns that were asked for and are not in it.
    """

    file: ReportFile
    rows: int
    rejected: int
    columns_missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Files of one report type, typed and sorted into good rows and others.

    Attributes:
        table: Where they belong.
        files: What was read; a file's place here, from 0, is its ``file_no`` in the Parquet files.
        rows: Parquet files of all rows: ``file_no``, ``row_no``, ``broken`` and the table's columns.
        excluded: Parquet files of the ``row_no`` of further rows to reject: that lack a metric, or repeat the keys of
            another.
        rejected: A Parquet file of rejected rows as Amazon sent them, with their reasons and keys, if there are any.
    """

    table: ReportTable
    files: tuple[StagedFile, ...]
    rows: tuple[Path, ...]
    excluded: tuple[Path, ...]
    rejected: Path | None

    def good_rows(self) -> str:
        """Return SQL for the rows to load."""
        return f"SELECT * FROM {_parquet(*self.rows)} WHERE NOT broken AND NOT {_among(*self.excluded)}"

    def rejected_rows(self) -> str:
        """Return SQL for the rejected rows; only to be asked for when there are any."""
        return f"SELECT * FROM {_parquet(*([self.rejected] if self.rejected else []))}"


def stage_files(table: ReportTable, files: Sequence[ReportFile], folder: Path) -> Stage:
    """Read files of one report type.

    Args:
        table: What they are to become.
        files: What to read; no two of them cover the same profile and day.
        folder: Where staged rows go; empty.

    Raises:
        UnreadableFileError: A file is not a JSON array of objects, or none of its rows has a metric or a key that was
            asked for.
        RowsLostError: Not every row that was read was staged.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder),
        "preserve_insertion_order": "false",
    }
    missing = [missing_columns(table, file) for file in files]
    with duckdb.connect(config=settings) as connection:
        reading = _Reading(connection, table, files, folder, [Unzipped(file.path) for file in files])
        rows = reading.read()
        counts = reading.counts(rows)
        lacking = reading.find_lacking(rows)
        duplicates = reading.find_duplicates(rows, lacking)
        rejected = reading.reject(rows, lacking, duplicates)
    staged = tuple(
        StagedFile(file, counts[number], rejected.get(number, 0), missing[number]) for number, file in enumerate(files)
    )
    return Stage(table, staged, tuple(rows), (*lacking, *duplicates), reading.quarantine if rejected else None)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one statement reads: some files, or a piece of one."""

    number: int
    paths: Sequence[Path]
    file_numbers: Sequence[int]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads files of one report type in a DuckDB of its own."""

    connection: duckdb.DuckDBPyConnection
    table: ReportTable
    files: Sequence[ReportFile]
    folder: Path
    unzipped: Sequence[Unzipped]

    @property
    def quarantine(self) -> Path:
        return self.folder / "rejected.parquet"

    def read(self) -> list[Path]:
        """Stage every row, typed, with whether a rule is broken."""
        self.connection.execute(
            """
            CREATE TABLE files AS
            SELECT unnest($numbers::INTEGER[]) AS file_no, unnest($paths::VARCHAR[]) AS path,
                unnest($starts::DATE[]) AS start_date, unnest($ends::DATE[]) AS end_date
            """,
            {
                "numbers": list(range(len(self.files))),
                "paths": [str(file.path) for file in self.files],
                "starts": [file.start_date for file in self.files],
                "ends": [file.end_date for file in self.files],
            },
        )
        try:
            return self._read_at_once(self._pieces())
        except UncutError:
            return self._read_at_once(self._whole_files([[number] for number in range(len(self.files))]))

    def _pieces(self) -> Iterator[_Piece]:
        """Cut large files, and share out the small ones."""
        sizes = {number: file.path.stat().st_size for number, file in enumerate(self.files)}
        large = [number for number, size in sizes.items() if size > WORTH_CUTTING and READERS > 1]
        small = [number for number in sizes if number not in large]
        done = 0
        for piece in self._whole_files([share for share in (small[n::READERS] for n in range(READERS)) if share]):
            done += 1
            yield piece
        for number in large:
            for path in pieces_of(self.unzipped[number], self.files[number].path.name, self.folder):
                yield _Piece(done, [path], [number], cut=True)
                done += 1

    def _whole_files(self, shares: Sequence[Sequence[int]]) -> Iterator[_Piece]:
        for done, share in enumerate(shares):
            yield _Piece(done, [self.files[number].path for number in share], share)

    def _read_at_once(self, pieces: Iterator[_Piece]) -> list[Path]:
        """Read some pieces at a time; those that are cut but not read yet are never more than a few."""
        done: list[Path] = []
        waiting: deque[Future[Path]] = deque()
        with ThreadPoolExecutor(READERS) as readers:
            try:
                for piece in pieces:
                    waiting.append(readers.submit(self._read_piece, piece))
                    if len(waiting) > READERS:
                        done.append(waiting.popleft().result())
                done += [each.result() for each in waiting]
            except BaseException:
                readers.shutdown(cancel_futures=True)
                raise
        return done

    def _read_piece(self, piece: _Piece) -> Path:
        if not piece.cut:
            for number in piece.file_numbers:
                self.unzipped[number].check()
        out = self.folder / f"rows{piece.number:05}.parquet"
        keys = ", ".join(f"{_string(c.source)}: 'VARCHAR'" for c in self.table.columns)
        texts = ", ".join(f"{quoted(c.source)} AS {quoted('raw_' + c.name)}" for c in self.table.columns)
        own = ", ".join(quoted(c.name) for c in self.table.columns)
        file = f"f.path = {'$cut_path' if piece.cut else 'r.filename'}"
        values: dict[str, object] = {"paths": [str(path) for path in piece.paths]}
        if piece.cut:
            values["cut_path"] = str(self.files[piece.file_numbers[0]].path)
        query = f"""
            COPY (
                SELECT file_no, row_no, coalesce({any_broken(_rules(self.table))}, false) AS broken, {own}
                FROM (
                    SELECT *, {_typed(self.table)}
                    FROM (
                        SELECT {texts}, filename, {piece.number * _PIECE_STRIDE} + row_number() OVER () AS row_no
                        FROM read_json(
                            $paths,
                            format = 'array', filename = true, maximum_object_size = {MAX_OBJECT_BYTES},
                            columns = {{{keys}}}
                        )
                    ) AS r
                    LEFT JOIN files AS f ON {file}
                )
            ) TO {_string(str(out))} (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})
        """
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(query, values)
        except duckdb.InvalidInputException as error:  # an IOException is about the disk, not about what is in the file
            if piece.cut:
                raise UncutError(str(error)) from None
            raise UnreadableFileError(first_line(error)) from None
        if piece.cut:
            piece.paths[0].unlink()
        return out

    def counts(self, rows: Sequence[Path]) -> dict[int, int]:
        """Count the rows of each file.

        Raises:
            RowsLostError: They are not as many as the file has, counted without regard to what was staged.
        """
        query = f"SELECT file_no, count(*) FROM {_parquet(*rows)} GROUP BY 1"
        staged: dict[int | None, int] = dict(self.connection.execute(query).fetchall())
        if None in staged:
            raise rows_lost(f"{staged[None]} rows were read that belong to no file")
        counts = {number: staged.get(number, 0) for number in range(len(self.files))}
        for number, found in counts.items():
            # One brace a row: that is proof, and costs nothing. Where a name has one too, the rows are counted anew.
            if found != self.unzipped[number].braces and found != (there := self._rows_of(number)):
                raise rows_lost(f"of {there} rows in {self.files[number].raw_path}, {found} were staged")
        return counts

    def _rows_of(self, number: int) -> int:
        query = "SELECT count(*) FROM read_json_objects(?, format = 'array', maximum_object_size = ?)"
        found = self.connection.execute(query, [str(self.files[number].path), MAX_OBJECT_BYTES]).fetchone()
        return int(found[0]) if found else 0

    def find_lacking(self, rows: Sequence[Path]) -> list[Path]:
        """Write down the good rows that lack the key of a metric, if there are any.

        NULL is what Amazon says, no key is what got lost on the way. Looked at is a file in which some rows have NULL
        and others a figure: a metric that is NULL throughout, as that of another line of business is, costs nothing.
        """
        mixed = self._partly_null(rows)
        if not mixed:
            return []
        places = " UNION ALL ".join(
            f"SELECT {number} AS file_no, place FROM {self._raw_rows(number)} WHERE {any_broken(_lacks(columns))}"
            for number, columns in mixed.items()
        )
        out = self.folder / "lacking.parquet"
        found = self.connection.execute(
            f"""
            COPY (
                SELECT row_no FROM ({_places(rows)} WHERE list_contains(?::INTEGER[], file_no))
                JOIN ({places}) USING (file_no, place) WHERE NOT broken
            ) TO {_string(str(out))} (FORMAT parquet)
            """,
            [list(mixed)],
        ).fetchone()
        return [out] if found and found[0] else []

    def _partly_null(self, rows: Sequence[Path]) -> dict[int, list[Column]]:
        """Return, by file, the metrics that some of its good rows have and others do not.

        What was written of the rows knows of most metrics without them.
        """
        query = f"""
            SELECT path_in_schema FROM parquet_metadata([{", ".join(_string(str(path)) for path in rows)}])
            GROUP BY 1 HAVING sum(coalesce(stats_null_count, 1)) BETWEEN 1 AND sum(num_values) - 1
        """
        names = {name for (name,) in self.connection.execute(query).fetchall()}
        metrics = [column for column in self.table.columns if column.metric and column.name in names]
        if not metrics:
            return {}
        counts = ", ".join(f"count({quoted(column.name)})" for column in metrics)
        query = f"SELECT file_no, count(*), {counts} FROM {_parquet(*rows)} WHERE NOT broken GROUP BY 1"
        mixed = {
            number: [column for column, given in zip(metrics, found, strict=True) if 0 < given < all_rows]
            for number, all_rows, *found in self.connection.execute(query).fetchall()
        }
        return {number: columns for number, columns in mixed.items() if columns}

    def _raw_rows(self, number: int) -> str:
        """Return SQL for the rows of a file as Amazon sent them, with their places."""
        return f"""
            (
                SELECT json, row_number() OVER () AS place FROM read_json_objects(
                    {_string(str(self.files[number].path))},
                    format = 'array', maximum_object_size = {MAX_OBJECT_BYTES}
                )
            )
        """

    def find_duplicates(self, rows: Sequence[Path], lacking: Sequence[Path]) -> list[Path]:
        """Write down the rows that have the keys of another before them in the file, if there are any."""
        keys = ", ".join(["file_no", "date", *(quoted(name) for name in self.table.grain)])
        good = f"FROM {_parquet(*rows)} WHERE NOT broken AND NOT {_among(*lacking)}"
        alike = self.connection.execute(f"SELECT count(*) - count(DISTINCT hash({keys})) {good}").fetchone()
        if alike == (0,):
            return []
        out = self.folder / "duplicates.parquet"
        self.connection.execute(
            f"""
            COPY (
                SELECT row_no
                FROM (SELECT row_no, {keys} {good})
                JOIN (SELECT {keys}, min(row_no) AS kept {good} GROUP BY ALL HAVING count(*) > 1) USING ({keys})
                WHERE row_no <> kept
            ) TO {_string(str(out))} (FORMAT parquet)
            """
        )
        return [out]

    def reject(self, rows: Sequence[Path], lacking: Sequence[Path], duplicates: Sequence[Path]) -> dict[int, int]:
        """Write down rows to reject as Amazon sent them, with reasons: their files are read once more.

        Returns:
            Rejected rows by file.

        Raises:
            RowsLostError: Not all of them were found again.
        """
        twice, lacks = _among(*duplicates), _among(*lacking)
        count = f"SELECT file_no, count(*) FROM {_parquet(*rows)} WHERE broken OR {twice} OR {lacks} GROUP BY 1"
        rejected: dict[int, int] = dict(self.connection.execute(count).fetchall())
        if not rejected:
            return {}
        texts = ", ".join(
            f"json->>{_string('$.' + quoted(c.source))} AS {quoted('raw_' + c.name)}" for c in self.table.columns
        )
        twice_rule = Rule("twice", "'another row of the file has the same keys'")
        reason = first_reason([twice_rule, *_rules(self.table), *_lacks(self.table.columns)])
        keys = ", ".join(quoted(name) for name in ("date", *self.table.grain))
        selects = []
        for number in rejected:
            selects.append(
                f"""
                SELECT {number} AS file_no, place, {reason} AS reason, json AS raw, twice, {keys}
                FROM (SELECT *, {_typed(self.table)} FROM (
                    SELECT {texts}, json, place, twice, start_date, end_date
                    FROM {self._raw_rows(number)}
                    JOIN wrong USING (place)
                    JOIN files USING (file_no)
                    WHERE file_no = {number}
                ))
                """
            )
        self.connection.execute(
            f"""
            CREATE TABLE wrong AS
            SELECT file_no, place, {twice} AS twice
            FROM ({_places(rows)} WHERE list_contains(?::INTEGER[], file_no))
            WHERE broken OR {twice} OR {lacks}
            """,
            [list(rejected)],
        )
        quarantine = _string(str(self.quarantine))
        (found,) = self.connection.execute(f"COPY ({' UNION ALL '.join(selects)}) TO {quarantine}").fetchone() or (0,)
        if found != sum(rejected.values()):
            raise rows_lost(f"of {sum(rejected.values())} rows to reject, {found} were found again")
        return rejected


def _rules(table: ReportTable) -> list[Rule]:
    raw = {column.name: f"raw_{column.name}" for column in table.columns}
    outside = Rule(
        "date NOT BETWEEN start_date AND end_date",
        "'date ' || date || ' is outside the report (' || start_date || ' to ' || end_date || ')'",
    )
    return [*cast_rules(table.columns, raw, required=("date", *table.grain)), outside]


def _lacks(columns: Sequence[Column]) -> list[Rule]:
    """Return the rules that a row as Amazon sent it has every metric, be it NULL."""
    return [
        Rule(f"NOT json_exists(json, {_string('$.' + quoted(c.source))})", f"'{c.name} is missing'")
        for c in columns
        if c.metric
    ]


def _places(rows: Sequence[Path]) -> str:
    """Return SQL for the place of each row in its file, from 1."""
    place = "row_number() OVER (PARTITION BY file_no ORDER BY row_no) AS place"
    return f"SELECT file_no, row_no, broken, {place} FROM {_parquet(*rows)}"


def _among(*row_numbers: Path) -> str:
    """Return SQL that is true for rows that some Parquet files name."""
    return f"row_no IN (FROM {_parquet(*row_numbers)})" if row_numbers else "false"


def _typed(table: ReportTable) -> str:
    return ", ".join(f"{cast(c, quoted('raw_' + c.name))} AS {quoted(c.name)}" for c in table.columns)


def _parquet(*paths: Path) -> str:
    return f"read_parquet([{', '.join(_string(str(path)) for path in paths)}])"


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
