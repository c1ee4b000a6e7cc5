"""The assets that show how things go over time: profiles, how far fresh figures can be trusted, how the API is used.

When each is made anew, ``due_overviews`` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.metadata import markdown_table
from ppc_pipeline.defs.resources import LedgerResource, WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.reports.usage import Usage, usage_by_day, usage_since
from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline.warehouse.restated import CurvePoint, refresh_restatement_curve, restatement_curve
from ppc_pipeline.warehouse.trends import trend_days, weekday_indices

OF_LOADS = ("restatement_curve", "performance_trends", "suggestions")
"""What is made of all that is loaded; the last is in a module of its own."""

OVERVIEWS = (*OF_LOADS, "api_usage")

RENEWED_AFTER = timedelta(hours=20)
"""Once a day: no overview is older than this for want of reports that do not come."""

USAGE_DAYS = 7
PLOTTED_DAYS = 60

_MAIN_METRICS = ("clicks", "cost", "purchases_1d", "purchases_7d", "purchases_14d", "sales_1d", "sales_7d", "sales_14d")


@dataclass(frozen=True, slots=True)
class Loads:
    """How the loads stand.

    Attributes:
        newest: When a report was last loaded; None where none was.
        going_on: Whether some are to be loaded right now.
        complete: Whether nothing is outstanding besides.
    """

    newest: datetime | None
    going_on: bool
    complete: bool


def due_overviews(instance: dg.DagsterInstance, now: float, loads: Loads, features: Sequence[str] = ()) -> list[str]:
    """Return the overviews that are to be made anew, and the features that a load left behind.

    Those of what is loaded are due once something was loaded since they were made and nothing is outstanding any more,
    so that they rest on a day's whole load and not on its first reports; where reports do not come, after 20 hours.
    How the API is used is shown once a day, together with the others or with a load. Features are made with each load
    that this project's jobs and sensor launch; a click on report assets alone leaves them behind.

    Args:
        instance: Dagster's instance.
        now: This moment, in seconds.
        loads: How the loads stand.
        features: The feature assets there are.
    """
    of_loads = (*OF_LOADS, *features)
    newest = instance.get_latest_materialization_events([dg.AssetKey(name) for name in (*OVERVIEWS, *features)])
    made = {key.to_user_string(): event.timestamp for key, event in newest.items() if event is not None}
    old = {name for name in (*OVERVIEWS, *features) if now - made.get(name, 0.0) > RENEWED_AFTER.total_seconds()}
    last_load = now if loads.going_on else loads.newest.timestamp() if loads.newest else 0.0
    due = [name for name in of_loads if made.get(name, 0.0) < last_load and (loads.complete or name in old)]
    return [*due, *(name for name in OVERVIEWS if name not in OF_LOADS and name in old and (due or loads.going_on))]


def restatement_asset(report_types: Sequence[ReportType]) -> dg.AssetsDefinition:
    """Return the asset ``restatement_curve``."""

    @dg.asset(
        name="restatement_curve",
        deps=[report_type.table for report_type in report_types],
        group_name="operations",
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
    )
    def asset(ledger: LedgerResource, warehouse: WarehouseResource) -> dg.MaterializeResult:
        """One row is how much of a metric's final figure was known at one age of a day, for one profile.

        Grain: report_type, profile_id, currency_code, metric, age_days. `share` is the figure known 1, 2, 3, 7, 14 and
        28 days after a day over the figure now, for days that are old enough to be final; `days` is how many those are.
        Worked out from `restatements`, `load_log` and the report tables; shown here over all profiles, each counting by
        its days.
        """
        from ppc_pipeline.defs.restatement_plot import restatement_plot  # matplotlib takes a second

        prepare(warehouse.warehouse())
        with warehouse.get_connection() as connection:
            tables = [REPORT_TABLES[report_type.name] for report_type in report_types]
            refresh_restatement_curve(connection, tables, ledger.open().clock())
            points = restatement_curve(connection)
        main = [point for point in points if point.metric in _MAIN_METRICS]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(points),
                **({"curve": restatement_plot(main)} if main else {}),
                "shares": _shares(points),
            }
        )

    return asset


@dg.asset(
    group_name="operations",
    owners=[OWNER],
    kinds={"python"},
    tags={"ppc/source": "ledger"},
)
def api_usage(ledger: LedgerResource) -> dg.MaterializeResult:
    """One row is how much of the Amazon Ads API one account used for one ad product on one day.

    Key: day, account, region, ad_product (lists and exports apart from reports, as Amazon throttles them apart). Calls,
    those answered 429, retries, and the seconds that 429s told everybody to wait, from the ledger; the table is of the
    last 7 days, the plot of the last 60.
    """
    from ppc_pipeline.defs.usage_plot import usage_plot  # matplotlib takes a second

    opened = ledger.open()
    today = opened.clock().date()
    week = usage_since(opened, today - timedelta(days=USAGE_DAYS - 1))
    by_day = usage_by_day(opened, today - timedelta(days=PLOTTED_DAYS - 1))
    calls = sum(used.calls for used in week)
    return dg.MaterializeResult(
        metadata={
            "calls": calls,
            "throttled": sum(used.throttled for used in week),
            "retries": sum(used.retries for used in week),
            "seconds_cooled": sum(used.seconds_cooled for used in week),
            "reports_in_flight": sum(used.reports_in_flight for used in week),
            **({"success_percent": 100 * sum(used.ok for used in week) / calls} if calls else {}),
            "last 7 days": usage_table(week),
            **({"by day": usage_plot(by_day)} if by_day else {}),
        }
    )


def trends_asset(report_types: Sequence[ReportType]) -> dg.AssetsDefinition:
    """Return the asset ``performance_trends``."""
    source = METRIC_TABLES["metrics_by_profile"]
    configured = {report_type.name for report_type in report_types}

    @dg.asset(
        deps=[source.name, "seasonality"] if configured & {*source.sources.values()} else [],
        group_name="metrics",
        owners=[OWNER],
        kinds={"python"},
        tags={"ppc/source": "warehouse"},
    )
    def performance_trends(warehouse: WarehouseResource) -> dg.MaterializeResult:
        """Cost, sales and ACoS by day, and sales by weekday, of the last twelve weeks for each profile.

        No table: drawn from `metrics_by_profile`, a day over all ad products, and `seasonality`; every profile, each in
        its currency, the nine with the highest cost large. A weekday has an index where there are four weeks of loaded
        days.
        """
        from ppc_pipeline.defs.trend_plots import small_trends_plot, trends_plot, weekdays_plot  # as above

        prepare(warehouse.warehouse())
        with warehouse.get_connection(read_only=True) as connection:
            days, weekdays = trend_days(connection), weekday_indices(connection)
        others = small_trends_plot(days)
        return dg.MaterializeResult(
            metadata={
                "profiles": days[0].found if days else 0,
                **({"last day": str(max(day.date for day in days)), "by day": trends_plot(days)} if days else {}),
                **({"by day, the others": others} if others else {}),
                **({"by weekday": weekdays_plot(weekdays)} if weekdays else {}),
            }
        )

    return performance_trends


def usage_table(used: Sequence[Usage]) -> dg.MarkdownMetadataValue:
    """Return the table of what each account used for each ad product; what failed is what is left of the calls."""
    header = ("account", "of", "calls", "success %", "429s", "retries", "s cooled", "in flight")
    rows = [
        (
            *(f"{u.account} {u.region}", u.ad_product, u.calls),
            "" if u.success_rate is None else f"{100 * u.success_rate:.1f}",
            *(u.throttled, u.retries, f"{u.seconds_cooled:,.1f}", u.reports_in_flight),
        )
        for u in used
    ]
    return markdown_table(header, rows)


def _shares(points: Sequence[CurvePoint]) -> dg.MarkdownMetadataValue:
    """Return a row for each report type and metric, a column for each age."""
    ages = sorted({point.age_days for point in points})
    found = {(p.report_type, p.metric, p.age_days): p for p in points}
    rows = []
    for report_type, metric in dict.fromkeys((p.report_type, p.metric) for p in points):
        own = [found.get((report_type, metric, age)) for age in ages]
        shares = [f"{100 * point.share:.1f} %" if point else "" for point in own]
        rows.append((f"{report_type} {metric}", *shares, max(point.days for point in own if point)))
    return markdown_table(("metric", *(f"{age} d" for age in ages), "days"), rows)
