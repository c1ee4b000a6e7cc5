"""What clients made the sandbox remember: reports, accounts that logged in, and how often it was called.

Here: one small SQLite database, in memory or in a file that several processes share. Not here: anything that follows
from the options, which is everything else. Transactions are short; losing the last one in a power cut is no loss.
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS reports (
    report_id TEXT PRIMARY KEY,
    profile_id INTEGER NOT NULL,
    account TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ready_at TEXT NOT NULL,
    file_size INTEGER
);
CREATE INDEX IF NOT EXISTS reports_by_fingerprint ON reports (fingerprint, ready_at);
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS calls (kind TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A report somebody created.

    Attributes:
        report_id: A UUID.
        account: Key of the account.
        profile_id: The profile it is about.
        fingerprint: Equal for requests that Amazon takes for duplicates of each other.
        request: The request, as JSON.
        created_at: When it was created: its figures are as of then.
        ready_at: When it is completed.
        file_size: Bytes of the file, once somebody had to know.
    """

    report_id: str
    account: str
    profile_id: int
    fingerprint: str
    request: str
    created_at: datetime
    ready_at: datetime
    file_size: int | None = None


class State:
    """The sandbox's memory; safe to use from several threads and, with a file, from several processes.

    Args:
        path: The database file; None keeps everything in memory, for this object alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self.close = weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        with self._transaction() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    def count(self, kind: str) -> None:
        """Count a call."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO calls VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET count = count + 1", (kind,)
            )

    def counts(self) -> dict[str, int]:
        """Return how often each kind of call was made."""
        with self._transaction() as connection, closing(connection.execute("SELECT kind, count FROM calls")) as rows:
            return dict(sorted(rows.fetchall()))

    def add_account(self, account: str) -> None:
        """Remember that an account logged in."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO accounts VALUES (?)", (account,))

    def accounts(self) -> list[str]:
        """Return the accounts that have logged in."""
        with self._transaction() as connection, closing(connection.execute("SELECT account FROM accounts")) as rows:
            return sorted(account for (account,) in rows)

    def create_report(self, report: Report) -> str | None:
        """Store a report, unless one like it is still being made: then return that one's id."""
        with self._transaction() as connection:
            duplicate = connection.execute(
                "SELECT report_id FROM reports WHERE fingerprint = ? AND ready_at > ? ORDER BY created_at",
                (report.fingerprint, report.created_at.isoformat(timespec="milliseconds")),
            ).fetchone()
            if duplicate:
                return str(duplicate[0])
            connection.execute(
                "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    report.report_id,
                    report.profile_id,
                    report.account,
                    report.fingerprint,
                    report.request,
                    report.created_at.isoformat(timespec="milliseconds"),
                    report.ready_at.isoformat(timespec="milliseconds"),
                ),
            )
        return None

    def report(self, report_id: str) -> Report | None:
        """Return a report by its id."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT account, profile_id, fingerprint, request, created_at, ready_at, file_size"
                " FROM reports WHERE report_id = ?",
                (report_id,),
            ).fetchone()
        if row is None:
            return None
        account, profile_id, fingerprint, request, created_at, ready_at, file_size = row
        moments = datetime.fromisoformat(created_at), datetime.fromisoformat(ready_at)
        return Report(report_id, account, profile_id, fingerprint, request, *moments, file_size)

    def set_file_size(self, report_id: str, file_size: int) -> None:
        """Remember how large a report's file is."""
        with self._transaction() as connection:
            connection.execute("UPDATE reports SET file_size = ? WHERE report_id = ?", (file_size, report_id))

    def delete_report(self, report_id: str) -> None:
        """Forget a report."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM reports WHERE report_id = ?", (report_id,))

    def report_count(self) -> int:
        """Return how many reports there are."""
        with self._transaction() as connection:
            return int(connection.execute("SELECT count(*) FROM reports").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
