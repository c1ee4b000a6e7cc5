"""CPU seconds of a daily run for 50 profiles with nothing changed, and a load run over an empty Dagster run."""

import json
import statistics

from benchmarks.day import live, step
from benchmarks.measure import Outcome, command, tell
from benchmarks.place import project, serving

SIZE = {"campaigns": 4, "keywords_per_campaign": 9}


def work(quick: bool) -> Outcome:
    """Measure."""
    profiles, runs = (5, 1) if quick else (50, 3)
    outcome = Outcome()
    with serving(profiles=profiles, ready_seconds=0.0, **SIZE) as server, project(server, fresh_hours=0) as place:
        first = live(place)
        tell(f"first day, everything new: {first.cpu:.1f} s of CPU")
        days, empties, events = [], [], []
        for number in range(runs):
            days.append(live(place))
            empties.append(step(place, "empty"))
            events.append(step(place, "events", json.dumps(days[-1].ticks[-1].request["tags"])))
            tell(f"day {number + 2}: {days[-1].cpu:.1f} s of CPU; {days[-1]} {empties[-1]} {events[-1]}")
    outcome.add(f"a day of {profiles} profiles, nothing changed", [day.cpu for day in days], "CPU s")
    for name in ("entities", "order", "load"):
        outcome.add(f"of it: {name}", [getattr(day, name).cpu for day in days], "CPU s")
    outcome.add("of it: sensor tick that finds all ready", [day.ticks[-1].run for day in days], "CPU s")
    outcome.add("empty Dagster run: one asset that does nothing", [run.cpu for run in empties], "CPU s")
    outcome.add("a load run over it", [day.load.cpu for day in days], "CPU s",
        ratios=[day.load.cpu / run.cpu for day, run in zip(days, empties, strict=True)])
    return outcome


if __name__ == "__main__":
    command("daily", "CPU seconds of a daily run with nothing changed", work)
