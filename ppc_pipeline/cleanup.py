"""The clean-up: what is past the retention that the settings ask for, and what killed processes left behind.

Here: raw files, weekly reports, temporary files, the ledger. Not here: Dagster's runs (``defs.run_retention``), or what
may go of each kind, which stands beside it (``reports.archive``, ``reports.retention``).
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ppc_pipeline.pipeline import Tools
from ppc_pipeline.reports import activity
from ppc_pipeline.reports.archive import LEFT_FOR, Deleted, delete_empty, delete_files
from ppc_pipeline.reports.retention import Forgotten, forget_older
from ppc_pipeline.wording import counted

NOTHING = Deleted(0, 0)


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """What a clean-up deleted.

    Attributes:
        raw: Raw report files past ``PPC_RAW_RETENTION_DAYS``.
        weekly: Weekly reports past ``PPC_WEEKLY_RETENTION_DAYS``.
        leftovers: What killed downloads and loads left behind.
        forgotten: What the ledger forgot past ``PPC_LEDGER_RETENTION_DAYS``.
    """

    raw: Deleted
    weekly: Deleted
    leftovers: Deleted
    forgotten: Forgotten


def clean_up(tools: Tools) -> CleanedUp:
    """Delete what is past its retention, where one is set, and what was left behind a day ago or earlier."""
    leftovers = _leftovers(tools)
    done = CleanedUp(_raw(tools), _weekly(tools), leftovers, _forgotten(tools))
    _record(tools, done.raw, "raw file", f"older than {counted(tools.settings.raw_retention_days, 'day')}")
    _record(tools, done.weekly, "weekly report", f"older than {counted(tools.settings.weekly_retention_days, 'day')}")
    _record(tools, leftovers, "file", "that killed processes left behind")
    return done


def _record(tools: Tools, deleted: Deleted, noun: str, which: str) -> None:
    if deleted.files:
        gone = f"{counted(deleted.files, noun)} {which}, {counted(deleted.size, 'byte')}"
        activity.record(tools.ledger, activity.CLEANED_UP, gone)


def _raw(tools: Tools) -> Deleted:
    """Delete old raw files. Those of reports that are not loaded stay: they may be the only copy there is."""
    days = tools.settings.raw_retention_days
    if not days:
        return NOTHING
    unloaded = [*tools.ledger.outstanding(), *tools.ledger.failed()]
    needed = {path for row in unloaded for path in tools.archive.files_of(row)}
    return tools.archive.delete_older(days, tools.ledger.clock(), needed)


def _weekly(tools: Tools) -> Deleted:
    """Delete old weekly reports, and then folders of weeks that are empty and were not written in for a day."""
    days, folder, now = tools.settings.weekly_retention_days, tools.settings.weekly_dir, tools.ledger.clock()
    if not days:
        return NOTHING
    delete_empty(folder.glob("*/"), now - LEFT_FOR)
    return delete_files(folder.glob("*/*.html"), now - timedelta(days=days))


def _leftovers(tools: Tools) -> Deleted:
    """Delete parts of files that killed processes were writing."""
    now = tools.ledger.clock()
    pages = delete_files(tools.settings.weekly_dir.glob("*/.*.html.part"), now - LEFT_FOR)
    deleted = (tools.archive.delete_leftovers(now), _spilled(tools), pages)
    return Deleted(sum(some.files for some in deleted), sum(some.size for some in deleted))


def _spilled(tools: Tools) -> Deleted:
    """Delete what DuckDB put on the disk for want of memory, in a process that was killed."""
    if tools.warehouse.is_lake:
        return NOTHING
    return delete_files(Path(f"{tools.warehouse.database}.tmp").glob("*.tmp"), tools.ledger.clock() - LEFT_FOR)


def _forgotten(tools: Tools) -> Forgotten:
    days = tools.settings.ledger_retention_days
    return forget_older(tools.ledger, tools.ledger.clock() - timedelta(days=days)) if days else Forgotten(0, 0)
