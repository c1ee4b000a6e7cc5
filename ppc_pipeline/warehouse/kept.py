"""Figures that stay where they are: of columns that a report was asked for without, because Amazon refuses them.

A day is what its newest report says, but that one says nothing of such a column. What an earlier report said stays, in
each row whose key comes again; rows that are new have NULL, and rows that are gone take it with them. Here: the SQL of
it. Not here: writing rows (``loading``), or which columns are left out (``reports``).
"""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.tables import ReportTable, literal_text, quoted


def remember(connection: DuckDBPyConnection, table: ReportTable, there: str, columns: Sequence[str]) -> None:
    """Note in the temporary table ``kept`` what stands of some columns, before the days are rewritten.

    Args:
        connection: The warehouse.
        table: The report table.
        there: SQL for its rows of the days concerned.
        columns: What was left out. A row that has no key of its own (``ReportTable.anonymous``) keeps nothing.
    """
    keys = ", ".join(quoted(name) for name in ("profile_id", "date", *table.grain))
    connection.execute(
        f"""
        CREATE TEMP TABLE kept AS
        SELECT {keys}, {", ".join(map(quoted, columns))} FROM {there} WHERE NOT ({table.without_id})
        QUALIFY count(*) OVER (PARTITION BY {keys}) = 1
        """
    )


def filled(columns: Sequence[str]) -> str:
    """Return SQL for the columns of staged rows (``s``), with what is kept (``k``) for what its file (``f``) lacks."""
    replaced = ", ".join(
        f"CASE WHEN {_left_out(name)} THEN coalesce(s.{quoted(name)}, k.{quoted(name)}) ELSE s.{quoted(name)} END "
        f"AS {quoted(name)}"
        for name in columns
    )
    return f"s.* REPLACE ({replaced})"


def joined(table: ReportTable) -> str:
    """Return SQL that joins what is kept (``k``) to staged rows (``s``) with their file (``f``)."""
    return f"temp.kept AS k ON k.profile_id = f.profile_id AND {table.same_key('s', 'k')}"


def kept_columns(
    connection: DuckDBPyConnection, table: ReportTable, good_rows: str, columns: Sequence[str]
) -> dict[int, tuple[str, ...]]:
    """Return, by file, the columns of which an earlier report's figures stay in its rows."""
    counts = ", ".join(
        f"count(k.{quoted(name)}) FILTER ({_left_out(name)} AND s.{quoted(name)} IS NULL)" for name in columns
    )
    query = f"""
        SELECT f.file_no, {counts} FROM ({good_rows}) AS s
        JOIN temp.files AS f USING (file_no)
        JOIN temp.days AS d ON d.file_no = f.file_no AND d.date = s.date AND NOT d.newer
        JOIN {joined(table)}
        GROUP BY ALL
    """
    return {
        number: tuple(name for name, rows in zip(columns, found, strict=True) if rows)
        for number, *found in connection.execute(query).fetchall()
    }


def _left_out(name: str) -> str:
    return f"list_contains(f.left_out, {literal_text(name)})"
