"""Tables as declarations: columns with types and grain, and the SQL that follows from them.

Here: what a report table, an entity table and the warehouse's own tables look like. Not here: making them
(``creation``), filling them (``loading``, ``entities``) or which report types and entities there are, which the callers
declare.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ppc_pipeline.warehouse.sql_files import sql_file


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
class Words:
    """The words of an enumeration within a JSON value: the texts under one key, however deep.

    Attributes:
        key: The key.
        others: (Word, word of the table) where a source calls it otherwise.
    """

    key: str
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table that is filled from JSON.

    Attributes:
        name: Its name in the warehouse.
        source: The key of a report row in Amazon's file; unused for entities, whose listings say where it is.
        type: What it holds.
        metric: Whether it may be summed over rows.
        words: Which texts of a JSON value are spelled as those of ``ENUM`` are.
    """

    name: str
    type: ColumnType
    source: str = ""
    metric: bool = False
    words: Words | None = None


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

    @property
    def date_source(self) -> str:
        """What Amazon calls the date."""
        return next(column.source for column in self.columns if column.name == "date")

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
        on_request: Columns that some lists say only if they are asked to.
        part_column: The column that tells apart the rows of several lists of one ad product.
        parts: Its values that are lists of their own; all other rows are of one list.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    with_ad_product: bool = True
    label: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    on_request: tuple[str, ...] = ()
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

    @property
    def lasting(self) -> tuple[str, ...]:
        """The columns that never change, when an entity was created: one that is said later makes no version."""
        return tuple(column.name for column in self.columns if column.type is ColumnType.MOMENT)

    @property
    def sparing(self) -> tuple[str, ...]:
        """The columns that stay as they are known where a source does not say them."""
        return (*self.lasting, *self.on_request)

    def part_sql(self, of: str) -> str:
        """Return SQL for the list that a row of one ad product is of: one of ``parts``, or empty.

        Args:
            of: What the row is called there.
        """
        if self.part_column is None:
            return "''"
        column = f"{of}.{quoted(self.part_column)}"
        return f"CASE WHEN {column} IN ({', '.join(map(literal_text, self.parts))}) THEN {column} ELSE '' END"

    def ddl(self) -> str:
        """Return the statement that makes the table of versions."""
        lead = ["account VARCHAR NOT NULL", "profile_id BIGINT NOT NULL", "currency_code VARCHAR"]
        if self.with_ad_product:
            lead.append("ad_product VARCHAR NOT NULL")
        taken = {"account", "profile_id", "currency_code", "ad_product"}
        own = [f"{quoted(c.name)} {c.type}" for c in self.columns if c.name not in taken]
        tail = [
            "raw JSON",
            "unsaid VARCHAR[]",
            "valid_from TIMESTAMPTZ NOT NULL",
            "valid_to TIMESTAMPTZ",
            "removed_at TIMESTAMPTZ",
        ]
        return f"CREATE TABLE IF NOT EXISTS {quoted(self.history)} ({', '.join([*lead, *own, *tail])})"

    @property
    def now(self) -> str:
        """SQL for the versions that are open: the entities as of now, and nothing beside them."""
        return f"(SELECT * EXCLUDE (valid_to, unsaid) FROM {quoted(self.history)} WHERE valid_to IS NULL)"

    def view_sql(self) -> str:
        """Return the statement that makes the view of what is now."""
        return f"CREATE OR REPLACE VIEW {quoted(self.name)} AS FROM {self.now}"

    def changes_sql(self) -> str:
        """Return this table's part of the view ``entity_changes``."""
        columns = {column.name: column for column in self.columns}
        ad_product = "new.ad_product" if self.with_ad_product else "NULL::VARCHAR"
        label = ", ".join(f"new.{quoted(name)}::VARCHAR" for name in self.label)
        # The column is a number in every other table; who has texts for ids is known by name.
        has_number = columns[self.key[-1]].type is ColumnType.INTEGER
        entity_id = f"new.{quoted(self.key[-1])}" if has_number else "NULL::BIGINT"
        which = (
            "new.account AS account",
            "new.profile_id AS profile_id",
            "new.currency_code AS currency_code",
            f"{ad_product} AS ad_product",
            f"{literal_text(self.name)} AS entity",
            f"{entity_id} AS entity_id",
            f"{'new.campaign_id' if 'campaign_id' in columns else 'NULL::BIGINT'} AS campaign_id",
            f"coalesce({label}) AS name",
        )
        same = (f"old.{quoted(name)} = new.{quoted(name)}" for name in self.full_key)
        inherits = "bid" in self.watched and "ad_group_id" in columns
        return sql_file("entity_changes").format(
            history=quoted(self.history),
            ad_product=ad_product,
            entity=literal_text(self.name),
            part=self.part_sql("new"),
            which=", ".join(which),
            attributes=", ".join(_change_sql(columns[name], inherits=inherits) for name in self.watched),
            defaults=_DEFAULT_BIDS if inherits else "",
            follows=" AND ".join(("old.valid_to = new.valid_from", *same)),
        )


_DEFAULT_BIDS = """
    LEFT JOIN ad_groups_history AS ad_group
        ON ad_group.profile_id = new.profile_id AND ad_group.ad_product = new.ad_product
        AND ad_group.ad_group_id = new.ad_group_id
        AND ad_group.valid_from < new.valid_from
        AND (ad_group.valid_to IS NULL OR ad_group.valid_to >= new.valid_from)
"""
"""The ad group as it was before a bid below it changed."""


def _change_sql(column: Column, *, inherits: bool) -> str:
    """Return SQL for what became of one attribute, as people write its values; amounts also by how many percent."""
    old, new = f"old.{quoted(column.name)}", f"new.{quoted(column.name)}"
    percent, from_nothing = "NULL::DOUBLE", "false"
    if column.type is ColumnType.MONEY:
        was, now = old, new
        if inherits and column.name == "bid":
            was, now = (f"coalesce({bid}, ad_group.default_bid)" for bid in (old, new))
        percent = f"round(100 * ({now} - {was}) / nullif({was}, 0), 2)::DOUBLE"
        nothing = f"coalesce({was}, 0)" if column.name == "bid" else was
        from_nothing = f"coalesce({nothing} = 0 AND {now} > 0, false)"

    def text(value: str) -> str:
        written = f"{value}::VARCHAR"
        return f"rtrim(rtrim({written}, '0'), '.')" if column.type is ColumnType.MONEY else written

    parts = {
        "attribute": literal_text(column.name),
        "before": text(old),
        "after": text(new),
        "change_percent": percent,
        "from_nothing": from_nothing,
    }
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
            ("account_sub_type", ColumnType.TEXT),
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
