"""What Dagster's UI and daemon run, in one process: a click on a range of dates, and the sensor with its load runs.

Here: the same jobs, tags and config as theirs, executed in-process. Not here: work without Dagster (``worker``).
"""

import time
from typing import Any

import dagster as dg

from ppc_pipeline.cli.home import prepare_home
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.partitions import RANGE_END_TAG, RANGE_START_TAG
from ppc_pipeline.defs.sensors import report_readiness
from ppc_pipeline.pipeline import Tools
from ppc_pipeline.reports.windows import Days

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


def home(tools: Tools, _: Days) -> None:
    """Nothing but Dagster's home."""
    prepare_home(tools.settings)
    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)


def click(tools: Tools, days: Days) -> None:
    """A range of dates of every report, as the UI launches it."""
    prepare_home(tools.settings)
    tags = {RANGE_START_TAG: str(days.start), RANGE_END_TAG: str(days.end)}
    with dg.DagsterInstance.get() as instance:
        job = build_defs(tools.settings).resolve_job_def("reports_job")
        job.execute_in_process(instance=instance, tags=tags, run_config=_QUIET)


def sensor(tools: Tools, _: Days) -> None:
    """Ticks, and the load runs that they ask for, until what somebody orders is loaded."""
    prepare_home(tools.settings)
    defs = build_defs(tools.settings)
    with dg.DagsterInstance.get() as instance:
        while not tools.ledger.any_loaded() or tools.ledger.outstanding():
            context = dg.build_sensor_context(
                instance=instance, resources={**defs.resources}, definitions=defs, sensor_name=report_readiness.name
            )
            for request in report_readiness.evaluate_tick(context).run_requests or ():
                _launch(defs, instance, request)
            time.sleep(0.1)


def _launch(defs: dg.Definitions, instance: dg.DagsterInstance, request: Any) -> None:
    job = defs.resolve_job_def("reports_job")
    config = {**_QUIET, **request.run_config}
    job.execute_in_process(
        instance=instance, tags=request.tags, run_config=config, asset_selection=request.asset_selection
    )
