"""A sandbox in a process of its own, for a benchmark: ``python -m benchmarks.server OPTIONS STATE``.

It serves until its standard input ends, so that it cannot outlive who started it. Files of reports are made while the
reports are waited for, as Amazon makes them, and kept: a download then costs what serving costs.
"""

import json
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import uvicorn

from ppc_pipeline.sandbox import SandboxOptions, create_app, downloads
from ppc_pipeline.sandbox.context import Sandbox

_KEPT_BYTES = 2 * 2**30


def main() -> None:
    """Serve on a free port, and print the address."""
    options = SandboxOptions(**json.loads(sys.argv[1]))
    state = Path(sys.argv[2])
    app = create_app(options, state=state)
    downloads._FILES = downloads.Files(_KEPT_BYTES)
    config = uvicorn.Config(app, port=0, log_level="warning", access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    threading.Thread(target=_end_with_parent, args=[server], daemon=True).start()
    threading.Thread(target=_say_where, args=[server], daemon=True).start()
    if options.ready_seconds >= 1:
        threading.Thread(target=_make_files, args=[app.state.sandbox, state], daemon=True).start()
    server.run()


def _end_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


def _say_where(server: uvicorn.Server) -> None:
    while not server.started:
        time.sleep(0.01)
    sys.stdout.write(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()


def _make_files(sandbox: Sandbox, state: Path) -> None:
    """Make the files of reports that are being waited for, one after the other."""
    made: set[str] = set()
    while True:
        time.sleep(0.5)
        with closing(sqlite3.connect(state)) as connection:
            there = {report_id for (report_id,) in connection.execute("SELECT report_id FROM reports")}
        for report_id in there - made:
            if report := sandbox.state.report(report_id):
                downloads.file_of(sandbox, report)
        made |= there


if __name__ == "__main__":
    main()
