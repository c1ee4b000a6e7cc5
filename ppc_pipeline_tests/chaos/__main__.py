"""``make chaos``: many rounds of killing, each drawn from a seed that is shown, so that it can be played again.

``python -m ppc_pipeline_tests.chaos --rounds 40 --seed 7``; with ``--only N`` one round of that seed.
"""

import argparse
import functools
import logging
import secrets
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ppc_pipeline_tests.chaos import interrupts, together
from ppc_pipeline_tests.chaos.points import POINTS
from ppc_pipeline_tests.chaos.rounds import ANY_MOMENT, Result, draw, play

Game = Callable[[], list[str]]

CONSOLE = Console(width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Play rounds; return how many did not hold, at most 1."""
    given = _arguments()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # the sandbox's word on clients that died
    options: Mapping[str, Any] = {"faults": given.faults} if given.faults else {}
    folder = Path(tempfile.mkdtemp(prefix="ppc-chaos-"))
    numbers = range(given.rounds) if given.only is None else [given.only]
    CONSOLE.print(f"seed {given.seed}, {len(numbers)} rounds; to play one again: --seed {given.seed} --only N")
    results = []
    with _progress() as progress:
        for number in progress.track(numbers, description="killed"):
            result = play(draw(given.seed, number), folder / str(number), options)
            results.append(result)
            progress.console.print(_line(result), markup=False, highlight=False)
        failures = [line for result in results for line in result.broken]
        for name, games in _others(given, folder, options).items():
            for game in progress.track(games, description=name):
                for line in game():
                    failures.append(line)
                    progress.console.print(f"{name}: {line}", markup=False, highlight=False)
    _summary(results, given, failures, folder)
    return 1 if failures else 0


def _others(given: argparse.Namespace, folder: Path, options: Mapping[str, Any]) -> dict[str, list[Game]]:
    """Return the rounds in which nobody is killed, by what they are about."""
    points = [*POINTS][: given.interrupts]
    return {
        "together": [
            functools.partial(together.play, folder / f"together-{number}", options, new=number % 2 == 0)
            for number in range(given.together)
        ],
        "interrupt": [
            functools.partial(interrupts.play, folder / f"interrupt-{place}-{number.name}", point, number)
            for place, point in enumerate(points)
            for number in (signal.SIGINT, signal.SIGTERM)
        ],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ppc_pipeline_tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="rounds in which processes are killed")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="what rounds do")
    parser.add_argument("--only", type=int, help="one round of the seed")
    parser.add_argument("--together", type=int, default=5, help="rounds in which three processes start at once")
    parser.add_argument("--interrupts", type=int, default=len(POINTS), help="boundaries at which Ctrl-C is pressed")
    parser.add_argument("--faults", help="what the sandbox does wrong besides: a profile of its faults")
    return parser.parse_args()


def _progress() -> Progress:
    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=CONSOLE)


def _line(result: Result) -> str:
    plan, verdict = result.plan, "holds" if not result.broken else "BROKEN: " + "; ".join(result.broken)
    return (
        f"round {plan.number}: {len(plan.days)} days x {plan.profiles} profiles, died {len(result.died)} times, "
        f"{result.created} reports of {plan.wanted}, {result.seconds:.0f} s: {verdict}"
    )


def _summary(results: list[Result], given: argparse.Namespace, failures: list[str], folder: Path) -> None:
    died = Counter(point for result in results for point in result.died)
    table = Table("where processes were killed", "kills", title="Chaos")
    for point in (*POINTS, ANY_MOMENT):
        table.add_row(point, str(died[point]))
    table.add_section()
    wanted = sum(result.plan.wanted for result in results)
    created = sum(result.created for result in results)
    for name, value in (
        ("rounds", len(results)),
        ("kills", died.total()),
        ("reports wanted", wanted),
        ("created (more only where Amazon had finished one whose id was lost)", created),
        ("loaded twice, without a change", sum(result.again for result in results)),
        ("parts of files left in the archive", sum(result.parts for result in results)),
        ("rounds of three processes at once", given.together),
        ("boundaries at which Ctrl-C and SIGTERM came", given.interrupts),
        ("broken promises", len(failures)),
    ):
        table.add_row(name, str(value))
    CONSOLE.print(table)
    if failures:
        CONSOLE.print(f"what was left behind is in {folder}", highlight=False)
    else:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
