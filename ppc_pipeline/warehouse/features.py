"""The feature tables: what was known of each campaign and keyword on each day, for models to be trained on.

A row of a day is made when that day is loaded, of the 90 days up to it and, for an index of the month, of the twelve
months before; it stays as it is when Amazon restates them later: what a model learns from is what it will be given.
Which days are due, and when a row is made anew, ``sql/features/due.sql`` says; it follows from ``load_log`` and
``feature_days`` alone, so that a refresh that was broken off is completed by the next one. Here: making rows, and what
their columns mean. Not here: figures as they stand now (``metrics``), or training.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import Warehouse, in_transaction
from ppc_pipeline.warehouse.metrics import (
    FIGURES,
    INTEGER,
    KEYS,
    METRIC_TABLES,
    MONEY,
    RATE,
    RATES,
    TEXT,
    MetricColumn,
    MetricTable,
)
from ppc_pipeline.warehouse.restated import FINAL_AFTER_DAYS
from ppc_pipeline.warehouse.sql_files import inputs_of, make_input, sql_file, view_of
from ppc_pipeline.warehouse.tables import quoted

WINDOWS = (3, 7, 14, 30, 60, 90)
"""Lengths in days; they end with the row's day."""

TREND_DAYS = 30
WEEKDAY_DAYS = 84
FEWEST_DAYS = 3
"""Trend and variation say nothing of fewer days, an index of a weekday nothing of fewer days of that weekday."""

TRENDS = ("cost", "clicks", "sales")
VARIATIONS = ("cost", "sales")

SLICE_ROWS = 10_000_000
"""About how many rows of metric tables are read for one transaction, so that memory is bounded and others get in."""

MEMORY = "1GB"
"""What DuckDB may take for one slice; it goes to disk with more."""

