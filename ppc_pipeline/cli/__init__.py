"""The ``ppc`` command: demo, sync, backfill, query, top, suggestions, report, status, activity, ...

Here: how the process begins. Not here: the commands (``commands``), which take a second to import.
"""

import sys

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended."""


def main() -> None:
    """Run the command line."""
    try:
        from ppc_pipeline.cli.commands import app
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was begun\n")
        sys.exit(INTERRUPTED)
    app()
