"""Tables from declarations: made once, and widened when declarations gain columns."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ppc_pipeline.reports.loader import prepare, update
from ppc_pipeline.reports.tables import ENTITY_TABLES, REPORT_TABLES, columns_hash
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.creation import create_tables
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.tables import Column, ColumnType, quoted
from ppc_pipeline.wording import WHOLE_CURRENCIES, amount
from ppc_pipeline_tests.fakes import NOON, report_file, targeting_row

TABLE = REPORT_TABLES["spTargeting"]


def test_making_the_tables_again_keeps_what_is_in_them(warehouse, tmp_path):
    with warehouse.connect() as connection:
        load_files(connection, TABLE, [report_file(tmp_path, [targeting_row()])], NOON)
    prepare(warehouse)
    with warehouse.connect() as connection:
        assert connection.execute("SELECT count(*) FROM performance_records").fetchone() == (1,)


def test_whoever_only_reads_a_warehouse_of_an_earlier_release_finds_the_views_of_this_one(warehouse, tmp_path):
    assert not update(Warehouse(str(tmp_path / "new.duckdb")))
    with warehouse.connect() as connection:
        connection.execute("DROP VIEW known_shares; UPDATE views_made SET digest = 'of an earlier release'")
    for _ in range(2):
        assert update(warehouse)
        with warehouse.connect(read_only=True) as open_notebook:
            assert open_notebook.execute("FROM known_shares").fetchall() == []
    with warehouse.connect(read_only=True):  # as it is up to date, nothing is written, which a reader would forbid
        assert update(warehouse)


EVERY_COLUMN = """
    SELECT table_name, column_name FROM information_schema.columns WHERE table_catalog = current_database() ORDER BY ALL
"""


@pytest.mark.parametrize(
    "lost",
    [
        *("DROP MACRO ppc_percent", "DROP MACRO TABLE ppc_with_periods", "DROP VIEW keywords", "DROP TABLE views_made"),
        *("DROP TABLE load_turns", "DROP TABLE profiles_history", "DROP TABLE suggestions", "DROP TABLE feature_days"),
        *("ALTER TABLE load_log DROP COLUMN columns_kept", "ALTER TABLE report_sp_campaigns DROP COLUMN clicks"),
        "CREATE VIEW mine AS SELECT 1; DROP VIEW mine",
    ],
)
def test_what_somebody_dropped_is_made_again(warehouse, lost):
    with warehouse.connect() as connection:
        before = connection.execute(EVERY_COLUMN).fetchall()
        connection.execute(lost)
    assert update(warehouse)
    with warehouse.connect(read_only=True) as connection:
        assert connection.execute(EVERY_COLUMN).fetchall() == before
        assert connection.execute("SELECT ppc_percent(1, 4), count(*) FROM keywords").fetchall() == [(25.0, 0)]


def test_a_column_that_a_declaration_gains_is_added_and_null_in_the_rows_before(connection, tmp_path):
    load_files(connection, TABLE, [report_file(tmp_path, [targeting_row()])], NOON)
    gained = Column("brand_new", ColumnType.MONEY, source="brandNew", metric=True)
    wider = replace(TABLE, columns=(*TABLE.columns, gained))
    entity = replace(ENTITY_TABLES["keywords"], columns=(*ENTITY_TABLES["keywords"].columns, gained))
    create_tables(connection, [wider], [entity])
    connection.execute("SELECT brand_new FROM keywords")
    file = report_file(tmp_path, [targeting_row(keyword_id=2, brandNew=1.5)], profile_id=2)
    load_files(connection, wider, [file], NOON)
    found = connection.execute("SELECT brand_new::VARCHAR FROM report_sp_targeting ORDER BY keyword_id").fetchall()
    assert found == [("1.500000",), (None,)]


def test_sql_spells_amounts_of_the_same_currencies_without_decimals_as_all_else(connection):
    found = connection.execute("SELECT currency_code, format(written, 1234.0) FROM whole_currencies").fetchall()
    assert dict(found) == {code: amount(Decimal(1234), code) for code in WHOLE_CURRENCIES}


@pytest.mark.parametrize("release", ["the first", "a later one"])
def test_that_a_release_asks_for_another_metric_is_no_restatement_and_what_amazon_then_changes_is(
    connection, tmp_path, release
):
    def load(table, day, **figures):
        file = report_file(tmp_path, [targeting_row(**figures)], requested_at=NOON + timedelta(days=day))
        load_files(connection, table, [file], NOON + timedelta(days=day))

    load(TABLE, 1, clicks=1)
    if release == "the first":
        connection.execute("ALTER TABLE load_log DROP COLUMN columns_left_out")
    gained = Column("brand_new", ColumnType.MONEY, source="brandNew", metric=True)
    wider = replace(TABLE, columns=(*TABLE.columns, gained))
    for _ in range(2):
        create_tables(connection, [wider, REPORT_TABLES["spCampaigns"]], [])
    load(wider, 2, clicks=1, brandNew=50)
    assert connection.execute("SELECT * FROM restatements").fetchall() == []
    assert connection.execute("SELECT brand_new FROM report_sp_targeting").fetchall() == [(50,)]
    load(wider, 3, clicks=1, brandNew=60)
    found = connection.execute("SELECT metric, before, after FROM restatements").fetchall()
    assert found == [("brand_new", 50, 60)]
    found = connection.execute("SELECT columns_left_out FROM load_log ORDER BY requested_at").fetchall()
    assert found == [(["brand_new"],), ([],), ([],)]


def test_a_warehouse_of_the_first_release_gains_the_columns_of_later_ones_and_goes_on(warehouse, tmp_path):
    with warehouse.connect() as connection:
        load_files(connection, TABLE, [report_file(tmp_path, [targeting_row()])], NOON)
        connection.execute("ALTER TABLE load_log DROP COLUMN rows_stale")
        connection.execute("ALTER TABLE load_log DROP COLUMN columns_left_out")
        connection.execute("ALTER TABLE load_log DROP COLUMN columns_kept")
        connection.execute("ALTER TABLE load_log DROP COLUMN days_unclear")
    prepare(warehouse)
    prepare(warehouse)
    with warehouse.connect() as connection:
        load_files(connection, TABLE, [report_file(tmp_path, [targeting_row()], profile_id=2)], NOON)
        found = connection.execute("SELECT rows_in_file, rows_loaded, rows_stale FROM load_log ORDER BY profile_id")
        assert sorted(found.fetchall(), key=str) == [(1, 1, 0), (1, 1, None)]


def test_the_order_of_columns_makes_no_other_request():
    assert columns_hash(("date", "clicks")) == columns_hash(("clicks", "date")) != columns_hash(("date",))


def test_identifiers_are_quoted():
    assert quoted('a"b') == '"a""b"'


def test_every_declared_report_type_and_entity_has_its_own_table():
    names = [table.name for table in (*REPORT_TABLES.values(), *ENTITY_TABLES.values())]
    assert len(set(names)) == len(names)
    assert REPORT_TABLES["spCampaigns:campaignPlacement"].name == "report_sp_campaigns_campaign_placement"
    for table in REPORT_TABLES.values():
        assert {"date", *table.grain} <= {column.name for column in table.columns}
