"""Questions of people: any one SELECT, with an error in one line where it is wrong.

Here: what may be asked. Not here: questions that the pipeline itself asks (``queries``), or showing the answer.
"""

import re

import duckdb

_ASKING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


_MONEY = re.compile(r"cost|sales|acos|roas|cpc|spend|budget|bid", re.IGNORECASE)


class QuestionError(Exception):
    """A question that is no question, or that the warehouse does not understand; one line that says what is wrong."""


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """Return the answer to one SELECT; it is worked out as it is read.

    Args:
        connection: The warehouse, opened for reading.
        sql: What somebody wrote.

    Raises:
        QuestionError: It is something else than one SELECT, or a wrong one.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _ASKING:
            raise QuestionError("one SELECT is taken at a time, and nothing that writes")
        if statements[0].type is duckdb.StatementType.EXPLAIN and "ANALYZE" in sql.upper().split():
            raise QuestionError("EXPLAIN ANALYZE would run the statement: EXPLAIN alone is taken")
        return connection.sql(sql)
    except duckdb.Error as error:
        raise QuestionError(in_one_line(error)) from None


def unnamed_currencies(connection: duckdb.DuckDBPyConnection, sql: str, answer: duckdb.DuckDBPyRelation) -> list[str]:
    """Return the currencies that an answer may have added up unnoticed: all there are, where it speaks of none.

    Nobody is told where the question has a currency in it, or the answer nothing that looks like an amount.
    """
    if re.search("currency|converted", " ".join((sql, *answer.columns)), re.IGNORECASE):
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
