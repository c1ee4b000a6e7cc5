"""The assets of the metric tables: views over the report tables that are right as soon as those are.

A run of them computes nothing: it reads the file of exchange rates, and says what the tables have for the dates of the
run. They are not partitioned, though their sources are: a view covers all days, and an event of each table for each day
of a backfill would take longer than its load.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.metadata import column_schema, money
from ppc_pipeline.defs.partitions import days_of_run
from ppc_pipeline.defs.resources import WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.settings import Settings, load_settings
from ppc_pipeline.warehouse.fx_rates import FxRatesError, read_fx_rates, replace_fx_rates
from ppc_pipeline.warehouse.metrics import METRIC_TABLES, MetricTable
from ppc_pipeline.warehouse.queries import metric_totals

GROUP = "metrics"
STEP = "metrics"
FX_RATES = "fx_rates"


def metric_names(report_types: Sequence[ReportType]) -> list[str]:
    """Return the metric assets that some report types are sources of, and the rates that convert their amounts."""
    names = {report_type.name for report_type in report_types}
    return [FX_RATES, *(table.name for table in METRIC_TABLES.values() if names & {*table.sources.values()})]


def metric_assets(report_types: Sequence[ReportType]) -> dg.AssetsDefinition:
    """Return the assets of the metric tables that some report types are sources of: one subsettable step."""
    tables = {name: METRIC_TABLES[name] for name in metric_names(report_types) if name != FX_RATES}

    @dg.multi_asset(
        name=STEP,
        specs=[_fx_spec(), *(_spec(table, report_types) for table in tables.values())],
        can_subset=True,
    )
    def metrics(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
        settings = load_settings()
        days = days_of_run(context.run, settings)
        selected = {key.to_user_string() for key in context.selected_asset_keys}
        prepare(warehouse.warehouse())
        problem: FxRatesError | None = None
        if FX_RATES in selected:
            try:
                yield _load_rates(warehouse, settings)
            except (
                FxRatesError
            ) as error:  # the tables are right without: say so at the end, and keep the rates there are
                problem = error
        with warehouse.get_connection(read_only=True) as connection:
            found = {name: metric_totals(connection, name, days.start, days.end) for name in tables if name in selected}
        for name, totals in found.items():
            metadata: dict[str, dg.MetadataValue | int | str] = {
                "dagster/row_count": sum(total.rows for total in totals),
                "days": len(days),
                "dates": str(days),
                **money("cost", {total.currency_code: total.cost or Decimal(0) for total in totals}),
                **money("sales", {total.currency_code: total.sales or Decimal(0) for total in totals}),
            }
            yield dg.MaterializeResult(asset_key=name, metadata=metadata)
        if problem:
            raise dg.Failure(f"PPC_FX_RATES_FILE: {problem}", allow_retries=False)

    return metrics


def _load_rates(warehouse: WarehouseResource, settings: Settings) -> dg.MaterializeResult:
    found = read_fx_rates(settings.fx_rates_file, settings.currency)
    with warehouse.get_connection() as connection:
        changed = replace_fx_rates(connection, found)
    days = [rate.date for rate in found.rates]
    return dg.MaterializeResult(
        asset_key=FX_RATES,
        metadata={
            "dagster/row_count": len(found.rates),
            "rows_left_out": found.left_out,
            "changed": changed,
            **({"currency": found.currency} if found.currency else {}),
            **({"first day": str(min(days)), "last day": str(max(days))} if days else {}),
        },
    )


def _fx_spec() -> dg.AssetSpec:
    return dg.AssetSpec(
        FX_RATES,
        group_name=GROUP,
        owners=[OWNER],
        kinds={"csv", "duckdb"},
        tags={"ppc/source": "file"},
        skippable=True,
        description=(
            "One row is what one unit of a currency was worth on one day in PPC_CURRENCY. Key: date, from_currency. "
            "From the file PPC_FX_RATES_FILE; without one it is empty, and nothing is converted. A day takes the "
            "newest rate of that day or before it, at most 7 days old."
        ),
    )


def _spec(table: MetricTable, report_types: Sequence[ReportType]) -> dg.AssetSpec:
    configured = {report_type.name for report_type in report_types}
    sources = [REPORT_TABLES[name].name for name in table.sources.values() if name in configured]
    if "portfolio_id" in table.keys:
        sources += ["campaigns", "portfolios"]
    return dg.AssetSpec(
        table.name,
        deps=["profiles", FX_RATES, *sources],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
        skippable=True,
        metadata={"dagster/column_schema": column_schema(table.columns)},
        description=(
            f"One row is {table.row}. Grain: {', '.join(table.grain)}. A view over the report tables that covers all "
            "days, and changes with them in one transaction; the counts here are of the dates of the run. Rates are "
            "sum over sum, NULL where there is nothing to divide by; what Amazon does not give is NULL."
        ),
    )
