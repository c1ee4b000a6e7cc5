"""The readiness sensor: looks at what is outstanding, and launches one load run at a time for what is ready.

When the last of it is loaded, and no load run made them, it launches one more for the overviews.

No downloads and no warehouse in a tick: it runs in the code server, and an open DuckDB file there would block every
run. What a tick finds is in the ledger; it needs no cursor.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.defs.assets.features import feature_names
from ppc_pipeline.defs.assets.insights import insight_names
from ppc_pipeline.defs.assets.metrics import metric_names
from ppc_pipeline.defs.assets.overviews import Loads, due_overviews
from ppc_pipeline.defs.assets.reports import STEP, ReportRun, performance_sources
from ppc_pipeline.defs.jobs import LOAD_TAG, reports_job
from ppc_pipeline.defs.partitions import RANGE_END_TAG, RANGE_START_TAG, range_over
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import Tools, outstanding_reports, poll_outstanding
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.windows import ONE_DAY, Days
from ppc_pipeline.wording import counted

TICK_SECONDS = 35.0
"""Dagster breaks a tick off after 60 s and then keeps nothing of it: stop well before."""

PAUSE = timedelta(minutes=10)
"""After a load run that failed, for what a next one would fail for too: a broken warehouse, a full disk."""

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
    """Make one step for every outstanding report; request a run when something is to be done and none is going."""
    tools = amazon_ads.tools(ledger, warehouse, f"sensor {context.sensor_name}")
    ready = asyncio.run(poll_outstanding(tools, seconds=TICK_SECONDS))
    together = newest_stretch([row for row in ready if row.end_date >= tools.settings.start_date])
    days = range_over((row.days for row in together), tools.settings.start_date)
    loads = _loads(tools, together)
    now = tools.ledger.clock().timestamp()
    features = feature_names(tools.settings.selected_report_types())
    overviews = due_overviews(context.instance, now, loads, features)
    if days is None and not overviews:
        outstanding = len(tools.ledger.outstanding())
        if not outstanding:
            return dg.SkipReason("no report is outstanding: the schedule daily_orders orders the next ones")
        return dg.SkipReason(f"outstanding: {counted(outstanding, 'report')}, none of which is ready to be loaded")
    why_not = _held_back(context.instance, now)
    if why_not:
        what = f"ready: {counted(len(ready), 'report')}" if days else f"due: {', '.join(overviews)}"
        return dg.SkipReason(f"{what}; {why_not}")
    return load_request(together, days, overviews) if days else overviews_request(overviews, loads)


def _loads(tools: Tools, together: Sequence[ReportRow]) -> Loads:
    """Say how the loads stand where some reports are loaded next."""
    outstanding = outstanding_reports(tools, tools.settings.selected_report_types())
    others = {row.id for row in outstanding if row.end_date >= tools.settings.start_date}
    others -= {row.id for row in together}
    return Loads(tools.ledger.newest_load(), going_on=bool(together), complete=not others)


def newest_stretch(reports: Sequence[ReportRow]) -> list[ReportRow]:
    """Return the newest reports whose days overlap or touch: those that one run loads; a later one loads the others.

    A run is for a range of dates, and every date in it is an event of every asset: a report of last winter that is
    loaded together with yesterday's would cost the events of all the days between them.
    """
    together: list[ReportRow] = []
    start = date.max
    for report in sorted(reports, key=lambda report: report.end_date, reverse=True):
        if together and report.end_date + ONE_DAY < start:
            break
        together.append(report)
        start = min(start, report.start_date)
    return together


def _held_back(instance: dg.DagsterInstance, now: float) -> str | None:
    """Say why no load run is to be launched now, if anything keeps it back."""
    load_runs = {LOAD_TAG: "true"}
    going = instance.get_runs(RunsFilter(tags=load_runs, statuses=_UNFINISHED), limit=1)
    if going:
        return f"load run {going[0].run_id} is still going"
    for newest in instance.get_run_records(RunsFilter(tags=load_runs), limit=1):
        left = PAUSE.total_seconds() - (now - (newest.end_time or 0))
        if newest.dagster_run.status is DagsterRunStatus.FAILURE and left > 0:
            return f"load run {newest.dagster_run.run_id} failed: see why; the next one comes in {left:.0f} s"
    return None


def load_request(ready: Sequence[ReportRow], days: Days, overviews: Sequence[str] = ()) -> dg.RunRequest:
    """Ask for one run that loads some reports, over the dates concerned, and makes some overviews anew."""
    report_types = [REPORT_TYPES[name] for name in sorted({row.report_type for row in ready})]
    tables = sorted(report_type.table for report_type in report_types)
    derived = ["coverage", *metric_names(report_types), *feature_names(report_types), *insight_names(report_types)]
    if performance_sources(report_types):
        derived.append("performance_records")
    return dg.RunRequest(
        asset_selection=[dg.AssetKey(name) for name in dict.fromkeys((*tables, *derived, *overviews))],
        run_config=dg.RunConfig(ops={STEP: ReportRun(order=False, wait=False)}),
        tags={
            RANGE_START_TAG: days.start.isoformat(),
            RANGE_END_TAG: days.end.isoformat(),
            LOAD_TAG: "true",
        },
    )


def overviews_request(overviews: Sequence[str], loads: Loads) -> dg.RunRequest:
    """Ask for one run that makes overviews anew; once for each newest load, or one that fails would fail for ever."""
    return dg.RunRequest(
        run_key=f"overviews after {loads.newest}",
        asset_selection=[dg.AssetKey(name) for name in overviews],
        tags={LOAD_TAG: "true"},
    )
