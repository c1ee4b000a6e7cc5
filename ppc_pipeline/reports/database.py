"""The ledger's database: opening it so that many processes can use it at once, none of them waiting without end.

Here: SQLite's and PostgreSQL's own ways. Not here: tables (``schema``) or what is written (``ledger``).
"""

import sqlite3
from pathlib import Path
from typing import Any

import tenacity
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

WAIT_SECONDS = 15
"""How long a busy database, or the way to it, is waited for."""

# The same patience with PostgreSQL: nothing that is asked of it takes long.
_POSTGRES_LIMITS = {
    "connect_timeout": WAIT_SECONDS,
    "options": f"-c lock_timeout={WAIT_SECONDS}s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
    # Those are the server's to keep. Of a server that is gone from the network, only our own side can tell.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_FOR_WRITING = "ppc_for_writing"


def open_engine(url: str) -> Engine:
    """Open the database at an SQLAlchemy URL; the folder of an SQLite file is made."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        limits = _POSTGRES_LIMITS if parsed.get_backend_name() == "postgresql" else {}
        return create_engine(parsed, pool_pre_ping=True, connect_args=limits)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": WAIT_SECONDS})
    _make_sqlite_transactional(engine)
    return engine


def for_writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write: in SQLite they begin by waiting for other writers."""
    return engine.execution_options(**{_FOR_WRITING: True})


def _make_sqlite_transactional(engine: Engine) -> None:
    """Let SQLite begin a transaction when we do, for writing, and read while another writes.

    Python's sqlite3 begins transactions by itself, late and for reading, so that two processes that read and then
    write the same row would both go on, or fail at once instead of waiting for each other.
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        # SQLite does not wait for another process that makes the same switch in a new database.
        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(sqlite3.OperationalError),
            wait=tenacity.wait_random(0.005, 0.05),
            stop=tenacity.stop_after_delay(WAIT_SECONDS),
            reraise=True,
        )
        patiently(connection.execute, "PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_FOR_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
