"""Reports that fail, stay pending, arrive broken or are not what was asked for: what becomes of them, and others."""

import gzip
import json
from datetime import timedelta

import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.pipeline import completeness, finish_reports, sync_entities
from ppc_pipeline.reports.completeness import DayStatus
from ppc_pipeline.reports.states import MAX_REQUESTS, MAX_UNREADABLE, State
from ppc_pipeline_tests.faults.conftest import CAMPAIGNS, TARGETING, WEEK, run_fast

BOTH = (CAMPAIGNS, TARGETING)


def by_type(brought):
    return {row.report_type: row for row in brought.rows}


def test_a_report_that_fails_is_asked_for_again_and_loaded(start):
    company = start("failed-once")
    brought = company.bring()
    assert company.created() == 2
    assert [report["status"] for report in company.reports().values()] == ["FAILED", "COMPLETED"]
    company.assert_exact(brought.rows)


def test_a_report_that_always_fails_is_given_up_with_the_reason_and_the_others_are_loaded(start):
    company = start("failed-always@spTargeting")
    rows = by_type(company.bring(kinds=BOTH))
    failed = rows["spTargeting"]
    assert (failed.state, failed.retryable, failed.report_id) == (State.FAILED, True, None)
    assert failed.reason == "asked 3 times; the last answer: Report generation failed due to an internal error"
    assert company.created() == 1 + MAX_REQUESTS
    company.assert_exact([rows["spCampaigns"]])
    (stretch,) = completeness(company.tools, [TARGETING], WEEK)
    assert (stretch.status, stretch.reason) == (DayStatus.FAILED, failed.reason)
    company.go_wrong("none")
    company.assert_exact(company.bring().rows)
    assert company.created() == 2 + MAX_REQUESTS


def test_a_report_that_stays_pending_past_its_deadline_is_kept_and_loaded_when_amazon_has_made_it(start):
    company = start("pending@spTargeting", settings={"PPC_REPORT_DEADLINE_HOURS": "0.01"})
    rows = by_type(company.bring(kinds=BOTH))
    assert rows["spTargeting"].state is State.REQUESTED
    company.assert_exact([rows["spCampaigns"]])
    (stretch,) = completeness(company.tools, [TARGETING], WEEK)
    assert stretch.status is DayStatus.OUTSTANDING
    company.clock.forward(hours=5)
    again = company.bring()
    assert [row.state for row in again.rows] == [State.REQUESTED]
    company.clock.forward(hours=2)
    done = run_fast(finish_reports(company.tools, [TARGETING], WEEK, wait=True))
    assert company.created() == 2
    company.assert_exact(done.rows)


@pytest.mark.parametrize(
    ("fault", "problem"), [("truncated-gzip", "gzip ends too early"), ("broken-json", "not one whole array")]
)
def test_a_file_that_arrives_broken_is_kept_aside_and_downloaded_again(start, caplog, fault, problem):
    company = start(fault)
    brought = company.bring()
    assert (company.created(), company.calls("download")) == (1, 3)
    raw = company.tools.settings.raw_dir
    assert len([*raw.rglob("*.malformed")]) == len([*raw.rglob("*.json.gz")]) == 1
    company.assert_exact(brought.rows)


def test_an_empty_report_is_taken_at_its_word_and_what_it_takes_away_is_on_record(start):
    """Amazon serves an empty file when there was no activity: nothing tells this one from those."""
    company = start(settings={"PPC_FRESH_HOURS": "0"})
    company.bring()
    ((clicks,),) = company.query("SELECT sum(clicks) FROM report_sp_targeting")
    company.go_wrong("empty-report")
    company.clock.forward(days=1)
    days = type(WEEK)(WEEK.start, WEEK.end - timedelta(days=1))
    (row,) = company.bring(days).rows
    assert company.reports()[row.report_id]["fault"] == "empty-report"
    assert (row.state, row.rows_loaded, row.rows_rejected) == (State.LOADED, 0, 0)
    ((left,),) = company.query("SELECT coalesce(sum(clicks), 0) FROM report_sp_targeting")
    ((lost,),) = company.query("SELECT sum(before) FROM restatements WHERE metric = 'clicks' AND after IS NULL")
    assert clicks - left == lost > 0
    company.clock.forward(hours=1)
    company.assert_exact(company.bring(days).rows)


def test_a_column_that_describes_is_missing_and_the_figures_are_loaded_with_that_on_record(start):
    company = start("column-missing")
    brought = company.bring()
    company.assert_exact(brought.rows)
    assert company.query("SELECT columns_missing FROM load_log") == [(["campaignName"],)]
    assert company.query("SELECT count(*) FROM report_sp_targeting WHERE campaign_name IS NOT NULL") == [(0,)]


def test_a_file_without_a_metric_never_takes_the_place_of_good_figures_and_is_asked_for_anew(start):
    company = start(settings={"PPC_FRESH_HOURS": "0"})
    company.bring()
    good = company.query("FROM report_sp_targeting ORDER BY ALL")
    company.go_wrong("metric-missing")
    company.clock.forward(days=1)
    days = type(WEEK)(WEEK.start, WEEK.end - timedelta(days=1))
    (failed,) = company.bring(days).rows
    assert (failed.state, failed.retryable) == (State.FAILED, True)
    assert "columns that were asked for are not in it: impressions" in failed.reason
    assert company.calls("download") == 1 + MAX_UNREADABLE
    assert company.query("FROM report_sp_targeting ORDER BY ALL") == good
    company.assert_exact(company.bring(days).rows)
    assert company.created() == 3


def test_a_column_nobody_asked_for_is_ignored_and_kept_in_the_raw_file(start):
    company = start("new-column")
    (row,) = company.bring().rows
    company.assert_exact([row])
    raw = json.loads(gzip.decompress((company.tools.archive.root / row.raw_path).read_bytes()))
    assert all(line["brandNewMetric"] == 1 for line in raw)
    assert company.query("SELECT 1 FROM duckdb_columns() WHERE column_name ILIKE '%brand%new%metric%'") == []


def test_an_object_that_is_on_two_pages_is_one_entity(start):
    company = start("listed-twice", page_size=2)
    listed = [ENTITY_TYPES[name] for name in ("campaigns", "keywords", "negative_keywords")]
    synced = run_fast(sync_entities(company.tools, listed))
    assert company.faults()["listed-twice"] >= 3
    assert synced.troubles == []
    wanted = {name: sum(outcome.rows for outcome in outcomes) for name, outcomes in synced.outcomes.items()}
    company.go_wrong("none")
    again = run_fast(sync_entities(company.tools, listed))
    found = {name: sum(outcome.rows for outcome in outcomes) for name, outcomes in again.outcomes.items()}
    assert wanted == found
    assert {(o.added, o.changed, o.removed) for outcomes in again.outcomes.values() for o in outcomes} == {(0, 0, 0)}
    assert company.query("SELECT 1 FROM keywords GROUP BY profile_id, keyword_id HAVING count(*) > 1") == []
