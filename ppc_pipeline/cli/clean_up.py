"""``ppc clean-up``: delete what is past the retention settings, now."""

import typer

from ppc_pipeline.cli.console import Bars, log_to_terminal, one_line_errors, out, print_json, print_table
from ppc_pipeline.cli.options import AsJson
from ppc_pipeline.cli.runs import execute_job, settings_here, tools_of
from ppc_pipeline.defs.clean_up import JOB, STEP


def clean_up(as_json: AsJson = False) -> None:
    """Delete what is past its retention, and what killed processes left behind. The schedule does it daily.

    Without PPC_RAW_RETENTION_DAYS, PPC_WEEKLY_RETENTION_DAYS, PPC_LEDGER_RETENTION_DAYS and PPC_RUN_RETENTION_DAYS only
    leftovers are deleted.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        tools_of(settings)
        with Bars(shown=False) as bars:
            ran = execute_job(settings, JOB, bars)
    found = ran.metadata.get(STEP, {})
    if as_json:
        print_json(found)
    elif found:
        print_table("Cleaned up", ("what", "number"), [(name.replace("_", " "), n) for name, n in found.items()])
        if not settings.deletes_by_age:
            out.print("No retention is set (PPC_RAW_RETENTION_DAYS and the others): everything else is kept.")
    if not ran.succeeded:
        raise typer.Exit(1)
