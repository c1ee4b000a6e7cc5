"""``benchmarks/RESULTS.md`` from the figures that the benchmarks wrote: ``python -m benchmarks.results FILE...``.

A table a benchmark. Benchmarks write what ``measure.command`` writes; ``load`` has a form of its own, translated here.
"""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import commit, machine

TARGET = Path(__file__).parent / "RESULTS.md"

_HEAD = """# Results

Written by `make bench`. A figure is the median of its runs; a ratio compares it with what was measured beside it in the
same run, so that it says more than the machine does.
"""

_LARGE, _SMALL = "large", "small"
_LOAD = {
    _LARGE: ("one report, 1,000,000 rows", "bare: one report", 1.6),
    _SMALL: ("600 reports of 50 to 2,000 rows", "bare: one by one", None),
}
_MOST_LOAD_MB = 600


def main() -> None:
    """Write the results of the files that are named."""
    TARGET.write_text(text_of(read([Path(name) for name in sys.argv[1:]])), encoding="utf-8")


def read(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return what benchmarks wrote."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def text_of(found: Iterable[dict[str, Any]]) -> str:
    """Return the results as Markdown."""
    return "\n".join([_HEAD, *(_section(one if "figures" in one else _of_load(one)) for one in found)])


def _section(found: dict[str, Any]) -> str:
    about = f"{found['started'][:16].replace('T', ' ')} UTC, commit {found['commit']}, {found['machine']}."
    lines = [
        f"## {found['benchmark']}: {found['title']}\n",
        *(["**Small sizes (`--quick`): these figures say nothing.**\n"] if found["quick"] else []),
        f"{about}\n",
        "| what | figure | ratio | target | | runs |",
        "| --- | ---: | ---: | --- | --- | --- |",
        *(_row(figure) for figure in found["figures"]),
        *(["", *(f"- {note}" for note in found["notes"])] if found["notes"] else []),
        "",
    ]
    return "\n".join(lines)


def _row(figure: dict[str, Any]) -> str:
    ratio = "" if figure["ratio"] is None else f"{figure['ratio']:.2f}"
    met = {None: "", True: "met", False: "**missed**"}[figure["met"]]
    note = f" ({figure['note']})" if figure["note"] else ""
    runs = ", ".join(_number(run) for run in figure["runs"]) if len(figure["runs"]) > 1 else ""
    value = f"{_number(figure['figure'])} {figure['unit']}"
    return f"| {figure['what']}{note} | {value} | {ratio} | {figure['target']} | {met} | {runs} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"


def _of_load(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Translate what ``load`` writes: its measurements, by what was loaded."""
    figures: list[dict[str, Any]] = []
    for kind, measured in found.items():
        title, against, most = _LOAD[kind]
        base = median(one["seconds"] for one in measured if one["name"] == against)
        for name in dict.fromkeys(one["name"] for one in measured):
            some = [one for one in measured if one["name"] == name]
            figures.append(_load_figure(f"{title}, {name}", some, base, most if name.startswith("ours") else None))
    return {
        "benchmark": "load",
        "title": "loading report files against bare DuckDB",
        "quick": False,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "figures": figures,
        "notes": [],
    }


def _load_figure(what: str, some: list[dict[str, Any]], base: float, most: float | None) -> dict[str, Any]:
    runs = [one["seconds"] for one in some]
    ratio, memory = median(runs) / base, max(one["peak_mb"] for one in some)
    target = "" if most is None else f"ratio at most {most:g}, {_MOST_LOAD_MB} MB"
    met = None if most is None else ratio <= most and memory < _MOST_LOAD_MB
    return {
        "what": what,
        "figure": median(runs),
        "unit": "s",
        "runs": runs,
        "ratio": ratio,
        "target": target,
        "met": met,
        "note": f"peak {memory:.0f} MB",
    }


if __name__ == "__main__":
    main()
