"""Directories for what is staged: one for each batch, gone with it, and with the next batch after a crash.

Here: whose a directory is, and when it may go. Not here: what is in it (``stages``).
"""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST_SECONDS = 24 * 3600
"""No batch takes this long: a directory of another host, or one whose process id is taken again, goes then."""


@contextmanager
def scratch_directory(root: Path) -> Iterator[Path]:
    """Make a directory for as long as the context lasts, and remove those that killed processes left behind.

    A directory bears the name of its host and process: one whose process is gone, on this host, is removed at once.
    """
    root.mkdir(parents=True, exist_ok=True)
    for left in root.iterdir():
        if left.is_dir() and _is_left_behind(left):
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{socket.gethostname()}~{os.getpid()}~", dir=root))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _is_left_behind(directory: Path) -> bool:
    host, _, rest = directory.name.partition("~")
    process, _, ours = rest.partition("~")
    if not ours or not process.isdecimal():
        return False
    try:
        old = time.time() - directory.stat().st_mtime > OLDEST_SECONDS
    except OSError:  # its own process has just removed it
        return False
    return old or (host == socket.gethostname() and not _is_running(int(process)))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
