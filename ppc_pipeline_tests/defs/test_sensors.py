"""The readiness sensor: asks, launches one load run at a time for what is ready, and otherwise says why not."""

import subprocess
import sys
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from ppc_pipeline.defs.assets.overviews import OF_LOADS, OVERVIEWS
from ppc_pipeline.defs.jobs import LOAD_TAG
from ppc_pipeline.defs.sensors import report_readiness
from ppc_pipeline.warehouse.insights import INSIGHTS
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import check_of, metadata_of

pytestmark = pytest.mark.usefixtures("whole_job")

LOAD = {"order": False, "wait": False}


def tick(here):
    """Evaluate the sensor once."""
    context = dg.build_sensor_context(
        instance=here.instance, resources=here.sensor_resources(), definitions=here.defs, sensor_name="report_readiness"
    )
    return report_readiness.evaluate_tick(context)


def tick_until_ready(here):
    """Tick until reports that are ready after no time at all have been asked about."""
    found = [tick(here) for _ in range(2)]
    return next(data.run_requests[0] for data in found if data.run_requests)


def load(here, request):
    """Run what the sensor asked for, as the daemon would."""
    return here.defs.resolve_job_def("reports_job").execute_in_process(
        instance=here.instance,
        tags=request.tags,
        run_config=here.config(**{step: given["config"] for step, given in request.run_config.get("ops", {}).items()}),
        asset_selection=request.asset_selection,
        raise_on_error=False,
    )


def test_nothing_outstanding_is_a_skip_that_says_what_comes_next(project):
    here = project(profiles=1)
    data = tick(here)
    assert not data.run_requests
    assert "no report is outstanding" in data.skip_message
    assert "daily_orders" in data.skip_message


def test_reports_at_amazon_are_a_skip_with_their_number(project):
    here = project(profiles=1, ready_seconds=3600)
    here.run("orders_job", order_reports={"holes": False})
    data = tick(here)
    assert not data.run_requests
    assert data.skip_message.startswith("outstanding: 4 reports")


def test_what_is_ready_is_one_load_run_over_its_dates_that_neither_orders_nor_waits(project, monkeypatch):
    here = project(profiles=2, report_types="spCampaigns,spTargeting")
    here.run("orders_job", order_reports={"holes": False})
    request = tick_until_ready(here)
    ((start, end),) = here.in_ledger("SELECT min(start_date), max(end_date) FROM reports WHERE state = 'ready'")
    assert request.tags["dagster/asset_partition_range_start"] == start
    assert request.tags["dagster/asset_partition_range_end"] == end
    assert request.tags[LOAD_TAG] == "true"
    assert request.run_key is None  # a key would be remembered for ever
    config = request.run_config["ops"]["reports"]["config"]
    assert (config["order"], config["wait"]) == (False, False)
    selected = {key.to_user_string() for key in request.asset_selection}
    tables = {"report_sp_campaigns", "report_sp_targeting", "performance_records", "coverage"}
    kinds = ("profile", "portfolio", "campaign", "ad_group", "target")
    metrics = {"fx_rates", *(f"metrics_by_{kind}" for kind in kinds)}
    features = {"campaign_features", "keyword_features", "seasonality"}
    assert selected == tables | metrics | features | {*INSIGHTS} | {*OVERVIEWS}  # which were never made


def test_a_tick_downloads_nothing_and_makes_no_warehouse_file(project):
    here = project(profiles=1)
    here.run("orders_job", order_reports={"holes": False})
    tick_until_ready(here)
    assert here.in_ledger("SELECT DISTINCT state FROM reports") == [("ready",)]
    assert not [*here.settings.raw_dir.rglob("*.gz")]


