"""The asset that draws which profile-days are there."""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.metadata import absent_table, markdown_table, stretches_table
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import broken_accounts, completeness
from ppc_pipeline.reports.completeness import COMPLETE, DayStatus, Stretch, by_report_type, by_status
from ppc_pipeline.reports.windows import Days

SHOWN_DAYS = 95


def coverage_asset(report_types: tuple[ReportType, ...]) -> dg.AssetsDefinition:
    """Return the asset ``coverage``."""

    @dg.asset(
        deps=[report_type.table for report_type in report_types],
        group_name="operations",
        owners=[OWNER],
        kinds={"python"},
        tags={"ppc/source": "ledger"},
    )
    def coverage(
        amazon_ads: AmazonAdsResource, ledger: LedgerResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        """The profile x date grid: which days of which client are in the warehouse, and why the others are not.

        Drawn from the ledger for the last 95 days, as far back as Amazon serves most reports. A square shows the worst
        of the day's report types; `report_days_*` count each profile, day and report type, `report types` by type.
        """
        from ppc_pipeline.defs.plots import coverage_plot  # matplotlib takes a second: only where it is drawn

        tools = amazon_ads.tools(ledger, warehouse)
        today = tools.ledger.clock().date()
        start = max(tools.settings.start_date, today - timedelta(days=SHOWN_DAYS))
        found = completeness(tools, report_types, Days(min(start, today), today))
        counts = by_status(found)
        broken = sorted(broken_accounts(tools).items())
        incomplete = [stretch for stretch in found if stretch.status not in COMPLETE]
        absent = [stretch for stretch in found if stretch.status is DayStatus.NOT_OFFERED]
        return dg.MaterializeResult(
            metadata={
                **({"coverage": coverage_plot(found)} if found else {}),
                **{f"report_days_{status.value.replace(' ', '_')}": counts.get(status, 0) for status in DayStatus},
                **({"report types": _types_table(found)} if found else {}),
                **({"not complete": stretches_table(incomplete)} if incomplete else {}),
                **({"not offered": absent_table(absent)} if absent else {}),
                **({"accounts in trouble": markdown_table(("account", "why"), broken)} if broken else {}),
                "sandbox": tools.sandbox,
            }
        )

    return coverage


def _types_table(found: Sequence[Stretch]) -> dg.MarkdownMetadataValue:
    """Return how each report type's days stand; a column for each status that some day has."""
    there = by_status(found)
    statuses = [status for status in DayStatus if there.get(status)]
    counts = {name: by_status(some) for name, some in by_report_type(found).items()}
    rows = [(name, *(own.get(status, 0) for status in statuses)) for name, own in counts.items()]
    return markdown_table(("report type", *statuses), rows)
