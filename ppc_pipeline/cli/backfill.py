"""``ppc backfill START END``: a range of dates, in the foreground."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.cli.console import Bars, log_to_terminal, one_line_errors, refuse
from ppc_pipeline.cli.options import AsJson, ProfileIds, ReportTypeNames, date_of, report_types_of
from ppc_pipeline.cli.runs import execute_job, settings_here, show_outcome, tools_of
from ppc_pipeline.clients import open_clients, wanted_accounts
from ppc_pipeline.defs.assets.reports import STEP, ReportRun
from ppc_pipeline.entities.profiles import facts_of, is_outdated, look_at_agencies
from ppc_pipeline.pipeline import sync_profiles
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import ProfileFacts, Roster
from ppc_pipeline.reports.windows import ONE_DAY, RETENTION_SLACK_DAYS, Days, utc_now
from ppc_pipeline.settings import Account, Settings


def backfill(
    start: Annotated[str, typer.Argument(help="First date, YYYY-MM-DD.")],
    end: Annotated[str, typer.Argument(help="Last date, YYYY-MM-DD.")],
    profile: ProfileIds = None,
    report_type: ReportTypeNames = None,
    as_json: AsJson = False,
) -> None:
    """Bring a range of dates into the warehouse: order the reports, wait for them, load them.

    One ordinary Dagster run that needs no daemon. What was ordered less than PPC_FRESH_HOURS ago is not ordered again.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        report_types = report_types_of(settings, report_type or [])
        days = _days(settings, start, end, report_types)
        wanted = settings.model_copy(update={"report_types": tuple(t.name for t in report_types)})
        has_new = _has_new(settings, profile or [])
        tools = tools_of(settings)
        if has_new:
            asyncio.run(sync_profiles(tools))
        with Bars(shown=not as_json) as bars:
            ops = {STEP: ReportRun(profiles=profile or [])}
            succeeded = execute_job(wanted, "reports_job", bars, ops=ops, days=days).succeeded
        show_outcome(tools, report_types, days, profiles=profile or [], as_json=as_json)
    if not succeeded:
        raise typer.Exit(1)


def _days(settings: Settings, start: str, end: str, report_types: Sequence[ReportType]) -> Days:
    first, last = date_of("START", start), date_of("END", end)
    if first > last:
        refuse(f"START ({first}) is after END ({last})")
    newest = utc_now().date() - ONE_DAY
    if last > newest:
        refuse(f"END ({last}) is not over yet; the newest date that can be asked for is {newest}")
    if first < settings.start_date:
        refuse(
            f"START ({first}) is before PPC_START_DATE ({settings.start_date}), the first date of the project; "
            "set PPC_START_DATE to an earlier date to go further back"
        )
    longest = max(report_type.retention_days for report_type in report_types)
    oldest = newest - timedelta(days=longest - RETENTION_SLACK_DAYS - 1)
    if first < oldest:
        back = (newest + ONE_DAY - oldest).days
        refuse(f"START ({first}) is before what Amazon still serves of these reports ({oldest}, {back} days back)")
    return Days(first, last)


def _has_new(settings: Settings, wanted: Sequence[int]) -> bool:
    """Refuse profiles that no account reaches or that are not worked for, writing nothing; say whether some are new."""
    accounts = wanted_accounts(settings)
    ledger = Ledger.open(settings.ledger_url) if wanted and _has_ledger(settings) else None
    try:
        seen = Roster(ledger).profiles([account.name for account in accounts]) if ledger else []
        by_name = {account.name: account for account in accounts}
        known = {p.facts.profile_id: p.facts for p in seen if not is_outdated(by_name[p.facts.account], p.facts)}
        if new := set(wanted) - known.keys():
            listed, silent = asyncio.run(_listed(settings, accounts, ledger, new))
            known = listed | known
    finally:
        if ledger:
            ledger.close()
    if unknown := ", ".join(str(profile_id) for profile_id in wanted if profile_id not in known):
        but = "".join(f"; {error}" for error in silent)
        refuse(f"--profile: no account reaches profile {unknown}; `ppc status` lists the profiles there are{but}")
    for profile_id in wanted:
        if reason := known[profile_id].skip_reason:
            refuse(f"--profile: profile {profile_id} is not worked for: {reason}")
    return bool(new)


def _has_ledger(settings: Settings) -> bool:
    url = make_url(settings.ledger_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


async def _listed(
    settings: Settings, accounts: Sequence[Account], ledger: Ledger | None, wanted: Collection[int]
) -> tuple[dict[int, ProfileFacts], list[AdsError]]:
    """Ask every account for some profiles; return each as the first has it that wants it, and why one gave none."""
    listed: dict[int, ProfileFacts] = {}
    silent: list[AdsError] = []
    async with open_clients(settings, accounts, ledger) as clients:
        for account in accounts:
            try:
                found = await clients[account.name].list_profiles(on_malformed=silent.append)
            except AdsError as error:
                silent.append(error)
                continue
            own = [facts_of(account, profile) for profile in found if profile.profile_id in wanted]
            for facts in await look_at_agencies(clients[account.name], own):
                before = listed.get(facts.profile_id)
                if before is None or (facts.active and not before.active):
                    listed[facts.profile_id] = facts
    return listed, silent