_SQL_TYPES = {MONEY: "DECIMAL(38, 6)"}


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """A feature table: a view, over a table of rows that are made once.

    Attributes:
        name: The view. The rows' SELECT is in the file of ``sql/features`` of that name.
        row: What one row is, in words.
        metrics: The metric table that it is made of.
        ids: Its columns that tell entities of one profile and ad product apart.
        whole: What the entity's cost is given a share of, in words.
    """

    name: str
    row: str
    metrics: MetricTable
    ids: tuple[str, ...]
    whole: str

    @property
    def grain(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        return ("date", "profile_id", "currency_code", "ad_product", *self.ids)

    @property
    def columns(self) -> tuple[MetricColumn, ...]:
        """Every column, in order."""
        share = f"cost_last_{TREND_DAYS}_days / that of all {self.whole}, in percent."
        return (
            *self._keys(),
            *_KNOWN,
            *_sums(),
            MetricColumn(f"cost_share_percent_last_{TREND_DAYS}_days", RATE, share),
            *_WEEKDAY_INDICES,
            *_MONTH_INDICES,
            *(column for column, _ in _derived()),
        )

    @property
    def stored(self) -> str:
        """The table of the rows."""
        return f"{self.name}_known"

    def _keys(self) -> Iterator[MetricColumn]:
        return (KEYS[name] for name in ("date", "account", "profile_id", "currency_code", "ad_product", *self.ids))

    @property
    def stored_columns(self) -> tuple[MetricColumn, ...]:
        """The columns of the table of the rows, with their SQL types."""
        derived = {column.name for column, _ in _derived()} | {"final_from"}
        columns = [column for column in self.columns if column.name not in derived] + [*_LINES]
        return tuple(replace(column, type=_SQL_TYPES.get(column.type, column.type)) for column in columns)

    def ddl(self) -> str:
        """Return the statement that makes the table of the rows."""
        body = (f"{quoted(column.name)} {column.type}" for column in self.stored_columns)
        return f"CREATE TABLE IF NOT EXISTS {quoted(self.stored)} ({', '.join(body)})"

    def view_sql(self) -> str:
        """Return the statement that makes the view: the rows, with their rates and trends."""
        made = {column.name: f"{sql} AS {quoted(column.name)}" for column, sql in _derived()}
        made["final_from"] = f"date + {FINAL_AFTER_DAYS} AS final_from"
        columns = ",\n    ".join(made.get(column.name, quoted(column.name)) for column in self.columns)
        return f"CREATE OR REPLACE VIEW {quoted(self.name)} AS\nSELECT\n    {columns}\nFROM {quoted(self.stored)}"


_KNOWN = (
    MetricColumn("known_at", "TIMESTAMP WITH TIME ZONE", "When the figures were read that the row is made of."),
    MetricColumn("final_from", "DATE", f"From which date on the figures are final: {FINAL_AFTER_DAYS} days later."),
    MetricColumn("days_known", INTEGER, "How many of the 90 days up to the date were loaded; the others are missing."),
    MetricColumn(f"days_known_last_{TREND_DAYS}_days", INTEGER, "The same of the last 30 days."),
    MetricColumn(
        f"trend_days_last_{TREND_DAYS}_days",
        INTEGER,
        "Those of them since the first day with a row: those of the trend.",
    ),
    MetricColumn("days_since_first_seen", INTEGER, "Days since the first day with a row, of all that are loaded."),
)

_WEEKDAY_INDICES = tuple(
    MetricColumn(
        f"{figure}_weekday_index_last_{WEEKDAY_DAYS}_days",
        RATE,
        f"`{figure}` of an average loaded day of the row's weekday / that of an average one, of the last 12 weeks.",
    )
    for figure in VARIATIONS
)

_MONTH_INDICES = tuple(
    MetricColumn(
        f"{figure}_month_index_last_12_months",
        RATE,
        f"`{figure}` of an average loaded day of the row's month a year before / that of an average one, of the 12 "
        "whole months before the row's.",
    )
    for figure in VARIATIONS
)

_LINES = (
    MetricColumn("span", INTEGER, ""),
    *(MetricColumn(f"{figure}_{what}", RATE, "") for what in ("rise", "spread") for figure in TRENDS),
)
"""What the trends are worked out from; see the files of the tables."""


def _sums() -> Iterator[MetricColumn]:
    for days in WINDOWS:
        for figure in FIGURES:
            doc = f"`{figure.name}` summed over the {days} days up to the date."
            yield MetricColumn(f"{figure.name}_last_{days}_days", figure.type, doc)


def _derived() -> Iterator[tuple[MetricColumn, str]]:
    """Yield the columns that the view works out, with their SQL."""
    for days in WINDOWS:
        end = f"last_{days}_days"
        for rate in RATES:
            doc = f"{rate.over}_{end} / {rate.under}_{end}{', in percent' if rate.percent else ''}."
            yield (
                MetricColumn(f"{rate.name}_{end}", rate.type, doc),
                rate.sql(f"{rate.over}_{end}", f"{rate.under}_{end}"),
            )
    end = f"last_{TREND_DAYS}_days"
    for figure in TRENDS:
        doc = f"By how much `{figure}` rose a day: the slope of a straight line through the days of the trend."
        yield MetricColumn(f"{figure}_slope_{end}", RATE, doc), _of_enough(f"{figure}_rise / nullif(span, 0)")
        doc = f"Its significance: the slope over its standard error (t with {_DAYS} - 2 degrees of freedom)."
        yield MetricColumn(f"{figure}_slope_t_{end}", RATE, doc), _of_enough(_t_sql(figure))
    for figure in VARIATIONS:
        doc = f"How much `{figure}` varies from day to day: standard deviation over mean, of the days of the trend."
        yield MetricColumn(f"{figure}_variation_{end}", RATE, doc), _of_enough(_variation_sql(figure, end))


_DAYS = f"trend_days_last_{TREND_DAYS}_days"


def _of_enough(sql: str) -> str:
    return f"CASE WHEN {_DAYS} >= {FEWEST_DAYS} THEN {sql} END"


def _t_sql(figure: str) -> str:
    """Return SQL for a slope over its standard error; NULL where no day is off the line by more than DOUBLE's noise."""
    rest = f"({figure}_spread - {figure}_rise * {figure}_rise / nullif(span, 0))"
    slope = f"{figure}_rise / span / sqrt({rest} / (span * ({_DAYS} - 2)::DOUBLE))"
    return f"CASE WHEN {rest} > 1e-12 * {figure}_spread THEN {slope} END"


def _variation_sql(figure: str, end: str) -> str:
    mean = f"nullif({figure}_{end}::DOUBLE, 0)"
    return f"sqrt(greatest({figure}_spread, 0) * {_DAYS} / ({_DAYS} - 1)) / {mean}"


CAMPAIGN_FEATURES = FeatureTable(
    "campaign_features",
    "a campaign on one day: what was known of it when the day was new",
    METRIC_TABLES["metrics_by_campaign"],
    ("campaign_id",),
    "campaigns of the profile and ad product",
)
KEYWORD_FEATURES = FeatureTable(
    "keyword_features",
    "a keyword or target on one day: what was known of it when the day was new",
    METRIC_TABLES["metrics_by_target"],
    ("campaign_id", "ad_group_id", "target_id"),
    "keywords and targets of the campaign",
)
FEATURE_TABLES = {table.name: table for table in (CAMPAIGN_FEATURES, KEYWORD_FEATURES)}

SEASONALITY = (
    *(KEYS[name] for name in ("profile_id", "currency_code", "ad_product")),
    MetricColumn("campaign_id", INTEGER, "The campaign; NULL: all campaigns of the profile and ad product."),
    MetricColumn("kind", TEXT, "weekday (of the last 12 weeks) or month (of the last 12 months)."),
    MetricColumn("bucket", INTEGER, "Which: 1 (Monday) to 7, or 1 (January) to 12."),
    MetricColumn("metric", TEXT, "Which figure: impressions, clicks, cost, purchases, sales or units."),
    MetricColumn("index", RATE, "The figure of an average day of the bucket / that of an average day: 1 is ordinary."),
    MetricColumn("days", INTEGER, "How many loaded days of the bucket that is worked out from."),
)
"""The columns of the view ``seasonality``."""


def feature_views() -> dict[str, str]:
    """Return the views and the statements that make them, each after those it is made of."""
    plain = {name: view_of(f"features/{name}") for name in ("covered_days", "seasonality")}
    return plain | {table.name: table.view_sql() for table in FEATURE_TABLES.values()}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        profiles: The profiles whose rows were made.
        days: Days of a profile and ad product whose rows were made.
        rows: How many rows these are.
        first: The first of the days; None where there was nothing to be done.
        last: The last of them.
    """

    profiles: frozenset[int] = frozenset()
    days: int = 0
    rows: int = 0
    first: date | None = None
    last: date | None = None

    def and_also(self, other: "Refreshed") -> "Refreshed":
        """Return what both did."""
        dates = [day for day in (self.first, self.last, other.first, other.last) if day]
        return Refreshed(
            self.profiles | other.profiles,
            self.days + other.days,
            self.rows + other.rows,
            min(dates, default=None),
            max(dates, default=None),
        )


def refresh_features(
    warehouse: Warehouse, table: FeatureTable, clock: Callable[[], datetime], slice_rows: int = SLICE_ROWS
) -> Refreshed:
    """Make the rows that are due, a slice at a time: the warehouse is let go between them.

    Args:
        warehouse: Where the rows are.
        table: Which.
        clock: What time it is; written to ``known_at``.
        slice_rows: About how many rows of the metric table one slice reads.

    Raises:
        duckdb.TransactionException: Somebody else made rows at the same time. What is left is made the next time.
    """
    refreshed = Refreshed()
    while True:
        with warehouse.connect() as connection:
            connection.execute(f"SET preserve_insertion_order = false; SET memory_limit = '{MEMORY}'")
            made = _refresh_slice(connection, table, clock(), slice_rows)
        if not made.days:
            return refreshed
        refreshed = refreshed.and_also(made)


def _refresh_slice(connection: DuckDBPyConnection, table: FeatureTable, now: datetime, slice_rows: int) -> Refreshed:
    """Make some of the rows that are due, and write down that they are made: all of it or nothing."""
    with in_transaction(connection):
        due = _take_due(connection, table, now, slice_rows)
        if not due.days:
            return due
        connection.execute("UPDATE feature_turns SET turns = turns + 1")
        if connection.execute("SELECT bool_or(made) FROM temp.due").fetchone() == (True,):
            _delete_due(connection, table.stored, "true")
            _delete_due(connection, "feature_days", f"feature_table = '{table.name}'")
        select = sql_file(f"features/{table.name}").rstrip().removesuffix(";")
        (rows,) = connection.execute(
            f"INSERT INTO {quoted(table.stored)} BY NAME SELECT *, $now::TIMESTAMPTZ AS known_at FROM ({select})",
            {"now": now, "first": due.first, "last": due.last},
        ).fetchone() or (0,)
        connection.execute(
            """
            INSERT INTO feature_days BY NAME
            SELECT ? AS feature_table, profile_id, ad_product, date, ?::TIMESTAMPTZ AS known_at, days_known, loads
            FROM temp.due
            """,
            [table.name, now],
        )
    return Refreshed(due.profiles, due.days, rows, due.first, due.last)


def due_values(table: FeatureTable, now: datetime, slice_rows: int = SLICE_ROWS) -> dict[str, Any]:
    """Return what the files that say which days are due are told; arguments as of ``refresh_features``."""
    sources = table.metrics.sources
    return {
        "feature_table": table.name,
        "report_types": [*sources.values()],
        "ad_products": [*sources],
        "now": now,
        "most": slice_rows,
    }


def _take_due(connection: DuckDBPyConnection, table: FeatureTable, now: datetime, slice_rows: int) -> Refreshed:
    """Put a slice of the days that are due into temporary tables, ``due`` and ``due_months``; say which they are."""
    values = due_values(table, now, slice_rows)
    for name in inputs_of(f"features/{table.name}"):
        make_input(connection, name, values)
    found = connection.execute("SELECT list(DISTINCT profile_id), count(*), min(date), max(date) FROM temp.due")
    profiles, days, first, last = found.fetchone() or (None, 0, None, None)
    return Refreshed(frozenset(profiles or ()), days, 0, first, last)


def _delete_due(connection: DuckDBPyConnection, table: str, where: str) -> None:
    connection.execute(
        f"""
        DELETE FROM {quoted(table)} AS t USING temp.due AS d
        WHERE {where} AND t.profile_id = d.profile_id AND t.ad_product = d.ad_product AND t.date = d.date
        """
    )
