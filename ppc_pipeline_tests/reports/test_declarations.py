"""Every report type from declaration to request, staged rows and table: the same columns everywhere."""

from datetime import timedelta

import duckdb
import pytest

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, kind_of
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.tables import REPORT_TABLES, described_columns
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.metrics import PERFORMANCE_COLUMNS
from ppc_pipeline.warehouse.stages import stage_files
from ppc_pipeline_tests.fakes import DAY, NOON, full_row, order, report_file, window

EACH = pytest.mark.parametrize("kind", REPORT_TYPES)
OWN = {"account": "VARCHAR", "profile_id": "BIGINT", "currency_code": "VARCHAR"}
OF_LOAD = {"report_id": "VARCHAR", "loaded_at": "TIMESTAMP WITH TIME ZONE"}
STAGED = {"file_no", "row_no", "broken"}
SQL_TYPES = {
    "integer": "BIGINT",
    "money": "DECIMAL(18,6)",
    "rate": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "json": "JSON",
}


def declared(kind):
    """Return the columns of a type as they should stand in the warehouse, with their SQL types."""
    return {snake_case(column): SQL_TYPES[kind_of(column)] for column in REPORT_TYPES[kind].columns}


def described(connection, what):
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {what}").fetchall()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    warehouse = Warehouse(str(tmp_path_factory.mktemp("made") / "ppc.duckdb"))
    prepare(warehouse)
    return warehouse


def test_the_columns_that_are_shown_have_the_types_of_the_table(made):
    shown = {REPORT_TYPES[kind].table: described_columns(REPORT_TYPES[kind]) for kind in REPORT_TYPES}
    shown["performance_records"] = PERFORMANCE_COLUMNS
    with made.connect(read_only=True) as connection:
        for table, columns in shown.items():
            types = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in columns)
            assert described(connection, f"SELECT {types}") == described(connection, table)


def test_what_amazon_is_asked_for_is_what_is_declared(play):
    async def scenario(world):
        rows = [order(world.ledger, window(kind=kind)) for kind in REPORT_TYPES]
        assert {row.state for row in await world.see_through(rows)} == {State.LOADED}
        asked = [report.body["configuration"] for report in world.amazon.reports.values()]
        assert len(asked) == len(REPORT_TYPES)
        found = {(c["reportTypeId"], tuple(c["groupBy"])): (c["adProduct"], c["columns"]) for c in asked}
        assert found == {(t.report_type_id, t.group_by): (t.ad_product, list(t.columns)) for t in REPORT_TYPES.values()}

    play(scenario)


def test_every_report_type_has_a_table_and_every_report_table_a_type(made):
    with made.connect() as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'report\\_%' ESCAPE '\\'"
        assert {name for (name,) in connection.execute(query).fetchall()} == {t.table for t in REPORT_TYPES.values()}


@EACH
def test_a_table_has_the_declared_columns_and_no_others(made, kind):
    with made.connect() as connection:
        assert described(connection, REPORT_TABLES[kind].name) == declared(kind) | OWN | OF_LOAD
    assert {column.source for column in REPORT_TABLES[kind].columns} == {*REPORT_TYPES[kind].columns}


@EACH
def test_a_full_row_is_staged_with_the_declared_columns_and_loaded_with_a_value_in_each(made, tmp_path, kind):
    file = report_file(tmp_path, [full_row(kind)])
    table = REPORT_TABLES[kind]
    (tmp_path / "stage").mkdir()
    stage = stage_files(table, [file], tmp_path / "stage")
    with duckdb.connect() as connection:
        (path,) = stage.rows
        staged = described(connection, f"'{path}'")
    assert {*staged} - STAGED == {*declared(kind)}
    with made.connect() as connection:
        (outcome,) = load_files(connection, table, [file], NOON)
        assert (outcome.rows_loaded, outcome.columns_missing, outcome.columns_left_out) == (1, (), ())
        (row,) = connection.execute(f"SELECT * FROM {table.name}").fetchall()
    assert None not in row


@EACH
def test_a_table_of_an_earlier_version_with_the_grain_alone_gains_all_other_columns(tmp_path, kind):
    warehouse = Warehouse(str(tmp_path / "ppc.duckdb"))
    table, types = REPORT_TABLES[kind], declared(kind)
    columns = {"date": "DATE"} | OWN | {name: types[name] for name in table.grain} | OF_LOAD
    with warehouse.connect() as connection:
        made = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        connection.execute(f"CREATE TABLE {table.name} ({made})")
        connection.execute(f"INSERT INTO {table.name} (date, account, profile_id) VALUES (?, 'acme', 1)", [DAY])
    prepare(warehouse)
    later = DAY + timedelta(days=1)
    with warehouse.connect() as connection:
        assert described(connection, table.name) == types | OWN | OF_LOAD
        load_files(connection, table, [report_file(tmp_path, [full_row(kind, date=str(later))], later)], NOON)
        assert connection.execute(f"SELECT count(*) FROM {table.name}").fetchone() == (2,)
