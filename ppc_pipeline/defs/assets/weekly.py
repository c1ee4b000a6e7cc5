"""The asset of the weekly reports: a page for people about each profile's week."""

from collections.abc import Sequence
from datetime import date, timedelta

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.assets.metrics import FX_RATES, metric_names
from ppc_pipeline.defs.metadata import markdown_table
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.weekly.weeks import Week
from ppc_pipeline.weekly.writing import Outcome, write_reports

NAME = "weekly_report"
GROUP = "weekly"
CHECK = "written"


def weekly_partitions(start_date: date) -> dg.WeeklyPartitionsDefinition:
    """Return a partition for each week from the first that starts on ``PPC_START_DATE`` or later, by its Monday."""
    monday = Week.of(start_date + timedelta(days=6)).start
    return dg.WeeklyPartitionsDefinition(start_date=monday.isoformat(), day_offset=1, timezone="UTC")


def weekly_asset(report_types: Sequence[ReportType], partitions: dg.WeeklyPartitionsDefinition) -> dg.AssetsDefinition:
    """Return the asset ``weekly_report``."""
    metrics = [name for name in metric_names(report_types) if name != FX_RATES]

    @dg.asset(
        name=NAME,
        deps=["restatement_curve", *metrics],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"python", "html"},
        tags={"ppc/source": "warehouse"},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[
            dg.AssetCheckSpec(CHECK, asset=NAME, description="Every active profile's report of the week was written.")
        ],
    )
    def asset(
        context: dg.AssetExecutionContext,
        amazon_ads: AmazonAdsResource,
        ledger: LedgerResource,
        warehouse: WarehouseResource,
    ) -> dg.MaterializeResult:
        """A file for each profile and week: a page about the week, Monday to Sunday of the profile's own calendar.

        Key: week, profile. `<data>/weekly/<Monday>/<profile>.html`, complete in itself: figures beside those of other
        weeks, campaigns that lost money and why, search terms without a purchase, how far the figures may still move.

        Nothing is here until a first week is written. It needs reports of that week's days in the warehouse (`ppc sync`
        and `ppc backfill` bring them). The schedule `weekly_reports` writes the week before on Mondays at 14:00 UTC;
        to have one now, materialize its partition, or run `ppc report`.
        """
        tools = amazon_ads.tools(ledger, warehouse, f"run {context.run.run_id}")
        prepare(tools.warehouse)
        folder = tools.settings.weekly_dir
        weeks = [Week(date.fromisoformat(key)) for key in context.partition_keys]
        outcomes = [one for week in weeks for one in write_reports(tools, report_types, week, folder)]
        failed = [one for one in outcomes if one.problem]
        for one in failed:
            context.log.error(f"{one.profile.profile_id} {one.profile.name}, {one.week}: {one.problem}")
        if failed and len(failed) == len(outcomes):
            raise dg.Failure("; ".join(dict.fromkeys(str(one.problem) for one in failed)), allow_retries=False)
        return dg.MaterializeResult(
            metadata={
                "reports": len(outcomes) - len(failed),
                "not_written": len(failed),
                "not_complete": sum(not one.complete for one in outcomes if one.path),
                "without_figures": sum(one.empty for one in outcomes),
                "folder": dg.MetadataValue.path(str(folder)),
                "written": _table(outcomes),
                "sandbox": tools.sandbox,
            },
            check_results=[_check(outcomes, failed)],
        )

    return asset


def _table(outcomes: Sequence[Outcome]) -> dg.MarkdownMetadataValue:
    worst_first = sorted(outcomes, key=lambda one: (one.problem is None, one.complete))
    rows = [
        (
            f"{one.profile.profile_id} {one.profile.name}",
            one.week,
            one.problem or one.path,
            "yes" if one.complete else "no",
        )
        for one in worst_first
    ]
    return markdown_table(("profile", "week", "file, or why there is none", "complete"), rows)


def _check(outcomes: Sequence[Outcome], failed: Sequence[Outcome]) -> dg.AssetCheckResult:
    why = "; ".join(f"{one.profile.profile_id} {one.profile.name}, {one.week}: {one.problem}" for one in failed[:5])
    return dg.AssetCheckResult(
        check_name=CHECK,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(failed)} of {len(outcomes)} are not there: {why}" if failed else f"{len(outcomes)} written",
        metadata={"reports": _table(failed)} if failed else {},
    )
