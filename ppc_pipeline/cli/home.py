"""Dagster's home under the data directory: made once, by one process at a time.

Here: its directory, settings and databases. Not here: running anything in it (``runs``).
"""

import fcntl
import os
from importlib import resources
from pathlib import Path

import dagster as dg

from ppc_pipeline.settings import Settings, SettingsError


def prepare_home(settings: Settings) -> Path:
    """Make Dagster's home under the data directory, with its settings, unless another one is set.

    Raises:
        SettingsError: The one that is set is not there.
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
    os.environ["DAGSTER_HOME"] = str(home)
    config = home / "dagster.yaml"
    # Dagster makes its databases without a lock: two processes that come first at once would both fail.
    with (home / ".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not config.exists():
            template = resources.files("ppc_pipeline.defs").joinpath("dagster.yaml")
            config.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
            with dg.DagsterInstance.get() as instance:
                instance.get_runs(limit=1)
    return home
