"""Report files: what one belongs to, whether it is a report at all, and what can go wrong with it.

Here: what is known of a file before its rows are read. Not here: reading the rows (``stages``).
"""

import gzip
import json
import logging
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from ppc_pipeline.warehouse.elements import Pairs, elements
from ppc_pipeline.warehouse.staging import MAX_OBJECT_BYTES, literal
from ppc_pipeline.warehouse.tables import ReportTable

log = logging.getLogger(__name__)

_JSON = json.JSONDecoder()
_USUAL_ROW_CHARS = 2**16
_TO_FIRST_ROW = re.compile(r"\ufeff?\s*\[\s*(?=\{)")


class UnreadableFileError(Exception):
    """A report file that is broken as a whole, or that lacks what no report can do without.

    That is: gzip or the JSON array is damaged or does not end where it should, none of its rows is an object, or none
    has a metric or a key that was asked for. What is wrong with single rows (a lone surrogate in a name, a number in
    the place of a row) keeps these rows out, and no other: they go to quarantine (``salvage``).
    """


class RowsLostError(Exception):
    """The rows of a report do not add up: a mistake in this program. What was being done is undone."""


def rows_lost(message: str) -> RowsLostError:
    """Log that rows do not add up, and return the error to raise."""
    log.error("%s", message)
    return RowsLostError(message)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report file and what its rows belong to.

    Attributes:
        left_out: Columns, in Amazon's names, that it was asked for without; None where that is not known, because it
            was ordered when other columns were declared.
    """

    path: Path
    raw_path: str
    report_id: str
    account: str
    profile_id: int
    currency_code: str
    start_date: date
    end_date: date
    requested_at: datetime
    left_out: frozenset[str] | None = frozenset()


def missing_columns(table: ReportTable, file: ReportFile) -> tuple[str, ...]:
    """Say which columns no row of a file has: Amazon gives every row every column asked for, NULL or not.

    Those that it was asked for without are not among them.

    Raises:
        UnreadableFileError: A key is among them, or a metric that is known to have been asked for. Its NULLs would take
            the place of good figures.
    """
    try:
        first = _first_row(file)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:  # DuckDB reads more than JSON allows
        raise UnreadableFileError(f"its first row is not JSON: {error}") from None
    asked = [c for c in table.columns if c.source not in (file.left_out or ())]
    if first is None or all(c.source in first for c in asked):
        return ()
    there = _keys(file)
    missing = [c for c in asked if c.source not in there]
    needed = [c.source for c in missing if c.name in ("date", *table.grain) or (c.metric and file.left_out is not None)]
    if needed:
        raise UnreadableFileError(f"columns that were asked for are not in it: {', '.join(needed)}")
    return tuple(c.source for c in missing)


def _keys(file: ReportFile) -> set[str]:
    keys = (
        "SELECT DISTINCT unnest(json_keys(json)) FROM read_json_objects(?, format = 'array', maximum_object_size = ?)"
    )
    try:
        with duckdb.connect() as connection:
            return {key for (key,) in connection.execute(keys, [literal(file.path), MAX_OBJECT_BYTES]).fetchall()}
    except duckdb.InvalidInputException as error:
        reason = first_line(error)
    try:
        return {key for row in _objects(file) for key in row}
    except ValueError:
        raise UnreadableFileError(reason) from None


def _first_row(file: ReportFile) -> Collection[str] | None:
    """Return the keys of a file's first row: read here, and not by DuckDB, which would unzip megabytes for it."""
    with gzip.open(file.path, "rt", encoding="utf-8", errors="surrogateescape") as text:
        head = text.read(_USUAL_ROW_CHARS)
    if start := _TO_FIRST_ROW.match(head):
        try:
            return dict(_JSON.raw_decode(head, start.end())[0])
        except ValueError:  # it is longer than that, or holds what strict JSON does not
            pass
    return next(_objects(file), None)


def _objects(file: ReportFile) -> Iterator[set[str]]:
    """Yield the keys of each row that is an object."""
    with gzip.open(file.path, "rb") as unzipped:
        for row in elements(iter(lambda: unzipped.read(_USUAL_ROW_CHARS), b"")):
            if isinstance(row.value, Pairs):
                yield {key for key, _ in row.value}


def first_line(error: Exception) -> str:
    """Return what an error of DuckDB says, without the lines that quote the query."""
    return str(error).strip().splitlines()[0]
