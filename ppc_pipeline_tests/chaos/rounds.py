"""Rounds of the crash harness: work, die, work again, die again, and in the end everything is there, once.

Here: what a round does, drawn from a seed, and what it found. Not here: where a process can die (``points``), what must
hold (``promises``), or showing it (``__main__``).
"""

import random
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.chaos.points import LATE, POINTS
from ppc_pipeline_tests.chaos.promises import broken_after_a_kill, broken_at_the_end, leftovers
from ppc_pipeline_tests.chaos.world import World, opened
from ppc_pipeline_tests.fakes import FOUR

ANY_MOMENT = "any moment"
ENDS_WITHIN = 90.0
"""Seconds a worker may take: a run of a round takes two or three, on a busy machine ten."""

_NAMES = list(POINTS)


@dataclass(frozen=True)
class Kill:
    """How one worker of a round dies.

    Attributes:
        role: What it does.
        point: At which boundary, or at any moment.
        nth: The how manieth time it comes by.
        late: Seconds after the boundary, or after its start.
    """

    role: str
    point: str
    nth: int = 1
    late: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What a round does.

    Attributes:
        number: Of the round.
        profiles: How many.
        days: Which.
        patient: Whether no report is ready before every order has its id.
        ready_seconds: How long a report takes otherwise.
        kills: The workers that die, one after the other.
        last: The role of the one that lives.
    """

    number: int
    profiles: int
    days: Days
    patient: bool
    ready_seconds: float
    kills: tuple[Kill, ...]
    last: str

    @property
    def wanted(self) -> int:
        """The fewest reports: Amazon serves 31 days with one."""
        return self.profiles * len(FOUR) * -(-len(self.days) // 31)


def draw(seed: int, number: int, *, commands: bool = True) -> Plan:
    """Draw a round: equal seeds and numbers are equal rounds. The boundaries take turns to come first.

    Args:
        seed: Of all rounds.
        number: Of this one.
        commands: Whether some workers are whole ``ppc`` commands, with Dagster, which takes longer.
    """
    rng = random.Random(f"{seed}/{number}")
    points = [_NAMES[number % len(_NAMES)], *rng.sample([*_NAMES, *[ANY_MOMENT] * len(_NAMES)], 3)]
    # In the order of a report's life, so that the first death leaves work for the next.
    points.sort(key=lambda point: _NAMES.index(point) if point in POINTS else rng.randrange(len(_NAMES)))
    more = ("bring", "backfill") if commands else ()
    # Three days ago is over everywhere on earth, and no date of the world changes at midnight.
    last = datetime.now(UTC).date() - timedelta(days=3)
    return Plan(
        number=number,
        profiles=rng.choice((2, 3)),
        days=Days(last - timedelta(days=rng.choice((9, 30, 44))), last),
        patient=rng.random() < 0.5,
        ready_seconds=rng.uniform(0.3, 1.0),
        kills=tuple(_kill(rng, point, ("bring", "bring", "tick", *more)) for point in points),
        last=rng.choice(("bring", *more)),
    )


def _kill(rng: random.Random, point: str, roles: tuple[str, ...]) -> Kill:
    role = rng.choice(roles)
    if point == ANY_MOMENT:
        return Kill(role, point, late=rng.uniform(0.02, 4.0 if role == "backfill" else 1.0))
    return Kill(role, point, rng.randint(1, 4), rng.uniform(0.0, 0.02) if point in LATE else 0.0)


@dataclass
class Result:
    """What a round found.

    Attributes:
        plan: What it did.
        died: The points at which workers died.
        orphans: Reports that were at Amazon when a worker died, their ids not written down.
        created: Reports created.
        again: Loads that were made a second time, as a kill hid the first.
        parts: Parts of files left behind.
        broken: What does not hold.
        seconds: How long it took.
    """

    plan: Plan
    died: list[str] = field(default_factory=list)
    orphans: set[str] = field(default_factory=set)
    created: int = 0
    again: int = 0
    parts: int = 0
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0


def play(plan: Plan, folder: Path, options: Mapping[str, Any] | None = None) -> Result:
    """Play a round.

    Args:
        plan: What to do.
        folder: Where; it is removed when everything held.
        options: More options of the sandbox.
    """
    result, began = Result(plan), time.monotonic()
    size = {"profiles": plan.profiles, "ready_seconds": plan.ready_seconds, **(options or {})}
    with opened(folder, plan.days, patient=plan.patient, **size) as world:
        for kill in plan.kills:
            _die(world, kill, result)
        _live(world, plan, result)
        result.created = world.created()
        result.parts = len(leftovers(world))
    result.seconds = time.monotonic() - began
    if not result.broken:
        shutil.rmtree(folder)
    return result


def _die(world: World, kill: Kill, result: Result) -> None:
    """Start a worker, see it die, and look at what it left behind."""
    if kill.point == ANY_MOMENT:
        worker = world.start(kill.role)
        code = worker.wait(kill.late)
        code = worker.kill() if code is None else code
    else:
        worker = world.start(kill.role, point=kill.point, nth=kill.nth, late=kill.late)
        code = worker.wait(ENDS_WITHIN)
        if code is None:
            result.broken.append(f"{kill} did not end within {ENDS_WITHIN:.0f} s, see {worker.job.log}")
            worker.kill()
    if code == -signal.SIGKILL:
        result.died.append(kill.point)
    elif code:
        result.broken.append(f"{kill} ended with {code}, see {worker.job.log}: {worker.output[-500:]}")
    result.orphans |= world.orphans()
    result.broken += broken_after_a_kill(world)


def _live(world: World, plan: Plan, result: Result) -> None:
    """Run to the end, and once more: the second time nothing is left to do."""
    for first in (True, False):
        before = world.created()
        worker = world.start(plan.last if first else "bring")
        code = worker.wait(ENDS_WITHIN)
        if code != 0:
            worker.kill()
            result.broken.append(f"{plan.last} ended with {code}, see {worker.job.log}: {worker.output[-1500:]}")
            return
        if not first and world.created() != before:
            result.broken.append(f"{world.created() - before} reports were created when everything was there")
    result.broken += broken_at_the_end(world, plan.wanted, () if plan.patient else result.orphans)
    with world.warehouse() as connection:
        ((loads,),) = connection.execute("SELECT count(*) FROM load_log").fetchall()
    result.again = loads - plan.wanted
