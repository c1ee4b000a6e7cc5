"""The readiness sensor: looks at what is outstanding, and launches one load run at a time for what is ready.

No downloads and no warehouse in a tick: it runs in the code server, and an open DuckDB file there would block every
run. What a tick finds is in the ledger; it needs no cursor.
"""

import asyncio
from collections.abc import Sequence

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.defs.assets.reports import STEP, ReportRun
from ppc_pipeline.defs.jobs import LOAD_TAG, reports_job
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import poll_outstanding
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.windows import Days

TICK_SECONDS = 35.0
"""Dagster breaks a tick off after 60 s and then keeps nothing of it: stop well before."""

_UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@dg.sensor(
    job=reports_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks Amazon about outstanding reports, and launches a run that loads those that are ready.",
)
def report_readiness(
    context: dg.SensorEvaluationContext,
    amazon_ads: AmazonAdsResource,
    ledger: LedgerResource,
    warehouse: WarehouseResource,
) -> dg.RunRequest | dg.SkipReason:
    """Make one step for every outstanding report; request a load run when something is ready and none is going."""
    tools = amazon_ads.tools(ledger, warehouse)
    ready = asyncio.run(poll_outstanding(tools, seconds=TICK_SECONDS))
    going = context.instance.get_runs(RunsFilter(tags={LOAD_TAG: "true"}, statuses=_UNFINISHED), limit=1)
    outstanding = len(tools.ledger.outstanding())
    if going:
        return dg.SkipReason(f"{len(ready)} reports are ready, and load run {going[0].run_id} is still going")
    if not ready:
        return dg.SkipReason(f"{outstanding} reports are outstanding, and none of them is ready to be loaded")
    return load_request(ready)


def load_request(ready: Sequence[ReportRow]) -> dg.RunRequest:
    """Ask for one run that loads some reports, over the dates concerned."""
    days = Days(min(row.start_date for row in ready), max(row.end_date for row in ready))
    tables = sorted({REPORT_TYPES[row.report_type].table for row in ready})
    derived = ["performance_records", "coverage"] if "report_sp_targeting" in tables else ["coverage"]
    return dg.RunRequest(
        asset_selection=[dg.AssetKey(name) for name in (*tables, *derived)],
        run_config=dg.RunConfig(ops={STEP: ReportRun(order=False, wait=False)}),
        tags={
            "dagster/asset_partition_range_start": days.start.isoformat(),
            "dagster/asset_partition_range_end": days.end.isoformat(),
            LOAD_TAG: "true",
        },
    )
