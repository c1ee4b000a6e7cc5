"""``ppc dev``: the Dagster UI with its daemon, for this data directory."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from ppc_pipeline.cli.console import err, log_to_terminal, one_line_errors, refuse
from ppc_pipeline.cli.home import prepare_home
from ppc_pipeline.cli.options import refuse_taken
from ppc_pipeline.clients import SANDBOX_WARNING, wanted_accounts
from ppc_pipeline.settings import load_settings

WORKSPACE = Path("workspace.yaml")


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3000,
    host: Annotated[str, typer.Option(help="Where to listen; the UI has no login, keep it private.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI with schedules and the sensor running, until Ctrl-C."""
    log_to_terminal()
    with one_line_errors():
        settings = load_settings()
        if any(account.sandbox for account in wanted_accounts(settings)):
            err.print(SANDBOX_WARNING, style="yellow", highlight=False)
        if not WORKSPACE.exists():
            refuse(f"there is no {WORKSPACE} here: run `ppc dev` in the project's directory")
        refuse_taken(host, port, "make dev PORT={}")
        prepare_home(settings)
    err.print(f"The Dagster UI will be at http://{host}:{port}", highlight=False)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "dagster",
        "dev",
        "-w",
        str(WORKSPACE),
        "-h",
        host,
        "-p",
        str(port),
    ]
    # A shell starts what is put in the background with SIGINT ignored, and Dagster takes SIGTERM as it takes SIGINT: it
    # would ignore both, and nothing but `kill -9` would end it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
