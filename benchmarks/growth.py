"""How a day grows with the number of profiles, and with the days that are in the warehouse and the ledger.

At each size: a day with nothing changed, step by step, and how long it takes to say how every profile-day of the last
95 days stands. A past of 30 or 365 days is written by SQL (``history``).
"""

from statistics import median

from benchmarks.day import Took, live, step
from benchmarks.history import add_past
from benchmarks.measure import Outcome, command, tell
from benchmarks.place import project, serving

SIZE = {"campaigns": 2, "keywords_per_campaign": 3}
SIZES = ((5, 1), (50, 1), (50, 30), (50, 365), (200, 1), (200, 365))
"""Profiles, and days in the warehouse besides the 31 of the first order."""


def work(quick: bool) -> Outcome:
    """Measure."""
    outcome = Outcome()
    for profiles, days in ((3, 1), (3, 30)) if quick else SIZES:
        _measure(outcome, profiles, days)
    return outcome


def _measure(outcome: Outcome, profiles: int, days: int) -> None:
    tell(f"{profiles} profiles, {days} days")
    with serving(profiles=profiles, ready_seconds=0.0, **SIZE) as server, project(server, fresh_hours=0) as place:
        live(place)
        add_past(place, days - 1)
        day = live(place)
        looks = step(place, "status").result
    size = f"{profiles} profiles, {days} days"
    outcome.add(f"{size}: a day", day.cpu, "CPU s", note=f"{len(day.ticks)} ticks")
    steps: dict[str, Took] = {"entities": day.entities, "order": day.order, "tick": day.ticks[-1], "load run": day.load}
    for name, took in steps.items():
        outcome.add(f"{size}: {name}", took.run, "CPU s", note=f"{took.wall:.1f} s wall, without importing")
    outcome.add(f"{size}: how every profile-day stands", median(looks), "CPU s")


if __name__ == "__main__":
    command("growth", "a day at 5, 50 and 200 profiles, after 1, 30 and 365 days", work)
