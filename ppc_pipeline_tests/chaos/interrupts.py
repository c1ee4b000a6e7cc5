"""Ctrl-C and SIGTERM at every boundary of a report's life: a quick end with one line, and the next run goes on at once.

Here: one interrupted command and the run after it. Not here: where the boundaries are (``points``).
"""

import shutil
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from ppc_pipeline.cli import INTERRUPTED
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.chaos.promises import broken_at_the_end
from ppc_pipeline_tests.chaos.world import World, opened
from ppc_pipeline_tests.conftest import days_ago

ENDS_WITHIN = 60.0
GOES_ON_WITHIN = timedelta(seconds=45)
"""Less than a lease: claims that were not given back would hold up the next run for longer."""


def play(folder: Path, point: str, number: signal.Signals) -> list[str]:
    """Interrupt ``ppc backfill`` at a boundary and go on with another run; return what does not hold."""
    days = Days(days_ago(9), days_ago(3))
    with opened(folder, days, patient=True, profiles=1) as world:
        world.lease = None
        broken = [f"{number.name} at '{point}': {line}" for line in _play(world, point, number)]
    if not broken:
        shutil.rmtree(folder)
    return broken


def _play(world: World, point: str, number: signal.Signals) -> Iterator[str]:
    worker = world.start("backfill", point=point, signal=number)
    code = worker.wait(ENDS_WITHIN)
    yield from judge(world, code, worker.output)
    if code is None:
        worker.kill()
        return
    after = world.start("bring")
    if after.wait(GOES_ON_WITHIN.total_seconds()) != 0:
        after.kill()
        yield f"the next run did not end well within {GOES_ON_WITHIN}: {after.output[-500:]}"
        return
    yield from broken_at_the_end(world, wanted=4)
    if world.created() != 4:
        yield f"{world.created()} reports were created instead of 4"


def judge(world: World, code: int | None, output: str) -> Iterator[str]:
    """Say what is wrong with how a command ended that was interrupted."""
    if code != INTERRUPTED:
        yield f"it ended with {code} instead of {INTERRUPTED}"
    lines = output.splitlines()
    said = [line for line in lines if not line.startswith(("WARNING", " " * len("WARNING")))]  # long ones are folded
    if len(said) != 1 or "interrupted" not in said[0]:
        yield f"it said {len(said)} lines instead of one: {output[-300:]}"
    ((held,),) = world.in_ledger("SELECT count(*) FROM reports WHERE lease_owner IS NOT NULL") or ((0,),)
    if held:
        yield f"it gave {held} claims not back"
