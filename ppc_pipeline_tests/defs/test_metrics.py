"""The metric assets: what they say of a run's dates, one event each, and what a wrong file of rates costs."""

import dagster as dg
import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import failure_of, metadata_of

pytestmark = pytest.mark.usefixtures("whole_job")

RATES = "date,from_currency,to_currency,rate\n{day},USD,EUR,0.9\n"


@pytest.fixture
def rates(monkeypatch, tmp_path):
    file = tmp_path / "fx.csv"
    file.write_text(RATES.format(day=days_ago(4)))
    monkeypatch.setenv("PPC_FX_RATES_FILE", str(file))
    return file


def test_a_range_run_records_one_event_of_each_metric_table_with_counts_and_money_of_its_dates(project, rates):
    here = project(profiles=2, report_types="spCampaigns,spTargeting")
    reports = ["report_sp_campaigns", "report_sp_targeting"]
    assert here.run("reports_job", start=days_ago(9), end=days_ago(7), assets=[*reports, "fx_rates"]).success
    names = ["metrics_by_profile", "metrics_by_portfolio", "metrics_by_campaign", "metrics_by_target"]
    result = here.run("reports_job", start=days_ago(4), end=days_ago(3), assets=[*reports, "fx_rates", *names])
    assert result.success
    events = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    for name in names:
        assert events.count(name) == 1
        query = (
            f"SELECT currency_code, count(*), sum(cost), sum(sales) FROM {name} WHERE date BETWEEN ? AND ? GROUP BY 1"
        )
        totals = here.query(query, days_ago(4), days_ago(3))
        found = metadata_of(result, name)
        assert found["dagster/row_count"] == sum(total[1] for total in totals) > 0
        for currency, _, cost, sales in totals:
            assert (found[f"cost {currency}"], found[f"sales {currency}"]) == pytest.approx((float(cost), float(sales)))
        assert found["days"] == 2
    assert metadata_of(result, "fx_rates") == {
        **{"dagster/row_count": 1, "rows_left_out": 0, "changed": False, "currency": "EUR"},
        **{"first day": str(days_ago(4)), "last day": str(days_ago(4))},
    }
    converted = "SELECT count(*), count(cost_converted), max(converted_currency) FROM metrics_by_profile"
    dollars = here.query(f"{converted} WHERE date >= ? AND currency_code = 'USD'", days_ago(4))
    assert dollars == [(2, 2, "EUR")]


def test_a_wrong_file_of_rates_is_named_and_keeps_nothing_else_from_being_shown(project, rates):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns", "fx_rates"])
    rates.write_text(RATES.format(day="yesterday"))
    result = here.run("reports_job", start=days_ago(3), assets=["fx_rates", "metrics_by_campaign"])
    assert not result.success
    assert "PPC_FX_RATES_FILE" in failure_of(result)
    assert "row 2, column date: 'yesterday' is not a date" in failure_of(result)
    assert metadata_of(result, "metrics_by_campaign")["dagster/row_count"] > 0
    assert here.query("SELECT count(*) FROM fx_rates") == [(1,)], "what was there stays"
    rates.write_text(RATES.format(day=days_ago(5)))
    assert here.run("reports_job", assets=["fx_rates"]).success, "no dates are needed"
    assert here.query("SELECT date FROM fx_rates") == [(days_ago(5),)]


def test_a_metric_table_says_what_each_column_means(project):
    specs = {spec.key.to_user_string(): spec for spec in project(profiles=1).defs.resolve_all_asset_specs()}
    shown = {name for name in METRIC_TABLES if name in specs}
    assert shown == {*METRIC_TABLES} - {"metrics_by_placement"}, "no report type of placements is set"
    for name in shown:
        schema: dg.TableSchema = specs[name].metadata["dagster/column_schema"]
        assert [(column.name, column.type, column.description) for column in schema.columns] == [
            (column.name, column.type, column.doc) for column in METRIC_TABLES[name].columns
        ]


def test_before_anything_is_loaded_the_tables_are_empty_and_the_run_is_fine(project):
    here = project(profiles=1)
    prepare(Warehouse(here.settings.warehouse))
    result = here.run("reports_job", start=days_ago(3), assets=["metrics_by_target", "fx_rates"])
    assert result.success
    assert metadata_of(result, "metrics_by_target") == {"dagster/row_count": 0, "days": 1, "dates": str(days_ago(3))}
