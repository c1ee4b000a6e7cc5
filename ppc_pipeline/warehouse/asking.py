"""Questions of people: any one SELECT, with an error in one line where it is wrong.

Here: what may be asked. Not here: questions that the pipeline itself asks (``queries``), or showing the answer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import Any

import duckdb

from ppc_pipeline.warehouse.currencies import takes_currencies_together
from ppc_pipeline.warehouse.sql_files import asked_for

_ASKING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


class QuestionError(Exception):
    """A question that is no question, or that the warehouse does not understand; one line that says what is wrong."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what DuckDB says of a question into a ``QuestionError``."""
    try:
        yield
    except duckdb.InterruptException:  # somebody had enough of it
        raise
    except duckdb.Error as error:
        raise QuestionError(in_one_line(error)) from None


class ToldAnswer:
    """The answer to a question that is told values, read a few rows at a time.

    A ``DuckDBPyRelation`` does that only without values; with them it would hold every row in memory.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]) -> None:
        self._connection = connection
        self._sql = sql
        self._values = dict(values)

    @cached_property
    def _result(self) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(self._sql, self._values)

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return [column[0] for column in self._result.description]

    @property
    def types(self) -> list[Any]:
        """Their types."""
        return [column[1] for column in self._result.description]

    def fetchmany(self, size: int) -> list[Any]:
        """Return the next rows; none at the end."""
        return self._result.fetchmany(size)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return self._result.fetchall()

    def df(self) -> Any:
        """Return the rows as a pandas frame."""
        return self._result.df()

    def write_parquet(self, file: str) -> None:
        """Write all rows to a Parquet file."""
        name = file.replace("'", "''")
        self._connection.execute(f"COPY ({_bare(self._sql)}\n) TO '{name}' (FORMAT parquet)", self._values)


Answer = duckdb.DuckDBPyRelation | ToldAnswer


def ask(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] = MappingProxyType({})) -> Answer:
    """Return the answer to one SELECT; it is worked out as it is read (``refusing``).

    Where it is told values, nothing else may be asked of the connection while it is read.

    Args:
        connection: The warehouse, opened for reading.
        sql: What somebody wrote.
        values: What it is told: ``today`` is its ``$today``. It need not ask for all of them.

    Raises:
        QuestionError: It is something else than one SELECT, or a wrong one, or asks for what it is not told.
    """
    with refusing():
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _ASKING:
            raise QuestionError("one SELECT is taken at a time, and nothing that writes")
        if statements[0].type == duckdb.StatementType.EXPLAIN and "ANALYZE" in sql.upper().split():
            raise QuestionError("EXPLAIN ANALYZE would run the statement: EXPLAIN alone is taken")
        names = sorted(asked_for(connection, sql))
        if missing := [name for name in names if name not in values]:
            said = ", ".join(f"${name}" for name in missing)
            raise QuestionError(f"the question asks for {said}: say it with values={{{missing[0]!r}: ...}}")
        return ToldAnswer(connection, sql, {name: values[name] for name in names}) if names else connection.sql(sql)


def values_asked_for(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """Return the names of the values that a question is to be told.

    Raises:
        QuestionError: It is no SQL.
    """
    with refusing():
        return asked_for(connection, sql)


def currency_warning(connection: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    """Say which currencies' amounts a question may take together, and what to do; None where it takes none so."""
    if not takes_currencies_together(connection, sql):
        return None
    found = connection.execute("SELECT DISTINCT currency_code FROM profiles WHERE currency_code IS NOT NULL ORDER BY 1")
    currencies = [currency for (currency,) in found.fetchall()]
    if len(currencies) < 2:
        return None
    return f"there are amounts in {', '.join(currencies)}, and the question takes them together: group by currency_code"


def _bare(sql: str) -> str:
    """Return one statement without the semicolon at its end, nor what stands behind that."""
    operators = (place for place, kind in duckdb.tokenize(sql) if kind == duckdb.token_type.operator)
    spelled = sql.encode()
    return spelled[: next((place for place in operators if spelled[place : place + 1] == b";"), None)].decode()


def in_one_line(error: duckdb.Error) -> str:
    """Return what an error says, without the excerpt of the SQL that DuckDB puts below."""
    said, _, _ = str(error).strip().partition("\n\n")
    return " ".join(said.split())
