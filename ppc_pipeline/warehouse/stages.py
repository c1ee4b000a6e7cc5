"""Staging report files: gzip JSON -> typed rows in Parquet and what is to be rejected, without the warehouse.

Rows do not pass through Python, but for those of files that DuckDB does not take (``salvage``). All that can be done
without knowing what the warehouse holds is done here, in a DuckDB of its own, so that the warehouse is held for the
write alone. Here: reading, rules, duplicates. Not here: comparing with what is there and writing (``loading``), which
directory (``scratch``).
"""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
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
from ppc_pipeline.warehouse.salvage import RAW, REASON, Salvaged, salvage
from ppc_pipeline.warehouse.staging import (
    MAX_OBJECT_BYTES,
    Rule,
    any_broken,
    cast,
    cast_rules,
    first_reason,
    literal,
)
from ppc_pipeline.warehouse.tables import Column, ColumnType, ReportTable, quoted

log = logging.getLogger(__name__)

MEMORY = "300MB"
READERS = min(2, os.cpu_count() or 1)
"""Files or pieces read at once: each takes memory, and the machine has other work."""

EXACT_BELOW = 2**33
"""A double holds an amount to its sixth decimal below this, so that what DuckDB reads of it is what the file says."""

_PIECE_STRIDE = 10**12
_ROW_GROUP = 30720


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that was read.

    Attributes:
        file: Which.
        rows: Rows in it, good or not.
        rejected: Those that break a rule.
        columns_missing: Columns that were asked for and are not in it, in Amazon's names.
        columns_left_out: Columns that were not asked for, in the table's names: NULL in every row that is staged.
    """

    file: ReportFile
    rows: int
    rejected: int
    columns_missing: tuple[str, ...]
    columns_left_out: tuple[str, ...]


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
        UnreadableFileError: A file is not a JSON array, none of its rows is an object, or none has a metric or a key
            that was asked for.
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
    staged = []
    for number, file in enumerate(files):
        asked_for, left_out = (missing[number], file.left_out) if file.left_out is not None else ((), missing[number])
        without = tuple(column.name for column in table.columns if column.source in left_out)
        staged.append(StagedFile(file, counts[number], rejected.get(number, 0), asked_for, without))
    return Stage(table, tuple(staged), tuple(rows), (*lacking, *duplicates), reading.quarantine if rejected else None)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one statement reads: some files whole, or a piece of one."""

    number: int
    paths: Sequence[Path]
    file_numbers: Sequence[int]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads files of one report type in a DuckDB of its own.

    Attributes:
        salvaged: By number, the files that are read as ``salvage`` wrote them anew.
    """

    connection: duckdb.DuckDBPyConnection
    table: ReportTable
    files: Sequence[ReportFile]
    folder: Path
    unzipped: Sequence[Unzipped]
    salvaged: dict[int, Salvaged] = field(default_factory=dict)

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
            rows = self._read_at_once(self._pieces())
        except UncutError:
            rows = self._read_one_by_one()
        inexact = self._inexact(rows)
        for number in inexact:
            self._salvage(number, "it has amounts that a double does not hold")
        return self._read_one_by_one() if inexact else rows

    def _read_one_by_one(self) -> list[Path]:
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
        out = self.folder / f"rows{piece.number:05}.parquet"
        if piece.cut:
            return self._read_cut(piece, out)
        if piece.file_numbers[0] in self.salvaged:
            return self._read_salvaged(piece, out)
        for number in piece.file_numbers:
            self.unzipped[number].check()
        try:
            return self._type_rows(piece, out)
        except duckdb.InvalidInputException as error:  # an IOException is about the disk, not about what is in a file
            if len(piece.file_numbers) > 1:
                raise UncutError(str(error)) from None
            self._salvage(piece.file_numbers[0], first_line(error))
        return self._read_salvaged(piece, out)

    def _read_cut(self, piece: _Piece, out: Path) -> Path:
        try:
            self._type_rows(piece, out, of=piece.file_numbers[0])
        except duckdb.InvalidInputException as error:
            raise UncutError(str(error)) from None
        piece.paths[0].unlink()
        return out

    def _read_salvaged(self, piece: _Piece, out: Path) -> Path:
        (number,) = piece.file_numbers
        anew = _Piece(piece.number, [self.salvaged[number].path], piece.file_numbers)
        return self._type_rows(anew, out, of=number)

    def _salvage(self, number: int, reason: str) -> None:
        """Write a file anew.

        Raises:
            UnreadableFileError: It is no JSON array, for the reason given.
        """
        log.warning("%s is read row by row: %s", self.files[number].raw_path, reason)
        try:
            anew = salvage(self.unzipped[number], self.table, self.folder / f"salvaged{number:05}.json")
        except ValueError as error:
            raise UnreadableFileError(f"{reason}; {error}") from None
        self.salvaged[number] = anew

    def _type_rows(self, piece: _Piece, out: Path, of: int | None = None) -> Path:
        """Write the rows of a piece, typed.

        Args:
            piece: What to read.
            out: The Parquet file to write.
            of: The file whose rows these are, where the path that is read does not tell.
        """
        anew = self.salvaged.get(of) if of is not None else None
        texts = {quoted("raw_" + column.name): column.source for column in self.table.columns}
        texts |= {"unfit": REASON} if anew else {}
        keys = ", ".join(f"{_string(source)}: 'VARCHAR'" for source in texts.values())
        raw = ", ".join(f"{quoted(source)} AS {name}" for name, source in texts.items())
        own = ", ".join(quoted(c.name) for c in self.table.columns)
        rules = [*([_UNFIT] if anew else []), *_rules(self.table)]
        values: dict[str, object] = {"paths": [literal(path) for path in piece.paths]}
        if of is not None:
            values["of"] = str(self.files[of].path)
        query = f"""
            COPY (
                SELECT file_no, row_no, coalesce({any_broken(rules)}, false) AS broken, {own}
                FROM (
                    SELECT *, {_typed(self.table)}
                    FROM (
                        SELECT {raw}, filename, {piece.number * _PIECE_STRIDE} + row_number() OVER () AS row_no
                        FROM read_json(
                            $paths,
                            format = 'array', filename = true, maximum_object_size = {_longest(anew)},
                            columns = {{{keys}}}
                        )
                    ) AS r
                    LEFT JOIN files AS f ON f.path = {"r.filename" if of is None else "$of"}
                )
            ) TO {_string(str(out))} (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})
        """
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
        return out

    def _inexact(self, rows: Sequence[Path]) -> list[int]:
        """Return the files with amounts so large that DuckDB may not have read their last digits.

        It makes a double of any number with a point. What was written of the rows knows the largest without them.
        """
        money = [column.name for column in self.table.columns if column.type is ColumnType.MONEY]
        extremes = f"TRY_CAST(unnest([stats_min_value, stats_max_value]) AS {ColumnType.MONEY})"
        query = f"""
            SELECT DISTINCT name FROM (
                SELECT path_in_schema AS name, {extremes} AS extreme FROM parquet_metadata({_list(rows)})
                WHERE list_contains(?::VARCHAR[], path_in_schema)
            ) WHERE abs(extreme) >= {EXACT_BELOW}
        """
        large = [name for (name,) in self.connection.execute(query, [money]).fetchall()]
        if not large:
            return []
        beyond = " OR ".join(f"abs({quoted(name)}) >= {EXACT_BELOW}" for name in large)
        query = f"SELECT DISTINCT file_no FROM {_parquet(*rows)} WHERE {beyond} ORDER BY 1"
        found = [number for (number,) in self.connection.execute(query).fetchall()]
        return [number for number in found if number is not None and number not in self.salvaged]

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
        if number in self.salvaged:
            return self.salvaged[number].rows
        query = "SELECT count(*) FROM read_json_objects(?, format = 'array', maximum_object_size = ?)"
        found = self.connection.execute(query, [literal(self.files[number].path), MAX_OBJECT_BYTES]).fetchone()
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
            SELECT path_in_schema FROM parquet_metadata({_list(rows)})
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
        """Return SQL for the rows of a file with their places: ``json``, and ``raw``, which is as Amazon sent it."""
        anew = self.salvaged.get(number)
        path = anew.path if anew else self.files[number].path
        sent = f"json->>{_string('$.' + quoted(RAW))}"
        raw = f"coalesce(TRY_CAST({sent} AS JSON), to_json({sent}))" if anew else "json"
        unfit = f"json->>{_string('$.' + quoted(REASON))}" if anew else "NULL::VARCHAR"
        return f"""
            (
                SELECT json, {raw} AS raw, {unfit} AS unfit, row_number() OVER () AS place FROM read_json_objects(
                    {_string(literal(path))}, format = 'array', maximum_object_size = {_longest(anew)}
                )
            )
        """

    def find_duplicates(self, rows: Sequence[Path], lacking: Sequence[Path]) -> list[Path]:
        """Write down the rows that have the keys of another before them in the file, if there are any.

        To the keys of a row without an id belongs all that is in it.
        """
        grain = ", ".join(["file_no", "date", *(quoted(name) for name in self.table.grain)])
        content = ", ".join(quoted(column.name) for column in self.table.columns)
        keys = f"{grain}, CASE WHEN {self.table.without_id} THEN hash({content}) END AS content"
        good = f"FROM {_parquet(*rows)} WHERE NOT broken AND NOT {_among(*lacking)}"
        alike = self.connection.execute(
            f"SELECT count(*) - count(DISTINCT hash({grain}, content)) FROM (SELECT {keys} {good})"
        ).fetchone()
        if alike == (0,):
            return []
        out = self.folder / "duplicates.parquet"
        self.connection.execute(
            f"""
            COPY (
                SELECT r.row_no
                FROM (SELECT row_no, {keys} {good}) AS r
                JOIN (SELECT {keys}, min(row_no) AS kept {good} GROUP BY ALL HAVING count(*) > 1) AS k
                    ON {self.table.same_key("r", "k", also=["file_no"])} AND r.content IS NOT DISTINCT FROM k.content
                WHERE r.row_no <> k.kept
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
        in_what = f"CASE WHEN {self.table.without_id} THEN 'is alike in everything' ELSE 'has the same keys' END"
        twice_rule = Rule("twice", f"'another row of the file ' || {in_what}")
        keys = ", ".join(quoted(name) for name in ("date", *self.table.grain))
        selects = []
        for number in rejected:
            left_out = self.files[number].left_out or ()
            asked = [column for column in self.table.columns if column.source not in left_out]
            reason = first_reason([_UNFIT, twice_rule, *_rules(self.table), *_lacks(asked)])
            selects.append(
                f"""
                SELECT {number} AS file_no, place, {reason} AS reason, raw, twice, {keys}
                FROM (SELECT *, {_typed(self.table)} FROM (
                    SELECT {texts}, json, raw, unfit, place, twice, start_date, end_date
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


_UNFIT = Rule("unfit IS NOT NULL", "unfit")


def _longest(anew: Salvaged | None) -> int:
    """Return how long a row may be, in bytes: what is written anew holds a row twice."""
    return max(MAX_OBJECT_BYTES, anew.longest if anew else 0)


def _rules(table: ReportTable) -> list[Rule]:
    raw = {column.name: f"raw_{column.name}" for column in table.columns}
    outside = Rule(
        "date NOT BETWEEN start_date AND end_date",
        "'date ' || date || ' is outside the report (' || start_date || ' to ' || end_date || ')'",
    )
    return [*cast_rules(table.columns, raw, required=table.required), outside]


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
    return f"read_parquet({_list(paths)})"


def _list(paths: Sequence[Path]) -> str:
    """Return SQL for a list of files to read."""
    return f"[{', '.join(_string(literal(path)) for path in paths)}]"


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
