"""The ledger's tables, as SQLAlchemy sees them.

Here: columns and keys. Not here: what is done with them (``ledger``, ``throttling``).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger as _BigInteger
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

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

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("ok_at", UtcDateTime),
    Column("error", Text),
    Column("error_since", UtcDateTime),
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
    Column("requests", Integer, nullable=False, default=0),
    Column("troubles", Integer, nullable=False, default=0),
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
    Index("reports_by_owner", "lease_owner"),
    Index("reports_by_day", "report_type", "end_date"),
)

cooldowns = Table(
    "cooldowns",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("region", String(2), primary_key=True),
    Column("ad_product", String(40), primary_key=True),
    Column("strikes", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("hits", BigInteger, nullable=False, default=0),
    Column("seconds", Float, nullable=False, default=0.0),
)
