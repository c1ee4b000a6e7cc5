"""What the pipeline does, as plain functions over one set of tools: sync, order, poll, fetch, report on itself.

Assets, schedules, the sensor and the command line are thin shells around these. Here: how the parts work together.
Not here: the parts (``entities``, ``reports``, ``warehouse``), or anything of Dagster.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import EntityType
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType
from ppc_pipeline.clients import SANDBOX_WARNING, open_clients, wanted_accounts
from ppc_pipeline.entities.listings import Lister, Synced
from ppc_pipeline.entities.profiles import Trouble, find_profiles, is_outdated, store_profiles
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.completeness import Stretch, stretches
from ppc_pipeline.reports.ledger import Ledger, ReportRow
from ppc_pipeline.reports.lifecycle import Lifecycle
from ppc_pipeline.reports.loader import Loader, loaded_reports, prepare
from ppc_pipeline.reports.orders import Desk, Ordered, reopen_unloaded
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.roster import GONE, Profile, Roster
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import Account, Settings
from ppc_pipeline.warehouse import changes
from ppc_pipeline.warehouse.changes import LargeChange
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import EntityOutcome
from ppc_pipeline.warehouse.loading import FileOutcome

log = logging.getLogger(__name__)

_SANDBOX_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What every part of the work needs.

    Attributes:
        settings: The settings.
        accounts: Whom we work for.
        ledger: Where every report stands.
        warehouse: Where the rows go.
        pace: How often Amazon is asked whether a report is ready.
    """

    settings: Settings
    accounts: tuple[Account, ...]
    ledger: Ledger
    warehouse: Warehouse
    pace: Pace

    @classmethod
    def gather(cls, settings: Settings, ledger: Ledger, warehouse: Warehouse, pace: Pace) -> "Tools":
        """Put the tools together; says so when the sandbox takes the place of an account.

        Raises:
            SettingsError: The accounts are half configured.
        """
        accounts = wanted_accounts(settings)
        if any(account.sandbox for account in accounts):
            _say_sandbox()
            pace = replace(pace, poll_first=min(pace.poll_first, _SANDBOX_POLL_SECONDS))
        pace = replace(pace, in_flight=settings.reports_in_flight)
        return cls(settings, accounts, ledger, warehouse, pace)

    @property
    def roster(self) -> Roster:
        """The profiles and how their accounts fare."""
        return Roster(self.ledger)

    @property
    def archive(self) -> Archive:
        """The raw report files."""
        return Archive(self.settings.raw_dir)

    @property
    def account_names(self) -> list[str]:
        """The accounts' names."""
        return [account.name for account in self.accounts]

    @property
    def sandbox(self) -> bool:
        """Whether the figures are the sandbox's."""
        return any(account.sandbox for account in self.accounts)

    def profiles(self, wanted: Collection[int] = ()) -> list[Profile]:
        """Return the profiles that are worked for, or those of them that are wanted."""
        active = self.roster.active(self.account_names)
        return [profile for profile in active if not wanted or profile.facts.profile_id in wanted]


@dataclass(frozen=True, slots=True)
class ProfilesSynced:
    """What finding the profiles did."""

    outcomes: list[EntityOutcome]
    troubles: list[Trouble]


async def sync_profiles(tools: Tools, *, patience: float = 0.0) -> ProfilesSynced:
    """Find the profiles of every account, and bring roster and warehouse up to date.

    Args:
        tools: What to do it with.
        patience: Seconds that an account may spend in cool-downs, the others waiting for it.
    """
    known = [profile.facts for profile in tools.roster.profiles(tools.account_names)]
    async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
        found = await find_profiles(clients, tools.accounts, tools.roster, configured=tools.accounts, patience=patience)
    before = [facts.profile_id for facts in known if facts.account in found.whole]
    await asyncio.to_thread(prepare, tools.warehouse)
    outcomes = await asyncio.to_thread(
        store_profiles,
        tools.warehouse,
        tools.accounts,
        found,
        configured=tools.account_names,
        known=before,
        now=tools.ledger.clock(),
        staging=tools.settings.staging_dir,
    )
    return ProfilesSynced(outcomes, list(found.troubles))


async def sync_entities(tools: Tools, entities: Sequence[EntityType], progress: Progress = silent) -> Synced:
    """List some kinds of entities for every profile, and bring the warehouse up to date."""
    await _make_ready(tools)
    now = tools.ledger.clock()
    profiles = [profile for profile in tools.profiles() if not profile.left_alone(now)]
    async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
        lister = Lister(
            clients,
            tools.roster,
            tools.settings.raw_dir / "malformed",
            tools.settings.staging_dir,
            progress,
            source=tools.settings.entity_source,
            export_above=tools.settings.export_above,
            extended=tools.settings.serving_status,
        )
        return await lister.sync(entities, profiles, tools.warehouse, now)


