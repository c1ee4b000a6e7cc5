"""Loading against bare DuckDB: one large targeting report, and a backfill of many small ones.

Bare is ``INSERT INTO an equal empty table SELECT ... FROM read_json(file, columns = typed)`` into a fresh DuckDB file,
with commit and close: no quarantine, no exact casts, no comparison. Ours is what the pipeline does with a downloaded
report: ``Loader``, from the raw file to the committed table. Each measurement is a process of its own, so that its
peak memory can be told; ours and bare alternate, so that both meet the same machine.

    python -m benchmarks.load [--rows 1000000] [--files 600] [--repeat 3] [--json FILE]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.files import TABLE, write_report
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.load_queue import MAX_LOADED_AT_ONCE, WORKERS
from ppc_pipeline.reports.loader import Loader, prepare
from ppc_pipeline.reports.states import Loaded
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.tables import quoted

START = date(2026, 10, 1)
DAYS = 31
CHANGED, CHANGED_BARE = "ours: every day changed", "bare: the changed report"
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Attributes:
        name: Of what.
        seconds: How long it took.
        cpu_seconds: Of this process, in all threads.
        peak_mb: The most memory the process had.
        held_seconds: How long the warehouse was held.
    """

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    held_seconds: float


class _Held(Warehouse):
    """A warehouse that counts how long it is held."""

    seconds = 0.0

    def connect(self, *, read_only: bool = False) -> Any:
        """Open it, and count until it is closed."""
        held = self

        class Counting:
            def __enter__(self) -> duckdb.DuckDBPyConnection:
                self.context = super(_Held, held).connect(read_only=read_only)
                connection = self.context.__enter__()
                self.since = time.perf_counter()
                return connection

            def __exit__(self, *problem: Any) -> None:
                self.context.__exit__(*problem)
                _Held.seconds += time.perf_counter() - self.since

        return Counting()


def bare(database: Path, files: Sequence[Path], *, at_once: bool) -> None:
    """Load files with nothing but DuckDB."""
    own = ", ".join(quoted(column.name) for column in TABLE.columns)
    sources = ", ".join(quoted(column.source) for column in TABLE.columns)
    typed = ", ".join(f"'{column.source}': '{column.type}'" for column in TABLE.columns)
    insert = f"""
        INSERT INTO {quoted(TABLE.name)} ({own}, account, profile_id, currency_code, report_id, loaded_at)
        SELECT {sources}, 'acme', 1, 'USD', 'report', ?
        FROM read_json(?, format = 'array', columns = {{{typed}}})
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute(TABLE.ddl())
        for some in [files] if at_once else [[file] for file in files]:
            connection.execute(insert, [NOW, [str(file) for file in some]])


def ours(database: Path, files: Sequence[Path], *, hours: int) -> None:
    """Load files as the pipeline does: a profile each, so many at a time, one batch read while one is written."""
    root = files[0].parent
    rows = [
        SimpleNamespace(
            id=number,
            report_id=f"report-{number}-{hours}",
            raw_path=file.name,
            report_type=TABLE.report_type,
            columns_hash="",
            left_out=(),
            account="acme",
            profile_id=number,
            start_date=START,
            end_date=START + timedelta(days=DAYS - 1),
            asked_at=NOW + timedelta(hours=hours),
        )
        for number, file in enumerate(files, start=1)
    ]
    warehouse = _Held(str(database), notify=lambda _: None)
    currencies = {row.profile_id: "USD" for row in rows}
    loader = Loader(warehouse, Archive(root), currencies, lambda: NOW, database.parent / "staging")
    reports = cast(list[ReportRow], rows)
    batches = [reports[at : at + MAX_LOADED_AT_ONCE] for at in range(0, len(rows), MAX_LOADED_AT_ONCE)]
    with ThreadPoolExecutor(WORKERS) as workers:
        events = [event for done in workers.map(loader, batches) for event in done.values()]
    failed = [event for event in events if not isinstance(event, Loaded)]
    if failed or len(events) != len(files):
        raise RuntimeError(f"not everything was loaded: {failed[:3]}")


def measure(name: str, work: Callable[[], None]) -> Measured:
    """Do some work and say what it took."""
    clock, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return Measured(
        name=name,
        seconds=time.perf_counter() - clock,
        cpu_seconds=after.user + after.system - before.user - before.system,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        held_seconds=_Held.seconds,
    )


def run_child(name: str, database: Path, files: Sequence[Path]) -> None:
    """Measure one thing in this process and print it as JSON."""
    kind, _, how = name.partition(": ")
    if kind == "bare":
        done = measure(name, lambda: bare(database, files, at_once=how != "one by one"))
    else:
        prepare(Warehouse(str(database)))
        hours = {"fresh": 0, "the same again": 0, "unchanged": 1, CHANGED.removeprefix("ours: "): 2}[how]
        done = measure(name, lambda: ours(database, files, hours=hours))
    sys.stdout.write(json.dumps(asdict(done)) + "\n")


def in_child(name: str, database: Path, files: Path) -> Measured:
    """Measure one thing in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.load", "--child", name, str(database), str(files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout))


