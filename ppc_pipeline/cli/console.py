"""What the terminal shows: tables, progress bars, one line for bad input.

Here: rendering. Not here: what is shown.
"""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from types import TracebackType
from typing import Any, NoReturn, Self

import duckdb
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.cli import INTERRUPTED
from ppc_pipeline.cli.home import HomeBusyError
from ppc_pipeline.settings import SettingsError
from ppc_pipeline.warehouse.connection import WarehouseBusyError
from ppc_pipeline.wording import decimals_of

# Nobody can widen a pipe or a log file: give them room for a table's columns.
_WIDTH = None if sys.stdout.isatty() else 150

# What people call their campaigns is shown as it is: a star is no picture because it stands between colons.
out = Console(width=_WIDTH, emoji=False)
err = Console(stderr=True, width=_WIDTH, emoji=False)

_CURRENCY = ("currency", "currency_code")

_LEAST_OF_TEXT, _LEAST_OF_NAME = 12, 8
"""Longer text and the names of its columns may wrap, but not to fewer characters: nobody can read those."""

_FRAME = 3
"""What a column takes beside its text: a space on either side, and a line."""

BAD_INPUT = 2


def refuse(message: str) -> NoReturn:
    """Say in one line what is wrong with the input, and end with exit code 2."""
    fail(message, BAD_INPUT)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn wrong settings into one line and exit code 2, and what is in use elsewhere into one line and exit code 1."""
    try:
        yield
    except KeyboardInterrupt:
        err.print("interrupted: the same command goes on where this one stopped", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except SettingsError as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        remedy = "see that the data directory can be written, correct PPC_LEDGER_URL, or mend its database"
        fail(f"the ledger cannot be used: {reason} -> {remedy}")
    except (WarehouseBusyError, HomeBusyError) as error:
        fail(str(error))
    except duckdb.Error as error:
        fail(f"the warehouse cannot be used: {str(error).strip().splitlines()[0]} -> `ppc doctor` says more")
    except BrokenPipeError:  # who reads the output has had enough
        raise
    except OSError as error:
        fail(f"{error.filename or 'the disk'} cannot be used: {error.strerror} -> see PPC_DATA_DIR and `ppc doctor`")


def say_error(message: str) -> None:
    """Say in one line what is wrong."""
    err.print(f"[red]error:[/red] {_plain(message)}", soft_wrap=True, highlight=False)


def fail(message: str, code: int = 1) -> NoReturn:
    """Say in one line why the command cannot do what it is for, and end with exit code 1."""
    say_error(message)
    raise typer.Exit(code)


def log_to_terminal() -> None:
    """Show warnings and worse of this project as lines on the error stream."""
    handler = RichHandler(console=err, show_time=False, show_path=False, markup=False)
    logger = logging.getLogger("ppc_pipeline")
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    # A connection that an interrupt meets while it is closed is thrown away: no trouble, and a page of text.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def print_json(value: Any) -> None:
    """Print a value for programs to read."""
    typer.echo(json.dumps(value, indent=2, default=str))


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people, its rows ``spelled``."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for number, name in enumerate(header):
        numeric = _is_numeric(rows, number)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in rows:
        table.add_row(*(_plain(cell) for cell in spelled(header, row)))
    out.print(table)


def spelled(header: Sequence[str], row: Sequence[object]) -> list[str]:
    """Spell the cells of a row.

    Decimals are amounts: they have the digits of the currency that the row names, and more where they need them.
    """
    named = next((str(value) for name, value in zip(header, row, strict=True) if name in _CURRENCY), None)
    return [_cell(value, decimals_of(named)) for value in row]


def fits(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bool:
    """Say whether a table for people can be read in the terminal: numbers do not wrap, nor does long text too often."""
    least, cells = 1, [spelled(header, row) for row in rows]
    for number, (name, *column) in enumerate(zip(header, *cells, strict=True)):
        of_name, of_cells = cell_len(name), max(map(cell_len, column), default=0)
        if not _is_numeric(rows, number):
            of_name, of_cells = min(of_name, _LEAST_OF_NAME), min(of_cells, _LEAST_OF_TEXT)
        least += max(of_name, of_cells) + _FRAME
    return least <= out.width


def _is_numeric(rows: Sequence[Sequence[object]], number: int) -> bool:
    return bool(rows) and all(isinstance(row[number], int | float | Decimal | None) for row in rows)


class Bars:
    """A ``Progress`` as bars in the terminal: one for each stage."""

    def __init__(self, *, shown: bool = True) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
            disable=not shown,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Move a bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)


def _cell(value: object, decimals: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        whole, _, digits = f"{value:,f}".partition(".")
        return f"{whole}.{digits.rstrip('0').ljust(decimals, '0')}".removesuffix(".")
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """Keep square brackets from being read as markup."""
    return text.replace("[", r"\[")
