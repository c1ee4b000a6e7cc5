"""Dagster's home under the data directory: made once, by one process at a time.

Here: its directory, settings and databases. Not here: running anything in it (``runs``).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import dagster as dg
import tenacity

from ppc_pipeline.settings import Settings, SettingsError

WAIT_SECONDS = 60.0
"""How long another process that makes Dagster's home is waited for: that takes seconds."""


class HomeBusyError(Exception):
    """Another process is making Dagster's home; the message names it and what to do."""


def prepare_home(settings: Settings) -> Path:
    """Make Dagster's home under the data directory, with its settings, unless another one is set.

    Raises:
        SettingsError: The one that is set is not there.
        HomeBusyError: Another process is making it, and does not come to an end.
    """
    # One event says which partitions of an asset a run is for, instead of an event for each of them.
    os.environ.setdefault("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "true")
    given = os.environ.get("DAGSTER_HOME")
    if given:
        if not (Path(given).is_absolute() and Path(given).is_dir()):
            raise SettingsError(
                f"DAGSTER_HOME: {given} is not the absolute path of a directory; make it one, or unset DAGSTER_HOME to "
                f"use {settings.dagster_home}"
            )
        return Path(given)
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    # Dagster makes its databases without a lock: two processes that come first at once would both fail.
    with _alone(home / ".making"):
        os.environ["DAGSTER_HOME"] = str(home)
        if not config.exists():
            template = resources.files("ppc_pipeline.defs").joinpath("dagster.yaml")
            config.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
            with dg.DagsterInstance.get() as instance:
                instance.get_runs(limit=1)
    return home


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that one process at a time can have; its file says which.

    Raises:
        HomeBusyError: Another process kept it for longer than ``WAIT_SECONDS``.
    """
    taking = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(BlockingIOError),
        wait=tenacity.wait_random(0.01, 0.2),
        stop=tenacity.stop_after_delay(WAIT_SECONDS),
        reraise=True,
    )
    with path.open("a+", encoding="utf-8") as lock:
        try:
            taking(fcntl.flock, lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise HomeBusyError(
                f"{path.parent} is being made by process {lock.read()}, which has not come to an end within "
                f"{WAIT_SECONDS:.0f} s: end it if it is stopped or hangs (`ps` shows it), and try again"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