def large(folder: Path, rows: int, repeat: int) -> list[Measured]:
    """Measure one report: fresh, the identical file from another report, and every day changed."""
    for name, restated in (("first", []), ("changed", range(DAYS))):
        (folder / name).mkdir()
        write_report(folder / name / "report.json.gz", START, DAYS, rows, restated=restated)
    done = []
    for number in range(repeat):
        database = folder / f"ours{number}" / "ppc.duckdb"
        database.parent.mkdir()
        plain = folder / f"bare{number}.duckdb"
        done.append(in_child("bare: one report", plain, folder / "first"))
        done.append(in_child("ours: fresh", database, folder / "first"))
        plain.unlink()
        done.append(in_child(CHANGED_BARE, plain, folder / "changed"))
        done.append(in_child("ours: unchanged", database, folder / "first"))
        done.append(in_child(CHANGED, database, folder / "changed"))
        plain.unlink()
        database.unlink()
    return done


def small(folder: Path, files: int, repeat: int) -> list[Measured]:
    """Measure a backfill of many reports of 50 to 2,000 rows."""
    (folder / "many").mkdir()
    with ThreadPoolExecutor(2) as writers:
        list(
            writers.map(
                lambda n: write_report(folder / "many" / f"{n:04}.json.gz", START, DAYS, 50 + n * 977 % 1950),
                range(files),
            )
        )
    done = []
    for number in range(repeat):
        for name in ("bare: one by one", "bare: at once", "ours: fresh"):
            database = folder / f"{name.partition(': ')[2].replace(' ', '')}{number}" / "ppc.duckdb"
            database.parent.mkdir(exist_ok=True)
            done.append(in_child(name, database, folder / "many"))
            database.unlink()
    return done


def show(console: Console, title: str, measured: Sequence[Measured], against: str) -> None:
    """Print medians, and ratios of medians; what loads the changed report is held against bare loading of that."""
    names = list(dict.fromkeys(each.name for each in measured))
    table = Table(title=f"{title}, against {against!r}")
    for heading in ("", "seconds", "x bare", "CPU seconds", "peak MB", "warehouse held, s", "runs"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in names:
        like = CHANGED_BARE if name in (CHANGED, CHANGED_BARE) else against
        base = median(each.seconds for each in measured if each.name == like)
        some = [each for each in measured if each.name == name]
        seconds = median(each.seconds for each in some)
        table.add_row(
            name,
            f"{seconds:.2f}",
            f"{seconds / base:.2f}",
            f"{median(each.cpu_seconds for each in some):.2f}",
            f"{max(each.peak_mb for each in some):.0f}",
            f"{median(each.held_seconds for each in some):.2f}" if name.startswith("ours") else "",
            str(len(some)),
        )
    console.print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs=3, metavar=("NAME", "DATABASE", "FILES"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        name, database, files = given.child
        run_child(name, Path(database), sorted(Path(files).glob("*.json.gz")))
        return
    console = Console()
    results: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        if given.rows:
            results["large"] = large(Path(folder), given.rows, given.repeat)
            show(console, f"one report of {given.rows:,} rows", results["large"], "bare: one report")
        if given.files:
            results["small"] = small(Path(folder), given.files, given.repeat)
            show(console, f"{given.files} reports of 50 to 2,000 rows", results["small"], "bare: one by one")
    if given.json:
        found = {name: [asdict(each) for each in measured] for name, measured in results.items()}
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
