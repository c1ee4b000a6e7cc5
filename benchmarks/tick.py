"""One tick of the readiness sensor over 600 outstanding reports, and over 3,000, at 100 ms a call.

A tick has 60 s before Dagster breaks it off; the sensor stops by itself after ``TICK_SECONDS``. Each kind of tick is
evaluated through the sensor, as Dagster's daemon does: one that asks for every report, one that finds all of them
still being made, one that finds all of them ready.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import dagster as dg
from sqlalchemy import text

from benchmarks.measure import Outcome, Spent, command, spending, tell
from benchmarks.place import Place, Server, days_ago, project, serving
from benchmarks.wire import CONCURRENCY, ask_for_all
from ppc_pipeline.cli.home import prepare_home
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.sensors import TICK_SECONDS, report_readiness
from ppc_pipeline.pipeline import Tools, know_profiles
from ppc_pipeline.reports.orders import Desk
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import Settings

LATENCY = 0.1
MOST_SECONDS = 10.0
DISPATCH_SECONDS = 1.0
"""What a tick that runs out of its time may take besides: to stop, and to look at what there is."""


def work(quick: bool) -> Outcome:
    """Measure."""
    outcome = Outcome()
    runs = 1 if quick else 3
    for profiles in (5,) if quick else (50, 250):
        _measure(outcome, profiles, runs if profiles <= 50 else 1)
    least = f"reports x {LATENCY:g} s a call / {CONCURRENCY} calls at once, as many as an account's client sends"
    outcome.notes.append(
        f"Ratios are to the least: {least}. At 3,000 reports a tick may be broken off and go on later."
    )
    return outcome


def _measure(outcome: Outcome, profiles: int, runs: int) -> None:
    """Measure the three kinds of ticks with three windows of four report types for each profile."""
    size = {"campaigns": 1, "keywords_per_campaign": 3}
    with (
        serving(profiles=profiles, ready_seconds=3600.0, latency_seconds=LATENCY, **size) as server,
        project(server) as place,
    ):
        settings = place.enter()
        prepare_home(settings)
        ticks: dict[str, list[Spent]] = {"asking": [], "waiting": [], "ready": []}
        served: dict[str, list[float]] = {kind: [] for kind in ticks}
        with dg.DagsterInstance.get() as instance:
            tick = _ticker(settings, instance)
            tick()  # finds nothing, and has everything imported and logged in
            reports = _order(place, settings)
            for number in range(runs):
                for kind, prepare in (("asking", _plan), ("waiting", _forget_waits), ("ready", _finish)):
                    prepare(place, server, number)
                    before = server.cpu
                    with spending() as spent:
                        said = tick()
                    ticks[kind].append(spent)
                    served[kind].append(server.cpu - before)
                    states = _states(place)
                    tell(f"{reports} reports, {kind}: {spent.wall:.1f} s, cpu {spent.cpu:.1f} s; {said}; {states}")
        for kind, spents in ticks.items():
            least = reports * LATENCY / CONCURRENCY
            outcome.add(
                f"tick over {reports:,} reports, {_WORDS[kind]}",
                [spent.wall for spent in spents],
                ratios=[spent.wall / least for spent in spents],
                most=MOST_SECONDS if reports <= 600 else TICK_SECONDS + DISPATCH_SECONDS,
                note=f"{_middle([s.cpu for s in spents]):.1f} s of CPU, the sandbox {_middle(served[kind]):.1f} s",
            )


_WORDS = {"asking": "asking for all", "waiting": "none of them ready", "ready": "all of them ready"}


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _ticker(settings: Settings, instance: dg.DagsterInstance) -> Callable[[], str]:
    definitions = build_defs(settings)

    def tick() -> str:
        context = dg.build_sensor_context(
            instance=instance,
            resources=definitions.resources,
            definitions=definitions,
            sensor_name=report_readiness.name,
        )
        data = report_readiness.evaluate_tick(context)
        return data.skip_message or f"{len(data.run_requests or [])} load run"

    return tick


def _order(place: Place, settings: Settings) -> int:
    """Write orders down: three windows of every report type and profile. Amazon is not asked yet."""
    with closing(place.ledger) as ledger:
        tools = Tools.gather(settings, ledger, place.warehouse, Pace())
        asyncio.run(know_profiles(tools))
        desk = Desk(ledger, tools.archive, timedelta(0))
        ordered = desk.order_days(Days(days_ago(94), days_ago(3)), settings.selected_report_types(), tools.profiles())
    return len(ordered.rows)


def _plan(place: Place, server: Server, number: int) -> None:
    _in_ledger(place, f"UPDATE reports SET state = 'planned', report_id = NULL, requests = 0, order_no = {number + 1}")
    with closing(sqlite3.connect(server.state, isolation_level=None)) as connection:
        connection.execute("DELETE FROM reports")
    _forget_waits(place, server, number)


def _forget_waits(place: Place, _: Server, __: int) -> None:
    _in_ledger(place, "UPDATE reports SET not_before = NULL")


def _finish(place: Place, server: Server, number: int) -> None:
    """Have every report finished: Amazon has its file by then, while the sandbox makes it for whoever asks first."""
    with closing(sqlite3.connect(server.state, isolation_level=None)) as connection:
        connection.execute("UPDATE reports SET ready_at = created_at")
    asyncio.run(
        ask_for_all(server, [(report_id, profile_id) for report_id, profile_id, *_ in server.reports()], files=False)
    )
    _forget_waits(place, server, number)


def _in_ledger(place: Place, sql: str) -> None:
    with closing(place.ledger) as ledger, ledger.transaction() as connection:
        connection.execute(text(sql))


def _states(place: Place) -> dict[str, int]:
    with closing(place.ledger) as ledger, ledger.engine.connect() as connection:
        return dict(connection.execute(text("SELECT state, count(*) FROM reports GROUP BY state")).tuples().all())


if __name__ == "__main__":
    command("tick", "a tick of the readiness sensor at 100 ms a call", work)