def test_a_tick_does_not_need_the_warehouse_that_another_process_holds(project):
    here = project(profiles=1)
    here.run("orders_job", order_reports={"holes": False})
    code = (
        "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, here.settings.warehouse],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        assert tick_until_ready(here).tags[LOAD_TAG] == "true"
        holder.communicate("\n")


def test_one_load_run_at_a_time(project):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("orders_job", order_reports={"holes": False})
    tick_until_ready(here)
    for status in (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING):
        run = _record_a_run(here, status)
        data = tick(here)
        assert not data.run_requests
        assert run.run_id in data.skip_message
        assert "ready: 1 report; " in data.skip_message
        here.instance.delete_run(run.run_id)
    assert tick(here).run_requests


def _record_a_run(here, status):
    job = here.defs.resolve_job_def("reports_job")
    return here.instance.create_run_for_job(job, tags={LOAD_TAG: "true"}, status=status)


def test_a_load_run_that_failed_is_not_repeated_with_every_tick(project):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("orders_job", order_reports={"holes": False})
    tick_until_ready(here)
    run = _record_a_run(here, DagsterRunStatus.STARTED)
    here.instance.report_run_failed(run)
    data = tick(here)
    assert not data.run_requests
    assert f"load run {run.run_id} failed" in data.skip_message


def test_the_daily_path_from_order_to_warehouse(project):
    here = project(profiles=2)
    assert here.run("orders_job", order_reports={"holes": False}).success
    asked = here.created()
    result = load(here, tick_until_ready(here))
    assert result.success
    assert here.created() == asked == 8
    assert here.in_ledger("SELECT DISTINCT state FROM reports") == [("loaded",)]
    for asset in (
        "report_sp_campaigns",
        "report_sp_targeting",
        "report_sp_search_term",
        "report_sp_advertised_product",
    ):
        standing = {name for name in check_of(result, asset).metadata if name.startswith("profile_days_")}
        assert not standing & {"profile_days_outstanding", "profile_days_failed"}
        assert check_of(result, asset).metadata["profile_days_loaded"].value == 62
        assert metadata_of(result, asset)["reports_loaded_now"] == 2
    assert check_of(result, "performance_records", "grain_unique").passed
    assert metadata_of(result, "coverage")["report_days_loaded"] == 8 * 31
    assert "no report is outstanding" in tick(here).skip_message


def test_a_load_run_takes_what_is_ready_and_leaves_the_rest_at_amazon(project):
    here = project(profiles=2, report_types="spCampaigns", ready_seconds=0)
    here.run("orders_job", order_reports={"holes": False})
    request = tick_until_ready(here)
    here.in_ledger("UPDATE reports SET state = 'requested' WHERE id = (SELECT max(id) FROM reports)")
    result = load(here, request)
    assert result.success
    assert here.in_ledger("SELECT state FROM reports ORDER BY id") == [("loaded",), ("requested",)]
    check = check_of(result, "report_sp_campaigns")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN


def test_a_load_run_of_one_hopeless_report_succeeds_and_its_check_names_it(project, monkeypatch):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("orders_job", order_reports={"holes": False})
    request = tick_until_ready(here)
    monkeypatch.setenv("AMAZON_ADS_REFRESH_TOKEN", "Atzr|revoked")
    _forget_tokens()
    result = load(here, request)
    assert result.success
    check = check_of(result, "report_sp_campaigns")
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert "revoked" in check.description


def _forget_tokens():
    from ppc_pipeline.amazon_ads.auth import TOKENS

    TOKENS.clear()


def test_reports_of_an_account_that_is_no_longer_configured_launch_nothing(project, two_accounts):
    here = project(two_accounts(names=("good",), profiles=1))
    here.run("orders_job", order_reports={"holes": False})
    tick_until_ready(here)
    two_accounts(names=("broken",))
    assert not tick(here).run_requests


def test_reports_from_before_a_later_start_date_launch_nothing_and_others_are_cut_to_it(project, monkeypatch):
    here = project(profiles=1, report_types="spCampaigns")
    here.run("orders_job", order_reports={"holes": False})
    tick_until_ready(here)
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(5)))
    (request,) = tick(here).run_requests
    assert request.tags["dagster/asset_partition_range_start"] == str(days_ago(5))
    monkeypatch.setenv("PPC_START_DATE", datetime.now(UTC).date().isoformat())
    assert not tick(here).run_requests


def test_reports_of_days_far_apart_are_loaded_by_two_runs_the_newest_first(project):
    here = project(profiles=1, report_types="spCampaigns,spTargeting")
    here.run("orders_job", order_reports={"holes": False})
    assert tick_until_ready(here)
    far = "UPDATE reports SET start_date = :start, end_date = :end WHERE report_type = 'spTargeting'"
    here.in_ledger(far, start=str(days_ago(300)), end=str(days_ago(295)))
    (newest,) = tick(here).run_requests
    ((start, end),) = here.in_ledger("SELECT start_date, end_date FROM reports WHERE report_type = 'spCampaigns'")
    assert newest.tags["dagster/asset_partition_range_start"] == start
    assert newest.tags["dagster/asset_partition_range_end"] == end
    loaded = {key.to_user_string() for key in newest.asset_selection}
    assert {name for name in loaded if name.startswith("report_")} == {"report_sp_campaigns"}
    here.in_ledger("UPDATE reports SET state = 'loaded' WHERE report_type = 'spCampaigns'")
    (older,) = tick(here).run_requests
    assert older.tags["dagster/asset_partition_range_start"] == str(days_ago(300))
    assert older.tags["dagster/asset_partition_range_end"] == str(days_ago(295))


def test_features_that_a_click_on_report_assets_left_behind_are_made_by_the_next_tick(project):
    here = project(profiles=1, report_types="spCampaigns", ready_seconds=0)
    assert here.run("reports_job", start=days_ago(5), end=days_ago(3), assets=["report_sp_campaigns"]).success
    (request,) = tick(here).run_requests
    assert dg.AssetKey("campaign_features") in request.asset_selection
    assert load(here, request).success
    assert "no report is outstanding" in tick(here).skip_message


def test_overviews_are_made_after_the_last_report_whether_or_not_a_load_run_is_to_come(project):
    here = project(profiles=2, report_types="spCampaigns", ready_seconds=0)
    here.run("orders_job", order_reports={"holes": False})
    for name in OVERVIEWS:
        here.instance.report_runless_asset_event(dg.AssetMaterialization(name))
    tick_until_ready(here)
    here.in_ledger("UPDATE reports SET lease_owner = 'x', lease_until = '2999-01-01' WHERE id = 1")
    first = tick(here).run_requests[0]
    assert {*first.asset_selection}.isdisjoint(dg.AssetKey(name) for name in OVERVIEWS), "a report is outstanding"
    assert load(here, first).success
    assert not tick(here).run_requests
    here.in_ledger("UPDATE reports SET state = 'failed' WHERE id = 1")
    (last,) = tick(here).run_requests
    assert {*last.asset_selection} == {dg.AssetKey(name) for name in OF_LOADS}
    assert last.run_key == tick(here).run_requests[0].run_key, "what fails is tried once for each load"
    assert load(here, last).success
    assert "no report is outstanding" in tick(here).skip_message
