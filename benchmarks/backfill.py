"""A backfill of 50 profiles x 93 days x 4 report types, at an Amazon that takes 60 s for a report.

All 600 reports are asked for before any is waited for, so that the whole takes little more than one of them: 60 s, and
what DuckDB alone takes to read the same files into empty tables.
"""

import json
from datetime import timedelta
from itertools import accumulate

import httpx

from benchmarks.bare import bare_load
from benchmarks.measure import Outcome, Spent, command, spending, tell
from benchmarks.place import Place, Server, days_ago, project, serving
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES

import resource

DAYS = 93
MOST_RATIO = 1.3


def work(quick: bool) -> Outcome:
    """Measure."""
    profiles, seconds, runs = (5, 10.0, 1) if quick else (50, 60.0, 2)
    outcome = Outcome()
    walls, ratios, cpus, bares, servers, flights, asked, lasts, tails = ([] for _ in range(9))
    for number in range(runs):
        tell(f"run {number + 1} of {runs}: {profiles} profiles, reports take {seconds:.0f} s")
        with serving(profiles=profiles, ready_seconds=seconds, ready_spread=0.0) as server, project(server) as place:
            before = server.cpu
            with spending(resource.RUSAGE_CHILDREN) as spent:
                place.ppc("backfill", str(days_ago(DAYS)), str(days_ago(1)), "--json")
            ours = server.cpu - before
            made = server.reports()
            expected = profiles * 3 * len(DEFAULT_REPORT_TYPES)
            if len(made) != expected:
                outcome.notes.append(f"{len(made)} reports were created, {expected} are the least")
            bare, rows = bare_load(place.directory / "data" / "raw", DEFAULT_REPORT_TYPES)
            walls.append(spent.wall)
            cpus.append(spent.cpu)
            bares.append(bare.wall)
            servers.append(ours)
            ratios.append(spent.wall / (seconds + bare.wall))
            asked.append((made[-1][2] - made[0][2]).total_seconds())
            flights.append(float(most_in_flight(server)))
            tell(f"wall {spent.wall:.1f} s, cpu {spent.cpu:.1f} s, bare {bare.wall:.2f} s, sandbox cpu {ours:.1f} s, rows {rows}")
    outcome.add("backfill, from start to all loaded", walls, ratios=ratios, most_ratio=MOST_RATIO)
    return outcome


def most_in_flight(server: Server) -> int:
    """Return how many reports were being made at once, at most."""
    made = server.reports()
    steps = sorted([(created, 1) for _, _, created, _ in made] + [(ready, -1) for _, _, _, ready in made])
    return max(accumulate(step for _, step in steps), default=0)


if __name__ == "__main__":
    command("backfill", "50 profiles x 93 days x 4 report types, reports take 60 s", work)
