"""The assets of the feature store: rows for models, made once a day is loaded, and seasonality beside them.

Each is a step of its own after the loads of a run, so that one that fails takes neither the load nor the other with it:
what is due then is made by the next run. Not partitioned, as metric tables are not.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.metadata import column_schema
from ppc_pipeline.defs.resources import LedgerResource, WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.features import (
    CAMPAIGN_FEATURES,
    FEATURE_TABLES,
    SEASONALITY,
    FeatureTable,
    refresh_features,
)
from ppc_pipeline.warehouse.queries import rows_in

GROUP = "features"
SEASONALITY_NAME = "seasonality"


def feature_names(report_types: Sequence[ReportType]) -> list[str]:
    """Return the feature assets that some report types are sources of."""
    names = [table.name for table in FEATURE_TABLES.values() if _sources(table, report_types)]
    return [*names, SEASONALITY_NAME] if CAMPAIGN_FEATURES.name in names else names


def feature_assets(report_types: Sequence[ReportType]) -> list[dg.AssetsDefinition]:
    """Return the feature assets that some report types are sources of."""
    names = feature_names(report_types)
    assets = [
        _table_asset(table, _sources(table, report_types)) for table in FEATURE_TABLES.values() if table.name in names
    ]
    return (
        [*assets, _seasonality_asset(_sources(CAMPAIGN_FEATURES, report_types))]
        if SEASONALITY_NAME in names
        else assets
    )


def _sources(table: FeatureTable, report_types: Iterable[ReportType]) -> list[str]:
    wanted = {*table.metrics.sources.values()}
    return [REPORT_TABLES[one.name].name for one in report_types if one.name in wanted]


def _table_asset(table: FeatureTable, sources: Sequence[str]) -> dg.AssetsDefinition:
    @dg.asset(
        name=table.name,
        deps=["profiles", *sources],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
        metadata={"dagster/column_schema": column_schema(table.columns)},
        description=(
            f"One row is {table.row}. Grain: {', '.join(table.grain)}. Sums and rates of the 3, 7, 14, 30, 60 and 90 "
            "days up to the date, trend, variation, share of cost, indices of the weekday and of the month: only of "
            "days up to the date, as they were known when the row was made (`known_at`), so that nothing leaks from "
            "the future. A row stays as it is when Amazon restates its days; it is made anew while it is of the newest "
            "day, or, where it was made late, when a hole in its 90 days is filled. `final_from` says from when on "
            "figures of the day are final."
        ),
    )
    def asset(ledger: LedgerResource, warehouse: WarehouseResource) -> dg.MaterializeResult:
        plain = warehouse.warehouse()
        prepare(plain)
        made = refresh_features(plain, table, ledger.open().clock)
        with plain.connect(read_only=True) as connection:
            rows = rows_in(connection, table.name)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "rows_made": made.rows,
                "days_made": made.days,
                "profiles_concerned": len(made.profiles),
                **({"first day": str(made.first), "last day": str(made.last)} if made.first else {}),
            }
        )

    return asset


def _seasonality_asset(sources: Sequence[str]) -> dg.AssetsDefinition:
    @dg.asset(
        name=SEASONALITY_NAME,
        deps=["profiles", *sources],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
        metadata={"dagster/column_schema": column_schema(SEASONALITY)},
        description=(
            "One row is how a figure of one weekday or month compares with the average day, for a campaign or for all "
            "of a profile's. Grain: profile_id, currency_code, ad_product, campaign_id, kind, bucket, metric. A view "
            "over the report tables, as of now: for people and for budgets, while a model is to be trained on "
            "`campaign_features`, which know nothing of what came later."
        ),
    )
    def asset(warehouse: WarehouseResource) -> dg.MaterializeResult:
        prepare(warehouse.warehouse())
        with warehouse.get_connection(read_only=True) as connection:
            return dg.MaterializeResult(metadata={"dagster/row_count": rows_in(connection, SEASONALITY_NAME)})

    return asset
