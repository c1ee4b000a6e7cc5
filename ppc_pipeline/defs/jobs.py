"""The jobs: what schedules, the sensor and the command line launch."""

import dagster as dg
from pydantic import Field

from ppc_pipeline.defs.assets.reports import fail_if_hopeless
from ppc_pipeline.defs.interrupts import run
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import failed_reports, order_day
from ppc_pipeline.reports.states import State

LOAD_TAG = "ppc/load"
"""On runs that the readiness sensor launches, so that it can tell whether one is still going."""

entities_job = dg.define_asset_job(
    "entities_job",
    selection=dg.AssetSelection.groups("entities"),
    executor_def=dg.in_process_executor,
    description="List every profile's entities.",
)

reports_job = dg.define_asset_job(
    "reports_job",
    selection=dg.AssetSelection.groups("reports", "metrics", "features", "insights", "operations", "suggestions"),
    executor_def=dg.in_process_executor,
    description="Bring a range of dates of every report type, or load what is ready (config `order: false`).",
)

optimise_job = dg.define_asset_job(
    "optimise_job",
    selection=dg.AssetSelection.groups("suggestions"),
    executor_def=dg.in_process_executor,
    description="Make the suggestions anew: bids, search terms, budgets. Nothing is sent to Amazon.",
)


weekly_job = dg.define_asset_job(
    "weekly_job",
    selection=dg.AssetSelection.groups("weekly"),
    executor_def=dg.in_process_executor,
    description="Write the page of every profile's week.",
)


class OrderRun(dg.Config):
    """What an order is to ask for."""

    weekly: bool = Field(default=False, description="Order the window before the trailing one as well.")
    holes: bool = Field(default=True, description="Order days that were never loaded as well, a bounded number.")


@dg.op(description="Write down what the day brings, and ask Amazon for it. Waits for nothing.")
def order_reports(
    context: dg.OpExecutionContext,
    config: OrderRun,
    amazon_ads: AmazonAdsResource,
    ledger: LedgerResource,
    warehouse: WarehouseResource,
) -> None:
    """Order the trailing window of every profile and report type, and a bounded number of holes."""
    tools = amazon_ads.tools(ledger, warehouse, f"run {context.run_id}")
    ordered = run(order_day(tools, weekly=config.weekly, holes=config.holes))
    failed, not_offered = failed_reports(tools, ordered.rows)
    for row in failed:
        context.log.error(f"{row}: {row.reason}")
    context.add_output_metadata(
        {
            "reports": len(ordered.rows),
            "ordered_now": ordered.new,
            "not_asked_for_yet": sum(row.state is State.PLANNED for row in ordered.rows),
            "failed": len(failed),
            "not_offered": len(not_offered),
        }
    )
    fail_if_hopeless(tools, ordered.rows)


@dg.job(executor_def=dg.in_process_executor, description="The daily order: seconds, whatever Amazon takes.")
def orders_job() -> None:
    """Order what the day brings."""
    order_reports()
