"""Writing the weekly reports: one file for each profile and week, whole or not at all.

One profile's trouble stops no other. Not here: when they are written (``defs``), or what stands in them (``contents``).
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.pipeline import Tools, completeness
from ppc_pipeline.reports.completeness import Stretch
from ppc_pipeline.reports.roster import Profile, ProfileFacts
from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline.weekly.contents import Contents, contents_of
from ppc_pipeline.weekly.page import page_of
from ppc_pipeline.weekly.reading import Found, read
from ppc_pipeline.weekly.weeks import Week

log = logging.getLogger(__name__)

_TABLES = ("metrics_by_profile", "metrics_by_campaign", "metrics_by_target", "metrics_by_search_term")
"""What the page is made of."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one profile's report.

    Attributes:
        path: The file; None where it was not written.
        problem: Why not, and what to do.
        not_over: Whether the week is not over for the profile.
        complete: Whether every day of it is loaded.
        empty: Whether it says that there are no figures.
    """

    profile: ProfileFacts
    week: Week
    path: Path | None = None
    problem: str | None = None
    not_over: bool = False
    complete: bool = False
    empty: bool = False


def write_reports(
    tools: Tools, report_types: Sequence[ReportType], week: Week, folder: Path, profiles: Collection[int] = ()
) -> list[Outcome]:
    """Write the report of a week for some profiles.

    Args:
        tools: What to do it with.
        report_types: Those that are ordered: of them the page says what is not there.
        week: Which week.
        folder: Where: below it stand a folder for the week, and in it a file for each profile.
        profiles: For whom, also those that are no longer worked for; for everyone who is by default.

    Raises:
        duckdb.Error: The warehouse cannot be read.
        WarehouseBusyError: Another process has it.
        OSError: The folder cannot be made, which is no single profile's trouble.
    """
    now = tools.ledger.clock()
    wanted = [profile.facts for profile in _wanted(tools, profiles)]
    over = [facts for facts in wanted if week.is_over(facts.clock, now)]
    found: dict[int, Found] = {}
    if over:
        folder.mkdir(parents=True, exist_ok=True)
        with tools.warehouse.connect(read_only=True) as connection:
            found = read(connection, week, [facts.profile_id for facts in over])
    standing: dict[int, list[Stretch]] = defaultdict(list)
    for stretch in completeness(tools, _sources(report_types), week.days, [facts.profile_id for facts in over]):
        standing[stretch.profile_id].append(stretch)
    made_up = {account.name for account in tools.accounts if account.sandbox}
    outcomes = [_not_over(facts, week) for facts in wanted if facts not in over]
    for facts in over:
        sandbox = facts.account in made_up
        try:
            own = found[facts.profile_id]
            contents = contents_of(facts, week, own, standing[facts.profile_id], sandbox=sandbox, now=now)
            outcomes.append(_write(contents, folder))
        except Exception as error:  # whatever is wrong with one profile's figures, the others get their reports
            log.exception("weekly report of profile %s", facts.profile_id)
            problem = f"{type(error).__name__}: {error}"
            outcomes.append(Outcome(facts, week, problem=problem))
    return outcomes


def _wanted(tools: Tools, profiles: Collection[int]) -> list[Profile]:
    if not profiles:
        return tools.profiles()
    return [one for one in tools.roster.profiles(tools.account_names) if one.facts.profile_id in profiles]


def _sources(report_types: Sequence[ReportType]) -> list[ReportType]:
    read_from = {name for table in _TABLES for name in METRIC_TABLES[table].sources.values()}
    return [report_type for report_type in report_types if report_type.name in read_from]


def _not_over(facts: ProfileFacts, week: Week) -> Outcome:
    problem = f"the week {week} is not over in {facts.timezone}: its report can be made when {week.end} is over there"
    return Outcome(facts, week, problem=problem, not_over=True)


def _write(contents: Contents, folder: Path) -> Outcome:
    path = folder / str(contents.week.start) / f"{contents.profile.profile_id}.html"
    page = page_of(contents)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    complete = contents.whole and not contents.lacking
    return Outcome(contents.profile, contents.week, path, complete=complete, empty=contents.empty)
