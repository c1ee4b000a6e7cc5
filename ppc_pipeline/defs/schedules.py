"""The schedules: once a day what is now, once a day the order of reports, once a week the pages. On by default.

All come after midnight in the last time zone (08:00 UTC in winter on the American west coast), so that yesterday is
over for every profile.
"""

from datetime import timedelta

import dagster as dg

from ppc_pipeline.defs.jobs import OrderRun, entities_job, orders_job, weekly_job
from ppc_pipeline.pipeline import is_weekly

daily_entities = dg.ScheduleDefinition(
    name="daily_entities",
    job=entities_job,
    cron_schedule="30 9 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Lists profiles, campaigns, keywords and the rest of every account.",
)


@dg.schedule(
    job=orders_job,
    cron_schedule="0 10 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Orders the trailing days of every report (on Mondays those before them too), and fills holes.",
)
def daily_orders(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Order what the day of the tick brings."""
    moment = context.scheduled_execution_time
    config = dg.RunConfig(ops={"order_reports": OrderRun(weekly=is_weekly(moment))})
    return dg.RunRequest(run_key=moment.isoformat(), run_config=config)


@dg.schedule(
    job=weekly_job,
    cron_schedule="0 14 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Writes every profile's page of the week that ended on Sunday, 4 hours after its last day was ordered.",
)
def weekly_reports(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Write the pages of the week before the tick: Amazon may take 3 hours for the reports of its Sunday."""
    monday = (context.scheduled_execution_time - timedelta(weeks=1)).date().isoformat()
    return dg.RunRequest(run_key=monday, partition_key=monday)
