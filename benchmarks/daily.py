"""CPU seconds of a day for 50 profiles with nothing changed, and a load run over an empty Dagster run.

A day is the entities' run, the order, the sensor's ticks and the load run that they request. Nothing changed: the same
windows are ordered, fetched, compared and left as they are. Wall seconds are told too, but depend on the disk.
"""

import json

from benchmarks.day import Day, Took, live, step
from benchmarks.measure import Outcome, command, tell
from benchmarks.place import project, serving

SIZE = {"campaigns": 4, "keywords_per_campaign": 9}


def work(quick: bool) -> Outcome:
    """Measure."""
    profiles, runs = (5, 1) if quick else (50, 3)
    days: list[Day] = []
    empty: list[Took] = []
    events: list[Took] = []
    with serving(profiles=profiles, ready_seconds=0.0, **SIZE) as server, project(server, fresh_hours=0) as place:
        tell(f"first day, everything new: {live(place).cpu:.1f} s of CPU")
        for number in range(runs):
            day = live(place)
            days.append(day)
            empty.append(step(place, "empty"))
            events.append(step(place, "events", json.dumps(day.request["tags"])))
            tell(f"day {number + 2}: {day.cpu:.1f} s of CPU")
    return _outcome(profiles, days, empty, events)


def _outcome(profiles: int, days: list[Day], empty: list[Took], events: list[Took]) -> Outcome:
    outcome = Outcome()
    outcome.add(f"a day of {profiles} profiles", [day.cpu for day in days], "CPU s")
    for name in ("entities", "order", "load"):
        took = [getattr(day, name) for day in days]
        wall = sorted(one.wall for one in took)[len(took) // 2]
        outcome.add(f"of it: the run of {name}", [one.cpu for one in took], "CPU s", note=f"{wall:.1f} s wall")
    outcome.add("of it: the sensor's ticks", [sum(tick.run for tick in day.ticks) for day in days], "CPU s")
    loads = [day.load for day in days]
    outcome.add("an empty Dagster run: one asset that does nothing", [one.cpu for one in empty], "CPU s")
    ratios = [load.cpu / one.cpu for load, one in zip(loads, empty, strict=True)]
    outcome.add("the load run over it", [load.cpu for load in loads], "CPU s", ratios=ratios)
    outcome.add(
        "of the load run: starting, importing, definitions", [o.importing + o.definitions for o in loads], "CPU s"
    )
    own = [many.run - one.run for many, one in zip(events, empty, strict=True)]
    count = f"{events[0].events} of them"
    outcome.add("of the load run: the events of its assets and dates alone", own, "CPU s", note=count)
    rest = [load.run - many.run for load, many in zip(loads, events, strict=True)]
    outcome.add("of the load run: fetching, loading, checks and pictures", rest, "CPU s")
    return outcome


if __name__ == "__main__":
    command("daily", "CPU of a day with nothing changed", work)
