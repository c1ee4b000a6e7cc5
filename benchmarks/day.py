"""A day of the pipeline, step by step, each in a process of its own: entities, order, tick of the sensor, load run.

Here: a day as functions over a ``Place``. Not here: how many days, of how many profiles (``daily``, ``growth``).
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.place import Place

_MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Took:
    """What a step's process took: CPU seconds in parts, wall seconds, and how many events the run wrote.

    Attributes:
        result: What the step found: the run that a tick requests, the seconds of a status.
    """

    importing: float
    definitions: float
    run: float
    wall: float
    events: int
    result: Any

    @property
    def cpu(self) -> float:
        """All of its CPU seconds."""
        return self.importing + self.definitions + self.run


def step(place: Place, name: str, *arguments: str) -> Took:
    """Make one step in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.steps", name, *arguments]
    return Took(**json.loads(place.run(command).stdout.splitlines()[-1]))


@dataclass(frozen=True, slots=True)
class Day:
    """The steps of one day."""

    entities: Took
    order: Took
    ticks: tuple[Took, ...]
    load: Took

    @property
    def request(self) -> Any:
        """The load run, as the sensor requested it."""
        return self.ticks[-1].result

    @property
    def cpu(self) -> float:
        """The CPU seconds of the runs, and of the ticks without what the code server does once, when it starts."""
        return self.entities.cpu + self.order.cpu + self.load.cpu + sum(tick.run for tick in self.ticks)


def live(place: Place) -> Day:
    """Let a day pass.

    Raises:
        RuntimeError: The reports do not become ready.
    """
    entities, order = step(place, "entities"), step(place, "order")
    ticks: list[Took] = []
    while len(ticks) < _MOST_TICKS:
        ticks.append(step(place, "tick"))
        if request := ticks[-1].result:
            return Day(entities, order, tuple(ticks), step(place, "load", json.dumps(request)))
    raise RuntimeError("the reports do not become ready")
