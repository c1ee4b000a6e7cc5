"""Faults inside a report's file: rows that nobody can load, columns that come and go, no rows at all.

Here: what is done to a file that was made right. Not here: whether it is to be done (``faults``), or files that arrive
broken (``misbehaving``). Spoiled rows are added to those of a day, as copies of some of them: what the good rows add up
to stays what it was, and how many rows a loader must reject follows from profile, report type and day.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from ppc_pipeline.amazon_ads.report_types import is_metric
from ppc_pipeline.sandbox.bodies import DAILY, Query
from ppc_pipeline.sandbox.determinism import stable_random
from ppc_pipeline.sandbox.faults import ROWS, SHAPES, Fault, Plan

Row = dict[str, Any]

_MOST_ROWS = 3
_SEPARATOR = ",\n"  # between rows: inside of them JSON has no bare line ends
_PLAIN_COLUMN, _NEW = "campaignName", "brandNewMetric"


def is_spoiled(plan: Plan, fault: str) -> bool:
    """Say whether anything may be done to the file of a report with a fault."""
    return fault in SHAPES or plan.has(ROWS)


def spoiled_file(
    file: bytes, plan: Plan, profile_id: int, query: Query, fault: str
) -> tuple[bytes, Mapping[Fault, int]]:
    """Return a report's file with what goes wrong in it, and how many spoiled rows of each kind it has.

    Args:
        file: As it should be.
        plan: Which days have spoiled rows.
        profile_id: Whose report.
        query: What was asked for.
        fault: What is wrong with the report as a whole; empty for nothing.
    """
    text = gzip.decompress(file).decode()[1:-1]
    rows = text.split(_SEPARATOR) if text and fault != Fault.EMPTY_REPORT else []
    spoiled: Counter[Fault] = Counter()
    if query.time_unit == DAILY:
        rows = list(_with_spoiled(rows, plan, profile_id, query, spoiled))
    reshape = _RESHAPING.get(fault)
    if reshape:
        rows = [json.dumps(reshape(json.loads(row)), ensure_ascii=False) for row in rows]
    return gzip.compress(f"[{_SEPARATOR.join(rows)}]".encode(), mtime=0), spoiled


def spoiled_on(plan: Plan, profile_id: int, report_type: str, day: date, rows: int) -> dict[Fault, list[int]]:
    """Return which rows of a day are copied and spoiled, by fault.

    Args:
        plan: Which days have any.
        profile_id: Whose day.
        report_type: Declared name of the report type.
        day: Which day.
        rows: How many rows it has; a day without rows has nothing to spoil.
    """
    found = {}
    for fault in ROWS if rows else ():
        identity = f"{fault} {profile_id} {report_type} {day}"
        if plan.hits(fault, identity):
            random = stable_random("spoiled", plan.seed, identity)
            found[fault] = random.sample(range(rows), min(rows, random.randint(1, _MOST_ROWS)))
    return found


def _with_spoiled(
    rows: Sequence[str], plan: Plan, profile_id: int, query: Query, spoiled: Counter[Fault]
) -> Iterator[str]:
    """Yield the rows, after those of each day the spoiled copies: whoever keeps the first of a kind keeps the good."""
    for day, of_day in groupby(rows, _day):
        there = list(of_day)
        yield from there
        for fault, positions in spoiled_on(plan, profile_id, query.report_type.name, day, len(there)).items():
            spoil = _SPOILING[fault]
            spoiled[fault] += len(positions)
            for position in positions:
                yield json.dumps(spoil(query, json.loads(there[position])), ensure_ascii=False)


def _day(row: str) -> date:
    return date.fromisoformat(json.loads(row)["date"])


def _id_of(query: Query, row: Row) -> str:
    """Return a column that tells rows apart and is never empty: the campaign's id, or its name where there is no id."""
    grain, nullable = query.report_type.grain, query.report_type.nullable
    return next((column for column in grain if column in row and column not in nullable), "campaignId")


def _metric_of(row: Row) -> str:
    """Return the metric to spoil: reports of purchases have no impressions."""
    metrics = (column for column in row if is_metric(column))
    return "impressions" if "impressions" in row else next(metrics, "impressions")


_SPOILING: dict[Fault, Callable[[Query, Row], Row]] = {
    Fault.NULL_ID: lambda query, row: row | {_id_of(query, row): None},
    Fault.TEXT_IN_NUMBER: lambda _, row: row | {_metric_of(row): "n/a"},
    Fault.MISSING_DATE: lambda _, row: {name: value for name, value in row.items() if name != "date"},
    Fault.DATE_OUTSIDE: lambda query, row: row | {"date": str(query.start - timedelta(days=1))},
    Fault.DUPLICATE_ROW: lambda _, row: row | {_metric_of(row): row[_metric_of(row)] + 1},
}
_RESHAPING: dict[str, Callable[[Row], Row]] = {
    Fault.COLUMN_MISSING: lambda row: {name: value for name, value in row.items() if name != _PLAIN_COLUMN},
    Fault.METRIC_MISSING: lambda row: {name: value for name, value in row.items() if name != _metric_of(row)},
    Fault.NEW_COLUMN: lambda row: row | {_NEW: 1},
}
