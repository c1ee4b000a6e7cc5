"""The partitions: one a calendar date.

A partition is a *label*: the date in each profile's own time zone, whichever that is. Never do arithmetic with the
hours of a partition's window.
"""

from collections.abc import Iterable
from datetime import date

import dagster as dg

from ppc_pipeline.reports.windows import ONE_DAY, Days, utc_now
from ppc_pipeline.settings import Settings

PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"


def daily_partitions(start_date: date) -> dg.DailyPartitionsDefinition:
    """Return the date partitions from ``PPC_START_DATE`` to yesterday (UTC)."""
    return dg.DailyPartitionsDefinition(start_date=start_date.isoformat(), timezone="UTC")


def days_of(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> Days:
    """Return the dates that a run, of one partition or a range of them, is for."""
    keys = context.partition_keys
    return Days(date.fromisoformat(keys[0]), date.fromisoformat(keys[-1]))


def days_of_run(run: dg.DagsterRun, settings: Settings) -> Days:
    """Return the dates that a run is for, as its tags say; those of the daily order where it has none.

    A check that somebody executes by itself has none.
    """
    key = run.tags.get(PARTITION_TAG)
    start = run.tags.get(RANGE_START_TAG, key)
    end = run.tags.get(RANGE_END_TAG, key)
    if start and end:
        return Days(date.fromisoformat(start), date.fromisoformat(end))
    last = utc_now().date() - ONE_DAY
    return Days(max(settings.start_date, last - ONE_DAY * (settings.refetch_days - 1)), last)


def range_over(reports: Iterable[Days], start_date: date) -> Days | None:
    """Return the range of partitions that some reports are of, or None where all of them are before the first one.

    Args:
        reports: The days of each report; those ordered before ``PPC_START_DATE`` was set later may lie before it.
        start_date: The first partition.
    """
    some = [days for days in reports if days.end >= start_date]
    if not some:
        return None
    return Days(max(start_date, min(days.start for days in some)), max(days.end for days in some))
