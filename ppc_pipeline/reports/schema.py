"""The ledger's tables, as SQLAlchemy sees them.

Here: columns and keys, making them, and adding the columns that later versions have gained. Not here: what is done with
the tables (``ledger``, ``throttling``, ``activity``, ``usage``).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger as _BigInteger
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Float,
    Index,
    Inspector,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    inspect,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.schema import CreateColumn

metadata = MetaData()

# SQLite counts rows by itself only in a column of type INTEGER.
BigInteger = _BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC without a zone in the database, the same in SQLite and PostgreSQL."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002 - as SQLAlchemy calls it
        """Turn an aware instant into what is stored."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Turn what is stored into an aware instant."""
        return None if value is None else value.replace(tzinfo=UTC)


profiles = Table(
    "profiles",
    metadata,
    Column("profile_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("account_type", String(20), nullable=False),
    Column("country_code", String(2), nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("skip_reason", Text),
    Column("seen_at", UtcDateTime, nullable=False),
    # The newest refusal of this profile by Amazon: it is left alone until retry_at.
    Column("blocked_since", UtcDateTime),
    Column("blocked_reason", Text),
    Column("retry_at", UtcDateTime),
)

# What a profile does not have: an ad product, or one of its report types (Amazon's reportTypeId).
lacks = Table(
    "lacks",
    metadata,
    Column("profile_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ad_product", String(100), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("seen", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)

# Columns that Amazon refuses to a profile: reports are asked for without them until they are tried again.
refused_columns = Table(
    "refused_columns",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("profile_id", BigInteger, primary_key=True, autoincrement=False),
    Column("report_type", String(100), primary_key=True),
    Column("column", String(100), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("seen", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("ok_at", UtcDateTime),
    Column("error", Text),
    Column("error_since", UtcDateTime),
    # Since when it logs in with the refresh token it has, and eight digits that tell whether that is another one.
    Column("token_mark", String(8)),
    Column("token_since", UtcDateTime),
)

reports = Table(
    "reports",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("account", String(200), nullable=False),
    Column("profile_id", BigInteger, nullable=False),
    Column("report_type", String(100), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("columns_hash", String(12), nullable=False),
    Column("order_no", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("report_id", String(64)),
    # Declared columns that Amazon was asked for this report without, with commas between them.
    Column("columns_left_out", Text),
    Column("requests", Integer, nullable=False, default=0),
    Column("troubles", Integer, nullable=False, default=0),
    # Amazon is being asked for it by somebody, until then at the latest: it counts among the reports in flight.
    Column("asking_until", UtcDateTime),
    Column("reason", Text),
    Column("retryable", Boolean),
    Column("not_before", UtcDateTime),
    # Of an expired report: the first day that Amazon still serves.
    Column("served_from", Date),
    Column("raw_path", Text),
    Column("raw_bytes", BigInteger),
    Column("rows_loaded", BigInteger),
    Column("rows_rejected", BigInteger),
    Column("ordered_by", String(200), nullable=False),
    Column("ordered_at", UtcDateTime, nullable=False),
    Column("requested_at", UtcDateTime),
    Column("ready_at", UtcDateTime),
    Column("downloaded_at", UtcDateTime),
    Column("loaded_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("lease_owner", String(200)),
    Column("lease_until", UtcDateTime),
    UniqueConstraint(
        "account", "profile_id", "report_type", "start_date", "end_date", "columns_hash", "order_no", name="one_order"
    ),
    Index("reports_by_state", "state"),
    Index("reports_of_account_by_state", "account", "state"),
    Index("reports_by_owner", "lease_owner"),
    Index("reports_by_day", "report_type", "end_date"),
    Index("reports_by_load", "loaded_at"),
)

cooldowns = Table(
    "cooldowns",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("region", String(2), primary_key=True),
    Column("ad_product", String(40), primary_key=True),
    Column("strikes", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

activity_log = Table(
    "activity_log",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("profile_id", BigInteger),
    Column("report_type", String(100)),
    Column("start_date", Date),
    Column("end_date", Date),
    # The row of ``reports``, which may be forgotten before its history is.
    Column("order_id", BigInteger),
    Column("report_id", String(64)),
    Column("outcome", String(40), nullable=False),
    Column("detail", Text),
    Index("activity_by_time", "at"),
    Index("activity_by_order", "order_id"),
)

usage = Table(
    "usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("account", String(200), primary_key=True),
    Column("region", String(2), primary_key=True),
    Column("ad_product", String(40), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("ok", BigInteger, nullable=False),
    Column("throttled", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("retries", BigInteger, nullable=False),
    Column("seconds_cooled", Float, nullable=False),
    Column("refused", BigInteger),
)

# Columns that tables had and have no longer: they take no NULL, so that nothing could be inserted beside them. Only for
# tables whose rows may be lost; SQLite drops columns only since 3.35.
_OUTGROWN = {"cooldowns": {"hits", "seconds"}}
# Columns that keys have gained: a column can be added to a table, but not to its key. As above, only where rows may be
# lost: what Amazon refuses it refuses once more when it is asked.
_GAINED_BY_KEYS = {"refused_columns": {"profile_id"}}

_MAKING_TABLES = 0x707063  # any number that means the same to every process

Insert = PostgresInsert | SqliteInsert


def make_tables(connection: Connection) -> None:
    """Make the tables that are not there, and add the columns and indexes that they have gained since they were made.

    A column added later may be NULL, so that rows written before need nothing. A table with outgrown columns, or with
    another key than it had, is made anew.
    """
    if connection.dialect.name == "postgresql":  # where two processes may find a table missing at the same moment
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING_TABLES})
    _drop_outgrown(connection)
    metadata.create_all(connection)
    found = inspect(connection)
    for table in metadata.sorted_tables:
        there = _columns(found, table.name)
        for column in table.columns:
            if column.name not in there:
                added = CreateColumn(column).compile(connection)
                connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _drop_outgrown(connection: Connection) -> None:
    found = inspect(connection)
    there = {table: _columns(found, table) for table in (*_OUTGROWN, *_GAINED_BY_KEYS) if found.has_table(table)}
    for table, columns in there.items():
        if columns & _OUTGROWN.get(table, set()) or _GAINED_BY_KEYS.get(table, set()) - columns:
            connection.execute(text(f"DROP TABLE {table}"))


def _columns(found: Inspector, table: str) -> set[str]:
    return {column["name"] for column in found.get_columns(table)}


def insert_into(connection: Connection, table: Table) -> Insert:
    """Begin an INSERT that may say what to do on a conflict: two processes may write the same first row at once."""
    return postgresql_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


def is_new(connection: Connection, first: Insert) -> bool:
    """Insert a row where there is none with its key, and say whether there was none.

    Asked of what the statement returns: how many rows it inserted is not told by every driver.
    """
    made = first.on_conflict_do_nothing().returning(literal(True))
    return connection.execute(made).first() is not None
