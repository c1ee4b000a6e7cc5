"""``ppc activity``: the audit trail, newest first."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from ppc_pipeline.cli.console import log_to_terminal, one_line_errors, out, print_json, print_table
from ppc_pipeline.cli.options import AsJson, ProfileIds, ReportTypeNames, report_types_of
from ppc_pipeline.cli.runs import settings_here, tools_of
from ppc_pipeline.reports.activity import Activity, activities


def activity(
    profile: ProfileIds = None,
    report_type: ReportTypeNames = None,
    days: Annotated[int, typer.Option(min=1, help="How far back, in days.")] = 7,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who or what ordered, retried, loaded, blocked or rebuilt which report, when, with which outcome.

    From the ledger alone, the newest first.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        names = [kind.name for kind in report_types_of(settings, report_type)] if report_type else []
        ledger = tools_of(settings).ledger
        since = ledger.clock() - timedelta(days=days)
        found = activities(ledger, since=since, profile_ids=profile or (), report_types=names, most=limit)
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        _show(found)
        if len(found) == limit:
            out.print(f"These are the newest {limit}; --limit shows more.")
    else:
        out.print(f"Nothing happened in the last {days} days" + (" to these." if profile or names else "."))


def _show(found: Sequence[Activity]) -> None:
    print_table(
        "What happened, the newest first",
        ("when (UTC)", "who", "what", "account", "profile", "report type", "days", "now", "detail"),
        [
            (
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.actor,
                one.action,
                one.account or None,
                one.profile_id and str(one.profile_id),
                one.report_type,
                one.start_date and f"{one.start_date} to {one.end_date}",
                one.outcome,
                one.detail,
            )
            for one in found
        ],
    )
