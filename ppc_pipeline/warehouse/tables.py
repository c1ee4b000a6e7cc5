"""Tables as declarations: columns with types and grain, and the SQL that follows from them.

Here: what a report table, an entity table and the warehouse's own tables look like. Not here: filling them
(``loading``, ``entities``) or which report types and entities there are, which the callers declare.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import in_transaction


class ColumnType(StrEnum):
    """What a column holds, and its SQL type."""

    INTEGER = "BIGINT"
    # Exact to the sixth decimal and rounded there: Amazon serves amounts with two, tiny royalties with more, and with
    # many more only quotients and what floats left behind in a sum (12.340000000000002).
    MONEY = "DECIMAL(18, 6)"
    RATE = "DOUBLE"
    TEXT = "VARCHAR"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table that is filled from JSON.

    Attributes:
        name: Its name in the warehouse.
        source: The key of a report row in Amazon's file; unused for entities, whose listings say where it is.
        type: What it holds.
        metric: Whether it may be summed over rows.
    """

    name: str
    type: ColumnType
    source: str = ""
    metric: bool = False


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of report rows.

    Attributes:
        name: The table.
        report_type: What restatements and the load log call it.
        columns: Amazon's columns; ``date`` is among them.
        grain: The columns that, with date and profile, tell rows apart.
        nullable: Those of them that may be NULL. Two NULLs there are the same.
    """

    name: str
    report_type: str
    columns: tuple[Column, ...]
    grain: tuple[str, ...]
    nullable: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell rows of one profile apart."""
        return ("date", *self.grain)

    @property
    def required(self) -> tuple[str, ...]:
        """The keys that no row may be without."""
        return tuple(name for name in self.keys if name not in self.nullable)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column of the table, in order."""
        own = tuple(column.name for column in self.columns if column.name != "date")
        return ("date", "account", "profile_id", "currency_code", *own, "report_id", "loaded_at")

    def ddl(self) -> str:
        """Return the statement that makes the table."""
        own = [f"{quoted(c.name)} {c.type}" for c in self.columns if c.name != "date"]
        body = [
            "date DATE NOT NULL",
            "account VARCHAR NOT NULL",
            "profile_id BIGINT NOT NULL",
            "currency_code VARCHAR NOT NULL",
            *own,
            "report_id VARCHAR NOT NULL",
            "loaded_at TIMESTAMPTZ NOT NULL",
        ]
        return f"CREATE TABLE IF NOT EXISTS {quoted(self.name)} ({', '.join(body)})"


@dataclass(frozen=True, slots=True)
class EntityTable:
    """A table of entities: versions in ``<name>_history``, and a view ``<name>`` of what is now.

    Attributes:
        name: The view of what is now.
        columns: The entity's columns.
        key: The columns that tell entities of one profile and ad product apart.
        with_ad_product: Whether rows belong to an ad product (portfolios and profiles do not).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    with_ad_product: bool = True

    @property
    def history(self) -> str:
        """The table of versions."""
        return f"{self.name}_history"

    @property
    def full_key(self) -> tuple[str, ...]:
        """The columns that tell entities apart over the whole table."""
        own = tuple(k for k in self.key if k != "profile_id")
        return ("profile_id", *(("ad_product",) if self.with_ad_product else ()), *own)

    @property
    def content(self) -> tuple[str, ...]:
        """The columns whose change makes a new version."""
        return tuple(c.name for c in self.columns if c.name not in self.full_key)

    def ddl(self) -> list[str]:
        """Return the statements that make the table of versions and the view of what is now."""
        lead = ["account VARCHAR NOT NULL", "profile_id BIGINT NOT NULL", "currency_code VARCHAR"]
        if self.with_ad_product:
            lead.append("ad_product VARCHAR NOT NULL")
        taken = {"account", "profile_id", "currency_code", "ad_product"}
        own = [f"{quoted(c.name)} {c.type}" for c in self.columns if c.name not in taken]
        tail = [
            "raw JSON",
            "valid_from TIMESTAMPTZ NOT NULL",
            "valid_to TIMESTAMPTZ",
            "removed_at TIMESTAMPTZ",
        ]
        return [
            f"CREATE TABLE IF NOT EXISTS {quoted(self.history)} ({', '.join([*lead, *own, *tail])})",
            f"CREATE VIEW IF NOT EXISTS {quoted(self.name)} AS "
            f"SELECT * EXCLUDE (valid_to) FROM {quoted(self.history)} WHERE valid_to IS NULL",
        ]


PROFILES = EntityTable(
    name="profiles",
    key=("profile_id",),
    with_ad_product=False,
    columns=tuple(
        Column(name, type_)
        for name, type_ in (
            ("profile_id", ColumnType.INTEGER),
            ("name", ColumnType.TEXT),
            ("account_type", ColumnType.TEXT),
            ("account_id", ColumnType.TEXT),
            ("country_code", ColumnType.TEXT),
            ("timezone", ColumnType.TEXT),
            ("marketplace_id", ColumnType.TEXT),
            ("daily_budget", ColumnType.MONEY),
            ("valid_payment_method", ColumnType.BOOLEAN),
            ("active", ColumnType.BOOLEAN),
            ("skip_reason", ColumnType.TEXT),
        )
    ),
)


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def same_keys(table: ReportTable, one: str, other: str) -> str:
    """Return SQL that is true for two rows of a report table (or of what is to become one) with the same keys."""
    equal = {name: "IS NOT DISTINCT FROM" if name in table.nullable else "=" for name in table.keys}
    return " AND ".join(f"{one}.{quoted(name)} {sign} {other}.{quoted(name)}" for name, sign in equal.items())


def sql_file(name: str) -> str:
    """Return one of the package's SQL files."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def create_tables(
    connection: DuckDBPyConnection, report_tables: Iterable[ReportTable], entity_tables: Iterable[EntityTable]
) -> None:
    """Make every table and view that is not there yet, and add the columns that declarations have gained.

    In one transaction: forty statements that are each made safe on disk take a second.
    """
    with in_transaction(connection):
        there = _columns_there(connection)
        connection.execute(sql_file("own_tables"))
        for statement in PROFILES.ddl():
            connection.execute(statement)
        for report_table in report_tables:
            connection.execute(report_table.ddl())
            _add_missing_columns(connection, there, report_table.name, report_table.columns)
        for entity_table in entity_tables:
            for statement in entity_table.ddl():
                connection.execute(statement)
            _add_missing_columns(connection, there, entity_table.history, entity_table.columns)
        connection.execute(sql_file("performance_records"))


def _columns_there(connection: DuckDBPyConnection) -> dict[str, list[str]]:
    query = """
        SELECT table_name, list(column_name) FROM information_schema.columns
        WHERE table_catalog = current_database() GROUP BY table_name
    """
    return dict(connection.execute(query).fetchall())


def _add_missing_columns(
    connection: DuckDBPyConnection, there: Mapping[str, Collection[str]], table: str, columns: Iterable[Column]
) -> None:
    for column in columns:
        if table in there and column.name not in there[table]:
            connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column.name)} {column.type}")
