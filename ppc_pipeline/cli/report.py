"""``ppc report``: the page of a week for each profile, as a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ppc_pipeline.cli.console import err, fail, log_to_terminal, one_line_errors, out, print_json, refuse
from ppc_pipeline.cli.options import AsJson, ProfileIds, date_of, known_profiles
from ppc_pipeline.cli.reading import opened
from ppc_pipeline.cli.runs import settings_here, tools_of
from ppc_pipeline.pipeline import Tools
from ppc_pipeline.weekly.weeks import Week, last_week
from ppc_pipeline.weekly.writing import Outcome, write_reports


def report(
    week: Annotated[
        str | None,
        typer.Option("--week", help="Any day of the week, YYYY-MM-DD; the last one that is over by default."),
    ] = None,
    profile: ProfileIds = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder to write below; weekly in the data directory.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a page for each profile about its week, Monday to Sunday: `ppc report --week 2026-11-16`.

    Each is one HTML file that opens offline and prints. Asks Amazon for nothing.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        tools = tools_of(settings)
        with opened(tools.warehouse):  # or nothing can be said of any week
            pass
        wanted = known_profiles(tools, profile or [])
        chosen = Week.of(date_of("--week", week)) if week else _last_week(tools)
        folder = (output or settings.weekly_dir).absolute()
        try:
            outcomes = write_reports(tools, settings.selected_report_types(), chosen, folder, wanted)
        except OSError as error:
            if output is None:
                raise
            refuse(f"--output {output}: {error.strerror}")
    if not outcomes:
        fail("no profile is worked for: `ppc doctor` says why")
    if all(one.not_over for one in outcomes):
        refuse(f"--week: {outcomes[0].problem}")
    if as_json:
        print_json([_for_programs(one) for one in outcomes])
    else:
        _show(outcomes)
    if any(one.problem for one in outcomes):
        raise typer.Exit(1)


def _last_week(tools: Tools) -> Week:
    return last_week((profile.facts.clock for profile in tools.profiles()), tools.ledger.clock())


def _show(outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        if one.path:
            out.print(str(one.path), markup=False, highlight=False, soft_wrap=True)
    for one in outcomes:
        if one.problem or not one.complete:
            whose = f"profile {one.profile.profile_id} ({one.profile.name})"
            said = one.problem or f"not all of {one.week} is loaded; the page says what is not there"
            err.print(f"{whose}: {said}", style="red" if one.problem else "yellow", markup=False, soft_wrap=True)


def _for_programs(one: Outcome) -> dict[str, object]:
    return {
        "profile_id": one.profile.profile_id,
        "week": one.week.start,
        "path": one.path,
        "complete": one.complete,
        "problem": one.problem,
    }
