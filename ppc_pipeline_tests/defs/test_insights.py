"""Insights and quality checks in Dagster: part of every load, a warning with the worst in words, never a failed run."""

import dagster as dg
import duckdb
import pytest

from ppc_pipeline.defs import quality
from ppc_pipeline.defs.assets.insights import CHECK
from ppc_pipeline.defs.quality import quality_result
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse, WarehouseBusyError
from ppc_pipeline.warehouse.insights import INSIGHTS
from ppc_pipeline.warehouse.quality import QUALITY_CHECKS, Asked
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import check_of, metadata_of
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER
from ppc_pipeline_tests.warehouse.days import loaded, rows, sp
from ppc_pipeline_tests.warehouse.made import add_profile

pytestmark = pytest.mark.usefixtures("whole_job")


def test_a_load_asks_every_insight_and_quality_check_once_and_warns_without_failing(project):
    here = project(profiles=1, report_types="spCampaigns,spTargeting")
    result = here.run("reports_job", start=days_ago(9), end=days_ago(1))
    assert result.success
    events = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    assert {name: events.count(name) for name in INSIGHTS} == dict.fromkeys(INSIGHTS, 1)
    found = {name: check_of(result, name, CHECK) for name in INSIGHTS}
    for name, check in found.items():
        (number,) = here.query(f"SELECT count(*) FROM {name}")[0]
        assert metadata_of(result, name)["dagster/row_count"] == number
        assert check.severity is dg.AssetCheckSeverity.WARN
        assert check.passed == (check.metadata["found"].value == 0)
    judged = {check.name: check_of(result, check.table, check.name) for check in QUALITY_CHECKS.values()}
    assert {name for name, check in judged.items() if not check.passed} == set()
    assert judged["fresh"].metadata["compared"].value == 1
    assert "Sandbox Store US 1" in judged["sums_agree"].metadata["all"].value


@pytest.fixture
def made(project):
    """A project whose warehouse is filled by hand: nine weeks of a campaign, the last day one that cannot be."""
    here = project(profiles=1, report_types="spCampaigns")
    warehouse = Warehouse(str(here.settings.warehouse))
    prepare(warehouse)
    with warehouse.connect() as connection:
        add_profile(connection, SELLER, "seller", "US", "USD")
        loaded(connection, end=days_ago(2), asked=days_ago(0))
        usual = [sp(days_ago(2 + 7 * n), impressions=900, clicks=50, cost=30) for n in range(1, 9)]
        rows(connection, "report_sp_campaigns", [*usual, sp(days_ago(2), impressions=9, clicks=50, cost=987.5)])
    return here


def test_a_planted_outlier_is_told_with_the_client_the_figures_and_the_currency(made):
    result = made.run("reports_job", start=days_ago(2), assets=["anomalies"])
    assert result.success
    check = check_of(result, "anomalies", CHECK)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.description.startswith("2 findings in 1 profile; Acme US: ")
    (cost,) = [line for line in check.metadata["worst"].value.splitlines() if "cost of" in line]
    weekday = f"{days_ago(2):%A}"
    assert cost == (
        f"| acme | {SELLER} | USD | Acme US: cost of Mugs on {weekday}, {days_ago(2)}: 987.50 USD. "
        f"Usual on the 8 {weekday}s before is 30.00 USD. |"
    )
    assert metadata_of(result, "anomalies")["to_see_to"] == check.metadata["found"].value == 2


def test_a_quality_check_names_the_client_what_was_expected_and_what_was_found(made):
    result = made.run("reports_job", start=days_ago(2), assets=["metrics_by_campaign", "metrics_by_profile"])
    assert result.success
    impossible = check_of(result, "metrics_by_campaign", "possible_values")
    assert (impossible.passed, impossible.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert impossible.description.startswith(f'1 client: Acme US: "Mugs" on {days_ago(2)}: 9 impressions, 50 clicks')
    assert impossible.metadata["expected"].value == QUALITY_CHECKS["possible_values"].rule
    assert "clicks are not more than impressions" in impossible.metadata["examples"].value
    late = check_of(result, "metrics_by_profile", "fresh")
    assert (late.passed, late.metadata["found"].value) == (False, "1 problem of 1 client")
    assert f"| {SELLER} Acme US | yesterday | {days_ago(1)} | {days_ago(2)} |" in late.metadata["examples"].value
    other_days = made.run("reports_job", start=days_ago(3), assets=["metrics_by_campaign"])
    assert check_of(other_days, "metrics_by_campaign", "possible_values").passed


def test_a_check_that_cannot_be_worked_out_says_so(tmp_path):
    with duckdb.connect(tmp_path / "not a warehouse.duckdb") as connection:
        found = quality_result(connection, QUALITY_CHECKS["sums_agree"], Asked(DAY, DAY, [], NOON))
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (found.description or "").startswith("this could not be worked out: Catalog Error")


def test_a_busy_warehouse_leaves_the_checks_unanswered_and_the_run_whole(made, monkeypatch):
    def busy(*_, **__):
        raise WarehouseBusyError("another process has it")

    monkeypatch.setattr(quality, "quality_result", busy)
    result = made.run("reports_job", start=days_ago(2), assets=["metrics_by_campaign"])
    assert result.success
    assert "another process has it" in check_of(result, "metrics_by_campaign", "row_counts").description


def test_an_insight_says_what_each_column_means(project):
    specs = {spec.key.to_user_string(): spec for spec in project(profiles=1).defs.resolve_all_asset_specs()}
    for insight in INSIGHTS.values():
        schema = specs[insight.name].metadata["dagster/column_schema"]
        assert [(column.name, column.type, column.description) for column in schema.columns] == [
            (column.name, column.type, column.doc) for column in insight.columns
        ]


def test_before_anything_is_loaded_there_is_nothing_to_see_to(project):
    here = project(profiles=1, report_types="spCampaigns")
    result = here.run("reports_job", start=days_ago(3), assets=[*INSIGHTS])
    assert result.success
    assert all(check_of(result, name, CHECK).passed for name in INSIGHTS)
