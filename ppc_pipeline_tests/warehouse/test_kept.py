"""Columns that a report was asked for without: what was loaded of them before stays, and no good figure is lost."""

from datetime import timedelta

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, full_row, report_file, targeting_row

KIND = "spTargeting"
LATER = DAY + timedelta(days=1)
COST = frozenset({"cost"})
TRAFFIC = REPORT_TABLES["spGrossAndInvalids"]


def load(connection, folder, rows, hours=0, left_out=frozenset(), kind=KIND, **changes):
    """Load a report that was asked for some hours after noon; its rows lack what was left out."""
    there = [{key: value for key, value in row.items() if key not in left_out} for row in rows]
    file = report_file(folder, there, left_out=left_out, requested_at=NOON + timedelta(hours=hours), **changes)
    (outcome,) = load_files(connection, REPORT_TABLES[kind], [file], NOON)
    return outcome


def query(connection, sql):
    return connection.execute(sql).fetchall()


def figures(connection):
    return query(connection, "SELECT keyword_id, clicks, cost::INTEGER FROM report_sp_targeting ORDER BY ALL")


def row(keyword_id, clicks, cost=0, day=DAY, **changes):
    return targeting_row(day, keyword_id, clicks=clicks, cost=cost, **changes)


def test_a_row_that_comes_again_keeps_its_figure_a_new_one_has_none_and_one_that_is_gone_takes_it_along(
    connection, tmp_path
):
    load(connection, tmp_path, [row(1, 1, 10), row(2, 2, 20)])
    outcome = load(connection, tmp_path, [row(1, 5), row(3, 6)], 24, COST)
    assert figures(connection) == [(1, 5, 10), (3, 6, None)]
    assert (outcome.columns_left_out, outcome.columns_kept, outcome.rows_loaded) == (("cost",), ("cost",), 2)
    logged = query(connection, "SELECT columns_left_out, columns_kept FROM load_log ORDER BY requested_at")
    assert logged == [([], []), (["cost"], ["cost"])]


def test_what_is_kept_is_no_change_neither_now_nor_when_the_column_comes_again(connection, tmp_path):
    restated = "SELECT metric, before::INTEGER, after::INTEGER FROM restatements WHERE metric IN ('clicks', 'cost')"
    load(connection, tmp_path, [row(1, 1, 10), row(2, 1, 20)])
    same = load(connection, tmp_path, [row(1, 1), row(2, 1)], 24, COST)
    assert (same.days_changed, same.days_unchanged) == (0, 1)
    load(connection, tmp_path, [row(1, 3)], 48, COST)
    load(connection, tmp_path, [row(1, 3, 11)], 72)
    assert query(connection, restated) == [("clicks", 2, 3)]
    assert figures(connection) == [(1, 3, 11)]


def test_loading_a_report_without_a_column_again_and_again_changes_nothing(connection, tmp_path):
    load(connection, tmp_path, [row(1, 1, 10)])
    for hours in (24, 48, 48):
        load(connection, tmp_path, [row(1, 5)], hours, COST)
    assert figures(connection) == [(1, 5, 10)]


def test_texts_and_rates_stay_too_and_what_is_in_the_file_all_the_same_counts(connection, tmp_path):
    load(connection, tmp_path, [row(1, 1, 10, adGroupName="Towels", acosClicks7d=0.5)])
    without = frozenset({"adGroupName", "acosClicks7d"})
    load(connection, tmp_path, [row(1, 2, 12)], 24, without)
    kept = query(connection, "SELECT ad_group_name, acos_clicks_7d, cost::INTEGER FROM report_sp_targeting")
    assert kept == [("Towels", 0.5, 12)]
    file = report_file(tmp_path, [row(1, 2, 13)], left_out=COST, requested_at=NOON + timedelta(hours=48))
    load_files(connection, REPORT_TABLES[KIND], [file], NOON)
    assert figures(connection) == [(1, 2, 13)]


def test_other_profiles_days_and_keys_lend_nothing(connection, tmp_path):
    for profile_id in (SELLER, VENDOR):
        load(connection, tmp_path, [row(1, 1, 10)], profile_id=profile_id)
    load(connection, tmp_path, [row(1, 2, day=LATER), row(9, 2, day=LATER)], 24, COST, start=LATER)
    found = query(connection, "SELECT date, cost::INTEGER FROM report_sp_targeting ORDER BY ALL")
    assert found == [(DAY, 10), (DAY, 10), (LATER, None), (LATER, None)]


def test_only_the_file_that_lacks_a_column_is_filled_where_several_are_loaded_together(connection, tmp_path):
    for profile_id in (SELLER, VENDOR):
        load(connection, tmp_path, [row(1, 1, 10)], profile_id=profile_id)
    later = {"requested_at": NOON + timedelta(hours=1)}
    lacking = {key: value for key, value in row(1, 2).items() if key != "cost"}
    files = [
        report_file(tmp_path, [lacking], left_out=COST, **later),
        report_file(tmp_path, [row(1, 2, None)], profile_id=VENDOR, **later),
    ]
    outcomes = load_files(connection, REPORT_TABLES[KIND], files, NOON)
    assert {outcome.columns_kept for outcome in outcomes} == {("cost",), ()}
    found = query(connection, "SELECT profile_id, cost::INTEGER FROM report_sp_targeting ORDER BY ALL")
    assert found == sorted([(SELLER, 10), (VENDOR, None)])


@pytest.mark.parametrize("ids", [(1, None), (None, 1), (None, None)])
def test_keys_that_are_null_are_keys(connection, tmp_path, ids):
    keyword, target = ids
    one = full_row("sbTargeting", keywordId=keyword, targetingId=target, cost=10)
    load(connection, tmp_path, [one], kind="sbTargeting")
    load(connection, tmp_path, [one | {"clicks": 9}], 24, COST, kind="sbTargeting")
    assert query(connection, "SELECT clicks, cost::INTEGER FROM report_sb_targeting") == [(9, 10)]


def test_rows_without_an_id_keep_nothing_for_nobody_knows_which_is_which(connection, tmp_path):
    rows = [full_row("spGrossAndInvalids", grossImpressions=n) for n in (5, 7)]
    load(connection, tmp_path, rows, kind="spGrossAndInvalids")
    load(connection, tmp_path, rows, 24, frozenset({"invalidImpressions"}), kind="spGrossAndInvalids")
    found = query(connection, f"SELECT gross_impressions, invalid_impressions FROM {TRAFFIC.name} ORDER BY 1")
    assert found == [(5, None), (7, None)]


def test_a_row_without_an_id_lends_its_figure_to_none_of_several_that_are_alike_in_the_grain(connection, tmp_path):
    one, other = (full_row("spGrossAndInvalids", grossImpressions=n) for n in (5, 7))
    load(connection, tmp_path, [one], kind="spGrossAndInvalids")
    load(connection, tmp_path, [one, other], 24, frozenset({"invalidImpressions"}), kind="spGrossAndInvalids")
    assert query(connection, f"SELECT DISTINCT invalid_impressions FROM {TRAFFIC.name}") == [(None,)]
