"""Making the tables and views of a warehouse, and widening those that an earlier release made.

Here: in which order, and when. Not here: what a table or view looks like (``tables``, ``metrics``, ``entity_figures``,
``features``, and the files in ``sql``).
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.entity_figures import FIGURED, entity_view_sql
from ppc_pipeline.warehouse.features import FEATURE_TABLES, feature_views
from ppc_pipeline.warehouse.insights import INSIGHTS, view_sql
from ppc_pipeline.warehouse.metrics import METRIC_TABLES, MetricColumn
from ppc_pipeline.warehouse.tables import PROFILES, Column, EntityTable, ReportTable, literal_text, quoted, sql_file

_UNSAID = MetricColumn("unsaid", "VARCHAR[]", "Columns of which no source of the version said anything yet.")


def create_tables(
    connection: DuckDBPyConnection, report_tables: Iterable[ReportTable], entity_tables: Iterable[EntityTable]
) -> None:
    """Make every table and view that is not there yet, and add the columns that declarations have gained.

    In one transaction: forty statements that are each made safe on disk take a second.
    """
    report_tables, entity_tables = tuple(report_tables), (PROFILES, *entity_tables)
    tables = _tables(report_tables, entity_tables)
    with in_transaction(connection):
        there = _columns_there(connection)
        connection.execute(sql_file("own_tables"))
        for statement in tables:
            connection.execute(statement)
        for report_table in report_tables:
            added = _add_missing_columns(connection, there, report_table.name, report_table.columns)
            _note_not_asked(connection, report_table, added)
        for entity_table in entity_tables:
            _add_missing_columns(connection, there, entity_table.history, (*entity_table.columns, _UNSAID))
        for feature_table in FEATURE_TABLES.values():
            _add_missing_columns(connection, there, feature_table.stored, feature_table.stored_columns)
        _make_views(connection, there, tables, views(entity_tables))


def is_current(
    connection: DuckDBPyConnection, report_tables: Iterable[ReportTable], entity_tables: Iterable[EntityTable]
) -> bool:
    """Say whether every table and view is there as it is declared now: an earlier release may have made them."""
    entity_tables = (PROFILES, *entity_tables)
    statements = views(entity_tables)
    digest = _digest(_tables(report_tables, entity_tables), statements)
    return _are_made(connection, _columns_there(connection), digest, statements)


def _tables(report_tables: Iterable[ReportTable], entity_tables: Iterable[EntityTable]) -> list[str]:
    """Return the statements that make the tables."""
    tables = [*(table.ddl() for table in report_tables), *(table.ddl() for table in entity_tables)]
    return [*tables, *(table.ddl() for table in FEATURE_TABLES.values())]


def views(entity_tables: Sequence[EntityTable]) -> dict[str, str]:
    """Return every view and the statement that makes it, each after those it is made of."""
    made = {table.name: table.view_sql() for table in entity_tables if table.name not in FIGURED}
    made["whole_currencies"] = sql_file("whole_currencies")
    made["dated_loads"] = sql_file("dated_loads")
    made["known_shares"] = sql_file("known_shares")
    made["loaded_days"] = view_sql("loaded_days")
    made["performance_records"] = sql_file("performance_records")
    made["fx_rates_by_day"] = f"CREATE OR REPLACE VIEW fx_rates_by_day AS {sql_file('metrics/fx_rates_by_day')}"
    made |= {table.name: table.view_sql() for table in METRIC_TABLES.values()}
    made |= {table.name: entity_view_sql(table) for table in entity_tables if table.name in FIGURED}
    made |= feature_views()
    made |= {name: view_sql(name) for name in INSIGHTS}
    if changes := [table.changes_sql() for table in entity_tables if table.watched]:
        made["entity_changes"] = "CREATE OR REPLACE VIEW entity_changes AS " + " UNION ALL ".join(changes)
    return made


def has_tables(connection: DuckDBPyConnection) -> bool:
    """Say whether anything was ever put into a warehouse: a file that was only opened has no tables."""
    return bool(_columns_there(connection))


def _make_views(
    connection: DuckDBPyConnection,
    there: Collection[str],
    tables: Sequence[str],
    statements: Mapping[str, str],
) -> None:
    """Make the views, unless all are there and neither they nor the tables are declared otherwise than they were."""
    digest = _digest(tables, statements)
    if _are_made(connection, there, digest, statements):
        return
    for statement in statements.values():
        connection.execute(statement)
    connection.execute(f"UPDATE views_made SET digest = {literal_text(digest)}")


def _digest(tables: Sequence[str], statements: Mapping[str, str]) -> str:
    return hashlib.sha256("\n".join((*tables, *statements.values())).encode()).hexdigest()


def _are_made(
    connection: DuckDBPyConnection, there: Collection[str], digest: str, statements: Mapping[str, str]
) -> bool:
    if not {*statements, "views_made"} <= {*there}:
        return False
    return connection.execute("SELECT any_value(digest) FROM views_made").fetchone() == (digest,)


def _columns_there(connection: DuckDBPyConnection) -> dict[str, list[str]]:
    query = """
        SELECT table_name, list(column_name) FROM information_schema.columns
        WHERE table_catalog = current_database() GROUP BY table_name
    """
    return dict(connection.execute(query).fetchall())


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
