"""The overviews: the restatement curve and the API usage, with their tables and plots, and when they are made anew."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from ppc_pipeline.defs.assets.overviews import OF_LOADS, OVERVIEWS, Loads, due_overviews, usage_table
from ppc_pipeline.reports.usage import Usage
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import metadata_of

pytestmark = pytest.mark.usefixtures("whole_job")


def test_the_curve_is_a_table_a_plot_and_shares_over_all_profiles_by_age(project):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("reports_job", start=days_ago(70), end=days_ago(65), assets=["report_sp_campaigns"])
    here.query("UPDATE load_log SET requested_at = end_date + INTERVAL 60 HOUR")  # as the daily order would have
    found = metadata_of(here.run("reports_job", start=days_ago(3), assets=["restatement_curve"]), "restatement_curve")
    assert found["curve"].startswith("![share of the final figure](data:image/png;base64,")
    header, _, *rows = found["shares"].splitlines()
    assert header == "| metric | 2 d | 3 d | 7 d | 14 d | 28 d | days |"
    assert "| spCampaigns clicks | 100.0 % | 100.0 % | 100.0 % | 100.0 % | 100.0 % | 6 |" in rows
    query = "SELECT days FROM restatement_curve WHERE metric = 'clicks' AND share = 1 ORDER BY age_days"
    assert here.query(query) == [(1,), (2,), (6,), (6,), (6,)]


def test_before_anything_is_loaded_the_curve_is_empty_and_the_run_is_fine(project):
    here = project(profiles=1, report_types="spCampaigns")
    result = here.run("reports_job", start=days_ago(3), assets=["restatement_curve"])
    assert result.success
    assert metadata_of(result, "restatement_curve")["dagster/row_count"] == 0


def test_usage_counts_the_calls_of_the_last_days_and_draws_them(project):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    found = metadata_of(here.run("reports_job", start=days_ago(3), assets=["api_usage"]), "api_usage")
    assert found["calls"] > 3
    assert (found["throttled"], found["success_percent"]) == (0, 100.0)
    assert "| default NA | SPONSORED_PRODUCTS |" in found["last 7 days"]
    assert found["by day"].startswith("![calls and 429s by day](data:image/png;base64,")


def test_the_table_of_usage_has_the_success_rate_and_every_cool_down_of_each_account_and_ad_product():
    busy = Usage("acme", "NA", "SPONSORED_BRANDS", 8, 5, 2, 1, 0, 3, 0.4, 1)
    only_cooled = Usage("acme", "NA", "SPONSORED_DISPLAY", 0, 0, 0, 0, 0, 0, 1200.0)
    header, _, *rows = usage_table([busy, only_cooled]).value.splitlines()
    assert header == "| account | of | calls | success % | 429s | retries | s cooled | in flight |"
    assert rows == [
        "| acme NA | SPONSORED_BRANDS | 8 | 62.5 | 2 | 3 | 0.4 | 1 |",
        "| acme NA | SPONSORED_DISPLAY | 0 |  | 0 | 0 | 1,200.0 | 0 |",
    ]


def test_trends_are_drawn_of_every_profile(project):
    here = project(profiles=2, report_types="spCampaigns")
    here.run("reports_job", start=days_ago(33), end=days_ago(3), assets=["report_sp_campaigns"])
    found = metadata_of(here.run("reports_job", start=days_ago(3), assets=["performance_trends"]), "performance_trends")
    assert (found["profiles"], found["last day"]) == (2, str(days_ago(3)))
    assert found["by day"].startswith("![cost, sales and ACoS by day](data:image/png;base64,")
    assert found["by weekday"].startswith("![sales by weekday](data:image/png;base64,")


def test_before_anything_is_loaded_there_are_no_trends_and_the_run_is_fine(project):
    result = project(profiles=1).run("reports_job", start=days_ago(3), assets=["performance_trends"])
    assert result.success
    assert metadata_of(result, "performance_trends") == {"profiles": 0}


@pytest.mark.parametrize(
    ("made", "loaded", "going_on", "complete", "due"),
    [
        (None, None, False, True, ()),
        (None, -1, False, False, OVERVIEWS),
        (-1, -2, False, True, ()),
        (-2, -1, False, True, OF_LOADS),
        (-2, -1, False, False, ()),
        (-2, -3, True, False, ()),
        (-2, -3, True, True, OF_LOADS),
        (-21, -22, False, True, ()),
        (-21, -1, False, False, OVERVIEWS),
        (-21, -22, True, False, OVERVIEWS),
    ],
)
def test_overviews_are_due_after_the_last_report_of_a_load_or_a_day_later(made, loaded, going_on, complete, due):
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        if made is not None:
            for name in OVERVIEWS:
                instance.report_runless_asset_event(dg.AssetMaterialization(name))
            now = datetime.now(UTC) - timedelta(hours=made)
        newest = None if loaded is None else now + timedelta(hours=loaded)
        found = due_overviews(instance, now.timestamp(), Loads(newest, going_on, complete))
    assert {*found} == {*due}
