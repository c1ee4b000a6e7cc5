"""The assets of daily performance: one for each report type, and ``performance_records`` over them.

One step orders the windows of everything selected before it waits for any of it, and loads whatever is ready first.
Partitioned by date; a run takes a whole range of dates and all profiles.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import dagster as dg
from pydantic import Field

from ppc_pipeline.amazon_ads.errors import distinct
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.interrupts import run
from ppc_pipeline.defs.metadata import NO_PROFILE, column_schema, markdown_table, money, refused_table
from ppc_pipeline.defs.partitions import days_of
from ppc_pipeline.defs.progress import logged
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import Brought, Tools, bring_reports, broken_accounts, failed_reports, finish_reports
from ppc_pipeline.progress import Progress
from ppc_pipeline.rebuild import Rebuilt, rebuild_reports
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.refused_columns import refused_to
from ppc_pipeline.reports.tables import REPORT_TABLES, described_columns
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.warehouse.metrics import PERFORMANCE_COLUMNS
from ppc_pipeline.warehouse.queries import Answer, Total, daily_cost, profile_summary, report_totals

GROUP = "reports"
STEP = "reports"

_PERFORMANCE = ("spTargeting", "sbTargeting", "sdTargeting")


class ReportRun(dg.Config):
    """What a run of the report assets is to do."""

    order: bool = Field(default=True, description="Order the reports of the range. False: go on with what is ordered.")
    wait: bool = Field(
        default=True, description="Wait until the reports are ready. False (never with order): load what is ready now."
    )
    rebuild: bool = Field(
        default=False,
        description="Instead of all that: load again from the raw archive what covers the range, without Amazon.",
    )
    profiles: list[int] = Field(
        default_factory=list, description="Order or rebuild for these profiles only; for all where empty."
    )


def report_assets(report_types: Sequence[ReportType], partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """Return the assets of some report types: one subsettable step."""
    by_table = {report_type.table: report_type for report_type in report_types}

    @dg.multi_asset(
        name=STEP,
        specs=[_spec(report_type, partitions) for report_type in report_types],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def reports(
        context: dg.AssetExecutionContext,
        config: ReportRun,
        amazon_ads: AmazonAdsResource,
        ledger: LedgerResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult]:
        tools = amazon_ads.tools(ledger, warehouse, f"run {context.run.run_id}")
        days = days_of(context)
        selected = [by_table[key.to_user_string()] for key in sorted(context.selected_asset_keys)]
        tell = logged(context.log, progress)
        if config.order and not config.wait:
            raise dg.Failure("config: order goes with wait (orders_job orders without waiting)", allow_retries=False)
        rebuilt = None
        if config.rebuild:
            rebuilt = run(rebuild_reports(tools, selected, days, profiles=config.profiles, progress=tell))
            brought = rebuilt.brought
        elif config.order:
            brought = run(bring_reports(tools, selected, days, profiles=config.profiles, progress=tell))
        else:
            brought = run(finish_reports(tools, selected, days, wait=config.wait, progress=tell))
        for row in failed_reports(tools, brought.rows)[0]:
            context.log.error(f"{row}: {row.reason}")
        # A load run of one report must not fail because of it: the check goes red instead, and others go on.
        fail_if_hopeless(tools, brought.rows if config.order or config.wait else [])
        totals = _totals(warehouse, selected, days)
        for report_type in selected:
            metadata = _metadata(tools, report_type, brought, totals[report_type.name])
            again = rebuild_metadata(rebuilt, report_type) if rebuilt else {}
            yield dg.MaterializeResult(asset_key=report_type.table, metadata={**metadata, **again})

    return reports


def performance_sources(report_types: Sequence[ReportType]) -> list[str]:
    """Return the report assets that ``performance_records`` is made of, among those there are."""
    return [report_type.table for report_type in report_types if report_type.name in _PERFORMANCE]


def performance_asset(sources: Sequence[str], partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """Return the asset ``performance_records``.

    Args:
        sources: The report assets it is made of.
        partitions: Its dates.
    """

    @dg.asset(
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=sources,
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
        metadata={"dagster/column_schema": column_schema(PERFORMANCE_COLUMNS)},
    )
    def performance_records(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
        """One row is a day's performance of one keyword or target of Sponsored Products, Brands or Display.

        Grain: date, profile_id, ad_product, campaign_id, ad_group_id, target_id. A view over the report tables, so
        that it changes with them in one transaction. `purchases`, `sales` and `units` are of the standard window
        (Sponsored Products: sellers 7 days, vendors 14; Brands and Display 14, after clicks or views); Amazon restates
        them for weeks. What Amazon does not give is NULL.
        """
        from ppc_pipeline.defs.plots import daily_cost_plot  # matplotlib takes a second: only where it is drawn

        days = days_of(context)
        with warehouse.get_connection(read_only=True) as connection:
            found = profile_summary(connection, days.start, days.end)
            costs = daily_cost(connection, days.start, days.end)
            query = "SELECT count(*) FROM performance_records WHERE date BETWEEN ? AND ?"
            rows = connection.execute(query, [days.start, days.end]).fetchone()
        by_currency: dict[str, Decimal] = defaultdict(Decimal)
        for _, currency, cost in costs:
            by_currency[currency] += cost
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows[0] if rows else 0,
                "days": len(days),
                "dates": str(days),
                **money("cost", by_currency),
                "profiles": _summary_table(found),
                **({"cost by day": daily_cost_plot(costs)} if costs else {}),
            }
        )

    return performance_records


_SUMMARY = ("sponsored", "impressions", "clicks", "cost", "sales", "currency", "acos_percent", "roas")


def _summary_table(found: Answer) -> dg.MarkdownMetadataValue:
    """Return the figures of each profile and ad product."""
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    shown = [(f"{row['profile_id']} {row['profile']}", *(row[name] for name in _SUMMARY)) for row in rows]
    return markdown_table(("profile", *_SUMMARY), shown)


def _spec(report_type: ReportType, partitions: dg.DailyPartitionsDefinition) -> dg.AssetSpec:
    table = REPORT_TABLES[report_type.name]
    grain = ", ".join(("date", "profile_id", *table.grain))
    if table.anonymous:
        grain += " (Amazon gives no id" + (f" where {table.id_column} is NULL" if table.id_column else "")
        grain += ": rows may be alike in it)"
    return dg.AssetSpec(
        report_type.table,
        partitions_def=partitions,
        deps=["profiles"],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"amazonads", "duckdb"},
        tags={"ppc/source": "amazon_ads"},
        skippable=True,
        metadata={
            "dagster/column_schema": column_schema(described_columns(report_type)),
            "report type": report_type.name,
        },
        description=(
            f"One row is {report_type.row}. Grain: {grain}. From Amazon's report type `{report_type.report_type_id}`, "
            f"grouped by {', '.join(report_type.group_by)}; rows exist only where there was activity. Amazon serves "
            f"{report_type.retention_days} days and restates clicks and cost for days, conversions for weeks: the "
            "trailing days are fetched again daily, and what changed is in `restatements`."
        ),
    )


def fail_if_hopeless(tools: Tools, rows: Sequence[ReportRow]) -> None:
    """Fail a run in which nothing at all could be done, with the reasons.

    Args:
        tools: What the run worked with.
        rows: The reports it was to bring, as they stand now.
    """
    failed, not_offered = failed_reports(tools, rows)
    if failed and len(failed) + len(not_offered) == len(rows):
        reasons = distinct(row.reason for row in failed if row.reason)
        raise dg.Failure(f"no report could be had: {'; '.join(reasons[:5])}", allow_retries=False)
    if not tools.profiles():
        reasons = [*broken_accounts(tools).values()] or [NO_PROFILE]
        raise dg.Failure(f"there is no profile to work for: {'; '.join(reasons)}", allow_retries=False)


def _totals(warehouse: WarehouseResource, report_types: Sequence[ReportType], days: Days) -> Mapping[str, list[Total]]:
    with warehouse.get_connection(read_only=True) as connection:
        return {
            report_type.name: report_totals(connection, REPORT_TABLES[report_type.name], days.start, days.end)
            for report_type in report_types
        }


def _metadata(
    tools: Tools, report_type: ReportType, brought: Brought, totals: Sequence[Total]
) -> Mapping[str, dg.MetadataValue | int | bool]:
    rows = brought.of_type(report_type.name)
    outcomes = [brought.outcomes[row.id] for row in rows if row.id in brought.outcomes]
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for total in totals:
        costs[total.currency_code] += total.cost or 0
    table = [(t.profile_id, t.profile_name, t.days, t.rows, t.cost, t.sales, t.currency_code) for t in totals]
    failed, not_offered = failed_reports(tools, rows)
    missing = sorted({column for outcome in outcomes for column in outcome.columns_missing})
    refused = [
        column for column in refused_to(tools.ledger, tools.account_names) if column.report_type == report_type.name
    ]
    return {
        "dagster/row_count": sum(total.rows for total in totals),
        "reports": len(rows),
        "reports_loaded_now": len(outcomes),
        "reports_failed": len(failed),
        "reports_not_offered": len(not_offered),
        "reports_outstanding": sum(row.outstanding for row in rows),
        "rows_in_files": sum(outcome.rows_loaded + outcome.rows_rejected + outcome.rows_stale for outcome in outcomes),
        "rows_loaded": sum(outcome.rows_loaded for outcome in outcomes),
        "rows_rejected": sum(outcome.rows_rejected for outcome in outcomes),
        "rows_stale": sum(outcome.rows_stale for outcome in outcomes),
        "rows_displaced": sum(outcome.rows_displaced for outcome in outcomes),
        "days_changed": sum(outcome.days_changed for outcome in outcomes),
        "days_unchanged": sum(outcome.days_unchanged for outcome in outcomes),
        "days_stale": sum(outcome.days_stale for outcome in outcomes),
        **money("cost", costs),
        "profiles": markdown_table(("profile", "name", "days", "rows", "cost", "sales", "currency"), table),
        **({"columns_missing": dg.MetadataValue.text(", ".join(missing))} if missing else {}),
        **({"columns Amazon refuses": refused_table(refused)} if refused else {}),
        "sandbox": tools.sandbox,
    }


def rebuild_metadata(rebuilt: Rebuilt, report_type: ReportType) -> Mapping[str, dg.MetadataValue | int]:
    """Say what a rebuild did that an ordinary load does not do."""
    quarantined = rebuilt.quarantined[report_type.name]
    gone = [row for row in rebuilt.plan.gone if row.report_type == report_type.name]
    left = [*gone, *(row for row in rebuilt.plan.unknown if row.report_type == report_type.name)]
    table = [(row.account, row.profile_id, str(row.days), row.report_id) for row in left]
    return {
        "rows_freed_from_quarantine": max(0, quarantined.before - quarantined.after),
        "rows_in_quarantine": quarantined.after,
        "raw_files_gone": len(gone),
        **({"not rebuilt": markdown_table(("account", "profile", "days", "report"), table)} if left else {}),
    }
