"""All benchmarks, or some, one after the other, each in a process of its own: ``python -m benchmarks --help``."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks import results
from benchmarks.measure import end_on_sigterm, process, tell


class Benchmark(StrEnum):
    """A module of this package that measures something, in the order in which all are run."""

    LOAD = "load"
    BACKFILL = "backfill"
    TICK = "tick"
    DAILY = "daily"
    ENTITIES = "entities"
    GROWTH = "growth"
    REFRESH = "refresh"


QUICK = {Benchmark.LOAD: ("--rows", "20000", "--files", "20", "--repeat", "1")}
"""How a benchmark is told to be quick that does not know ``--quick``."""


def run(
    names: Annotated[list[Benchmark] | None, typer.Argument(help="Which of them; all by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, once: do they run at all?")] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Where to write the results, as Markdown. All benchmarks in full replace benchmarks/RESULTS.md by "
            "default; what is only a part or quick is printed, and leaves that file as it is.",
        ),
    ] = None,
) -> None:
    """Measure, which takes half an hour for all, and write the results; what fails is named and left out."""
    end_on_sigterm()
    wanted = tuple(dict.fromkeys(names)) if names else tuple(Benchmark)
    with TemporaryDirectory(prefix="ppc-bench-") as directory:
        files = {name: Path(directory) / f"{name}.json" for name in wanted}
        failed = [name for name in wanted if not _measured(name, files[name], quick=quick)]
        text = results.text_of(results.read([files[name] for name in wanted if name not in failed]))
    target = to or default_target(wanted, quick=quick, failed=failed)
    if target:
        target.write_text(text, encoding="utf-8")
    else:
        typer.echo(text)
    tell((f"written: {target}" if target else "printed") + (f"; failed: {', '.join(failed)}" if failed else ""))
    raise typer.Exit(bool(failed))


def default_target(wanted: Sequence[Benchmark], *, quick: bool, failed: Sequence[Benchmark]) -> Path | None:
    """Say where results are written that nobody said a place for: only what is whole replaces the project's results."""
    whole = set(wanted) == set(Benchmark) and not quick and not failed
    return results.TARGET if whole else None


def _measured(name: Benchmark, file: Path, *, quick: bool) -> bool:
    given = QUICK.get(name, ("--quick",)) if quick else ()
    module = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}"]
    with process([*module, "--json", str(file), *given]) as running:
        return running.wait() == 0


if __name__ == "__main__":
    typer.run(run)
