"""``ppc query``: the warehouse from the terminal, for reading."""

import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date, datetime
from decimal import Decimal
from errno import ENAMETOOLONG
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from ppc_pipeline.cli.answers import FormatOption, OutputOption, format_of, show
from ppc_pipeline.cli.console import err, log_to_terminal, refuse
from ppc_pipeline.cli.options import MOST
from ppc_pipeline.cli.reading import reading
from ppc_pipeline.cli.runs import settings_here
from ppc_pipeline.cli.usual_values import usual_values
from ppc_pipeline.warehouse.asking import (
    QuestionError,
    ask,
    currency_warning,
    refusing,
    values_asked_for,
)
from ppc_pipeline.warehouse.sql_files import inputs, inputs_of, question_names, question_of, sql_file

_LONGEST = 40
"""How much of a value is repeated."""

_MOST_BYTES = 1_000_000
"""How long SQL from outside may be: a pipe may have no end."""


def query(
    sql: Annotated[
        str | None, typer.Argument(help="One SELECT; - reads it from standard input.", metavar="SQL")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            help="A file with one SELECT (- is standard input), or a question of the pipeline: quality/sums_agree.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of a $NAME in it; may be repeated.")
    ] = None,
    wanted: FormatOption = None,
    output: OutputOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many rows a table shows at most.")] = 100,
) -> None:
    """Ask the warehouse in SQL: `ppc query "from metrics_by_campaign limit 5"`. Nothing can be written.

    The tables are described in docs/metrics.md and docs/report-types.md; "show tables" lists them. The pipeline's own
    questions are files too, in ppc_pipeline/warehouse/sql: `ppc query --file suggestions/bid_change --set days=30`.
    """
    log_to_terminal()
    if (sql is None) == (file is None):
        refuse('give either one SELECT or --file: `ppc query "show tables"`, `ppc query --file quality/sums_agree`')
    pairs = [_pair(value) for value in values or ()]
    given = dict(pairs)
    if len(given) < len(pairs):
        refuse("--set: each name is set once")
    written = format_of(wanted, output)
    source = "-" if sql == "-" else file
    name = question_of(source) if source is not None else None
    asked = sql_file(name) if name else sql or "" if source is None else _text_of(source)
    with reading() as connection:
        try:
            told = _told(connection, name, asked, given)
            with refusing(), inputs(connection, [name] if name else [], told):
                answer = ask(connection, asked, told)
                if warning := currency_warning(connection, asked):
                    err.print(warning, style="yellow", highlight=False)
                show(answer, written, output, limit=limit)
        except QuestionError as error:
            refuse(str(error))


def _text_of(file: str) -> str:
    """Return the text of a file, of a pipe (``<(...)``), or with ``-`` of standard input."""
    shown = "standard input" if file == "-" else f"--file {_spelled(file)}"
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as opened:
            text = opened.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        refuse(_nowhere(shown))
    except OSError as error:
        refuse(_nowhere(shown) if error.errno == ENAMETOOLONG else f"{shown}: {error.strerror}")
    if len(text) > _MOST_BYTES:
        refuse(f"{shown}: it is longer than {_MOST_BYTES:,} bytes")
    try:
        return text.decode("utf-8")
    except UnicodeError:
        refuse(f"{shown}: it is no text in UTF-8")


def _nowhere(shown: str) -> str:
    names = ", ".join(question_names())
    return f"{shown}: there is no such file, nor such a question; there are {names}; SQL itself goes without --file"


def _pair(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE: numbers, lists and true as in JSON, dates and moments as in ISO 8601, all else is text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        refuse(f"--set {text}: it is written NAME=VALUE")
    for read in (_json, date.fromisoformat, datetime.fromisoformat):
        try:
            return name, read(value)
        except ValueError:
            continue
    return name, value


def _json(text: str) -> Any:
    return json.loads(text, parse_float=_number)


def _number(text: str) -> Decimal | float:
    """Read a number as SQL does: 0.1 is exact, 1e-1 is a DOUBLE."""
    return float(text) if "e" in text.lower() else Decimal(text)


def _told(
    connection: duckdb.DuckDBPyConnection, name: str | None, asked: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a question and those that it reads are told: what was given, or else what the pipeline tells them."""
    texts = [asked, *(sql_file(one) for one in (inputs_of(name) if name else ()))]
    names = sorted({value for text in texts for value in values_asked_for(connection, text)})
    if unknown := sorted({*given} - {*names}):
        refuse(f"--set: the question has no ${', $'.join(unknown)}{'; it has $' + ', $'.join(names) if names else ''}")
    usual = usual_values(connection, name, settings_here()) if name else {}
    told = {**usual, **given}
    if missing := [value for value in names if value not in told]:
        refuse(f"the question asks for {', '.join(f'${value}' for value in missing)}: say it with --set NAME=VALUE")
    if shown := ", ".join(f"{value}={_spelled(told[value])}" for value in names):
        err.print(f"with {shown}", highlight=False, markup=False)
    return {value: told[value] for value in names}


def _spelled(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
