"""Questions of people: any one SELECT, with an error in one line where it is wrong.

Here: what may be asked. Not here: questions that the pipeline itself asks (``queries``), or showing the answer.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import duckdb

from ppc_pipeline.warehouse.sql_files import asked_for, wanted

_ASKING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


_CURRENCY = re.compile(r"\w*currency\w*", re.IGNORECASE)
_APART = re.compile(
    r"""(?:GROUP|PARTITION)\s+BY\b[^;()]*currency|currency\w*"?\s*(?:=|IN\b)|profile_id"?\s*=\s*[\d$?]|converted""",
    re.IGNORECASE,
)
_MONEY = re.compile(r"cost|sales|acos|roas|cpc|spend|budget|bid", re.IGNORECASE)


class QuestionError(Exception):
    """A question that is no question, or that the warehouse does not understand; one line that says what is wrong."""


def ask(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] = MappingProxyType({})
) -> duckdb.DuckDBPyRelation:
    """Return the answer to one SELECT; it is worked out as it is read.

    Args:
        connection: The warehouse, opened for reading.
        sql: What somebody wrote.
        values: What it is told: ``today`` is its ``$today``. It need not ask for all of them.

    Raises:
        QuestionError: It is something else than one SELECT, or a wrong one.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _ASKING:
            raise QuestionError("one SELECT is taken at a time, and nothing that writes")
        if statements[0].type is duckdb.StatementType.EXPLAIN and "ANALYZE" in sql.upper().split():
            raise QuestionError("EXPLAIN ANALYZE would run the statement: EXPLAIN alone is taken")
        told = wanted(connection, sql, values)
        return connection.sql(sql, params=told) if told else connection.sql(sql)
    except duckdb.Error as error:
        raise QuestionError(in_one_line(error)) from None


def values_asked_for(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """Return the names of the values that a question is to be told.

    Raises:
        QuestionError: It is no SQL.
    """
    try:
        return asked_for(connection, sql)
    except duckdb.Error as error:
        raise QuestionError(in_one_line(error)) from None


def unnamed_currencies(connection: duckdb.DuckDBPyConnection, sql: str, answer: duckdb.DuckDBPyRelation) -> list[str]:
    """Return the currencies that an answer may have added up unnoticed: all there are, where it tells none apart.

    Nobody is told where the answer names the currency; where the question groups by it, takes one of them, one profile
    or converted amounts; nor where nothing in the answer looks like an amount.
    """
    if any(_CURRENCY.fullmatch(name) for name in answer.columns) or _APART.search(sql):
        return []
    if not any(_MONEY.search(name) or str(type_).startswith("DECIMAL") for name, type_ in _columns(answer)):
        return []
    found = connection.execute("SELECT DISTINCT currency_code FROM profiles WHERE currency_code IS NOT NULL ORDER BY 1")
    currencies = [currency for (currency,) in found.fetchall()]
    return currencies if len(currencies) > 1 else []


def _columns(answer: duckdb.DuckDBPyRelation) -> list[tuple[str, object]]:
    return list(zip(answer.columns, answer.types, strict=True))


def in_one_line(error: duckdb.Error) -> str:
    """Return what an error says, without the excerpt of the SQL that DuckDB puts below."""
    said, _, _ = str(error).strip().partition("\n\n")
    return " ".join(said.split())
