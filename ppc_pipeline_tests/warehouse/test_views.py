"""The SQL of views and macros: a file each, which a person can read, and run as it stands."""

from importlib import resources

import pytest

from ppc_pipeline.reports.tables import ENTITY_TABLES
from ppc_pipeline.warehouse.creation import FIGURED, MACROS
from ppc_pipeline.warehouse.features import FEATURE_TABLES
from ppc_pipeline.warehouse.sql_files import question_names, sql_file

SQL = resources.files("ppc_pipeline.warehouse").joinpath("sql")
VIEWS = [
    *(name for name in question_names() if name.startswith(("metrics/", "entities/", "insights/"))),
    *("features/covered_days", "features/seasonality"),
    *("performance_records", "whole_currencies", "dated_loads", "known_shares"),
]
DECLARED = {"profiles", "entity_changes", *FEATURE_TABLES, *(name for name in ENTITY_TABLES if name not in FIGURED)}
"""Views that are put together from declarations."""


@pytest.mark.parametrize("name", VIEWS)
def test_the_file_of_a_view_runs_as_it_stands_and_gives_the_columns_of_the_view(shared_warehouse, name):
    columns = shared_warehouse.execute(sql_file(name)).description
    assert columns == shared_warehouse.execute(f"FROM {name.rpartition('/')[2]}").description


@pytest.mark.parametrize("name", VIEWS)
def test_the_file_of_a_view_says_first_what_one_row_is_and_what_tells_rows_apart(name):
    text = sql_file(name)
    assert text.startswith("-- One row is ")
    assert "\n-- Grain: " in text


def test_every_view_has_its_file_but_those_that_follow_from_declarations(shared_warehouse):
    query = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name = current_database()"
    views = {name for (name,) in shared_warehouse.execute(query).fetchall()}
    assert views == {*DECLARED, *(name.rpartition("/")[2] for name in VIEWS)}


def test_every_question_says_first_what_one_row_is():
    assert [name for name in question_names() if not sql_file(name).startswith("-- One row is ")] == []


def test_every_file_of_a_macro_is_made_and_says_first_what_it_gives():
    assert {f"{name}.sql" for name in MACROS} == {file.name for file in SQL.joinpath("macros").iterdir()}
    for name in MACROS:
        text = sql_file(f"macros/{name}")
        assert text.startswith("-- ")
        assert f"\nCREATE OR REPLACE MACRO {name}(" in text
        assert text.startswith("-- One row is ") == (" AS TABLE" in text)
