"""A backfill of 50 profiles x 93 days x 4 report types, at an Amazon that takes 60 s for a report.

All 600 reports are asked for before any is waited for, so that the whole takes little more than one of them: 60 s, and
what DuckDB alone takes to read the same files into empty tables. Once more without Dagster, for comparison.
"""

import asyncio
import resource
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import median

from sqlalchemy import func, select

from benchmarks.bare import bare_load
from benchmarks.measure import Outcome, Spent, command, spending, tell
from benchmarks.place import REPORT_TYPES, Place, Server, days_ago, project, serving
from benchmarks.wire import ask_for_all
from ppc_pipeline.pipeline import Tools, bring_reports
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.schema import reports
from ppc_pipeline.reports.windows import Days

DAYS = 93
WINDOWS = 3
MOST_RATIO = 1.3
AFTERWARDS = "events, features, checks and pictures, to the end"


@dataclass(slots=True)
class Run:
    """One backfill.

    Attributes:
        spent: Its process.
        bare: DuckDB alone, over the same files.
        rows: In these files.
        sandbox: CPU seconds of the sandbox meanwhile.
        created: Reports the sandbox was asked for.
        in_flight: How many were being made at once, at most.
        phases: What the time went into.
    """

    spent: Spent
    bare: Spent
    rows: int
    sandbox: float
    created: int
    in_flight: int
    phases: dict[str, float] = field(default_factory=dict)


def work(quick: bool) -> Outcome:
    """Measure."""
    profiles, seconds, runs = (5, 10.0, 1) if quick else (50, 60.0, 2)
    done: list[Run] = []
    outcome = Outcome()
    with serving(profiles=profiles, ready_seconds=seconds, ready_spread=0.0) as server:
        for number in range(runs):
            tell(f"run {number + 1} of {runs}: {profiles} profiles, reports take {seconds:.0f} s")
            with project(server) as place:
                done.append(_backfill(place, server))
                if number == 0:
                    served = _serve(server, done[0].created)
        with project(server) as place:
            alone = _bring(place)
    least = [seconds + run.bare.wall for run in done]
    walls = [run.spent.wall for run in done]
    outcome.add(
        "`ppc backfill`, from start to exit",
        walls,
        ratios=_over(walls, least),
        most_ratio=MOST_RATIO,
        note=f"over {seconds:.0f} s and the bare load",
    )
    in_warehouse = [run.spent.wall - run.phases[AFTERWARDS] for run in done]
    outcome.add("of it: until every row is in the warehouse", in_warehouse, ratios=_over(in_warehouse, least))
    outcome.add("the same without Dagster (`bring_reports`)", alone.wall, ratios=[alone.wall / median(least)])
    outcome.add("bare load of the same files", [run.bare.wall for run in done], note=f"{done[0].rows:,} rows")
    expected = profiles * WINDOWS * len(REPORT_TYPES)
    outcome.add("reports created", [float(run.created) for run in done], "reports", most=float(expected))
    outcome.add("being made at once, at most", [float(run.in_flight) for run in done], "reports")
    for phase in done[0].phases:
        outcome.add(f"of it: {phase}", [run.phases[phase] for run in done])
    outcome.add("CPU of the process", [run.spent.cpu for run in done], "CPU s")
    outcome.add("CPU of the sandbox meanwhile", [run.sandbox for run in done], "CPU s")
    outcome.add("the sandbox's own time to serve the files, status and download", served)
    outcome.notes.append(
        "The target was set for bringing reports in. What is made of them after the last row came later and is in the "
        "whole: 320,000 rows of features for 93 days that were never there take 10 s of it."
    )
    return outcome


def _over(values: list[float], least: list[float]) -> list[float]:
    return [value / one for value, one in zip(values, least, strict=True)]


def _backfill(place: Place, server: Server) -> Run:
    cpu, started = server.cpu, datetime.now(UTC)
    with spending(resource.RUSAGE_CHILDREN) as spent:
        place.ppc("backfill", str(days_ago(DAYS)), str(days_ago(1)), "--json")
    cpu = server.cpu - cpu
    made = [report for report in server.reports() if report[2] >= started]
    bare, rows = bare_load(place.directory / "data" / "raw", REPORT_TYPES)
    run = Run(spent, bare, rows, cpu, len(made), _most_in_flight(made))
    run.phases = _phases(place, started, max(ready for *_, ready in made), spent.wall)
    tell(f"{run}")
    return run


def _bring(place: Place) -> Spent:
    settings = place.enter()
    with closing(place.ledger) as ledger:
        tools = Tools.gather(settings, ledger, place.warehouse, Pace())
        days = Days(days_ago(DAYS), days_ago(1))
        with spending() as spent:
            asyncio.run(bring_reports(tools, settings.selected_report_types(), days))
    return spent


def _phases(place: Place, started: datetime, made: datetime, wall: float) -> dict[str, float]:
    """Say what the time went into, from the moments that the ledger keeps."""
    columns = (reports.c.ordered_at, reports.c.requested_at, reports.c.ready_at, reports.c.downloaded_at)
    with closing(place.ledger) as ledger, ledger.engine.connect() as connection:
        first = connection.scalar(select(func.min(reports.c.ordered_at)))
        last = connection.execute(select(*(func.max(column) for column in (*columns[1:], reports.c.loaded_at)))).one()
    moments = {
        "start, to the first order": first,
        "ordering and asking, to the last POST": last[0],
        "waiting, to the last report made": made,
        "until the last is seen to be ready": last[1],
        "until the last is downloaded": last[2],
        "until the last is loaded": last[3],
        AFTERWARDS: started + timedelta(seconds=wall),
    }
    before = [started, *moments.values()]
    return {
        name: (moment - since).total_seconds() for (name, moment), since in zip(moments.items(), before, strict=False)
    }


def _most_in_flight(made: list[tuple[str, int, datetime, datetime]]) -> int:
    steps = sorted([(created, 1) for *_, created, _ in made] + [(ready, -1) for *_, ready in made])
    return max(accumulate(step for _, step in steps), default=0)


def _serve(server: Server, number: int) -> float:
    reports = [(report_id, profile_id) for report_id, profile_id, *_ in server.reports()[:number]]
    with spending() as spent:
        asyncio.run(ask_for_all(server, reports, files=True))
    return spent.wall


if __name__ == "__main__":
    command("backfill", "50 profiles x 93 days x 4 report types, reports take 60 s", work)
