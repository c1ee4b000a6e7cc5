"""Report files: the gzipped JSON array that a finished report is.

Here: rows written as text, a day at a time, so that a large report needs little memory. Not here: what the columns
hold (``columns``, ``sums``). A file is a function of the request and the moment it was made: it is never stored.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import ReportType, kind_of
from ppc_pipeline.sandbox.columns import RATES, Names, money, names_of
from ppc_pipeline.sandbox.figures import Traffic, day_traffic
from ppc_pipeline.sandbox.grains import Grain, Groups, filters_of, grain_of, groups_of
from ppc_pipeline.sandbox.sums import INVALID, Sums, is_conversion, is_sum, purchases_of
from ppc_pipeline.sandbox.world import World

DAILY, SUMMARY = "DAILY", "SUMMARY"
_GZIP, _COMPRESSION = 31, 3  # zlib's window bits for gzip; a level that is quick


@dataclass(frozen=True, slots=True)
class Query:
    """What a report is asked for.

    Attributes:
        report_type: The declared type and grouping.
        columns: Amazon's names, in the order asked for.
        start: First day.
        end: Last day, included.
        time_unit: DAILY or SUMMARY.
        filters: Filter field -> values that pass.
    """

    report_type: ReportType
    columns: tuple[str, ...]
    start: date
    end: date
    time_unit: str = DAILY
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def grain(self) -> Grain:
        """What one row is."""
        grain = grain_of(self.report_type)
        if grain is None:
            raise LookupError(f"the sandbox has no rows for {self.report_type.name}")
        return grain

    @property
    def names(self) -> Mapping[str, Names]:
        """The columns that say what entities are called."""
        return names_of(self.report_type.ad_product)

    def days(self) -> list[date]:
        """Return the days asked for."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)]


def knows_column(report_type: ReportType, grain: Grain, column: str) -> bool:
    """Say whether the sandbox can fill a column in rows of a declared report type."""
    names = names_of(report_type.ad_product)
    if column in names:
        return names[column][0] in grain.kinds
    return column in RATES or column in ("date", "startDate", "endDate") or is_sum(column)


def daily_sums(world: World, query: Query, as_of: datetime, history_days: int) -> Iterator[tuple[date, Sums]]:
    """Yield the rows of each day, added up, as of a moment. A summary is one day that holds them all."""
    grain = query.grain
    groups = groups_of(world, grain.kinds[0])
    keep = _passing(world, groups, query)
    events = not INVALID.isdisjoint(query.columns)
    traffic: Iterator[tuple[date, Traffic]] = (
        (day, day_traffic(world, day, as_of, history_days, events=events)) for day in query.days()
    )
    if query.time_unit == SUMMARY:
        traffic = iter([(query.start, Traffic.joined([of_day for _, of_day in traffic]))])
    for day, of_day in traffic:
        added = purchases_of(of_day, others_only=grain.others_only) if grain.bought else of_day
        sums = Sums.by_group(added, groups.of_slot, clicked=grain.clicked, bought=grain.bought)
        yield day, sums if keep is None else sums.only(keep)


def report_body(world: World, query: Query, as_of: datetime, history_days: int) -> bytes:
    """Return the file of a report made at a moment: the same bytes each time."""
    writer = zlib.compressobj(_COMPRESSION, zlib.DEFLATED, _GZIP)
    chunks, separator = [], "["
    for day, sums in daily_sums(world, query, as_of, history_days):
        if rows := _rows(world, query, day, sums):
            chunks.append(writer.compress((separator + ",\n".join(rows)).encode()))
            separator = ",\n"
    if separator == "[":
        return gzip.compress(b"[]", mtime=0)
    return b"".join((*chunks, writer.compress(b"]"), writer.flush()))


def _passing(world: World, groups: Groups, query: Query) -> NDArray[np.bool_] | None:
    """Say of every group whether it passes the filters; None if there are none."""
    if not query.filters:
        return None
    size = len(next(iter(groups.members.values())))
    keep = np.ones(size, np.bool_)
    for field, values in query.filters:
        column = filters_of(query.report_type)[field][1]
        if column is None:  # Amazon Business: no campaign of the sandbox is shown there.
            return np.zeros(size, np.bool_)
        kind, of_world = query.names[column]
        passing = np.array([value in values for value in of_world(world)], np.bool_)
        keep &= passing[groups.members[kind]]
    return keep


def _rows(world: World, query: Query, day: date, sums: Sums) -> list[str]:
    """Write the rows of a day. A row without orders ends like any other such row: most of them are written so."""
    dates = {"date": day, "startDate": query.start, "endDate": query.end}
    pieces = [f'"{column}":"{dates[column]}"' for column in query.columns if column in dates]
    values: list[Sequence[Any]] = []
    if names := tuple(column for column in query.columns if column in query.names):
        fragments = _fragments(world, query.grain.kinds[0], names)
        pieces.append("%s")
        values.append([fragments[group] for group in sums.groups.tolist()])
    for column in query.columns:
        if column in RATES or (is_sum(column) and not is_conversion(column)):
            pieces.append(f'"{column}":%s')
            values.append(_values(world, sums, column))
    head = "{" + ",".join(pieces)
    heads = [head % row for row in zip(*values, strict=True)] if values else [head] * len(sums.groups)
    return list(map(add, heads, _tails(world, query, sums, comma="," if pieces else "")))


def _tails(world: World, query: Query, sums: Sums, comma: str) -> list[str]:
    columns = [column for column in query.columns if is_conversion(column)]
    if not columns:
        return ["}"] * len(sums.groups)
    tail = comma + ",".join(f'"{column}":%s' for column in columns) + "}"
    tails = [tail % ((0,) * len(columns))] * len(sums.groups)
    with_orders = np.nonzero(sums.with_orders())[0]
    some = Sums(sums.traffic, sums.group_of_slot, sums.groups[with_orders])
    rows = zip(*(_values(world, some, column) for column in columns), strict=True)
    for position, row in zip(with_orders.tolist(), rows, strict=True):
        tails[position] = tail % row
    return tails


def _values(world: World, sums: Sums, column: str) -> list[Any]:
    """Return a column's values, ready to be printed as JSON."""
    if rate := RATES.get(column):
        return ["null" if value is None else value for value in rate(world, sums)]
    values = sums.column(column)
    return money(world, values) if kind_of(column) is Kind.MONEY else values.tolist()


@lru_cache(maxsize=32)
def _fragments(world: World, finest: str, names: tuple[str, ...]) -> list[str]:
    """Return, for every group, the part of its rows that never changes."""
    members = groups_of(world, finest).members
    printed = []
    for name in names:
        kind, of_world = names_of(world.ad_product)[name]
        texts = [f'"{name}":{json.dumps(value, ensure_ascii=False)}' for value in of_world(world)]
        printed.append([texts[position] for position in members[kind].tolist()])
    return [",".join(texts) for texts in zip(*printed, strict=True)]
