"""A day of the pipeline, step by step, each in a process of its own: entities, order, tick of the sensor, load run.

Here: a day as functions over a ``Place``. Not here: how many days, of how many profiles (``daily``, ``growth``).
"""

import json
import sys
import time
from dataclasses import dataclass, field

from benchmarks.place import Place


@dataclass(frozen=True, slots=True)
class Took:
    """What a step's process took: CPU seconds in parts, wall seconds, and how many events the run wrote."""

    importing: float
    definitions: float
    run: float
    wall: float
    events: int = 0
    request: dict | None = None

    @property
    def cpu(self) -> float:
        """All of its CPU seconds."""
        return self.importing + self.definitions + self.run


def step(place: Place, name: str, *arguments: str) -> Took:
    """Make one step in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.steps", name, str(time.time()), *arguments]
    said = json.loads(place.run(command).stdout.splitlines()[-1])
    return Took(
        said["import"], said["definitions"], said["run"], said["wall"], said.get("events", 0), said.get("request")
    )


@dataclass(slots=True)
class Day:
    """The steps of one day."""

    entities: Took
    order: Took
    ticks: list[Took] = field(default_factory=list)
    load: Took | None = None

    @property
    def cpu(self) -> float:
        """The CPU seconds of the runs, and of the ticks without what the code server did once when it started."""
        runs = [self.entities, self.order, *([self.load] if self.load else [])]
        return sum(run.cpu for run in runs) + sum(tick.run for tick in self.ticks)


def live(place: Place) -> Day:
    """Let a day pass."""
    day = Day(step(place, "entities"), step(place, "order"))
    while day.load is None:
        tick = step(place, "tick")
        day.ticks.append(tick)
        if tick.request:
            day.load = step(place, "load", json.dumps(tick.request))
        elif len(day.ticks) > 5:
            raise RuntimeError("the reports do not become ready")
    return day
