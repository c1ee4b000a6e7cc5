"""Old Dagster runs go, and what people see of assets, partitions and checks stays as it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from ppc_pipeline.defs.run_retention import DeletedRuns, delete_old_runs
from ppc_pipeline_tests.conftest import days_ago

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05")
FIRST, SECOND, THIRD, FOURTH = DAYS.get_partition_keys()
CHECK = dg.AssetCheckKey(dg.AssetKey("by_day"), "fine")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def by_day() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 1})


@dg.asset
def whole() -> None:
    raise_if_told()


@dg.asset_check(asset="by_day")
def fine() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def raise_if_told() -> None:
    """Stands where a test makes the asset fail."""


@dg.op
def nothing() -> None:
    pass


@dg.job
def order() -> None:
    nothing()


DEFS = dg.Definitions(
    assets=[by_day, whole], asset_checks=[fine], jobs=[order, dg.define_asset_job("every", selection="*")]
)


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}")
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as opened:
        yield opened


def run(instance, *assets, start=None, end=None, checks=()):
    tags = {}
    if start:
        tags = {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end or start}
    selection = [dg.AssetKey(name) for name in assets]
    name = "every" if assets or checks else "order"
    done = DEFS.resolve_job_def(name).execute_in_process(
        instance=instance,
        tags=tags,
        asset_selection=selection or None,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    return done.run_id


def shown(instance):
    """The partitions that the UI shows as materialized: as it remembers them, and when it counts anew."""
    key = dg.AssetKey("by_day")

    def count():
        value = get_and_update_asset_status_cache_value(instance, key, DAYS)
        return set(value.deserialize_materialized_partition_subsets(DAYS).get_partition_keys())

    remembered = count()
    instance.wipe_asset_cached_status([key])
    return remembered, count()


def delete(instance, **more):
    return delete_old_runs(instance, [CHECK], datetime.now(UTC) + timedelta(seconds=1), **more)


def there(instance):
    return {run.run_id for run in instance.get_runs()}


def test_dagster_itself_would_show_the_partitions_of_a_deleted_run_as_missing(instance):
    run_id = run(instance, "by_day", start=FIRST)
    assert shown(instance) == ({FIRST}, {FIRST})
    instance.delete_run(run_id)
    assert shown(instance)[1] == set()


def test_runs_that_hold_the_newest_of_a_partition_or_asset_stay_and_the_others_go(instance):
    replaced = run(instance, "by_day", start=FIRST, end=SECOND)
    partly_replaced = run(instance, "by_day", start=SECOND, end=THIRD)
    first_whole = run(instance, "whole")
    newest = run(instance, "by_day", start=FIRST, end=SECOND)
    newest_whole = run(instance, "whole")
    without_assets = run(instance)
    assert delete(instance).runs == 3
    assert there(instance) == {partly_replaced, newest, newest_whole}
    assert not there(instance) & {replaced, first_whole, without_assets}
    everything = {FIRST, SECOND, THIRD}
    assert shown(instance) == (everything, everything)
    assert instance.get_latest_materialization_event(dg.AssetKey("whole")).run_id == newest_whole
    assert delete(instance) == DeletedRuns(0, 0, kept=3, left=0)


def test_the_newest_evaluation_of_a_check_stays(instance):
    first, newest, later = (run(instance, "by_day", start=FIRST) for _ in range(3))
    instance.delete_run(later)
    evaluations = {r.run_id for r in instance.event_log_storage.get_asset_check_execution_history(CHECK, limit=9)}
    assert later in evaluations  # Dagster keeps what a check found when its run is deleted
    delete(instance)
    record = instance.get_latest_asset_check_evaluation_record(CHECK)
    assert record.evaluation.passed
    assert there(instance) == {newest}
    assert first not in there(instance)


def test_young_and_unfinished_runs_stay(instance):
    run(instance)
    unfinished = instance.create_run_for_job(DEFS.resolve_job_def("order"), status=dg.DagsterRunStatus.STARTED)
    assert delete_old_runs(instance, [CHECK], datetime.now(UTC) - timedelta(hours=1)) == DeletedRuns()
    assert delete(instance).runs == 1
    assert there(instance) == {unfinished.run_id}


def test_no_more_than_so_many_are_deleted_in_one_go_the_oldest_first(instance):
    oldest, older, youngest = (run(instance) for _ in range(3))
    done = delete(instance, most=2)
    assert (done.runs, done.left) == (2, 1)
    assert there(instance) == {youngest}
    assert not there(instance) & {oldest, older}


def test_the_files_of_deleted_runs_go_too(instance):
    run_id = run(instance)
    home = Path(instance.root_directory)
    files = [path for path in home.rglob("*") if run_id in str(path) and path.is_file()]
    size = sum(path.stat().st_size for path in files)
    assert files
    assert delete(instance).size == size
    assert not [path for path in home.rglob("*") if run_id in str(path)]


def test_the_job_says_what_it_deleted_and_leaves_the_reports_of_every_date_shown(project, monkeypatch):
    for name in ("RAW", "LEDGER", "RUN"):
        monkeypatch.setenv(f"PPC_{name}_RETENTION_DAYS", "30")
    here = project(profiles=1, report_types="spCampaigns")
    for _ in range(2):
        assert here.run("reports_job", start=days_ago(4), end=days_ago(3)).success
    now = here.ledger.clock()
    here.ledger.clock = lambda: now + timedelta(days=40)
    done = here.run("clean_up_job")
    assert done.success
    (found,) = [e.step_output_data.metadata for e in done.all_events if e.is_successful_output]
    numbers = {name: value.value for name, value in found.items()}
    assert numbers["raw_files_deleted"] == 1
    assert numbers["runs_deleted"] == 1
    assert numbers["old_runs_kept"] == 1
    assert numbers["bytes_freed"] > 0
    assert numbers["audit_entries_forgotten"] > 0
    partitions = here.instance.get_materialized_partitions(dg.AssetKey("report_sp_campaigns"))
    assert partitions == {str(days_ago(4)), str(days_ago(3))}
