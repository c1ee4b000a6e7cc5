"""The daily clean-up: a job that deletes what the retention settings say, and its schedule."""

from collections.abc import Collection
from datetime import timedelta

import dagster as dg

from ppc_pipeline.cleanup import clean_up
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.defs.run_retention import DeletedRuns, delete_old_runs
from ppc_pipeline.reports import activity
from ppc_pipeline.wording import counted

JOB = "clean_up_job"
STEP = "clean_up"


def clean_up_job(checks: Collection[dg.AssetCheckKey]) -> dg.JobDefinition:
    """Return the job that cleans up.

    Args:
        checks: The checks whose newest evaluations are kept.
    """

    @dg.op(name=STEP, description="Delete what is past its retention, and what killed processes left behind.")
    def clean(
        context: dg.OpExecutionContext,
        amazon_ads: AmazonAdsResource,
        ledger: LedgerResource,
        warehouse: WarehouseResource,
    ) -> None:
        tools = amazon_ads.tools(ledger, warehouse, f"run {context.run_id}")
        done = clean_up(tools)
        days = tools.settings.run_retention_days
        before = tools.ledger.clock() - timedelta(days=days)
        runs = delete_old_runs(context.instance, checks, before) if days else DeletedRuns()
        if runs.runs:
            age = counted(days, "day")
            gone = f"{counted(runs.runs, 'Dagster run')} older than {age}, {counted(runs.size, 'byte')}"
            activity.record(tools.ledger, activity.CLEANED_UP, gone)
        context.add_output_metadata(
            {
                "raw_files_deleted": done.raw.files,
                "weekly_reports_deleted": done.weekly.files,
                "leftover_files_deleted": done.leftovers.files,
                "orders_forgotten": done.forgotten.reports,
                "audit_entries_forgotten": done.forgotten.activities,
                "runs_deleted": runs.runs,
                "old_runs_kept": runs.kept,
                "old_runs_left_for_the_next_time": runs.left,
                "bytes_freed": done.raw.size + done.weekly.size + done.leftovers.size + runs.size,
            }
        )

    @dg.job(
        name=JOB,
        executor_def=dg.in_process_executor,
        description="Delete raw files, weekly reports, old orders and Dagster runs that are past their retention.",
    )
    def job() -> None:
        clean()

    return job


daily_clean_up = dg.ScheduleDefinition(
    name="daily_clean_up",
    job_name=JOB,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Deletes what is past the retention that is set for raw files, weekly reports, the ledger and runs.",
)
