"""The package's SQL files: their text, what each asks to be told, which others it reads, and asking it.

A file in ``sql`` is one SELECT that says in its head what a row is: a view, or a question. It reads the warehouse,
calls macros that are stored in it, and may read a file beside it as ``temp.<its name>``: that is asked first,
into a temporary table. Not here: what is asked (the files), or with which values (who asks).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

_SQL = resources.files(__package__).joinpath("sql")
_READ = re.compile(r"\btemp\.([a-z_]+)")
_NO_QUESTIONS = ("own_tables", "entity_changes", "top", "restatement_curve", "macros")
"""What makes tables or macros, is filled in for each entity or kind, or is asked of one report table after another."""


def sql_file(name: str) -> str:
    """Return the text of a file: ``metrics/metrics_by_campaign``."""
    return _SQL.joinpath(f"{name}.sql").read_text(encoding="utf-8")


def view_of(name: str) -> str:
    """Return the statement that makes a view of a file: it has the file's name."""
    return f"CREATE OR REPLACE VIEW {_table(name)} AS\n{sql_file(name)}"


def question_names() -> list[str]:
    """Return the name of every file that is a question: ``suggestions/bid_change``."""
    return sorted(_names())


def question_of(file: str) -> str | None:
    """Return the question that a name or path is of; None where it is of none. Somebody's own file comes first."""
    names = question_names()
    with suppress(OSError):  # a name can be too long for a file
        if Path(file).is_file():
            return next((name for name in names if Path(file).samefile(str(_SQL.joinpath(f"{name}.sql")))), None)
    return next((name for name in names if file.removesuffix(".sql") == name), None)


def _names() -> Iterator[str]:
    for entry in _SQL.iterdir():
        if entry.name.removesuffix(".sql") in _NO_QUESTIONS:
            continue
        inner = [f"{entry.name}/{one.name}" for one in entry.iterdir()] if entry.is_dir() else [entry.name]
        yield from (name.removesuffix(".sql") for name in inner)


def asked_for(connection: DuckDBPyConnection, sql: str) -> set[str]:
    """Return the names of the values that a statement is to be told: ``$today`` is ``today``."""
    return {name for statement in connection.extract_statements(sql) for name in statement.named_parameters}


def wanted(connection: DuckDBPyConnection, sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some values that a statement asks for: DuckDB takes no others.

    Raises:
        KeyError: It asks for one that is not among them.
    """
    return {name: values[name] for name in asked_for(connection, sql)}


def ask_file(connection: DuckDBPyConnection, name: str, values: Mapping[str, Any]) -> DuckDBPyConnection:
    """Ask one of the package's files; those that it reads are there (``inputs``)."""
    sql = sql_file(name)
    return connection.execute(sql, wanted(connection, sql, values))


@contextmanager
def inputs(connection: DuckDBPyConnection, names: Iterable[str], values: Mapping[str, Any]) -> Iterator[None]:
    """Make the files that some others read into temporary tables, and drop these in the end.

    Args:
        connection: The warehouse; it may be opened for reading only.
        names: The files.
        values: What they all are told.
    """
    read = list(dict.fromkeys(input_ for name in names for input_ in inputs_of(name)))
    try:
        for name in read:
            make_input(connection, name, values)
        yield
    finally:
        for name in read:
            connection.execute(f"DROP TABLE IF EXISTS temp.{_table(name)}")


def make_input(connection: DuckDBPyConnection, name: str, values: Mapping[str, Any]) -> None:
    """Ask a file that others read, into the temporary table that they read it from."""
    sql = sql_file(name)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_table(name)} AS {sql}", wanted(connection, sql, values))


def inputs_of(name: str) -> list[str]:
    """Return the files that one reads as tables (``temp.advertisers``), each after those that it reads itself."""
    folder, _, _ = name.rpartition("/")
    beside = [f"{folder}/{table}" for table in _READ.findall(sql_file(name))]
    return list(dict.fromkeys(needed for one in beside for needed in (*inputs_of(one), one)))


def _table(name: str) -> str:
    return name.rpartition("/")[2]
