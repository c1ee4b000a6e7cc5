"""From Amazon's declarations to the warehouse's: the one place where the two meet.

Here: how a report type or an entity becomes a table. Not here: the declarations themselves (``amazon_ads``), or what
is done with tables (``warehouse``).
"""

import hashlib

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES, EntityType, Listing
from ppc_pipeline.amazon_ads.entities.campaigns import PLACEMENTS
from ppc_pipeline.amazon_ads.fields import Kind, snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType, describe, is_metric, kind_of
from ppc_pipeline.warehouse.metrics import FIGURES, KEYS, WHENCE, MetricColumn
from ppc_pipeline.warehouse.tables import Column, ColumnType, EntityTable, ReportTable, Words

_TYPES = {
    Kind.INTEGER: ColumnType.INTEGER,
    Kind.MONEY: ColumnType.MONEY,
    Kind.RATE: ColumnType.RATE,
    Kind.STRING: ColumnType.TEXT,
    Kind.ENUM: ColumnType.ENUM,
    Kind.DATE: ColumnType.DATE,
    Kind.MOMENT: ColumnType.MOMENT,
    Kind.BOOLEAN: ColumnType.BOOLEAN,
    Kind.JSON: ColumnType.JSON,
    Kind.PREDICATES: ColumnType.JSON,
    Kind.PLACEMENTS: ColumnType.JSON,
}
_WORDS = {Kind.PREDICATES: Words("type"), Kind.PLACEMENTS: Words("placement", tuple(PLACEMENTS.items()))}


def report_table(report_type: ReportType) -> ReportTable:
    """Return the table of a report type."""
    columns = tuple(
        Column(snake_case(name), _TYPES[kind_of(name)], source=name, metric=is_metric(name))
        for name in report_type.columns
    )
    grain = tuple(snake_case(name) for name in report_type.grain)
    nullable = tuple(snake_case(name) for name in report_type.nullable)
    return ReportTable(
        name=report_type.table,
        report_type=report_type.name,
        columns=columns,
        grain=grain,
        nullable=nullable,
        anonymous=report_type.anonymous,
        id_column=snake_case(report_type.id_column) if report_type.id_column else None,
    )


_OWN = {
    column.name: column for column in (*(KEYS[name] for name in ("account", "profile_id", "currency_code")), *WHENCE)
}
"""Columns of report tables that are not Amazon's."""

_AS_IN_METRICS = {
    "date": KEYS["date"],
    **{name: KEYS[name] for name in ("campaign_id", "campaign_name", "ad_group_id", "ad_group_name", "search_term")},
    **{name: KEYS[name] for name in ("advertised_asin", "advertised_sku")},
    **{figure.name: figure for figure in FIGURES if figure.name in ("impressions", "clicks", "cost")},
}
"""Amazon's columns that mean what those of metric tables do, whatever their type is there."""


def described_columns(report_type: ReportType) -> tuple[MetricColumn, ...]:
    """Return every column of a report type's table, with what it means; without a word where only its name says it."""
    table = report_table(report_type)
    found = dict(_OWN)
    for column in table.columns:
        known = _AS_IN_METRICS.get(column.name)
        doc = known.doc if known else describe(column.source, report_type.ad_product)
        found[column.name] = MetricColumn(column.name, str(column.type), doc)
    return tuple(found[name] for name in table.all_columns)


def entity_table(entity: EntityType) -> EntityTable:
    """Return the table of an entity."""
    columns = tuple(Column(name, _TYPES[kind], words=_WORDS.get(kind)) for name, kind in entity.columns.items())
    return EntityTable(
        name=entity.name,
        columns=columns,
        key=entity.key,
        with_ad_product=any(listing.ad_product for listing in entity.listings),
        label=entity.label,
        watched=entity.watched,
        on_request=entity.on_request,
        part_column=entity.part_column,
        parts=tuple(dict.fromkeys(part for listing in entity.listings if (part := part_of(entity, listing)))),
    )


def part_of(entity: EntityType, listing: Listing) -> str:
    """Say which of an ad product's lists in one table this is; empty where there is only one, or for the first."""
    return listing.constants.get(entity.part_column, "") if entity.part_column else ""


def columns_hash(columns: tuple[str, ...]) -> str:
    """Return a short digest of the columns asked for: part of what makes two orders the same."""
    return hashlib.sha256(",".join(sorted(columns)).encode()).hexdigest()[:12]


REPORT_TABLES = {name: report_table(report_type) for name, report_type in REPORT_TYPES.items()}
ENTITY_TABLES = {name: entity_table(entity) for name, entity in ENTITY_TYPES.items()}
