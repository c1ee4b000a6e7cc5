"""The feature assets: made after every load of a run, once a day, and a failure that costs no load."""

import dagster as dg
import pytest

from ppc_pipeline.warehouse.features import FEATURE_TABLES
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import metadata_of

pytestmark = [pytest.mark.usefixtures("whole_job"), pytest.mark.long]

TYPES = "spCampaigns,spTargeting"

MADE = ("report_sp_campaigns", "report_sp_targeting", *FEATURE_TABLES, "seasonality")


def test_features_are_made_right_after_a_load_and_only_those_that_it_touches(project):
    here = project(profiles=2, report_types=TYPES)
    first = here.run("reports_job", start=days_ago(6), end=days_ago(4), assets=MADE)
    second = here.run("reports_job", start=days_ago(3), assets=MADE)
    assert first.success
    assert second.success
    for name in FEATURE_TABLES:
        assert metadata_of(first, name)["days_made"] == 2 * 3
        found = metadata_of(second, name)
        assert (found["days_made"], found["profiles_concerned"]) == (2, 2)
        assert (found["first day"], found["last day"]) == (str(days_ago(3)), str(days_ago(3)))
        ((rows, days),) = here.query(f"SELECT count(*), count(DISTINCT date) FROM {name}")
        assert (found["dagster/row_count"], days) == (rows, 4)
        assert found["rows_made"] < rows
    ((seasons,),) = here.query("SELECT count(*) FROM seasonality")
    assert metadata_of(second, "seasonality")["dagster/row_count"] == seasons > 0


def test_a_backfill_of_older_days_makes_their_rows_and_those_that_reach_back_to_them(project):
    here = project(profiles=1, report_types=TYPES)
    here.run("reports_job", start=days_ago(3), assets=MADE)
    here.run("reports_job", start=days_ago(60), end=days_ago(59), assets=MADE)
    found = here.query("SELECT date, days_known FROM feature_days WHERE feature_table = 'keyword_features' ORDER BY 1")
    assert found == [(days_ago(60), 1), (days_ago(59), 2), (days_ago(3), 3)]


def test_features_that_cannot_be_made_cost_neither_the_load_nor_the_others(project):
    here = project(profiles=1, report_types=TYPES)
    here.run("reports_job", start=days_ago(4), assets=MADE)
    here.query("ALTER TABLE campaign_features_known ALTER COLUMN clicks_spread TYPE DATE USING NULL")
    result = here.run("reports_job", start=days_ago(3))
    assert not result.success
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert {"report_sp_campaigns", "report_sp_targeting", "metrics_by_target", "coverage"} <= made
    assert {*FEATURE_TABLES} - made == {"campaign_features"}
    assert here.query("SELECT count(*) FROM load_log") == [(4,)]


def test_a_feature_table_says_what_each_column_means(project):
    specs = {spec.key.to_user_string(): spec for spec in project(profiles=1).defs.resolve_all_asset_specs()}
    for name, table in FEATURE_TABLES.items():
        schema: dg.TableSchema = specs[name].metadata["dagster/column_schema"]
        assert [(column.name, column.type, column.description) for column in schema.columns] == [
            (column.name, column.type, column.doc) for column in table.columns
        ]


def test_before_anything_is_loaded_the_tables_are_empty_and_the_run_is_fine(project):
    here = project(profiles=1, report_types=TYPES)
    result = here.run("reports_job", start=days_ago(3), assets=[*FEATURE_TABLES, "seasonality"])
    assert result.success
    assert metadata_of(result, "campaign_features") == {
        **{"dagster/row_count": 0, "rows_made": 0, "days_made": 0, "profiles_concerned": 0}
    }
