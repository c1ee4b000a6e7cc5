"""What clients made the sandbox remember: reports, exports, accounts that logged in, and how often it was called.

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
from typing import Any

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
CREATE TABLE IF NOT EXISTS exports (
    export_id TEXT PRIMARY KEY,
    profile_id INTEGER NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ready_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS calls (kind TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS faults (fault TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (identity TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS epochs (account TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS report_faults (report_id TEXT PRIMARY KEY, fault TEXT NOT NULL);
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
        fault: What is wrong with it on purpose; empty for nothing.
    """

    report_id: str
    account: str
    profile_id: int
    fingerprint: str
    request: str
    created_at: datetime
    ready_at: datetime
    file_size: int | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """An export somebody created.

    Attributes:
        export_id: Opaque.
        account: Key of the account.
        profile_id: The profile it is about.
        kind: The endpoint's name: campaigns, adGroups, ads, targets.
        request: The filters, as JSON.
        created_at: When it was created.
        ready_at: When it is completed.
    """

    export_id: str
    account: str
    profile_id: int
    kind: str
    request: str
    created_at: datetime
    ready_at: datetime


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
            _count(connection, "calls", kind)

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
            if report.fault:
                connection.execute("INSERT INTO report_faults VALUES (?, ?)", (report.report_id, report.fault))
                _count(connection, "faults", report.fault)
        return None

    def report(self, report_id: str) -> Report | None:
        """Return a report by its id."""
        with self._transaction() as connection:
            row = connection.execute(f"{_SELECT_REPORTS} WHERE report_id = ?", (report_id,)).fetchone()
        return _report(row) if row else None

    def reports(self) -> list[Report]:
        """Return every report, the oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(f"{_SELECT_REPORTS} ORDER BY created_at, report_id").fetchall()
        return [_report(row) for row in rows]

    def set_file_size(self, report_id: str, file_size: int) -> None:
        """Remember how large a report's file is."""
        with self._transaction() as connection:
            connection.execute("UPDATE reports SET file_size = ? WHERE report_id = ?", (file_size, report_id))

    def delete_report(self, report_id: str) -> None:
        """Forget a report."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM reports WHERE report_id = ?", (report_id,))

    def report_count(self, fingerprint: str | None = None) -> int:
        """Return how many reports there are, or how many that were asked for alike."""
        query = "SELECT count(*) FROM reports WHERE ? IS NULL OR fingerprint = ?"
        with self._transaction() as connection:
            return int(connection.execute(query, (fingerprint, fingerprint)).fetchone()[0])

    def create_export(self, export: Export, most: int) -> bool:
        """Store an export, unless as many of its kind are being made, whoever asked for them; say whether it was."""
        created_at, ready_at = (
            moment.isoformat(timespec="milliseconds") for moment in (export.created_at, export.ready_at)
        )
        with self._transaction() as connection:
            query = "SELECT count(*) FROM exports WHERE kind = ? AND ready_at > ?"
            if connection.execute(query, (export.kind, created_at)).fetchone()[0] >= most:
                return False
            connection.execute(
                "INSERT INTO exports VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    export.export_id,
                    export.profile_id,
                    export.account,
                    export.kind,
                    export.request,
                    created_at,
                    ready_at,
                ),
            )
        return True

    def export(self, export_id: str) -> Export | None:
        """Return an export by its id."""
        with self._transaction() as connection:
            row = connection.execute(_SELECT_EXPORT, (export_id,)).fetchone()
        return Export(*row[:5], *(datetime.fromisoformat(moment) for moment in row[5:])) if row else None

    def attempt(self, identity: str) -> int:
        """Count an attempt of a call, and return how many there were before."""
        with self._transaction() as connection:
            return _count(connection, "attempts", identity) - 1

    def count_fault(self, fault: str, times: int = 1) -> None:
        """Count a fault."""
        with self._transaction() as connection:
            for _ in range(times):
                _count(connection, "faults", fault)

    def fault_counts(self) -> dict[str, int]:
        """Return how often each fault happened."""
        with self._transaction() as connection:
            return dict(connection.execute("SELECT fault, count FROM faults ORDER BY fault").fetchall())

    def expire_tokens(self, account: str) -> bool:
        """End an account's tokens before their time, once; say whether that was now."""
        with self._transaction() as connection:
            return connection.execute("INSERT OR IGNORE INTO epochs VALUES (?)", (account,)).rowcount > 0

    def token_epoch(self, account: str) -> int:
        """Return how often an account's tokens were ended."""
        with self._transaction() as connection:
            query = "SELECT count(*) FROM epochs WHERE account = ?"
            return int(connection.execute(query, (account,)).fetchone()[0])

    def forget_attempts(self) -> None:
        """Begin to count attempts anew; reports keep what is wrong with them."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM attempts")

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


_SELECT_REPORTS = (
    "SELECT report_id, account, profile_id, fingerprint, request, created_at, ready_at, file_size, fault"
    " FROM reports LEFT JOIN report_faults USING (report_id)"
)
_SELECT_EXPORT = (
    "SELECT export_id, account, profile_id, kind, request, created_at, ready_at FROM exports WHERE export_id = ?"
)
_COUNTING = {
    "calls": "INSERT INTO calls VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET count = count + 1 RETURNING count",
    "faults": "INSERT INTO faults VALUES (?, 1) ON CONFLICT (fault) DO UPDATE SET count = count + 1 RETURNING count",
    "attempts": (
        "INSERT INTO attempts VALUES (?, 1) ON CONFLICT (identity) DO UPDATE SET count = count + 1 RETURNING count"
    ),
}


def _count(connection: sqlite3.Connection, table: str, key: str) -> int:
    """Count one more, and return how many that makes."""
    return int(connection.execute(_COUNTING[table], (key,)).fetchone()[0])


def _report(row: tuple[Any, ...]) -> Report:
    report_id, account, profile_id, fingerprint, request, created_at, ready_at, file_size, fault = row
    moments = datetime.fromisoformat(created_at), datetime.fromisoformat(ready_at)
    return Report(report_id, account, profile_id, fingerprint, request, *moments, file_size, fault or "")