def large_changes(tools: Tools, synced: Synced) -> list[LargeChange]:
    """Return the bids and budgets that a sync found changed by more than ``PPC_CHANGE_ALERT_PERCENT``."""
    if not any(outcome.changed for outcomes in synced.outcomes.values() for outcome in outcomes):
        return []
    with tools.warehouse.connect(read_only=True) as connection:
        return changes.large_changes(connection, synced.at, tools.settings.change_alert_percent)


async def know_profiles(tools: Tools) -> list[int]:
    """Find the profiles of accounts that are new, for the roster alone: a busy warehouse is no matter.

    New are those of which no profile is known yet, and those whose filters were changed since their profiles were last
    found: then every account is asked, for what one no longer wants another may.

    Returns:
        The profiles that were found now: the warehouse may know nothing of them yet.
    """
    known = [profile.facts for profile in tools.roster.profiles(tools.account_names)]
    by_name = {account.name: account for account in tools.accounts}
    changed = any(is_outdated(by_name[facts.account], facts) for facts in known)
    there = {facts.account for facts in known}
    asked = [account for account in tools.accounts if changed or account.name not in there]
    async with open_clients(tools.settings, asked, tools.ledger) as clients:
        found = await find_profiles(clients, asked, tools.roster, configured=tools.accounts)
    return [facts.profile_id for account in found.facts.values() for facts in account]


async def _make_ready(tools: Tools) -> None:
    """Have profiles known and tables made.

    A warehouse that lacks profiles of the roster gets them. One without a single load is new (the old one was deleted,
    or another one is set): every report is loaded once more from the archive, without Amazon.
    """
    await know_profiles(tools)
    there = await asyncio.to_thread(prepare, tools.warehouse)
    if any(profile.facts.profile_id not in there.profiles for profile in tools.profiles()):
        await sync_profiles(tools)
    if not there.loads:
        await asyncio.to_thread(tools.ledger.reopen_loaded, tools.archive.has_path)


@dataclass(frozen=True, slots=True)
class Brought:
    """What bringing reports did.

    Attributes:
        rows: Every report concerned, as it stands now.
        ordered: How many of them were ordered now.
        outcomes: Ledger row id -> what loading it did, for those loaded now.
    """

    rows: list[ReportRow]
    ordered: int
    outcomes: dict[int, FileOutcome]

    def of_type(self, report_type: str) -> list[ReportRow]:
        """Return the reports of one type."""
        return [row for row in self.rows if row.report_type == report_type]


async def bring_reports(
    tools: Tools,
    report_types: Sequence[ReportType],
    days: Days,
    *,
    profiles: Collection[int] = (),
    progress: Progress = silent,
) -> Brought:
    """Have a range of dates in the warehouse: order what is to be ordered, wait, load.

    Args:
        tools: What to do it with.
        report_types: Which reports.
        days: Which dates.
        profiles: For whom; everyone by default.
        progress: Told how many reports are done.
    """
    await _make_ready(tools)
    desk = _desk(tools)
    ordered = desk.order_days(days, report_types, tools.profiles(profiles))
    rows = await asyncio.to_thread(_reopened, tools, ordered.rows)
    loader = loader_of(tools)
    async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
        life = _lifecycle(tools, clients, progress)
        deadline = timedelta(hours=tools.settings.report_deadline_hours)
        done = await life.see_through(rows, loader, deadline=deadline)
    return Brought(done, ordered.new, loader.outcomes)


async def finish_reports(
    tools: Tools, report_types: Sequence[ReportType], days: Days, *, wait: bool, progress: Progress = silent
) -> Brought:
    """Go on with what is ordered of a range of dates, and order nothing.

    Args:
        tools: What to do it with.
        report_types: Which reports.
        days: Which dates.
        wait: Whether to wait for reports that are not ready; without it only those that are ready are loaded.
        progress: Told how many reports are done.
    """
    await _make_ready(tools)
    rows = [row for row in outstanding_reports(tools, report_types) if row.days.intersect(days)]
    loader = loader_of(tools)
    async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
        life = _lifecycle(tools, clients, progress)
        if wait:
            deadline = timedelta(hours=tools.settings.report_deadline_hours)
            return Brought(await life.see_through(rows, loader, deadline=deadline), 0, loader.outcomes)
        done = await life.fetch(rows, loader)
    return Brought([row for row in done if row.id in loader.outcomes or not row.outstanding], 0, loader.outcomes)


async def order_day(tools: Tools, *, weekly: bool, holes: bool) -> Ordered:
    """Write down what a day brings and ask Amazon for it; waits for nothing.

    Args:
        tools: What to do it with.
        weekly: Whether the window before the trailing one is due as well.
        holes: Whether days that were never loaded are ordered as well, a bounded number of them.
    """
    await know_profiles(tools)
    settings = tools.settings
    ordered = _desk(tools).order_day(
        settings.selected_report_types(),
        tools.profiles(),
        start_date=settings.start_date,
        refetch_days=settings.refetch_days,
        weekly=weekly,
        holes=settings.hole_reports_per_day if holes else 0,
        broken=broken_accounts(tools),
    )
    planned = [row for row in ordered.rows if row.state is State.PLANNED]
    async with open_clients(settings, tools.accounts, tools.ledger) as clients:
        limit = timedelta(hours=settings.report_deadline_hours).total_seconds()
        await _lifecycle(tools, clients, silent).ask_and_poll(planned, seconds=limit)
    return Ordered(tools.ledger.rows([row.id for row in ordered.rows]), ordered.new)


