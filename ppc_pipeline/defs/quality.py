"""The asset checks of whether figures can be trusted: one each over all clients, on the metric tables they are about.

WARN only, and none can make a run fail: the figures are loaded, whatever a check thinks of them. Not here: what is
missing and why, quarantine and unique keys (``checks``), or what the checks ask (``ppc_pipeline.warehouse.quality``).
"""

import logging
from collections.abc import Collection, Iterator, Sequence

import dagster as dg
import duckdb

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.defs.metadata import markdown_table
from ppc_pipeline.defs.partitions import days_of_run
from ppc_pipeline.defs.resources import WarehouseResource
from ppc_pipeline.reports.loader import update
from ppc_pipeline.reports.windows import utc_now
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.connection import WarehouseBusyError
from ppc_pipeline.warehouse.quality import QUALITY_CHECKS, Asked, Judged, QualityCheck, judge
from ppc_pipeline.wording import counted

log = logging.getLogger(__name__)

_HEADER = ("account", "profile", "what", "expected", "found", "problem")


def quality_checks(tables: Collection[str], report_types: Sequence[ReportType]) -> dg.AssetChecksDefinition:
    """Return the checks that are about some metric tables, as one subsettable step.

    Args:
        tables: The metric assets that there are.
        report_types: Those that are configured.
    """
    checks = [check for check in QUALITY_CHECKS.values() if check.table in tables]

    @dg.multi_asset_check(
        name="quality",
        specs=[dg.AssetCheckSpec(check.name, asset=check.table, description=check.rule) for check in checks],
        can_subset=True,
    )
    def quality(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[dg.AssetCheckResult]:
        settings = load_settings()
        days = days_of_run(context.op_execution_context.run, settings)
        asked = Asked(days.start, days.end, [report_type.name for report_type in report_types], utc_now())
        selected = {key.name for key in context.selected_asset_check_keys}
        wanted = [check for check in checks if check.name in selected]
        try:
            update(warehouse.warehouse())
            with warehouse.get_connection(read_only=True) as connection:
                results = [quality_result(connection, check, asked) for check in wanted]
        except WarehouseBusyError as error:
            results = [_unanswered(check, error) for check in wanted]
        yield from results

    return quality


def quality_result(connection: duckdb.DuckDBPyConnection, check: QualityCheck, asked: Asked) -> dg.AssetCheckResult:
    """Judge one check; one that cannot be worked out says so, and fails nothing."""
    try:
        return _result(check, judge(connection, check, asked))
    except duckdb.Error as error:
        return _unanswered(check, error)


def _unanswered(check: QualityCheck, error: Exception) -> dg.AssetCheckResult:
    log.warning("check %s of %s could not be worked out", check.name, check.table, exc_info=error)
    return dg.AssetCheckResult(
        asset_key=check.table,
        check_name=check.name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"this could not be worked out: {error}",
    )


def _result(check: QualityCheck, judged: Sequence[Judged]) -> dg.AssetCheckResult:
    wrong = [one for one in judged if one.problem is not None]
    clients = list(dict.fromkeys(one.client or str(one.profile_id) for one in wrong))
    first = "; ".join(f"{one.client or one.profile_id}: {one.problem}" for one in wrong[:3])
    return dg.AssetCheckResult(
        asset_key=check.table,
        check_name=check.name,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{counted(len(clients), 'client')}: {first}" if wrong else "as it should be",
        metadata={
            "expected": check.rule,
            "found": f"{counted(len(wrong), 'problem')} of {counted(len(clients), 'client')}",
            "compared": len(judged),
            **({"examples": _table(wrong)} if wrong else {}),
            **({"all": _table(judged)} if len(judged) > len(wrong) else {}),
        },
    )


def _table(judged: Sequence[Judged]) -> dg.MarkdownMetadataValue:
    rows = [(j.account, f"{j.profile_id} {j.client or ''}", j.subject, j.expected, j.found, j.problem) for j in judged]
    return markdown_table(_HEADER, rows)
