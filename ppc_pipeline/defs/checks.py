"""The asset checks: what is missing and why, what is in quarantine, what must be unique.

A check names the client, the reason and the remedy. ERROR where something failed or is wrong, WARN where it is only
late. They look at the dates of their run, and are not partitioned themselves: in a run over a range Dagster records one
evaluation, and would show those of the single partitions as skipped. Not here: the checks of entity lists, which their
own step reports (``assets.entities``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from ppc_pipeline.amazon_ads.errors import distinct
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets.reports import STEP
from ppc_pipeline.defs.metadata import NO_PROFILE, absent_table, markdown_table, refused_table, stretches_table
from ppc_pipeline.defs.partitions import days_of_run
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import broken_accounts, completeness
from ppc_pipeline.reports.completeness import COMPLETE, DayStatus, Stretch, by_status
from ppc_pipeline.reports.refused_columns import RefusedColumn, refused_alike, refused_to
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.queries import duplicates, emptied_days, rejected
from ppc_pipeline.wording import counted

COMPLETE_CHECK = "complete"
COLUMNS_CHECK = "columns"
REJECTED_CHECK = "rejected"
EMPTIED_CHECK = "emptied"
UNIQUE_CHECK = "grain_unique"

PERFORMANCE_GRAIN = ("date", "profile_id", "ad_product", "campaign_id", "ad_group_id", "target_id")


def _specs(name: str, tables: Iterable[str], description: str) -> list[dg.AssetCheckSpec]:
    """Specify a check that every report asset has."""
    return [dg.AssetCheckSpec(name, asset=table, description=description) for table in tables]


def complete_checks(report_types: Sequence[ReportType]) -> dg.AssetChecksDefinition:
    """Return the check ``complete`` of every report asset: which profile-days are missing, and why."""
    by_table = {report_type.table: report_type for report_type in report_types}

    @dg.multi_asset_check(
        name="complete_reports",
        specs=_specs(
            COMPLETE_CHECK, by_table, "Every profile-day of the range is loaded. WARN: on its way. ERROR: failed."
        ),
        can_subset=True,
    )
    def complete_reports(
        context: dg.AssetCheckExecutionContext,
        amazon_ads: AmazonAdsResource,
        ledger: LedgerResource,
        warehouse: WarehouseResource,
    ) -> Iterator[dg.AssetCheckResult]:
        tools = amazon_ads.tools(ledger, warehouse)
        run = context.op_execution_context.run
        days = days_of_run(run, tools.settings)
        wanted = profiles_of_run(run)
        broken = broken_accounts(tools)
        for key in sorted(context.selected_asset_check_keys):
            report_type = by_table[key.asset_key.to_user_string()]
            found = completeness(tools, [report_type], days, wanted)
            yield complete_result(key.asset_key, found, broken)

    return complete_reports


def profiles_of_run(run: dg.DagsterRun) -> Sequence[int]:
    """Return the profiles that a run was asked to work for; none where it works for all."""
    ops: Any = run.run_config.get("ops") or {}
    config: Any = (ops.get(STEP) or {}).get("config") or {}
    return tuple(config.get("profiles") or ())


def complete_result(asset_key: dg.AssetKey, found: Sequence[Stretch], broken: dict[str, str]) -> dg.AssetCheckResult:
    """Judge a range of profile-days.

    Args:
        asset_key: The report asset.
        found: How its profile-days stand.
        broken: Accounts that cannot be used, and why.
    """
    incomplete = [stretch for stretch in found if stretch.status not in COMPLETE]
    in_trouble = [stretch for stretch in incomplete if stretch.in_trouble]
    blocked = [stretch for stretch in found if stretch.status is DayStatus.BLOCKED]
    absent = [stretch for stretch in found if stretch.status is DayStatus.NOT_OFFERED]
    nobody = [] if found or broken else [NO_PROFILE]
    reasons = distinct([*broken.values(), *(stretch.reason for stretch in in_trouble), *nobody])
    counts = by_status(found)
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=COMPLETE_CHECK,
        passed=not incomplete and not reasons,
        severity=dg.AssetCheckSeverity.ERROR if reasons else dg.AssetCheckSeverity.WARN,
        description="; ".join(reasons[:3]) or _in_words(counts),
        metadata={
            **{f"profile_days_{status.value.replace(' ', '_')}": n for status, n in counts.items()},
            **({"missing": stretches_table(incomplete)} if incomplete else {}),
            **({"blocked": stretches_table(blocked)} if blocked else {}),
            **({"not offered": absent_table(absent)} if absent else {}),
            **({"accounts": markdown_table(("account", "why"), sorted(broken.items()))} if broken else {}),
        },
    )


def _in_words(counts: Mapping[DayStatus, int]) -> str:
    named = [f"{n} {status}" for status, n in counts.items()]
    return "profile-days: " + (", ".join(named) or "none")


def rejected_checks(report_types: Sequence[ReportType]) -> dg.AssetChecksDefinition:
    """Return the check ``rejected`` of every report asset: rows that could not be loaded, with examples."""
    by_table = {report_type.table: report_type for report_type in report_types}

    @dg.multi_asset_check(
        name="rejected_reports",
        specs=_specs(REJECTED_CHECK, by_table, "No row of Amazon's is in quarantine (rejected_rows)."),
        can_subset=True,
    )
    def rejected_reports(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.AssetCheckResult]:
        keys = sorted(context.selected_asset_check_keys)
        with warehouse.get_connection(read_only=True) as connection:
            found = {key: rejected(connection, by_table[key.asset_key.to_user_string()].name) for key in keys}
        header = ("account", "profile", "why", "rows", "example", "how its row begins")
        for key, rows in found.items():
            number = sum(row[3] for row in rows)
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=REJECTED_CHECK,
                passed=not rows,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"in quarantine: {counted(number, 'row')}" if rows else "none",
                metadata={"rows": number, **({"examples": markdown_table(header, rows)} if rows else {})},
            )

    return rejected_reports


def emptied_checks(report_types: Sequence[ReportType]) -> dg.AssetChecksDefinition:
    """Return the check ``emptied`` of every report asset: days that had rows, and have none now.

    An empty report is Amazon's word that nothing happened, and is believed. Where there were figures before, a person
    should know.
    """
    by_table = {report_type.table: report_type for report_type in report_types}

    @dg.multi_asset_check(
        name="emptied_reports",
        specs=_specs(EMPTIED_CHECK, by_table, "No day that had rows has none since a later report came."),
        can_subset=True,
    )
    def emptied_reports(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.AssetCheckResult]:
        keys = sorted(context.selected_asset_check_keys)
        with warehouse.get_connection(read_only=True) as connection:
            tables = {key: REPORT_TABLES[by_table[key.asset_key.to_user_string()].name] for key in keys}
            found = {key: emptied_days(connection, table) for key, table in tables.items()}
        header = (
            *("account", "profile", "day", "impressions before", "cost before", "currency"),
            *("report without rows", "loaded"),
        )
        for key, days in found.items():
            some = (
                f"had rows before, and none now: {counted(len(days), 'day')}; "
                "materialize them again to ask Amazon once more"
            )
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=EMPTIED_CHECK,
                passed=not days,
                severity=dg.AssetCheckSeverity.WARN,
                description=some if days else "none",
                metadata={"days": len(days), **({"examples": markdown_table(header, days[:100])} if days else {})},
            )

    return emptied_reports


def columns_checks(report_types: Sequence[ReportType]) -> dg.AssetChecksDefinition:
    """Return the check ``columns`` of every report asset: which declared columns Amazon refuses, and to whom."""
    by_table = {report_type.table: report_type for report_type in report_types}

    @dg.multi_asset_check(
        name="columns_reports",
        specs=_specs(
            COLUMNS_CHECK,
            by_table,
            "Amazon serves every declared column to every profile. Those it refuses are NULL in new rows.",
        ),
        can_subset=True,
    )
    def columns_reports(
        context: dg.AssetCheckExecutionContext,
        amazon_ads: AmazonAdsResource,
        ledger: LedgerResource,
        warehouse: WarehouseResource,
    ) -> Iterator[dg.AssetCheckResult]:
        tools = amazon_ads.tools(ledger, warehouse)
        refused = refused_to(tools.ledger, tools.account_names)
        for key in sorted(context.selected_asset_check_keys):
            name = by_table[key.asset_key.to_user_string()].name
            yield columns_result(key.asset_key, [one for one in refused if one.report_type == name])

    return columns_reports


_REFUSED = "refused by Amazon and tried again monthly (what was loaded of them before stays; new rows have NULL)"


def columns_result(asset_key: dg.AssetKey, refused: Sequence[RefusedColumn]) -> dg.AssetCheckResult:
    """Judge the columns of one report type: those that Amazon refuses are named, with the profiles."""
    named = "; ".join(
        f"{some.account}: {', '.join(some.columns)} ({_profiles(some.profile_ids)})" for some in refused_alike(refused)
    )
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=COLUMNS_CHECK,
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{_REFUSED}: {named}" if refused else "all are served",
        metadata={
            "columns": len({one.column for one in refused}),
            **({"refused": refused_table(refused)} if refused else {}),
        },
    )


def _profiles(ids: Sequence[int]) -> str:
    return f"profile {ids[0]}" if len(ids) == 1 else f"{counted(len(ids), 'profile')}, such as {ids[0]}"


def performance_check() -> dg.AssetChecksDefinition:
    """Return the check that no key stands twice in ``performance_records``."""

    @dg.asset_check(
        asset="performance_records",
        name=UNIQUE_CHECK,
        description=f"No two rows have the same {', '.join(PERFORMANCE_GRAIN)}.",
    )
    def performance_grain_unique(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        days = days_of_run(context.op_execution_context.run, load_settings())
        with warehouse.get_connection(read_only=True) as connection:
            found = duplicates(connection, "performance_records", PERFORMANCE_GRAIN, days.start, days.end)
        return dg.AssetCheckResult(
            passed=not found.rows,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"examples": markdown_table(found.columns, found.rows)} if found.rows else {},
        )

    return performance_grain_unique
