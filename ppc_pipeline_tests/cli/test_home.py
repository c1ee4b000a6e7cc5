"""Dagster's home: made by one process at a time, and nobody waits for that without end."""

import fcntl
import os

from ppc_pipeline.cli import home
from ppc_pipeline_tests.cli.conftest import ppc


def test_a_process_that_hangs_while_it_makes_the_home_is_named_and_not_waited_for_without_end(data_dir, monkeypatch):
    monkeypatch.setattr(home, "WAIT_SECONDS", 0.05)
    making = data_dir / "dagster" / ".making"
    making.parent.mkdir(parents=True)
    with making.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        refused = ppc("clean-up")
        (looked_at,) = [line for line in ppc("doctor").stdout.splitlines() if "4711" in line]
    assert refused.exit_code == 1
    assert "being made by process 4711" in " ".join(refused.stderr.split())
    assert "dagster" in looked_at
    assert ppc("clean-up").exit_code == 0
    assert making.read_text() == str(os.getpid())
