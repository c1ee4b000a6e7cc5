"""``ppc top``: the campaigns, keywords, search terms and so on with the highest cost, sales or ACoS."""

from typing import Annotated

import typer

from ppc_pipeline.cli.answers import Format, FormatOption, OutputOption, format_of, show
from ppc_pipeline.cli.console import fail, log_to_terminal, refuse
from ppc_pipeline.cli.options import MOST, MOST_DAYS, ProfileIds
from ppc_pipeline.cli.reading import reading
from ppc_pipeline.warehouse.metrics import WINDOWS
from ppc_pipeline.warehouse.top import FIGURE_NAMES, KINDS, STANDARD, last_days, unknown_profiles
from ppc_pipeline.warehouse.top import top as find_top
from ppc_pipeline.wording import counted

_FOR_PEOPLE = ("impressions", "clicks", "cost", "purchases", "sales", "acos_percent")


def top(
    what: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")],
    by: Annotated[str, typer.Option("--by", help=f"One of {', '.join(FIGURE_NAMES)}.")] = "cost",
    days: Annotated[
        int, typer.Option("--days", min=1, max=MOST_DAYS, help="The newest loaded days of each profile.")
    ] = 30,
    profile: ProfileIds = None,
    window: Annotated[str, typer.Option("--window", help=f"Attribution: {STANDARD}, {', '.join(WINDOWS)}.")] = STANDARD,
    lowest: Annotated[bool, typer.Option("--lowest", help="The lowest instead of the highest.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many of each currency.")] = 20,
    wanted: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show what is highest: `ppc top keywords --by cost --days 30`. Each currency has its own; none are added.

    Figures of a window are left out where Amazon does not give it to all that is added up: Brands and Display have 14d.
    """
    log_to_terminal()
    for name, value, known in (("WHAT", what, KINDS), ("--by", by, FIGURE_NAMES), ("--window", window, _WINDOWS)):
        if value not in known:
            refuse(f"{name}: {value!r} is none of {', '.join(known)}")
    written = format_of(wanted, output)
    kind = KINDS[what]
    with reading() as connection:
        if unknown := ", ".join(map(str, unknown_profiles(connection, profile or []))):
            refuse(f"--profile: profile {unknown} is not known; `ppc status` lists the profiles there are")
        span = last_days(connection, kind, days, profile or [])
        if span is None:
            fail(f"no report is loaded that says anything of {what}: `ppc sync` brings those that are set")
        answer = find_top(connection, kind, by, days, window=window, profiles=profile or [], most=limit, lowest=lowest)
        if written is Format.TABLE:
            shown = ("profile", *(kind.names or kind.keys), "currency_code", *_FOR_PEOPLE)
            answer = answer.project(", ".join(dict.fromkeys((*shown, by))))
        order = "lowest" if lowest else "highest"
        newest = f"the newest {counted(days, 'day')} of each profile, {span[0]} to {span[1]}"
        title = f"{what}, {order} {by}, {newest}, {window} window"
        show(answer, written, output, title=title)


_WINDOWS = (STANDARD, *WINDOWS)
