"""Loading again from the raw archive, with Amazon switched off: after a fix in the code, or a loss of the warehouse.

Here: which reports are taken up again, and loading them in the order they were asked for. Not here: loading itself
(``warehouse``), or asking Amazon, which nothing here can: no client is opened.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.pipeline import Brought, Tools, loader_of
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.reports import states
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.lifecycle import Lifecycle
from ppc_pipeline.reports.load_queue import Load
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.states import Event, State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.warehouse.quarantine import rows_in_quarantine

_TAKEN_UP = frozenset({State.LOADED, State.DOWNLOADED, State.FAILED})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rebuild of some days means.

    Attributes:
        again: Reports to load again, in the order they were asked for.
        gone: Loaded reports whose raw file is no longer there: they are left as they are.
        unknown: Reports of profiles that no configured account has: their currency is not known, they are left as well.
        superseded: How many were left out because newer ones, loaded again as well, bring all of their days.
    """

    again: list[ReportRow]
    gone: list[ReportRow]
    unknown: list[ReportRow]
    superseded: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Rows of one report type in quarantine, before a rebuild and after it."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    plan: Plan
    brought: Brought
    quarantined: Mapping[str, Quarantined]


def plan_rebuild(tools: Tools, report_types: Sequence[ReportType], days: Days, profiles: Collection[int] = ()) -> Plan:
    """Say what a rebuild of some days would load; changes nothing.

    Args:
        tools: What to look with.
        report_types: Which reports.
        days: Reports that cover one of these days.
        profiles: Whose; everyone's by default.
    """
    known = {p.facts.profile_id for p in tools.roster.profiles(tools.account_names)}
    orders = tools.ledger.rows_covering(days, [report_type.name for report_type in report_types])
    some = [row for row in orders if row.state in _TAKEN_UP and (not profiles or row.profile_id in profiles)]
    found = [row for row in some if row.profile_id in known]
    unknown = [row for row in some if row.profile_id not in known and _is_there(tools, row)]
    again: list[ReportRow] = []
    gone: list[ReportRow] = []
    superseded = 0
    covered: dict[tuple[int, str], set[date]] = defaultdict(set)
    for row in sorted(found, key=_asked_for, reverse=True):
        newer = covered[row.profile_id, row.report_type]
        needed = not all(day in newer for day in row.days if day in days)
        if row.state is State.DOWNLOADED or (needed and row.state is State.FAILED and tools.archive.kept(row)):
            again.append(row)
        elif row.state is State.LOADED and not needed:
            superseded += 1
        elif row.state is State.LOADED and tools.archive.has(row):
            again.append(row)
            newer.update(row.days)
        elif row.state is State.LOADED:
            gone.append(row)
    return Plan(again[::-1], gone[::-1], unknown, superseded)


async def rebuild_reports(
    tools: Tools,
    report_types: Sequence[ReportType],
    days: Days,
    *,
    profiles: Collection[int] = (),
    progress: Progress = silent,
) -> Rebuilt:
    """Load again what covers some days, from the raw archive alone. Broken off, it is completed by the next one.

    Args:
        tools: What to do it with.
        report_types: Which reports.
        days: Reports that cover one of these days; each is loaded whole.
        profiles: Whose; everyone's by default.
        progress: Told how many reports are done.
    """
    there = await asyncio.to_thread(prepare, tools.warehouse)
    plan = plan_rebuild(tools, report_types, days, profiles)
    if not there.loads:  # a new warehouse: all the rest is to be loaded again too, when its turn comes
        await asyncio.to_thread(tools.ledger.reopen_loaded, tools.archive.has_path)
    before = await asyncio.to_thread(_quarantined, tools, report_types, profiles)
    rows = await asyncio.to_thread(_taken_up, tools, plan.again)
    loader = loader_of(tools)
    life = Lifecycle(tools.ledger, tools.roster, {}, tools.archive, pace=tools.pace, progress=progress)
    # No deadline to wait for: what cannot be loaded now is left as it stands, with the reason, for the next rebuild.
    done = await life.see_through(rows, without_amazon(loader), deadline=timedelta(0))
    after = await asyncio.to_thread(_quarantined, tools, report_types, profiles)
    changed = {name: Quarantined(before[name], after[name]) for name in before}
    return Rebuilt(plan, Brought(done, 0, loader.outcomes), changed)


def without_amazon(load: Load) -> Load:
    """Make a loader give a report up where it would have the file downloaded again.

    The report may be older than what Amazon still serves, and its figures of an earlier load are there.
    """

    def load_or_give_up(rows: Sequence[ReportRow]) -> dict[int, Event]:
        return {
            key: states.GivenUp(event.reason, retryable=True) if isinstance(event, states.Unreadable) else event
            for key, event in load(rows).items()
        }

    return load_or_give_up


def _taken_up(tools: Tools, wanted: Sequence[ReportRow]) -> list[ReportRow]:
    """Take reports up again, in the order given; one that another process has changed meanwhile is left alone."""
    now = {row.id: row for row in tools.ledger.rows([row.id for row in wanted])}
    rows = [_take_up(tools, now[row.id]) for row in wanted if row.id in now]
    return [row for row in rows if row.state is State.DOWNLOADED]


def _take_up(tools: Tools, row: ReportRow) -> ReportRow:
    if row.state is State.LOADED and tools.archive.has(row):
        return tools.ledger.reopen(row, states.Unloaded(archived=True, reason="rebuild"))
    kept = tools.archive.kept(row) if row.state is State.FAILED else None
    if kept is None:
        return row
    report_id, path = tools.archive.put_back(kept)
    return tools.ledger.reopen(row, states.Recovered(report_id, path))


def _is_there(tools: Tools, row: ReportRow) -> bool:
    """Say whether there is, or was, something to load again."""
    return row.state is not State.FAILED or tools.archive.kept(row) is not None


def _asked_for(row: ReportRow) -> tuple[datetime, str]:
    """Order reports as the warehouse does when it decides whose figures of a day are the newer ones."""
    return row.asked_at, row.report_id or ""


def _quarantined(tools: Tools, report_types: Sequence[ReportType], profiles: Collection[int]) -> dict[str, int]:
    with tools.warehouse.connect(read_only=True) as connection:
        return {t.name: rows_in_quarantine(connection, t.name, tuple(profiles)) for t in report_types}
