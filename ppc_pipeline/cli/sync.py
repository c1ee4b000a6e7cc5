"""``ppc sync``: what a day does, in the foreground."""

from typing import Annotated

import typer

from ppc_pipeline.cli.console import Bars, log_to_terminal, one_line_errors
from ppc_pipeline.cli.runs import execute_job, say_what_is_older, settings_here, show_outcome, tools_of
from ppc_pipeline.defs.assets.metrics import FX_RATES
from ppc_pipeline.defs.assets.reports import STEP, ReportRun
from ppc_pipeline.defs.jobs import OrderRun
from ppc_pipeline.defs.partitions import range_over
from ppc_pipeline.pipeline import Tools
from ppc_pipeline.progress import Progress
from ppc_pipeline.reports.windows import ONE_DAY, Days
from ppc_pipeline.settings import Settings


def sync(as_json: Annotated[bool, typer.Option("--json", help="Print the result for programs.")] = False) -> None:
    """List what is now, order the trailing days of every report, wait for them and load them.

    Needs no daemon. Ctrl-C is safe: the next sync goes on where this one stopped.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        tools = tools_of(settings)
        with Bars(shown=not as_json) as bars:
            succeeded = sync_day(settings, tools, bars)
        show_outcome(tools, settings.selected_report_types(), trailing_days(tools), as_json=as_json)
        if not as_json:
            say_what_is_older(settings, tools.ledger.clock())
    if not succeeded:
        raise typer.Exit(1)


def sync_day(settings: Settings, tools: Tools, progress: Progress) -> bool:
    """Do what a day does: entities, the order of the trailing window, and whatever is outstanding of it.

    Returns:
        Whether every run succeeded.
    """
    listed = execute_job(settings, "entities_job", progress).succeeded
    ordered = execute_job(settings, "orders_job", progress, ops={"order_reports": OrderRun(holes=False)}).succeeded
    names = [report_type.name for report_type in settings.selected_report_types()]
    outstanding = tools.ledger.outstanding(names)
    # Trailing windows begin a day apart where days end at different hours: a report is loaded whole all the same.
    trailing = trailing_days(tools)
    older = [row.days for row in outstanding if not row.days.intersect(trailing)]
    days = range_over([trailing, *older], settings.start_date)
    if not outstanding or days is None:
        rated = (
            settings.fx_rates_file is None
            or execute_job(settings, "reports_job", progress, assets=[FX_RATES]).succeeded
        )
        return listed and ordered and rated
    config = ReportRun(order=False, wait=True)
    loaded = execute_job(settings, "reports_job", progress, ops={STEP: config}, days=days).succeeded
    return loaded and listed and ordered


def trailing_days(tools: Tools) -> Days:
    """Return the dates that a day's order is of, over all profiles."""
    now = tools.ledger.clock()
    last = max((p.facts.clock.last_day_over(now) for p in tools.profiles()), default=now.date() - ONE_DAY)
    first = max(tools.settings.start_date, last - ONE_DAY * (tools.settings.refetch_days - 1))
    return Days(min(first, last), last)
