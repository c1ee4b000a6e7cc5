"""What Dagster loads: everything is there, described, and named the same wherever it is named."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ppc_pipeline import definitions
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.sensors import load_request
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import Settings, load_settings
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.fakes import FOUR

ROOT = Path(__file__).parents[1]

ENTITIES = {
    "profiles",
    "portfolios",
    "campaigns",
    "ad_groups",
    "keywords",
    "targets",
    "product_ads",
    "negative_keywords",
    "negative_targets",
    "creatives",
    "budget_rules",
}
REPORTS = {
    "report_sp_campaigns",
    "report_sp_targeting",
    "report_sp_search_term",
    "report_sp_advertised_product",
}
PARTITIONED = REPORTS | {"performance_records"}
OPERATIONS = {"coverage", "restatement_curve", "api_usage", "performance_trends", "suggestions"}
WEEKLY = {"weekly_report"}
BY_CAMPAIGN = {"fx_rates", "metrics_by_profile", "metrics_by_portfolio", "metrics_by_campaign"}
METRICS = BY_CAMPAIGN | {
    *("metrics_by_ad_group", "metrics_by_target", "metrics_by_search_term", "metrics_by_product"),
}
INSIGHTS = {"anomalies", "budget_pacing", "spend_without_sales", "tracking_breaks"}
QUALITY = {
    "metrics_by_profile": ("fresh", "currency"),
    "metrics_by_campaign": ("known_ids", "active_campaigns", "grain_unique", "possible_values", "row_counts"),
    "metrics_by_target": ("sums_agree",),
}
OF_CAMPAIGNS = {"campaign_features", "seasonality"}
FEATURES = OF_CAMPAIGNS | {"keyword_features"}
EVERYTHING = ENTITIES | PARTITIONED | METRICS | FEATURES | INSIGHTS | OPERATIONS | WEEKLY


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs(Settings(_env_file=None, data_dir=Path("/nowhere"), report_types=FOUR))


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_the_definitions_are_loadable(defs):
    dg.Definitions.validate_loadable(defs)


def test_the_assets_are_these(specs):
    assert set(specs) == EVERYTHING


def test_every_asset_is_grouped_owned_tagged_and_described(specs):
    for name, spec in specs.items():
        groups = {"entities", "reports", "metrics", "features", "insights", "operations", "suggestions", "weekly"}
        assert spec.group_name in groups, name
        assert spec.owners == ["team:ppc"], name
        assert 1 <= len(spec.kinds) <= 3, name
        assert "ppc/source" in spec.tags, name
        drawn = {"coverage": ("grid", "square"), "performance_trends": ("no table: drawn",)}
        wanted = drawn.get(name, ("grain:", "key:", "one row is"))
        assert any(word in spec.description.lower() for word in wanted), name


def test_what_is_now_is_never_partitioned_and_reports_are_by_date_in_one_run(defs, specs):
    graph = defs.resolve_asset_graph()
    for name in specs:
        node = graph.get(dg.AssetKey(name))
        if name in PARTITIONED:
            assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition), name
            assert node.backfill_policy == dg.BackfillPolicy.single_run(), name
        elif name in WEEKLY:
            assert isinstance(node.partitions_def, dg.WeeklyPartitionsDefinition)
            assert node.backfill_policy == dg.BackfillPolicy.single_run()
        else:
            assert node.partitions_def is None, name


def test_the_checks_are_these(defs):
    keys = defs.resolve_asset_graph().asset_check_keys
    found = {(key.asset_key.to_user_string(), key.name) for key in keys}
    complete = {(name, "complete") for name in ENTITIES | REPORTS}
    rows = {(name, check) for name in REPORTS for check in ("rejected", "emptied", "columns")}
    others = {("performance_records", "grain_unique"), ("profiles", "authorisations"), ("weekly_report", "written")}
    jumps = {(name, "large_changes") for name in ("portfolios", "campaigns", "ad_groups", "keywords", "targets")}
    quality = {(table, name) for table, names in QUALITY.items() for name in names}
    insights = {(name, "nothing_to_see_to") for name in INSIGHTS}
    assert found == complete | rows | jumps | others | quality | insights


def test_every_column_of_reports_is_shown_with_what_is_known_of_it(defs):
    schemas = {
        spec.key.to_user_string(): spec.metadata.get("dagster/column_schema") for spec in defs.resolve_all_asset_specs()
    }
    for table in REPORT_TABLES.values():
        if table.name in REPORTS:
            described = {column.name: column.description for column in schemas[table.name].columns}
            assert tuple(described) == table.all_columns
            keys = ("date", "account", "profile_id", "currency_code", "campaign_id", "clicks", "report_id")
            assert all(described[name] for name in keys if name in described)
    assert all(column.description for column in schemas["performance_records"].columns)


def test_schedules_and_sensor_are_on_by_default(defs):
    repository = defs.get_repository_def()
    names = {schedule.name for schedule in repository.schedule_defs}
    assert names == {"daily_entities", "daily_orders", "daily_clean_up", "weekly_reports"}
    assert {sensor.name for sensor in repository.sensor_defs} == {"report_readiness"}
    assert all(s.default_status is dg.DefaultScheduleStatus.RUNNING for s in repository.schedule_defs)
    assert all(s.default_status is dg.DefaultSensorStatus.RUNNING for s in repository.sensor_defs)


def test_the_schedules_run_when_yesterday_is_over_everywhere(defs):
    asking = [schedule for schedule in defs.get_repository_def().schedule_defs if schedule.name != "daily_clean_up"]
    for schedule in asking:
        minute, hour, *rest = schedule.cron_schedule.split()
        days = ["*", "*", "1" if schedule.name == "weekly_reports" else "*"]
        assert int(hour) >= 9
        assert (rest, schedule.execution_timezone) == (days, "UTC")
        assert int(minute) < 60


def test_the_jobs_run_in_one_process_over_their_assets(defs):
    jobs = {job.name: job for job in defs.get_repository_def().get_all_jobs() if not job.name.startswith("__")}
    assert set(jobs) == {"entities_job", "reports_job", "orders_job", "optimise_job", "weekly_job", "clean_up_job"}
    assert all(job.executor_def.name == "in_process" for job in jobs.values())
    selected = {
        name: {key.to_user_string() for key in jobs[name].asset_layer.executable_asset_keys}
        for name in ("entities_job", "reports_job", "weekly_job")
    }
    assert selected == {
        "entities_job": ENTITIES,
        "reports_job": PARTITIONED | METRICS | FEATURES | INSIGHTS | OPERATIONS,
        "weekly_job": WEEKLY,
    }


def test_every_report_type_can_be_an_asset(monkeypatch):
    monkeypatch.setenv("PPC_REPORT_TYPES", "all")
    every = build_defs(load_settings())
    dg.Definitions.validate_loadable(every)
    names = {spec.key.to_user_string() for spec in every.resolve_all_asset_specs()}
    reports = {report_type.table for report_type in REPORT_TYPES.values()}
    assert names == EVERYTHING | reports | {"metrics_by_placement"}
    assert {"report_sp_campaigns_campaign_placement", "report_sb_ads", "report_sd_targeting_matched_target"} < names


def test_without_the_targeting_report_there_is_no_performance_asset_and_nothing_asks_for_it(monkeypatch):
    monkeypatch.setenv("PPC_REPORT_TYPES", "spCampaigns")
    fewer = build_defs(load_settings())
    dg.Definitions.validate_loadable(fewer)
    names = {spec.key.to_user_string() for spec in fewer.resolve_all_asset_specs()}
    assert names == ENTITIES | OPERATIONS | WEEKLY | BY_CAMPAIGN | OF_CAMPAIGNS | INSIGHTS | {"report_sp_campaigns"}
    request = load_request([_Ready("spCampaigns")], Days(days_ago(4), days_ago(3)))
    asked = {key.to_user_string() for key in request.asset_selection}
    assert asked == {"report_sp_campaigns", "coverage"} | BY_CAMPAIGN | OF_CAMPAIGNS | INSIGHTS


class _Ready:
    def __init__(self, report_type: str) -> None:
        self.report_type = report_type


def test_a_range_of_sixty_days_is_one_run_for_all_report_assets(defs):
    from dagster._core.definitions.automation_tick_evaluation_context import build_run_requests_with_backfill_policies
    from dagster._core.definitions.events import AssetKeyPartitionKey

    wanted = {
        AssetKeyPartitionKey(dg.AssetKey(name), str(days_ago(number)))
        for name in PARTITIONED
        for number in range(3, 63)
    }
    with dg.DagsterInstance.ephemeral() as instance:
        (request,) = build_run_requests_with_backfill_policies(
            wanted, defs.resolve_asset_graph(), dynamic_partitions_store=instance
        )
    assert {key.to_user_string() for key in request.asset_selection} == PARTITIONED
    assert request.tags["dagster/asset_partition_range_start"] == str(days_ago(62))
    assert request.tags["dagster/asset_partition_range_end"] == str(days_ago(3))


def test_partitions_run_from_the_start_date_to_yesterday(specs):
    keys = specs["report_sp_targeting"].partitions_def.get_partition_keys()
    assert (keys[0], keys[-1]) == ("2026-01-01", str(days_ago(1)))


def test_no_resource_is_configured_with_a_secret(defs, monkeypatch):
    for resource in defs.resources.values():
        shown = str(getattr(resource, "model_dump", dict)()).lower()
        assert not any(word in shown for word in ("token", "secret", "password")), resource


def test_workspace_and_pyproject_name_the_same_module_and_location():
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    workspace = (entry["python_module"]["module_name"], entry["python_module"]["location_name"])
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    dg_project = tool["dg"]["project"]
    assert workspace == (definitions.__name__, "ppc_pipeline")
    assert workspace == (dg_project["code_location_target_module"], dg_project["code_location_name"])
    assert workspace == (tool["dagster"]["module_name"], tool["dagster"]["code_location_name"])


def test_nothing_reads_the_environment_or_writes_a_file_at_import(tmp_path):
    settings = {
        "AMAZON_ADS_CLIENT_ID": "half set",
        "PPC_REPORT_TYPES": "noSuchReport",
        "PPC_START_DATE": "not a date",
        "PPC_DATA_DIR": str(tmp_path / "data"),
        "PPC_ACCOUNTS_FILE": "/no/such/file",
    }
    code = (
        "import ppc_pipeline.definitions as d, ppc_pipeline.cli.commands\n"
        "from ppc_pipeline.settings import SettingsError\n"
        "try: d.defs()\n"
        "except SettingsError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    assert "PPC_REPORT_TYPES" in done.stdout
    assert not [*tmp_path.iterdir()]
