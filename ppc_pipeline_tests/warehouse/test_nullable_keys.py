"""Keys that may be NULL: two NULLs are the same key, and a NULL is another key than any value."""

from datetime import timedelta

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.queries import duplicates
from ppc_pipeline_tests.fakes import DAY, NOON, full_row, report_file

KIND = "sbTargeting"
TABLE = REPORT_TABLES[KIND]
KEYWORD, TARGET = {"keywordId": 1, "targetingId": None}, {"keywordId": None, "targetingId": 1}
NEITHER = {"keywordId": None, "targetingId": None}
WITH_KEYS = sorted(name for name, table in REPORT_TABLES.items() if table.nullable)


def load(connection, folder, *rows, table=TABLE, **changes):
    (outcome,) = load_files(connection, table, [report_file(folder, rows, **changes)], NOON)
    return outcome


def reasons(connection):
    return [reason for (reason,) in connection.execute("SELECT reason FROM rejected_rows ORDER BY ALL").fetchall()]


def keys(connection):
    query = f"SELECT keyword_id, targeting_id FROM {TABLE.name} ORDER BY ALL"
    return connection.execute(query).fetchall()


def test_rows_that_differ_only_in_a_null_are_different_rows(connection, tmp_path):
    rows = [full_row(KIND, **some) for some in (KEYWORD, TARGET, NEITHER, {"keywordId": 1, "targetingId": 1})]
    outcome = load(connection, tmp_path, *rows)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (4, 0)
    assert keys(connection) == [(1, 1), (1, None), (None, 1), (None, None)]


@pytest.mark.parametrize("same", [KEYWORD, TARGET, NEITHER])
def test_of_rows_with_the_same_keys_and_nulls_the_first_is_kept(connection, tmp_path, same):
    other = full_row(KIND, keywordId=2, targetingId=2)
    outcome = load(connection, tmp_path, *(full_row(KIND, clicks=n, **same) for n in (1, 2, 3)), other)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 2)
    assert reasons(connection) == ["another row of the file has the same keys"] * 2
    assert connection.execute(f"SELECT min(clicks) FROM {TABLE.name}").fetchone() == (1,)


@pytest.mark.parametrize("kind", WITH_KEYS)
def test_every_key_that_may_be_null_may_and_no_other(connection, tmp_path, kind):
    table = REPORT_TABLES[kind]
    source = {column.name: column.source for column in table.columns}
    good = full_row(kind, **{source[name]: None for name in table.nullable})
    bad = [full_row(kind, **{source[name]: None}) for name in table.required]
    outcome = load(connection, tmp_path, good, *bad, table=table)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (1, len(bad))
    assert reasons(connection) == sorted(f"{name} is missing" for name in table.required)


def test_a_day_with_null_keys_that_comes_again_alike_is_left_alone(connection, tmp_path):
    rows = [full_row(KIND, **some) for some in (KEYWORD, TARGET, NEITHER)]
    load(connection, tmp_path, *rows)
    again = load(connection, tmp_path, *reversed(rows), requested_at=NOON + timedelta(hours=1))
    assert (again.days_changed, again.days_unchanged) == (0, 1)
    assert duplicates(connection, TABLE.name, ("date", "profile_id", *TABLE.grain), DAY, DAY).rows == []


def test_figures_of_a_row_with_a_null_key_that_is_rejected_now_are_displaced(connection, tmp_path):
    load(connection, tmp_path, full_row(KIND, **TARGET), full_row(KIND, **KEYWORD))
    poor = full_row(KIND, clicks="x", **TARGET)
    strange = full_row(KIND, clicks="y", keywordId=None, targetingId=9)
    rows = (poor, strange, full_row(KIND, **KEYWORD))
    outcome = load(connection, tmp_path, *rows, requested_at=NOON + timedelta(hours=1))
    assert (outcome.rows_loaded, outcome.rows_rejected, outcome.rows_displaced) == (1, 2, 1)
    assert reasons(connection) == [
        "clicks is not a whole number: x; the figures loaded before are gone",
        "clicks is not a whole number: y",
    ]


def test_a_key_that_stands_twice_with_null_is_found(connection):
    connection.execute("CREATE TABLE pairs AS SELECT DATE '2026-11-10' AS date, 1 AS a, NULL::INT AS b FROM range(2)")
    found = duplicates(connection, "pairs", ("date", "a", "b"), DAY, DAY)
    assert [row[-1] for row in found.rows] == [2]
