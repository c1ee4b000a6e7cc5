"""Three processes at once on one data directory and one window: a click in the UI, the sensor's load runs, a sync.

Here: starting them together, and what must hold when all have ended. Not here: what each does (``worker``).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ppc_pipeline.reports.windows import Days, utc_now
from ppc_pipeline_tests.chaos.promises import broken_at_the_end
from ppc_pipeline_tests.chaos.world import opened
from ppc_pipeline_tests.conftest import days_ago

ROLES = ("click", "sensor", "sync")
ENDS_WITHIN = 120.0


def play(folder: Path, options: Mapping[str, Any] | None = None, *, new: bool = False) -> list[str]:
    """Play a round; return what does not hold.

    The first date is the project's own, so that the trailing window of ``sync`` is the range of the backfill.

    Args:
        folder: Where; it is removed when everything held.
        options: More options of the sandbox.
        new: Whether Dagster's own databases are still to be made, by all three at once.
    """
    days = Days(days_ago(8), utc_now().date() - (days_ago(0) - days_ago(1)))
    with opened(folder, days, profiles=1, **(options or {})) as world:
        world.lease = None
        if not new:
            world.run("home")
        workers = [world.start(role) for role in ROLES]
        broken = []
        for worker in workers:
            code = worker.wait(ENDS_WITHIN)
            if code is None:
                worker.kill()
            if code != 0:
                broken.append(f"{worker.job.role} ended with {code}, see {worker.job.log}: {worker.output[-800:]}")
        broken += broken_at_the_end(world, wanted=4, loads=4)
        if world.created() != 4:
            broken.append(f"{world.created()} reports were created instead of 4")
    if not broken:
        shutil.rmtree(folder)
    return broken
