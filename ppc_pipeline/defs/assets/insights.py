"""The assets of the insights: views that say where somebody should look, each with a check that says it aloud.

A run of them computes nothing that stays: it reads what each view has to say now. They are not partitioned, as a view
covers all days. Not here: whether figures can be trusted (``quality``).
"""

from collections.abc import Collection, Iterator, Sequence

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.assets.metrics import metric_names
from ppc_pipeline.defs.metadata import column_schema, markdown_table
from ppc_pipeline.defs.resources import WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.insights import INSIGHTS, Findings, Insight, findings
from ppc_pipeline.wording import counted

GROUP = "insights"
STEP = "insights"
CHECK = "nothing_to_see_to"

_CHECKED = "Passes where nobody needs to act. Warns, with the worst ones in words, where somebody should look at {}."


def insight_names(report_types: Sequence[ReportType]) -> list[str]:
    """Return the insights that some report types have figures for."""
    tables = {*metric_names(report_types)}
    return [insight.name for insight in INSIGHTS.values() if tables & {*insight.reads}]


def insight_assets(report_types: Sequence[ReportType]) -> dg.AssetsDefinition:
    """Return the assets of the insights that some report types have figures for: one subsettable step.

    The checks are of the same step: an insight is worked out once, for its events and its check.
    """
    insights = [INSIGHTS[name] for name in insight_names(report_types)]

    @dg.multi_asset(
        name=STEP,
        specs=[_spec(insight, {*metric_names(report_types)}) for insight in insights],
        can_subset=True,
        check_specs=[
            dg.AssetCheckSpec(CHECK, asset=insight.name, description=_CHECKED.format(insight.row))
            for insight in insights
        ],
    )
    def insights_step(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult]:
        selected = {key.to_user_string() for key in context.selected_asset_keys}
        prepare(warehouse.warehouse())
        with warehouse.get_connection(read_only=True) as connection:
            found = {one.name: findings(connection, one) for one in insights if one.name in selected}
        for name, seen in found.items():
            yield dg.MaterializeResult(
                asset_key=name,
                metadata={
                    "dagster/row_count": seen.rows,
                    "to_see_to": seen.alarming,
                    "profiles": seen.profiles,
                    **_examples(seen),
                },
                check_results=[_check(name, seen)],
            )

    return insights_step


def _check(name: str, seen: Findings) -> dg.AssetCheckResult:
    worst = seen.worst[0].reason if seen.worst else "nothing"
    found = f"{counted(seen.alarming, 'finding')} in {counted(seen.profiles, 'profile')}"
    return dg.AssetCheckResult(
        asset_key=name,
        check_name=CHECK,
        passed=not seen.alarming,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found}; {worst}" if seen.alarming else worst,
        metadata={"found": seen.alarming, "profiles": seen.profiles, **_examples(seen)},
    )


def _examples(seen: Findings) -> dict[str, dg.MarkdownMetadataValue]:
    rows = [(one.account, one.profile_id, one.currency_code, one.reason) for one in seen.worst]
    return {"worst": markdown_table(("account", "profile", "currency", "why"), rows)} if rows else {}


def _spec(insight: Insight, tables: Collection[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        insight.name,
        deps=["profiles", "campaigns", "portfolios", "restatement_curve", *(t for t in insight.reads if t in tables)],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
        skippable=True,
        metadata={"dagster/column_schema": column_schema(insight.columns)},
        description=(
            f"One row is {insight.row}. Grain: {', '.join(insight.grain)}. A view over the metric tables that changes "
            "with them in one transaction; `reason` says in words why a row is there. Thresholds and formulas are in "
            "docs/insights.md."
        ),
    )
