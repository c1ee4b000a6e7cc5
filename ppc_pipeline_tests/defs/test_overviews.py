"""The overviews: the restatement curve and the API usage, with their tables and plots, made anew once a day."""

from datetime import timedelta

import dagster as dg

from ppc_pipeline.defs.assets.overviews import OVERVIEWS, due_overviews
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import metadata_of

CURVE = """
    CREATE OR REPLACE VIEW restatement_curve AS
    FROM (VALUES
        ('spCampaigns', 1::BIGINT, 'USD', 'clicks', 1, 0.8, 10),
        ('spCampaigns', 2::BIGINT, 'EUR', 'clicks', 1, 0.5, 30),
        ('spCampaigns', 1::BIGINT, 'USD', 'clicks', 28, 1.0, 10),
        ('spCampaigns', 1::BIGINT, 'USD', 'sales_14d', 1, 0.25, 10),
        ('spTargeting', 1::BIGINT, 'USD', 'sales_14d', 1, NULL, 0)
    ) AS curve(report_type, profile_id, currency_code, metric, age_days, share, days)
"""


def test_the_curve_is_a_plot_and_a_table_of_shares_over_all_profiles_by_age(project):
    here = project(profiles=1, report_types="spCampaigns")
    here.query(CURVE)
    found = metadata_of(here.run("reports_job", start=days_ago(3), assets=["restatement_curve"]), "restatement_curve")
    assert found["dagster/row_count"] == 3
    assert found["curve"].startswith("![share of the final figure](data:image/png;base64,")
    header, _, *rows = found["shares"].splitlines()
    assert header == "| report type | metric | 1 d | 28 d | days |"
    assert rows == ["| spCampaigns | clicks | 57.5 % | 100.0 % | 40 |", "| spCampaigns | sales_14d | 25.0 % |  | 10 |"]


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
    assert "| default | NA | SPONSORED_PRODUCTS |" in found["last 7 days"]
    assert found["by day"].startswith("![calls and 429s by day](data:image/png;base64,")


def test_an_overview_is_due_once_a_day(project):
    here = project(profiles=1, report_types="spCampaigns")
    now = here.ledger.clock()
    assert due_overviews(here.instance, now.timestamp()) == [*OVERVIEWS]
    here.run("reports_job", start=days_ago(3), assets=["api_usage"])
    assert due_overviews(here.instance, now.timestamp()) == ["restatement_curve"]
    assert due_overviews(here.instance, (now + timedelta(hours=21)).timestamp()) == [*OVERVIEWS]
    assert here.instance.get_latest_materialization_event(dg.AssetKey("api_usage")) is not None