async def poll_outstanding(tools: Tools, *, seconds: float) -> list[ReportRow]:
    """Make one step for every report that Amazon is to be asked for or about, within a number of seconds.

    Returns:
        The reports that are ready to be fetched now.
    """
    outstanding = outstanding_reports(tools, tools.settings.selected_report_types())
    now = tools.ledger.clock()
    if any(row.state in (State.PLANNED, State.REQUESTED) and row.is_due(now) for row in outstanding):
        async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
            await _lifecycle(tools, clients, silent).ask_and_poll(outstanding, seconds=seconds)
    now = tools.ledger.clock()
    return [
        row
        for row in outstanding_reports(tools, tools.settings.selected_report_types())
        if row.state in (State.READY, State.DOWNLOADED)
        and row.is_due(now)
        and (row.lease_until is None or row.lease_until < now)
    ]


def completeness(
    tools: Tools, report_types: Sequence[ReportType], days: Days, profiles: Collection[int] = ()
) -> list[Stretch]:
    """Say how every profile-day of a range stands."""
    names = [report_type.name for report_type in report_types]
    rows = tools.ledger.covering(days, names)
    return stretches(report_types, tools.profiles(profiles), days, rows, tools.ledger.clock())


def failed_reports(tools: Tools, rows: Sequence[ReportRow]) -> tuple[list[ReportRow], list[ReportRow]]:
    """Return the reports that failed, and apart from them those of what their profile does not have: no failure."""
    profiles = {profile.facts.profile_id: profile for profile in tools.profiles()}
    failed: list[ReportRow] = []
    not_offered: list[ReportRow] = []
    for row in rows:
        if row.state is not State.FAILED:
            continue
        profile, report_type = profiles.get(row.profile_id), REPORT_TYPES.get(row.report_type)
        lacks = profile is not None and report_type is not None and profile.lack_of(report_type) is not None
        (not_offered if lacks else failed).append(row)
    return failed, not_offered


def broken_accounts(tools: Tools) -> dict[str, str]:
    """Return the accounts that could not be used the last time, and why."""
    standings = tools.roster.standings()
    return {
        name: standings[name].error or "" for name in tools.account_names if name in standings and standings[name].error
    }


def unmatched_filters(tools: Tools) -> list[tuple[str, str]]:
    """Name the countries and types in filters that no known profile has, as (account, which and what to do)."""
    known = [profile.facts for profile in tools.roster.profiles(tools.account_names)]
    listed = [facts for facts in known if facts.skip_reason != GONE]
    own = {account.name: [facts for facts in listed if facts.account == account.name] for account in tools.accounts}
    return [
        (account.name, reason)
        for account in tools.accounts
        for reason in account.wanted.unmatched(own[account.name], listed)
    ]


def is_weekly(moment: datetime) -> bool:
    """Say whether the weekly look further back is due on the day of the order: on Mondays."""
    return moment.weekday() == 0


@lru_cache(maxsize=1)
def _say_sandbox() -> None:
    """Say once a process that the figures are made up."""
    log.warning(SANDBOX_WARNING)


def outstanding_reports(tools: Tools, report_types: Sequence[ReportType]) -> list[ReportRow]:
    """Return what can still be done: everything of the accounts that are configured now, and what is downloaded.

    A file is loaded without the account that fetched it, as long as another has the profile.
    """
    names = [report_type.name for report_type in report_types]
    known = {profile.facts.profile_id for profile in tools.roster.profiles(tools.account_names)}
    return [
        row
        for row in tools.ledger.outstanding(names)
        if row.account in tools.account_names or (row.state is State.DOWNLOADED and row.profile_id in known)
    ]


def _desk(tools: Tools) -> Desk:
    return Desk(tools.ledger, tools.archive, timedelta(hours=tools.settings.fresh_hours), tools.account_names)


def loader_of(tools: Tools) -> Loader:
    """Return what loads downloaded reports of the accounts that are configured now."""
    currencies = {p.facts.profile_id: p.facts.currency_code for p in tools.roster.profiles(tools.account_names)}
    return Loader(tools.warehouse, tools.archive, currencies, tools.ledger.clock)


def _lifecycle(tools: Tools, clients: dict[str, AmazonAdsClient], progress: Progress) -> Lifecycle:
    return Lifecycle(tools.ledger, tools.roster, clients, tools.archive, pace=tools.pace, progress=progress)


def _reopened(tools: Tools, rows: Sequence[ReportRow]) -> list[ReportRow]:
    done = [row.report_id for row in rows if row.state is State.LOADED and row.report_id]
    there = loaded_reports(tools.warehouse, done) if done else set()
    return reopen_unloaded(tools.ledger, tools.archive, rows, there)
