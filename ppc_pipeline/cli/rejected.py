"""``ppc rejected``: the rows in quarantine, why they are there, and what to do next."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.cli.console import log_to_terminal, one_line_errors, out, print_json, print_table, refuse
from ppc_pipeline.cli.options import MOST, AsJson, FirstDate, LastDate, ProfileIds, days_between, known_profiles
from ppc_pipeline.cli.runs import settings_here, tools_of
from ppc_pipeline.warehouse.quarantine import Kind, RejectedRow, Wanted, by_reason, examples, has_quarantine, kinds

_SHOWN_RAW_CHARS = 300


def rejected(
    report_type: Annotated[
        list[str] | None,
        typer.Option(help="Only this report type (spTargeting, ...) or entity (campaigns, ...); may be repeated."),
    ] = None,
    profile: ProfileIds = None,
    first: FirstDate = None,
    last: LastDate = None,
    limit: Annotated[int, typer.Option(min=0, max=MOST, help="Examples shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the rows that could not be loaded: how many of each kind, examples, and what to do next.

    Asks Amazon for nothing and changes nothing.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        days = days_between(first, last)
        wanted = Wanted(
            sources=_sources(report_type or []),
            profile_ids=tuple(profile or ()),
            start=days.start if days else None,
            end=days.end if days else None,
        )
        tools = tools_of(settings)
        known_profiles(tools, profile or [])
        warehouse = tools.warehouse
        found: list[Kind] = []
        shown: list[RejectedRow] = []
        anything = False
        if warehouse.exists:
            with warehouse.connect(read_only=True) as connection:
                if anything := has_quarantine(connection):
                    found, shown = kinds(connection, wanted), examples(connection, wanted, limit)
    if as_json:
        print_json(
            {
                "rows": sum(kind.rows for kind in found),
                "reasons": [asdict(reason) for reason in by_reason(found)],
                "kinds": [asdict(kind) for kind in found],
                "examples": [asdict(row) for row in shown],
                "next_steps": _next_steps(found),
            }
        )
    elif found:
        _show(found, shown)
    elif anything:
        out.print("Nothing is in quarantine" + (" of what was asked for." if wanted != Wanted() else "."))
    else:
        out.print("Nothing is in quarantine: nothing was loaded yet, `ppc sync` does it.")


def _sources(names: Sequence[str]) -> tuple[str, ...]:
    known = [*REPORT_TYPES, *ENTITY_TYPES]
    for name in names:
        if name not in known:
            refuse(f"--report-type: unknown report type or entity {name!r}; known are {', '.join(known)}")
    return tuple(names)


def _show(found: Sequence[Kind], shown: Sequence[RejectedRow]) -> None:
    print_table(
        f"In quarantine: {sum(kind.rows for kind in found):,} rows",
        ("source", "why", "rows", "profiles", "from", "to"),
        [(r.source, r.kind, r.rows, r.profiles, r.first_day, r.last_day) for r in by_reason(found)],
    )
    print_table(
        "By profile",
        ("account", "profile", "source", "why", "rows", "from", "to"),
        [(k.account, str(k.profile_id), k.source, k.kind, k.rows, k.first_day, k.last_day) for k in found],
    )
    if shown:
        out.print("Examples", style="bold")
    for row in shown:
        where = (
            f"row {row.row_no} of report {row.report_id}" if row.report_id else f"rejected {row.rejected_at:%Y-%m-%d}"
        )
        line = f"{row.source} of profile {row.profile_id}, {where}: {row.reason}"
        for text in (line, f"    {_shortened(row.raw)}"):
            out.print(text, markup=False, highlight=False, soft_wrap=True)
    out.print()
    for line in _next_steps(found):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _shortened(raw: str) -> str:
    return raw if len(raw) <= _SHOWN_RAW_CHARS else raw[:_SHOWN_RAW_CHARS] + " ..."


def _next_steps(found: Sequence[Kind]) -> list[str]:
    """Say what to do about what is in quarantine, with the commands spelled out."""
    steps = []
    for source in dict.fromkeys(kind.source for kind in found):
        if source in REPORT_TYPES:
            own = [kind for kind in found if kind.source == source]
            first, last = min(kind.first_day for kind in own), max(kind.last_day for kind in own)
            command = f"ppc rebuild --report-type {source} --from {first} --to {last}"
            steps.append(f"{source}: once the rule is corrected, `{command}` loads the reports again without Amazon.")
        else:
            steps.append(f"{source}: it is listed again daily; `ppc sync` does it now.")
    if steps:
        steps.append("The whole rows stand in the table rejected_rows. A later report of the same days replaces them.")
    return steps
