"""One step of a day in a process of its own, as Dagster's launcher has it: ``python -m benchmarks.steps STEP``.

Prints what the process took, in parts: to start and import, to make the definitions, and to run. Steps: ``entities``,
``order``, ``load`` (the run that the sensor requests), ``empty`` and ``events`` (runs of assets that do nothing).
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

import dagster as dg

from ppc_pipeline.cli.runs import prepare_home
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.partitions import RANGE_END_TAG, RANGE_START_TAG, daily_partitions
from ppc_pipeline.defs.sensors import report_readiness
from ppc_pipeline.settings import load_settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ASSETS = 6
"""A load run of the default report types is of four of them, ``performance_records`` and ``coverage``."""


def main() -> None:
    """Make the step."""
    step, began = sys.argv[1], float(sys.argv[2])
    spent = {"import": _cpu(), "import_wall": time.time() - began}
    settings = load_settings()
    prepare_home(settings)
    definitions = build_defs(settings)
    jobs = {name: definitions.resolve_job_def(name) for name in ("entities_job", "orders_job", "reports_job")}
    spent["definitions"] = _cpu() - spent["import"]
    with dg.DagsterInstance.get() as instance:
        if step == "tick":
            request = _tick(definitions, instance)
            spent["run"] = _cpu() - spent["import"] - spent["definitions"]
            print(json.dumps(spent | {"request": request, "wall": time.time() - began}))
            return
        if step == "entities":
            result = jobs["entities_job"].execute_in_process(instance=instance, run_config=QUIET)
        elif step == "order":
            config = {**QUIET, "ops": {"order_reports": {"config": {"weekly": False, "holes": False}}}}
            result = jobs["orders_job"].execute_in_process(instance=instance, run_config=config)
        elif step == "load":
            request = json.loads(sys.argv[3])
            result = jobs["reports_job"].execute_in_process(
                instance=instance,
                tags=request["tags"],
                run_config={**QUIET, **request["run_config"]},
                asset_selection=[dg.AssetKey(name) for name in request["assets"]],
            )
        else:
            result = _empty(instance, json.loads(sys.argv[3]) if step == "events" else None)
    spent["run"] = _cpu() - spent["import"] - spent["definitions"]
    spent["events"] = len(result.all_events)
    spent["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(spent | {"wall": time.time() - began}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _tick(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dict | None:
    """Evaluate the sensor; return the run that it requests."""
    context = dg.build_sensor_context(
        instance=instance,
        resources=definitions.resources,
        definitions=definitions,
        sensor_name=report_readiness.name,
    )
    requests = report_readiness.evaluate_tick(context).run_requests or []
    for request in requests:
        return {
            "tags": dict(request.tags),
            "run_config": dict(request.run_config),
            "assets": [key.to_user_string() for key in request.asset_selection or []],
        }
    return None


def _empty(instance: dg.DagsterInstance, tags: dict[str, str] | None) -> dg.ExecuteInProcessResult:
    """Run an asset that does nothing; with tags of a range as many of them as a load run has, partitioned like it."""
    if tags is None:

        @dg.asset
        def nothing() -> None:
            pass

        assets = [nothing]
    else:
        partitions = daily_partitions(load_settings().start_date)

        @dg.multi_asset(
            specs=[dg.AssetSpec(f"nothing_{n}", partitions_def=partitions) for n in range(ASSETS)],
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def nothing_at_all() -> Iterator[dg.MaterializeResult]:
            for n in range(ASSETS):
                yield dg.MaterializeResult(asset_key=f"nothing_{n}")

        assets = [nothing_at_all]
    job = dg.Definitions(assets=assets, jobs=[dg.define_asset_job("empty", executor_def=dg.in_process_executor)])
    range_tags = {name: value for name, value in (tags or {}).items() if name in (RANGE_START_TAG, RANGE_END_TAG)}
    return job.resolve_job_def("empty").execute_in_process(instance=instance, run_config=QUIET, tags=range_tags)


if __name__ == "__main__":
    main()
