"""Rows to which Amazon gives no id: alike in the grain, they are two, unless they are alike in everything."""

from datetime import timedelta

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline_tests.fakes import NOON, full_row, report_file

NAMELESS = sorted(name for name, table in REPORT_TABLES.items() if table.anonymous and not table.id_column)
TERMS = "sbSearchTerm"


def load(connection, folder, kind, *rows, **changes):
    (outcome,) = load_files(connection, REPORT_TABLES[kind], [report_file(folder, rows, **changes)], NOON)
    return outcome


def figures(connection, kind, column):
    query = f"SELECT {column} FROM {REPORT_TABLES[kind].name} ORDER BY ALL"
    return [figure for (figure,) in connection.execute(query).fetchall()]


def reasons(connection):
    return [reason for (reason,) in connection.execute("SELECT reason FROM rejected_rows ORDER BY ALL").fetchall()]


def test_gross_and_invalid_traffic_is_anonymous_throughout():
    assert NAMELESS == ["sbGrossAndInvalids", "sdGrossAndInvalids", "spGrossAndInvalids"]


@pytest.mark.parametrize("kind", NAMELESS)
def test_two_campaigns_of_one_name_are_two_rows_and_their_sum_is_whole(connection, tmp_path, kind):
    rows = [full_row(kind, campaignName="Summer", grossImpressions=n) for n in (5, 7)]
    outcome = load(connection, tmp_path, kind, *rows)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 0)
    assert figures(connection, kind, "gross_impressions") == [5, 7]


def test_only_a_row_that_is_alike_in_everything_is_in_quarantine_and_says_so(connection, tmp_path):
    (kind, *_) = NAMELESS
    rows = [full_row(kind, grossImpressions=n) for n in (5, 7, 5, 5)]
    outcome = load(connection, tmp_path, kind, *rows)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 2)
    assert reasons(connection) == ["another row of the file is alike in everything"] * 2


def test_a_term_without_a_keyword_may_come_twice_and_one_with_a_keyword_may_not(connection, tmp_path):
    rows = [full_row(TERMS, keywordId=None, keywordText=None, matchType=None, clicks=n) for n in (1, 2, 2)]
    rows += [full_row(TERMS, keywordId=9, clicks=n) for n in (3, 4)]
    outcome = load(connection, tmp_path, TERMS, *rows)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (3, 2)
    assert figures(connection, TERMS, "clicks") == [1, 2, 3]
    assert reasons(connection) == [
        "another row of the file has the same keys",
        "another row of the file is alike in everything",
    ]


def test_a_day_of_anonymous_rows_that_comes_again_alike_is_left_alone_and_one_that_changed_is_replaced(
    connection, tmp_path
):
    (kind, *_) = NAMELESS
    rows = [full_row(kind, grossImpressions=n) for n in (5, 7)]
    load(connection, tmp_path, kind, *rows)
    again = load(connection, tmp_path, kind, *reversed(rows), requested_at=NOON + timedelta(hours=1))
    assert (again.days_changed, again.days_unchanged) == (0, 1)
    changed = [full_row(kind, grossImpressions=n) for n in (5, 8)]
    later = load(connection, tmp_path, kind, *changed, requested_at=NOON + timedelta(hours=2))
    assert later.days_changed == 1
    assert figures(connection, kind, "gross_impressions") == [5, 8]
