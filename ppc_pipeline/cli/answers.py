"""What a query found, as a table for people, as CSV or JSON for programs, or as a Parquet file.

Decimals keep every digit in all but the table: in JSON they are numbers, written as they are.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import duckdb
import typer

from ppc_pipeline.cli.console import err, fits, out, print_table, refuse, spelled
from ppc_pipeline.warehouse.asking import Answer, in_one_line

_AT_ONCE = 10_000


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help=f"One of {', '.join(Format)}; by default what the output's name ends with."),
]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")]


def format_of(given: Format | None, output: Path | None) -> Format:
    """Say how an answer is to be written, refusing what cannot be."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    wanted = given or (Format(ending) if ending in [*Format] else Format.TABLE)
    if wanted is Format.PARQUET and output is None:
        refuse("--format parquet goes with --output: it is no text")
    if wanted is Format.TABLE and output is not None:
        refuse(f"--output {output}: say with --format whether it is to be csv, json or parquet")
    if output is not None and output.exists() and not (output.is_file() and ending in [*Format]):
        refuse(f"--output {output} is there already and ends in none of .csv, .json and .parquet: it is left as it is")
    return wanted


def show(
    answer: Answer,
    wanted: Format,
    output: Path | None,
    *,
    title: str = "",
    limit: int | None = None,
) -> None:
    """Write an answer.

    Args:
        answer: What was found.
        wanted: How.
        output: The file; standard output where there is none.
        title: What stands above a table.
        limit: How many rows a table has at most; all, like a file, where nothing is said.
    """
    try:
        if wanted is Format.TABLE:
            _show_table(answer, title, limit)
        elif output is None:
            _WRITERS[wanted](answer, sys.stdout)
        else:
            _write_file(answer, wanted, output)
    except duckdb.InterruptException:  # somebody had enough of it
        raise
    except duckdb.Error as error:  # an answer is worked out as it is read
        refuse(in_one_line(error))


def _show_table(answer: Answer, title: str, limit: int | None) -> None:
    rows = answer.fetchall() if limit is None else answer.fetchmany(limit)
    left_out = 0
    while more := len(answer.fetchmany(_AT_ONCE)):
        left_out += more
    names = list(answer.columns)
    shown = [[_for_people(name, value) for name, value in zip(names, row, strict=True)] for row in rows]
    if fits(names, shown):
        print_table(title, names, shown)
    elif not shown:
        out.print(f"{title}: no rows".removeprefix(": "))
    else:
        for number, row in enumerate(shown, start=1):
            values = zip(names, spelled(names, row), strict=True)
            print_table(f"{title} row {number}".strip(), ("column", "value"), [*values])
    if left_out:
        err.print(f"{left_out:,} more rows are left out: --limit shows more, --output has all", style="yellow")


def _for_people(name: str, value: Any) -> object:
    """Leave numbers to the table, but for ids, which have no commas."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if name.endswith("_id") or name == "id" else value
    return _json(value) if isinstance(value, dict | list | tuple) else value


def _write_file(answer: Answer, wanted: Format, output: Path) -> None:
    """Write a file whole or not at all."""
    part = output.with_name(output.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            if wanted is not Format.PARQUET:
                _WRITERS[wanted](answer, file)
        if wanted is Format.PARQUET:
            answer.write_parquet(str(part))
        part.replace(output)
    except OSError as error:
        refuse(f"--output {output}: {error.strerror}")
    finally:
        part.unlink(missing_ok=True)


def _rows(answer: Answer) -> Iterator[Sequence[Any]]:
    while rows := answer.fetchmany(_AT_ONCE):
        yield from rows


def _write_csv(answer: Answer, file: IO[str]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_cell(value) for value in row] for row in _rows(answer))


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = _json(value)
    return "" if text == "null" else text.strip('"')


def _write_json(answer: Answer, file: IO[str]) -> None:
    if len({*answer.columns}) < len(answer.columns):
        refuse(
            f"--format json: several columns have one name ({', '.join(answer.columns)}): say AS what each is called"
        )
    names = [json.dumps(name) for name in answer.columns]
    file.write("[")
    for number, row in enumerate(_rows(answer)):
        pairs = ", ".join(f"{name}: {_json(value)}" for name, value in zip(names, row, strict=True))
        file.write(f"{',' if number else ''}\n  {{{pairs}}}")
    file.write("\n]\n")


def _json(value: Any) -> str:
    """Spell a value in JSON: a decimal is a number with all of its digits."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(name))}: {_json(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_json(one) for one in value) + "]"
    return json.dumps(value if isinstance(value, str | bool | int | float | None) else _text(value))


def _text(value: Any) -> str:
    return str(value.isoformat()) if isinstance(value, date | time) else str(value)


_WRITERS: dict[Format, Callable[[Answer, IO[str]], None]] = {
    Format.CSV: _write_csv,
    Format.JSON: _write_json,
}
