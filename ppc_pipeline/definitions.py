"""The composition root: everything Dagster loads, on one page. Nothing is made here, only put together."""

import dagster as dg

from ppc_pipeline.defs.assets.coverage import coverage_asset
from ppc_pipeline.defs.assets.entities import entity_assets, profiles
from ppc_pipeline.defs.assets.features import feature_assets
from ppc_pipeline.defs.assets.insights import insight_assets, insight_names
from ppc_pipeline.defs.assets.metrics import metric_assets, metric_names
from ppc_pipeline.defs.assets.overviews import api_usage, restatement_asset, trends_asset
from ppc_pipeline.defs.assets.reports import performance_asset, performance_sources, report_assets
from ppc_pipeline.defs.assets.suggestions import suggestions_asset
from ppc_pipeline.defs.assets.weekly import weekly_asset, weekly_partitions
from ppc_pipeline.defs.checks import (
    columns_checks,
    complete_checks,
    emptied_checks,
    performance_check,
    rejected_checks,
)
from ppc_pipeline.defs.clean_up import clean_up_job, daily_clean_up
from ppc_pipeline.defs.jobs import entities_job, optimise_job, orders_job, reports_job, weekly_job
from ppc_pipeline.defs.partitions import daily_partitions
from ppc_pipeline.defs.quality import quality_checks
from ppc_pipeline.defs.resources import LAKE, AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.defs.schedules import daily_entities, daily_orders, weekly_reports
from ppc_pipeline.defs.sensors import report_readiness
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.settings import Settings, load_settings


def build_defs(settings: Settings, progress: Progress = silent) -> dg.Definitions:
    """Put the definitions together.

    Args:
        settings: Which report types are assets, the first partition, and where the warehouse is.
        progress: Told how far long work is.
    """
    partitions = daily_partitions(settings.start_date)
    report_types = settings.selected_report_types()
    sources = performance_sources(report_types)
    assets = [
        profiles,
        entity_assets(),
        report_assets(report_types, partitions),
        coverage_asset(report_types),
        restatement_asset(report_types),
        api_usage,
        *([performance_asset(sources, partitions)] if sources else []),
        metric_assets(report_types),
        *([insight_assets(report_types)] if insight_names(report_types) else []),
        *feature_assets(report_types),
        suggestions_asset(report_types),
        trends_asset(report_types),
        weekly_asset(report_types, weekly_partitions(settings.start_date)),
    ]
    checks = [
        complete_checks(report_types),
        rejected_checks(report_types),
        emptied_checks(report_types),
        columns_checks(report_types),
        *([performance_check()] if sources else []),
        quality_checks(metric_names(report_types), report_types),
    ]
    check_keys = {key for definition in (*assets, *checks) for key in definition.check_keys}
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[entities_job, reports_job, orders_job, optimise_job, weekly_job, clean_up_job(check_keys)],
        schedules=[daily_entities, daily_orders, daily_clean_up, weekly_reports],
        sensors=[report_readiness],
        resources={
            "amazon_ads": AmazonAdsResource(),
            "ledger": LedgerResource(),
            "warehouse": WarehouseResource(
                database=LAKE if settings.is_lake else settings.warehouse,
                lake_path=settings.lake_path,
                wait_seconds=settings.warehouse_wait_seconds,
            ),
            "progress": progress,
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Load the definitions for the settings in the environment."""
    return build_defs(load_settings())
