"""Making the tables and views of a warehouse, and widening those that an earlier release made.

Here: in which order, and when. Not here: what a table or view looks like (``tables``, ``features``, and the files in
``sql``).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.features import FEATURE_TABLES, feature_views
from ppc_pipeline.warehouse.insights import INSIGHTS
from ppc_pipeline.warehouse.metrics import METRIC_TABLES, MetricColumn
from ppc_pipeline.warehouse.sql_files import sql_file, view_of
from ppc_pipeline.warehouse.tables import (
    PROFILES,
    Column,
    EntityTable,
    ReportTable,
    quoted,
)

FIGURED = ("campaigns", "keywords", "targets")
"""The entities whose view has figures of the last days beside what is now; it is a file of ``sql/entities``."""

MACROS = (
    *("ppc_ratio", "ppc_percent", "ppc_amount_per", "ppc_change_percent"),
    *("ppc_with_rates", "ppc_last_and_previous_days", "ppc_with_periods"),
)
"""What the SQL of views and questions calls, stored in the warehouse: files of ``sql/macros``.

They have a prefix, lest they take the place of a macro that somebody made for himself.
"""

_UNSAID = MetricColumn("unsaid", "VARCHAR[]", "Columns of which no source of the version said anything yet.")


def create_tables(
    connection: DuckDBPyConnection, report_tables: Collection[ReportTable], entity_tables: Collection[EntityTable]
) -> None:
    """Make every table and view that is not there yet, and add the columns that declarations have gained.

    Nothing is done where the declarations are as they were when it was last done, and all that was there then still is.
    In one transaction: forty statements that are each made safe on disk take a second.
    """
    if is_current(connection, report_tables, entity_tables):
        return
    tables, views = _statements(report_tables, entity_tables)
    with in_transaction(connection):
        there = _columns_there(connection)
        for statement in tables:
            connection.execute(statement)
        for report_table in report_tables:
            added = _add_missing_columns(connection, there, report_table.name, report_table.columns)
            _note_not_asked(connection, report_table, added)
        for entity_table in (PROFILES, *entity_tables):
            _add_missing_columns(connection, there, entity_table.history, (*entity_table.columns, _UNSAID))
        for feature_table in FEATURE_TABLES.values():
            _add_missing_columns(connection, there, feature_table.stored, feature_table.stored_columns)
        for statement in views.values():
            connection.execute(statement)
        connection.execute("UPDATE views_made SET digest = ?", [_digest(tables, views)])
        connection.execute("DELETE FROM parts_made")
        connection.execute("INSERT INTO parts_made SELECT unnest(?)", [sorted(_there(connection))])


def is_current(
    connection: DuckDBPyConnection, report_tables: Collection[ReportTable], entity_tables: Collection[EntityTable]
) -> bool:
    """Say whether all is there as it is declared now: an earlier release may have made it, or somebody dropped some."""
    there = _there(connection)
    if not {"views_made.digest", "parts_made.name"} <= there:
        return False
    digest = connection.execute("SELECT any_value(digest) FROM views_made").fetchone()
    made = {name for (name,) in connection.execute("FROM parts_made").fetchall()}
    return made <= there and digest == (_digest(*_statements(report_tables, entity_tables)),)


def _statements(
    report_tables: Iterable[ReportTable], entity_tables: Iterable[EntityTable]
) -> tuple[list[str], dict[str, str]]:
    """Return the statements that make the tables, and those that make the macros and views."""
    entity_tables = (PROFILES, *entity_tables)
    tables = [*(table.ddl() for table in report_tables), *(table.ddl() for table in entity_tables)]
    features = [table.ddl() for table in FEATURE_TABLES.values()]
    return [sql_file("own_tables"), *tables, *features], _made_of_sql(entity_tables)


def _made_of_sql(entity_tables: Sequence[EntityTable]) -> dict[str, str]:
    """Return every macro and view and the statement that makes it, each after those it is made of."""
    made = {name: sql_file(f"macros/{name}") for name in MACROS}
    made |= {table.name: table.view_sql() for table in entity_tables if table.name not in FIGURED}
    files = (
        *("whole_currencies", "dated_loads", "known_shares", "insights/loaded_days", "performance_records"),
        "metrics/fx_rates_by_day",
        *(f"metrics/{name}" for name in METRIC_TABLES),
        *(f"entities/{table.name}" for table in entity_tables if table.name in FIGURED),
    )
    made |= {file.rpartition("/")[2]: view_of(file) for file in files}
    made |= feature_views()
    made |= {name: view_of(f"insights/{name}") for name in INSIGHTS}
    if changes := [table.changes_sql() for table in entity_tables if table.watched]:
        made["entity_changes"] = "CREATE OR REPLACE VIEW entity_changes AS " + " UNION ALL ".join(changes)
    return made


def has_tables(connection: DuckDBPyConnection) -> bool:
    """Say whether anything was ever put into a warehouse: a file that was only opened has no tables."""
    return bool(_there(connection))


def _digest(tables: Sequence[str], views: Mapping[str, str]) -> str:
    return hashlib.sha256("\n".join((*tables, *views.values())).encode()).hexdigest()


def _columns_there(connection: DuckDBPyConnection) -> dict[str, list[str]]:
    query = """
        SELECT table_name, list(column_name) FROM information_schema.columns
        WHERE table_catalog = current_database() GROUP BY table_name
    """
    return dict(connection.execute(query).fetchall())


def _there(connection: DuckDBPyConnection) -> set[str]:
    """Return every column of every table and view (``load_log.report_id``), and every macro."""
    query = """
        SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_catalog = current_database()
        UNION ALL SELECT function_name FROM duckdb_functions() WHERE database_name = current_database()
    """
    return {name for (name,) in connection.execute(query).fetchall()}


def _add_missing_columns(
    connection: DuckDBPyConnection,
    there: Mapping[str, Collection[str]],
    table: str,
    columns: Iterable[Column | MetricColumn],
) -> list[str]:
    """Add the columns that a table lacks, and return their names."""
    missing = [column for column in columns if table in there and column.name not in there[table]]
    for column in missing:
        connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column.name)} {column.type}")
    return [column.name for column in missing]


def _note_not_asked(connection: DuckDBPyConnection, table: ReportTable, added: list[str]) -> None:
    """Write down that the reports loaded so far were asked for without some columns: else Amazon changed them."""
    if added:
        connection.execute(
            """
            UPDATE load_log SET columns_left_out = list_concat(coalesce(columns_left_out, []), ?::VARCHAR[])
            WHERE report_type = ?
            """,
            [added, table.report_type],
        )
