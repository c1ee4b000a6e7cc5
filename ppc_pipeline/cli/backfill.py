"""``ppc backfill START END``: a range of dates, in the foreground."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType
from ppc_pipeline.cli.console import Bars, log_to_terminal, one_line_errors, refuse
from ppc_pipeline.cli.runs import run_job, show_outcome, tools_of
from ppc_pipeline.clients import open_clients
from ppc_pipeline.defs.assets.reports import STEP, ReportRun
from ppc_pipeline.pipeline import Tools, sync_profiles
from ppc_pipeline.reports.windows import ONE_DAY, RETENTION_SLACK_DAYS, Days, utc_now
from ppc_pipeline.settings import Settings, find_report_type, load_settings


def backfill(
    start: Annotated[str, typer.Argument(help="First date, YYYY-MM-DD.")],
    end: Annotated[str, typer.Argument(help="Last date, YYYY-MM-DD.")],
    profile: Annotated[list[int] | None, typer.Option(help="Only this profile; may be repeated.")] = None,
    report_type: Annotated[
        list[str] | None, typer.Option(help="Only this report type (spTargeting, ...); may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result for programs.")] = False,
) -> None:
    """Bring a range of dates into the warehouse: order the reports, wait for them, load them.

    One ordinary Dagster run that needs no daemon. What was ordered less than PPC_FRESH_HOURS ago is not ordered again.
    """
    log_to_terminal()
    with one_line_errors():
        settings = load_settings()
        report_types = _report_types(settings, report_type or [])
        days = _days(settings, start, end, report_types)
        wanted = settings.model_copy(update={"report_types": tuple(t.name for t in report_types)})
        tools = tools_of(settings)
        _check_profiles(tools, profile or [])
        with Bars(shown=not as_json) as bars:
            ops = {STEP: ReportRun(profiles=profile or [])}
            succeeded = run_job(wanted, "reports_job", bars, ops=ops, days=days)
        show_outcome(tools, report_types, days, profiles=profile or [], as_json=as_json)
    if not succeeded:
        raise typer.Exit(1)


def _report_types(settings: Settings, names: Sequence[str]) -> tuple[ReportType, ...]:
    if not names:
        return settings.selected_report_types()
    try:
        given = [*REPORT_TYPES] if "all" in names else names
        return tuple(dict.fromkeys(find_report_type(name) for name in given))
    except ValueError as error:
        refuse(f"--report-type: {error}")


def _days(settings: Settings, start: str, end: str, report_types: Sequence[ReportType]) -> Days:
    first, last = _date("START", start), _date("END", end)
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
        refuse(f"START ({first}) is before what Amazon still serves of these reports ({oldest}, {longest} days back)")
    return Days(first, last)


def _date(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        refuse(f"{name} ({value}) is not a date; it is written YYYY-MM-DD")


def _check_profiles(tools: Tools, wanted: Sequence[int]) -> None:
    """Refuse profiles that no account reaches or that are not worked for; find those that are new."""
    known = {p.facts.profile_id: p for p in tools.roster.profiles(tools.account_names)}
    unknown = [profile_id for profile_id in wanted if profile_id not in known]
    if unknown:
        listed, silent = asyncio.run(_listed(tools))
        unknown = [profile_id for profile_id in unknown if profile_id not in listed]
        if unknown:
            ids = ", ".join(str(profile_id) for profile_id in unknown)
            but = "".join(f"; {error}" for error in silent)
            refuse(f"--profile: no account reaches profile {ids}; `ppc status` lists the profiles there are{but}")
        asyncio.run(sync_profiles(tools))
        known = {p.facts.profile_id: p for p in tools.roster.profiles(tools.account_names)}
    for profile_id in wanted:
        if profile_id in known and known[profile_id].facts.skip_reason:
            refuse(f"--profile: profile {profile_id} is not worked for: {known[profile_id].facts.skip_reason}")


async def _listed(tools: Tools) -> tuple[set[int], list[AdsError]]:
    """Ask every account for its profiles, writing nothing down; return them, and why accounts gave none."""
    listed: set[int] = set()
    silent: list[AdsError] = []
    async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
        for client in clients.values():
            try:
                listed |= {profile.profile_id for profile in await client.list_profiles()}
            except AdsError as error:
                silent.append(error)
    return listed, silent
