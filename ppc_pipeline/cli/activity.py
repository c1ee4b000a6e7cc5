"""``ppc activity``: the audit trail, newest first."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from ppc_pipeline.cli.console import log_to_terminal, one_line_errors, out, print_json
from ppc_pipeline.cli.options import (
    MOST,
    MOST_DAYS,
    AsJson,
    ProfileIds,
    ReportTypeNames,
    known_profiles,
    report_types_of,
)
from ppc_pipeline.cli.runs import settings_here, tools_of
from ppc_pipeline.reports.activity import Activity, activities
from ppc_pipeline.reports.windows import Days

# Dagster's UI shows the beginning of a run's id too.
_RUN = re.compile(r"(run [0-9a-f]{8})\S*")


def activity(
    profile: ProfileIds = None,
    report_type: ReportTypeNames = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How far back, in days.")] = 7,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who or what ordered, retried, loaded, blocked or rebuilt which report, when, with which outcome.

    From the ledger alone, the newest first.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        names = [kind.name for kind in report_types_of(settings, report_type)] if report_type else []
        tools = tools_of(settings)
        known_profiles(tools, profile or [])
        ledger = tools.ledger
        since = ledger.clock() - timedelta(days=days)
        found = activities(ledger, since=since, profile_ids=profile or (), report_types=names, most=limit)
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        for one in found:
            out.print(_line(one), markup=False, highlight=False, soft_wrap=True)
        if len(found) == limit:
            out.print(f"These are the newest {limit}; --limit shows more.")
    else:
        whose = " to these" if profile or names else ""
        out.print(
            f"Nothing happened in the last {days} days{whose}: --days looks further back, `ppc sync` brings data in."
        )


def _line(one: Activity) -> str:
    who = _RUN.sub(r"\1", one.actor)
    said = f": {one.detail}" if one.detail else ""
    return f"{one.at:%Y-%m-%d %H:%M:%S}  {who:<14}  {one.action:<18}  {_whose(one)}{said}"


def _whose(one: Activity) -> str:
    """Name the report, profile or account that it happened to."""
    if one.profile_id is None:
        return f"account {one.account}" if one.account else "the ledger"
    whose = f"profile {one.profile_id} ({one.account})"
    if one.report_type is None or one.start_date is None or one.end_date is None:
        return whose
    known = f", Amazon's report {one.report_id}" if one.report_id else ""
    return f"{one.report_type} of {whose} for {Days(one.start_date, one.end_date)}{known}"
