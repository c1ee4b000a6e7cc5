"""One step of a day, alone in a process, as Dagster's launcher has it: ``python -m benchmarks.steps STEP [ARGUMENT]``.

Prints what the process took, in parts: to start and import, to make the definitions, and to run. Steps: ``entities``,
``order``, ``tick``, ``load`` (the run that the tick requested), ``status`` (how every profile-day stands), ``empty`` (a
run of an asset that does nothing) and ``events`` (of as many as a load run has, over its dates).
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from ppc_pipeline.cli.home import prepare_home
from ppc_pipeline.cli.runs import tools_of
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.partitions import RANGE_END_TAG, RANGE_START_TAG, daily_partitions
from ppc_pipeline.defs.sensors import report_readiness
from ppc_pipeline.pipeline import completeness
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import load_settings

QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ASSETS = 6
"""A load run of the default report types is of four of them, ``performance_records`` and ``coverage``."""
SHOWN_DAYS = 95
LOOKS = 3

_BEGAN = time.monotonic()


def main() -> None:
    """Make the step, and say what it took."""
    name, *given = sys.argv[1:]
    importing = _cpu()
    settings = load_settings()
    prepare_home(settings)
    definitions = build_defs(settings)
    for job in ("entities_job", "orders_job", "reports_job"):
        definitions.resolve_job_def(job)
    ready = _cpu()
    with dg.DagsterInstance.get() as instance:
        result = STEPS[name](definitions, instance, *(json.loads(one) for one in given))
    took = {"importing": importing, "definitions": ready - importing, "run": _cpu() - ready}
    events = 0
    if isinstance(result, dg.ExecuteInProcessResult):
        events, result = len(result.all_events), None
    sys.stdout.write(json.dumps(took | {"wall": time.monotonic() - _BEGAN, "events": events, "result": result}) + "\n")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _entities(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("entities_job").execute_in_process(instance=instance, run_config=QUIET)


def _order(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    config = {**QUIET, "ops": {"order_reports": {"config": {"weekly": False, "holes": False}}}}
    return definitions.resolve_job_def("orders_job").execute_in_process(instance=instance, run_config=config)


def _tick(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dict[str, Any] | None:
    """Evaluate the sensor; return the run that it requests."""
    context = dg.build_sensor_context(
        instance=instance,
        resources=dict(definitions.resources or {}),
        definitions=definitions,
        sensor_name=report_readiness.name,
    )
    for request in report_readiness.evaluate_tick(context).run_requests or ():
        return {
            "tags": dict(request.tags),
            "run_config": dict(request.run_config),
            "assets": [key.to_user_string() for key in request.asset_selection or ()],
        }
    return None


def _load(
    definitions: dg.Definitions, instance: dg.DagsterInstance, request: Mapping[str, Any]
) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("reports_job").execute_in_process(
        instance=instance,
        tags=request["tags"],
        run_config={**request["run_config"], **QUIET},
        asset_selection=[dg.AssetKey(name) for name in request["assets"]],
    )


def _status(__: dg.Definitions, ___: dg.DagsterInstance) -> list[float]:
    """Find how every profile-day stands, as ``ppc status``, ``coverage`` and the checks do; return the CPU seconds."""
    settings = load_settings()
    tools = tools_of(settings)
    today = tools.ledger.clock().date()
    looks = []
    for _ in range(LOOKS):
        began = time.process_time()
        completeness(tools, settings.selected_report_types(), Days(today - timedelta(days=SHOWN_DAYS), today))
        looks.append(time.process_time() - began)
    return looks


def _empty(_: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    @dg.asset
    def nothing() -> None:
        """Does nothing."""

    return _run(nothing, instance, {})


def _events(_: dg.Definitions, instance: dg.DagsterInstance, tags: Mapping[str, str]) -> dg.ExecuteInProcessResult:
    partitions = daily_partitions(load_settings().start_date)

    @dg.multi_asset(
        specs=[dg.AssetSpec(f"nothing_{n}", partitions_def=partitions) for n in range(ASSETS - 1)],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def nothing_at_all() -> Iterator[Any]:
        for n in range(ASSETS - 1):
            yield dg.MaterializeResult(asset_key=f"nothing_{n}")

    return _run(nothing_at_all, instance, {name: tags[name] for name in (RANGE_START_TAG, RANGE_END_TAG)})


def _run(
    asset: dg.AssetsDefinition, instance: dg.DagsterInstance, tags: Mapping[str, str]
) -> dg.ExecuteInProcessResult:
    job = dg.define_asset_job("empty", executor_def=dg.in_process_executor)
    found = dg.Definitions(assets=[asset], jobs=[job]).resolve_job_def("empty")
    return found.execute_in_process(instance=instance, run_config=QUIET, tags=tags)


STEPS: dict[str, Callable[..., Any]] = {
    "entities": _entities,
    "order": _order,
    "tick": _tick,
    "load": _load,
    "status": _status,
    "empty": _empty,
    "events": _events,
}

if __name__ == "__main__":
    main()
