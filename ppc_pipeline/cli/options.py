"""What several commands take: dates, report types, ports. Bad input is refused in one line that names the option."""

import socket
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType
from ppc_pipeline.cli.console import refuse
from ppc_pipeline.pipeline import Tools
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import Settings, find_report_type

MOST = 1_000_000
"""The largest number of rows that an option takes: databases count no further than they can."""
MOST_DAYS = 36_500
"""The largest number of days that an option takes: before it no calendar begins."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the result for programs.")]
ProfileIds = Annotated[list[int] | None, typer.Option("--profile", help="Only this profile; may be repeated.")]
ReportTypeNames = Annotated[
    list[str] | None,
    typer.Option("--report-type", help="Only this report type (spTargeting, ...); may be repeated."),
]
FirstDate = Annotated[str | None, typer.Option("--from", help="First date, YYYY-MM-DD.")]
LastDate = Annotated[str | None, typer.Option("--to", help="Last date, YYYY-MM-DD.")]


def report_types_of(settings: Settings, names: Sequence[str]) -> tuple[ReportType, ...]:
    """Return the report types that were named, or those that are ordered daily where none was."""
    if not names:
        return settings.selected_report_types()
    try:
        given = [*REPORT_TYPES] if "all" in names else names
        return tuple(dict.fromkeys(find_report_type(name) for name in given))
    except ValueError as error:
        refuse(f"--report-type: {error}")


def date_of(name: str, value: str) -> date:
    """Read a date, of the argument or option that is named."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        refuse(f"{name} ({value}) is not a date; it is written YYYY-MM-DD")


def days_between(first: str | None, last: str | None) -> Days | None:
    """Read ``--from`` and ``--to``; None where neither is given."""
    if first is None and last is None:
        return None
    if first is None or last is None:
        refuse("--from and --to go together")
    start, end = date_of("--from", first), date_of("--to", last)
    if start > end:
        refuse(f"--from ({start}) is after --to ({end})")
    return Days(start, end)


def known_profiles(tools: Tools, wanted: Sequence[int]) -> tuple[int, ...]:
    """Return the profiles that were named, refusing one that nobody has ever seen."""
    known = {profile.facts.profile_id for profile in tools.roster.profiles(tools.account_names)}
    if unknown := ", ".join(str(profile_id) for profile_id in wanted if profile_id not in known):
        refuse(f"--profile: profile {unknown} is not known; `ppc status` lists the profiles there are")
    return tuple(wanted)


def refuse_taken(host: str, port: int, command: str) -> None:
    """Refuse an address that cannot be listened on: the server would say so late, or go on without it.

    Args:
        host: Where to listen.
        port: Where to listen.
        command: How to take another port, with ``{}`` in its place.
    """
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        another = command.format(port % 65535 + 1)
        refuse(f"--port: cannot listen on {host}:{port} ({error.strerror}); choose another: {another}")
