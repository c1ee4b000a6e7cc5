"""``ppc dev`` with real processes: who ends it ends all that it started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ppc_pipeline.cli.dev import dev
from ppc_pipeline_tests.cli.conftest import COMMAND

pytestmark = pytest.mark.long


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(group: int) -> list[str]:
    """Return the processes of a group that are not over."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    return [
        args
        for own, stat, args in (line.split(maxsplit=2) for line in listed.splitlines())
        if own == str(group) and not stat.startswith("Z")
    ]


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_sigterm_ends_the_webserver_the_daemon_and_the_code_server_also_in_the_background(data_dir, tmp_path):
    project = Path(dev.__code__.co_filename).parents[2]
    (tmp_path / "workspace.yaml").write_text((project / "workspace.yaml").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What a shell without job control does to that which it starts with `&`.
    ignoring = ["sh", "-c", "trap '' INT QUIT; exec \"$@\"", "sh", *COMMAND, "dev", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(ignoring, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        assert within(60, lambda: listens(port)), (tmp_path / "log").read_text()
        assert len(alive(process.pid)) >= 4
        process.terminate()
        assert within(15, lambda: process.poll() is not None and not alive(process.pid)), alive(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
