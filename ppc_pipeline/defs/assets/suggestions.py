"""The asset of suggestions: made anew when the last report of a load is in, and whenever a person asks for it.

Here: whom it is made for, and what is shown of it. Not here: what is suggested (``warehouse.suggestions``).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import dagster as dg

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.clients import wanted_accounts
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.metadata import amount_change, markdown_table, money
from ppc_pipeline.defs.resources import LedgerResource, WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.settings import Settings, load_settings
from ppc_pipeline.warehouse.suggestions import (
    KINDS,
    SOURCES,
    Count,
    Suggestion,
    TargetAcos,
    refresh_suggestions,
    suggestion_counts,
    suggestions,
)

BEST = 5
"""Examples of each kind and client."""

_ENTITIES = (
    *("profiles", "campaigns", "ad_groups", "keywords", "targets", "product_ads"),
    *("negative_keywords", "negative_targets"),
)


def target_acos(settings: Settings) -> TargetAcos:
    """Return the ACoS that is aimed at.

    Raises:
        SettingsError: The accounts are half configured.
    """
    own = {account.name: account.target_acos_percent for account in wanted_accounts(settings)}
    return TargetAcos(settings.target_acos_percent, {name: value for name, value in own.items() if value is not None})


def suggestions_asset(report_types: Sequence[ReportType]) -> dg.AssetsDefinition:
    """Return the asset ``suggestions``."""
    sources = [report_type.table for report_type in report_types if report_type.name in SOURCES]

    @dg.asset(
        name="suggestions",
        deps=[*_ENTITIES, *sources],
        group_name="suggestions",
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        tags={"ppc/source": "warehouse"},
    )
    def asset(
        context: dg.AssetExecutionContext, ledger: LedgerResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        """One row is one proposed change: a bid, a search term to make a keyword or to negate, a budget to raise.

        Key: profile_id, ad_product, kind, campaign_id, ad_group_id, target_id, search_term. Each has its evidence, a
        confidence, what is expected in 30 days, and the reason in words. Nothing is ever sent to Amazon:
        `ppc suggestions --bulksheet` writes the file that a person may upload. docs/suggestions.md has the rules.
        """
        prepare(warehouse.warehouse())
        with warehouse.get_connection() as connection:
            unmade = refresh_suggestions(connection, target_acos(load_settings()), ledger.open().clock())
            counts, found = suggestion_counts(connection), suggestions(connection)
        for profile_id, why in unmade.items():
            context.log.error(f"{profile_id}: its suggestions stay as they were: {why}")
        return dg.MaterializeResult(metadata=_metadata(counts, found, unmade))

    return asset


def _metadata(
    counts: Sequence[Count], found: Sequence[Suggestion], unmade: Mapping[int, str]
) -> dict[str, dg.MetadataValue]:
    by_kind = {kind: [count for count in counts if count.kind == kind] for kind in KINDS}
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for count in counts:
        expected[count.currency_code] += count.expected_cost_change
    header = ("account", "profile", "kind", "suggestions", "currency", "cost in 30 days", "sales in 30 days")
    rows = [
        (
            *(c.account, f"{c.profile_id} {c.profile_name}", c.kind, c.suggestions, c.currency_code),
            *(c.expected_cost_change, c.expected_sales_change),
        )
        for c in counts
    ]
    return {
        "dagster/row_count": dg.MetadataValue.int(len(found)),
        **{kind: dg.MetadataValue.int(sum(count.suggestions for count in some)) for kind, some in by_kind.items()},
        **money("expected cost change", expected),
        **({"as they were": markdown_table(("profile", "why"), [*unmade.items()])} if unmade else {}),
        **({"by client": markdown_table(header, rows)} if rows else {}),
        **({"examples": _examples(found)} if found else {}),
    }


def _examples(found: Sequence[Suggestion]) -> dg.MarkdownMetadataValue:
    """Return the first suggestions of each kind and client: those that are expected to move most."""
    shown: dict[tuple[str, int], list[Suggestion]] = {}
    for one in found:
        shown.setdefault((one.kind, one.profile_id), []).append(one)
    best = [one for some in shown.values() for one in some[:BEST]]
    best.sort(key=lambda one: [*KINDS].index(one.kind))
    header = ("kind", "profile", "campaign", "what", "change", "confidence", "why")
    rows = [
        (
            *(one.kind, one.profile_id, one.campaign_name, one.subject),
            amount_change(one.current_value, one.suggested_value, one.currency_code),
            *(one.confidence, one.reason),
        )
        for one in best
    ]
    return markdown_table(header, rows)
