"""The assets of what is now: profiles, campaigns, keywords and the rest. Never partitioned by date.

A backfill must not write today's state under an old date: history is kept as validity ranges instead.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

import dagster as dg

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES, EntityType
from ppc_pipeline.amazon_ads.errors import distinct
from ppc_pipeline.authorisations import REMEDY, Standing, authorisations
from ppc_pipeline.defs.assets import OWNER
from ppc_pipeline.defs.interrupts import run
from ppc_pipeline.defs.metadata import amount_change, markdown_table
from ppc_pipeline.defs.progress import logged
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.entities.listings import NotOffered
from ppc_pipeline.entities.profiles import PATIENCE, Trouble
from ppc_pipeline.pipeline import Tools, broken_accounts, large_changes, sync_entities, sync_profiles, unmatched_filters
from ppc_pipeline.progress import Progress
from ppc_pipeline.warehouse.changes import LargeChange
from ppc_pipeline.warehouse.entities import EntityOutcome
from ppc_pipeline.wording import counted

GROUP = "entities"
CHECK = "complete"
AUTHORISATIONS = "authorisations"
CHANGES_CHECK = "large_changes"

_VERSIONS = (
    "Every version it had stands in `{name}_history` with `valid_from` and `valid_to`; "
    "an entity that Amazon no longer lists is marked in `removed_at`."
)


_COMPLETE = (
    "Every active profile's list was read to the end. WARN: but one that some advertisers do not have (creatives, "
    "budget rules)."
)

_CHANGES = "No bid or budget changed by more than PPC_CHANGE_ALERT_PERCENT, or from 0, since it was listed before."


@dg.asset(
    group_name=GROUP,
    owners=[OWNER],
    kinds={"amazonads", "duckdb"},
    tags={"ppc/source": "amazon_ads"},
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="profiles",
            description="Every account answered, and has the profiles its filters ask for. WARN: but for some values.",
        ),
        dg.AssetCheckSpec(
            AUTHORISATIONS,
            asset="profiles",
            description="No account's authorisation ends within 30 days (WARN), or has ended (ERROR).",
        ),
    ],
)
def profiles(
    context: dg.AssetExecutionContext,
    amazon_ads: AmazonAdsResource,
    ledger: LedgerResource,
    warehouse: WarehouseResource,
) -> dg.MaterializeResult:
    """One row is a profile as of now: one advertiser in one marketplace, with its country, currency and time zone.

    Key: profile_id. All profiles that the accounts reach; `active` and `skip_reason` say which are worked for. Every
    version it had stands in `profiles_history`.
    """
    tools = amazon_ads.tools(ledger, warehouse, f"run {context.run.run_id}")
    done = run(sync_profiles(tools, patience=PATIENCE))
    context.log.info(f"{counted(len(done.outcomes), 'profile')} of {counted(len(tools.accounts), 'account')}")
    facts = [profile.facts for profile in tools.roster.profiles(tools.account_names)]
    if not facts and done.troubles:
        raise dg.Failure("; ".join(trouble.reason for trouble in done.troubles), allow_retries=False)
    rows = [
        (f.profile_id, f.name, f.account, f.country_code, f.currency_code, f.timezone, f.skip_reason) for f in facts
    ]
    header = ("profile", "name", "account", "country", "currency", "time zone", "left out because")
    return dg.MaterializeResult(
        metadata={
            **_counts(done.outcomes),
            "profiles": markdown_table(header, rows),
            "sandbox": tools.sandbox,
        },
        check_results=[_profiles_check(tools, done.troubles), _authorisations_check(tools)],
    )


def entity_assets() -> dg.AssetsDefinition:
    """Return the assets of every declared kind of entity: one step lists what is selected for all profiles at once."""
    specs = [_spec(entity) for entity in ENTITY_TYPES.values()]

    @dg.multi_asset(
        name="entities",
        specs=specs,
        can_subset=True,
        check_specs=[
            *(dg.AssetCheckSpec(CHECK, asset=spec.key, description=_COMPLETE) for spec in specs),
            *(dg.AssetCheckSpec(CHANGES_CHECK, asset=name, description=_CHANGES) for name in _with_amounts()),
        ],
    )
    def entities(
        context: dg.AssetExecutionContext,
        amazon_ads: AmazonAdsResource,
        ledger: LedgerResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult]:
        tools = amazon_ads.tools(ledger, warehouse, f"run {context.run.run_id}")
        # In the order they are declared in: what stands below another looks up in it what an export does not say.
        wanted = {key.to_user_string() for key in context.selected_asset_keys}
        selected = [entity for name, entity in ENTITY_TYPES.items() if name in wanted]
        synced = run(sync_entities(tools, selected, logged(context.log, progress)))
        broken = broken_accounts(tools)
        serious = [trouble.reason for trouble in synced.troubles if not trouble.minor]
        if (serious or broken) and not any(synced.outcomes.values()):
            raise dg.Failure("; ".join(distinct([*broken.values(), *serious])[:5]), allow_retries=False)
        jumped = large_changes(tools, synced)
        for entity in selected:
            own = [trouble for trouble in synced.troubles if trouble.what == entity.name]
            named = {trouble.account for trouble in own}
            own += [Trouble(name, None, entity.name, why) for name, why in broken.items() if name not in named]
            checks = [_check(entity.name, own)]
            if entity.amounts:
                checks.append(_changes_check(entity.name, jumped, tools.settings.change_alert_percent))
            yield dg.MaterializeResult(
                asset_key=entity.name,
                metadata={
                    **_counts(synced.outcomes[entity.name]),
                    **_not_offered(entity, synced.not_offered),
                    **_detours([detour for detour in synced.detours if detour.what == entity.name]),
                    "sandbox": tools.sandbox,
                },
                check_results=checks,
            )

    return entities


def _spec(entity: EntityType) -> dg.AssetSpec:
    key = ", ".join(("profile_id", "ad_product", *entity.key) if entity.listings[0].ad_product else entity.key)
    return dg.AssetSpec(
        entity.name,
        deps=["profiles"],
        group_name=GROUP,
        owners=[OWNER],
        kinds={"amazonads", "duckdb"},
        tags={"ppc/source": "amazon_ads"},
        skippable=True,
        description=f"One row is {entity.row}, as of now. Key: {key}. {_VERSIONS.format(name=entity.name)}",
    )


def _with_amounts() -> list[str]:
    return [name for name, entity in ENTITY_TYPES.items() if entity.amounts]


def _counts(outcomes: Sequence[EntityOutcome]) -> dict[str, int]:
    return {
        "dagster/row_count": sum(o.rows for o in outcomes),
        "profiles_listed": len({o.profile_id for o in outcomes}),
        "added": sum(o.added for o in outcomes),
        "changed": sum(o.changed for o in outcomes),
        "removed": sum(o.removed for o in outcomes),
        "rejected": sum(o.rejected for o in outcomes),
        **_rows_by_ad_product(outcomes),
    }


def _detours(detours: Sequence[Trouble]) -> dict[str, dg.MarkdownMetadataValue]:
    """Show which lists were read page by page because an export could not be had: nothing is missing."""
    rows = [(t.account, t.profile_id, t.reason) for t in detours]
    return {"read_page_by_page": markdown_table(("account", "profile", "why"), rows)} if rows else {}


def _rows_by_ad_product(outcomes: Sequence[EntityOutcome]) -> dict[str, int]:
    rows = Counter[str]()
    for outcome in outcomes:
        if outcome.ad_product:
            rows[f"rows_{outcome.ad_product.lower()}"] += outcome.rows
    return dict(sorted(rows.items()))


def _not_offered(entity: EntityType, lacks: Sequence[NotOffered]) -> dict[str, dg.MarkdownMetadataValue]:
    """Name the profiles that do not have an ad product which feeds a table."""
    products = {listing.ad_product for listing in entity.listings}
    rows = [(n.account, n.profile_id, n.ad_product, n.reason) for n in lacks if n.ad_product in products]
    return {"not_offered": markdown_table(("account", "profile", "ad product", "why"), rows)} if rows else {}


def _check(asset: str, troubles: Sequence[Trouble]) -> dg.AssetCheckResult:
    only_minor = all(trouble.minor for trouble in troubles)
    rows = [(t.account, t.profile_id, t.reason) for t in troubles]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CHECK,
        passed=not troubles,
        severity=dg.AssetCheckSeverity.WARN if only_minor else dg.AssetCheckSeverity.ERROR,
        description="; ".join(sorted(distinct(t.reason for t in troubles))[:3]) or "all there",
        metadata={"missing": markdown_table(("account", "profile", "why"), rows)} if rows else {},
    )


def _profiles_check(tools: Tools, troubles: Sequence[Trouble]) -> dg.AssetCheckResult:
    """Judge what was found of the profiles; a country or type in a filter that nobody has is a warning."""
    unmatched = [Trouble(account, None, "profiles", reason, minor=True) for account, reason in unmatched_filters(tools)]
    return _check("profiles", [*troubles, *unmatched])


def _authorisations_check(tools: Tools) -> dg.AssetCheckResult:
    """Judge when the accounts' authorisations end: while there is time to renew them, and when it is too late."""
    today = tools.ledger.clock().date()
    found = authorisations(tools.accounts, tools.roster.standings())
    ending = [one for one in found if one.standing(today) is not Standing.GOOD]
    ended = any(one.standing(today) is Standing.ENDED for one in ending)
    reasons = "; ".join(f"account {one.account!r}: {one.describe(today)}" for one in ending)
    rows = [(one.account, one.since, one.ends_on, one.describe(today)) for one in found]
    header = ("account", "authorised or first used on", "ends on", "how it stands")
    return dg.AssetCheckResult(
        asset_key="profiles",
        check_name=AUTHORISATIONS,
        passed=not ending,
        severity=dg.AssetCheckSeverity.ERROR if ended else dg.AssetCheckSeverity.WARN,
        description=f"{reasons} -> {REMEDY}" if ending else "none ends soon",
        metadata={"authorisations": markdown_table(header, rows)} if rows else {},
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _changes_check(asset: str, jumped: Sequence[LargeChange], threshold: float) -> dg.AssetCheckResult:
    own = [change for change in jumped if change.entity == asset]
    header = ("profile", "ad product", "entity", "campaign", "what", "change", "percent")
    rows = [
        (
            *(
                f"{c.profile_id} {c.client or c.account}",
                c.ad_product,
                f"{c.name or ''} ({c.entity_id})",
                c.campaign_id,
            ),
            *(c.attribute, amount_change(_decimal(c.before), _decimal(c.after), c.currency_code)),
            "from nothing" if c.percent is None else f"{c.percent:+,.1f}",
        )
        for c in own
    ]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CHANGES_CHECK,
        passed=not own,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{counted(len(own), 'amount')} changed by more than {threshold:g} %" if own else "none",
        metadata={"changes": len(own), **({"examples": markdown_table(header, rows)} if own else {})},
    )
