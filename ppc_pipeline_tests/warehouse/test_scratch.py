"""Directories for what is staged: gone with their process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ppc_pipeline.warehouse.scratch import OLDEST_SECONDS, scratch_directory

STAGE_FOR_EVER = """
import sys, time
from pathlib import Path
from ppc_pipeline.warehouse.scratch import scratch_directory
with scratch_directory(Path(sys.argv[1])) as made:
    (made / "rows.parquet").write_text("half")
    print(made, flush=True)
    time.sleep(600)
"""


def test_a_directory_goes_with_its_context_even_when_that_fails(tmp_path):
    def fail():
        with scratch_directory(tmp_path / "staging") as made:
            (made / "rows.parquet").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list((tmp_path / "staging").iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", STAGE_FOR_EVER, tmp_path], stdout=subprocess.PIPE, text=True)
    with process, scratch_directory(tmp_path) as mine:
        left = Path(process.stdout.readline().strip())
        with scratch_directory(tmp_path) as other:
            assert {path.name for path in tmp_path.iterdir()} == {mine.name, other.name, left.name}
        process.send_signal(signal.SIGKILL)
        process.wait()
        with scratch_directory(tmp_path):
            assert not left.exists()
            assert mine.is_dir()


def test_a_directory_of_another_host_or_of_a_process_id_that_is_taken_again_goes_when_it_is_old(tmp_path):
    theirs = tmp_path / f"elsewhere~{os.getpid()}~x"
    taken = tmp_path / f"{socket.gethostname()}~{os.getpid()}~x"
    foreign = tmp_path / "notes"
    for directory in (theirs, taken, foreign):
        directory.mkdir()
    with scratch_directory(tmp_path):
        assert (theirs.is_dir(), taken.is_dir()) == (True, True)
    for directory in (theirs, taken, foreign):
        old = directory.stat().st_mtime - OLDEST_SECONDS - 1
        os.utime(directory, (old, old))
    with scratch_directory(tmp_path):
        assert (theirs.exists(), taken.exists(), foreign.exists()) == (False, False, True)
