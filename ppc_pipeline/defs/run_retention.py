"""Deleting old Dagster runs, so that what people see of the assets stays as it is.

Dagster deletes a run with its events, the materializations among them. A partition whose newest materialization is gone
is shown as missing as soon as Dagster counts anew, as it does when ``PPC_START_DATE`` changes: runs that hold one stay.
Here: Dagster's storage. Not here: files and the ledger (``ppc_pipeline.cleanup``).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster import AssetRecordsFilter, DagsterEventType, DagsterRunStatus, RunsFilter
from dagster._core.storage.event_log import SqliteEventLogStorage

MOST_RUNS = 1000
"""Runs deleted at most in one go: the next one goes on."""

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_EVENTS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class DeletedRuns:
    """What deleting old runs did.

    Attributes:
        runs: Runs deleted.
        size: Bytes of their files.
        kept: Old runs that are kept, because they hold the newest of something.
        left: Old runs that are left for the next time.
    """

    runs: int = 0
    size: int = 0
    kept: int = 0
    left: int = 0


def delete_old_runs(
    instance: dg.DagsterInstance, checks: Collection[dg.AssetCheckKey], before: datetime, most: int = MOST_RUNS
) -> DeletedRuns:
    """Delete runs that ended before a moment, the oldest first.

    Runs that hold the newest materialization of an asset or a partition, or the newest evaluation of a check, stay.

    Args:
        instance: Dagster's instance.
        checks: The checks there are.
        before: Runs that ended before it are old.
        most: No more than these are deleted.
    """
    old = instance.get_run_ids(RunsFilter(statuses=_FINISHED, updated_before=before))[::-1]
    holding = set(_holding(instance, checks, before)) if old else set()
    idle = [run_id for run_id in old if run_id not in holding]
    size = sum(_delete(instance, run_id) for run_id in idle[:most])
    return DeletedRuns(len(idle[:most]), size, len(old) - len(idle), len(idle[most:]))


def _holding(instance: dg.DagsterInstance, checks: Collection[dg.AssetCheckKey], before: datetime) -> Iterator[str]:
    """Yield the ids of the runs that hold the newest of something, old ones at least."""
    for asset in instance.get_asset_keys():
        newest = instance.get_latest_materialization_event(asset)
        if newest is not None:
            yield newest.run_id
        yield from _holding_partitions(instance, asset, before)
    for check in checks:
        evaluation = instance.get_latest_asset_check_evaluation_record(check)
        if evaluation is not None:
            yield evaluation.run_id


def _holding_partitions(instance: dg.DagsterInstance, asset: dg.AssetKey, before: datetime) -> Iterator[str]:
    newest = instance.get_latest_storage_id_by_partition(asset, DagsterEventType.ASSET_MATERIALIZATION)
    ids = sorted(newest.values())
    for first in range(0, len(ids), _EVENTS_A_QUERY):
        wanted = AssetRecordsFilter(
            asset, storage_ids=ids[first : first + _EVENTS_A_QUERY], before_timestamp=before.timestamp()
        )
        for record in instance.fetch_materializations(wanted, limit=_EVENTS_A_QUERY).records:
            yield record.run_id


def _delete(instance: dg.DagsterInstance, run_id: str) -> int:
    """Delete a run, its logs and its files; return how many bytes they were."""
    folder = Path(instance.storage_directory()) / run_id
    files = [path for path in folder.rglob("*") if path.is_file()]
    storage = instance.event_log_storage
    shard = Path(storage.path_for_shard(run_id)) if isinstance(storage, SqliteEventLogStorage) else None
    size = sum(path.stat().st_size for path in (*files, *([shard] if shard and shard.exists() else [])))
    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    if shard is not None:  # Dagster empties the run's own database, and leaves the file
        shard.unlink(missing_ok=True)
    return size
