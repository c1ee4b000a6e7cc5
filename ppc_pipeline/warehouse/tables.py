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
    # A word of an enumeration, in UPPER_SNAKE however it came: STRING is DuckDB's other name of VARCHAR.
    ENUM = "STRING"
    DATE = "DATE"
    MOMENT = "TIMESTAMPTZ"
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
        nullable: Columns of the grain that are NULL in some rows: two NULLs are the same key.
        anonymous: Whether rows have no id: then two that are alike in the grain are one only where they are alike in
            every column.
        id_column: The column with the id of those rows of an anonymous table that have one.
    """

    name: str
    report_type: str
    columns: tuple[Column, ...]
    grain: tuple[str, ...]
    nullable: tuple[str, ...] = ()
    anonymous: bool = False
    id_column: str | None = None

    @property
    def without_id(self) -> str:
        """Return SQL that is true for a row that the grain does not tell from others."""
        return f"{quoted(self.id_column)} IS NULL" if self.anonymous and self.id_column else str(self.anonymous).lower()

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that no row is without."""
        return ("date", *(name for name in self.grain if name not in self.nullable))

    def same_key(self, one: str, other: str, also: Iterable[str] = ()) -> str:
        """Return SQL that is true where two rows have the same date and grain, and are alike in some more columns."""
        keys = [(key, "=") for key in (*also, *self.required)]
        keys += [(key, "IS NOT DISTINCT FROM") for key in self.nullable]
        return " AND ".join(f"{one}.{quoted(key)} {alike} {other}.{quoted(key)}" for key, alike in keys)

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
        label: Columns that call an entity by a name people know; the first that is there counts.
        watched: Columns whose changes ``entity_changes`` tells.
        part_column: The column that tells apart the rows of several lists of one ad product.
        parts: Its values that are lists of their own; all other rows are of one list.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    with_ad_product: bool = True
    label: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    part_column: str | None = None
    parts: tuple[str, ...] = ()

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
        """The columns whose change makes a new version.

        A column that a declaration gains is NULL in the versions before: entities whose list now fills it get a new
        version once, the others none.
        """
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

    def changes_sql(self) -> str:
        """Return this table's part of the view ``entity_changes``."""
        columns = {column.name: column for column in self.columns}
        ad_product = "new.ad_product" if self.with_ad_product else "NULL::VARCHAR"
        label = ", ".join(f"new.{quoted(name)}::VARCHAR" for name in self.label)
        which = (
            "new.account AS account",
            "new.profile_id AS profile_id",
            "new.currency_code AS currency_code",
            f"{ad_product} AS ad_product",
            f"{literal_text(self.name)} AS entity",
            f"new.{quoted(self.key[-1])} AS entity_id",
            f"{'new.campaign_id' if 'campaign_id' in columns else 'NULL::BIGINT'} AS campaign_id",
            f"coalesce({label}) AS name",
        )
        same = (f"old.{quoted(name)} = new.{quoted(name)}" for name in self.full_key)
        return sql_file("entity_changes").format(
            history=quoted(self.history),
            ad_product=ad_product,
            which=", ".join(which),
            attributes=", ".join(_change_sql(columns[name]) for name in self.watched),
            follows=" AND ".join(("old.valid_to = new.valid_from", *same)),
        )


def _change_sql(column: Column) -> str:
    """Return SQL for what became of one attribute, as people write its values; amounts also by how many percent."""
    old, new = f"old.{quoted(column.name)}", f"new.{quoted(column.name)}"
    percent = "NULL::DOUBLE"
    if column.type is ColumnType.MONEY:
        percent = f"round(100 * ({new} - {old}) / nullif({old}, 0), 2)::DOUBLE"

    def text(value: str) -> str:
        written = f"{value}::VARCHAR"
        return f"rtrim(rtrim({written}, '0'), '.')" if column.type is ColumnType.MONEY else written

    parts = {"attribute": literal_text(column.name), "before": text(old), "after": text(new), "change_percent": percent}
    return "{" + ", ".join(f"{literal_text(name)}: {sql}" for name, sql in parts.items()) + "}"


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


def literal_text(value: str) -> str:
    """Spell a text of a declaration in the SQL of a view, which takes no parameters."""
    return "'" + value.replace("'", "''") + "'"


def sql_file(name: str) -> str:
    """Return one of the package's SQL files."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def create_tables(
    connection: DuckDBPyConnection, report_tables: Iterable[ReportTable], entity_tables: Iterable[EntityTable]
) -> None:
    """Make every table and view that is not there yet, and add the columns that declarations have gained.

    In one transaction: forty statements that are each made safe on disk take a second.
    """
    entity_tables = tuple(entity_tables)
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
        if changes := [table.changes_sql() for table in entity_tables if table.watched]:
            connection.execute("CREATE OR REPLACE VIEW entity_changes AS " + " UNION ALL ".join(changes))


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
