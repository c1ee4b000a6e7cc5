"""What every benchmark needs: figures, their table and file, the command line, and processes that end with it.

Not here: what is measured, or the sandbox and project it is measured on (``place``).
"""

import gc
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

_PATIENCE_SECONDS = 5.0

console = Console(stderr=True, width=None if sys.stderr.isatty() else 150)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured.

    Attributes:
        what: In words.
        figure: The median of the runs.
        unit: Of the figure.
        runs: Every run's figure.
        target: What it is to be at most, in words.
        ratio: The figure over what it is compared with, taken in the same run.
        met: Whether the target was met; None where there is none.
        note: What one has to know to read it.
    """

    what: str
    figure: float
    unit: str
    runs: list[float] = field(default_factory=list)
    target: str = ""
    ratio: float | None = None
    met: bool | None = None
    note: str = ""


@dataclass(slots=True)
class Outcome:
    """What a benchmark found."""

    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        what: str,
        runs: float | Sequence[float],
        unit: str = "s",
        *,
        most: float | None = None,
        ratios: Sequence[float] = (),
        most_ratio: float | None = None,
        note: str = "",
    ) -> None:
        """Add a figure.

        Args:
            what: In words.
            runs: What each run measured.
            unit: Of it.
            most: The figure's target.
            ratios: Each run's ratio to what it is compared with.
            most_ratio: The ratio's target.
            note: What one has to know to read it.
        """
        taken = [float(run) for run in (runs if isinstance(runs, Sequence) else [runs])]
        figure = statistics.median(taken)
        ratio = statistics.median(ratios) if ratios else None
        met, target = None, ""
        if most is not None:
            met, target = figure <= most, f"at most {most:g} {unit}"
        if most_ratio is not None and ratio is not None:
            met, target = ratio <= most_ratio, f"ratio at most {most_ratio:g}"
        self.figures.append(Figure(what, figure, unit, taken, target, ratio, met, note))
        tell(f"{what}: {figure:.2f} {unit}" + (f", ratio {ratio:.2f}" if ratio is not None else ""))


def tell(message: str) -> None:
    """Say how far it is."""
    console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {message}", highlight=False)


def command(name: str, title: str, work: Callable[[bool], Outcome]) -> None:
    """Run a benchmark as a command: ``--quick`` for small sizes, ``--json FILE`` for its figures.

    Args:
        name: The benchmark's.
        title: What it is about, in a line.
        work: Measures; is told whether sizes are small.
    """

    def run(
        quick: Annotated[bool, typer.Option("--quick", help="Small sizes, once: does it run at all?")] = False,
        file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
    ) -> None:
        end_on_sigterm()
        started, began = datetime.now(UTC), time.monotonic()
        tell(f"[bold]{name}[/bold]: {title}")
        outcome = work(quick)
        found = {
            "benchmark": name,
            "title": title,
            "quick": quick,
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - began, 1),
            "machine": machine(),
            "commit": commit(),
            **asdict(outcome),
        }
        show(found)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(found, indent=2), encoding="utf-8")

    typer.run(run)


def end_on_sigterm() -> None:
    """Let SIGTERM end this process in order, so that what it started is ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def show(found: dict[str, Any]) -> None:
    """Print a benchmark's figures."""
    table = Table(title=f"{found['benchmark']}: {found['title']}", title_justify="left")
    for name, justify in (("what", "left"), ("figure", "right"), ("ratio", "right"), ("target", "left"), ("", "left")):
        table.add_column(name, justify="right" if justify == "right" else "left", overflow="fold")
    for figure in found["figures"]:
        ratio = "" if figure["ratio"] is None else f"{figure['ratio']:.2f}"
        met = {None: "", True: "[green]met[/green]", False: "[red]missed[/red]"}[figure["met"]]
        table.add_row(figure["what"], f"{figure['figure']:,.2f} {figure['unit']}", ratio, figure["target"], met)
    console.print(table)
    for note in found["notes"]:
        console.print(f"- {note}", highlight=False, markup=False)


def machine() -> str:
    """Say what it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, load average {load:.1f}"
    )


def commit() -> str:
    """Return the commit that is measured, with a + where files differ from it."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


@dataclass(slots=True)
class Spent:
    """What a piece of work took."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def spending(who: int = resource.RUSAGE_SELF) -> Iterator[Spent]:
    """Measure wall and CPU seconds (user and system) of a block.

    Args:
        who: This process, or with ``RUSAGE_CHILDREN`` those that end within the block.
    """
    gc.collect()
    spent, began, before = Spent(), time.perf_counter(), resource.getrusage(who)
    yield spent
    after = resource.getrusage(who)
    spent.wall = time.perf_counter() - began
    spent.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process that is still running has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Have a process run for as long as the block lasts; it is ended then, if it has not ended itself."""
    with subprocess.Popen(command, text=True, **options) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                started.kill()
