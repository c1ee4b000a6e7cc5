"""Opening the warehouse: always closed again, waited for while another process has it, its holder named.

Here: a DuckDB file, or DuckLake when the setting says so. Not here: tables (``tables``) or the Dagster resource.
"""

import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb
import tenacity

log = logging.getLogger(__name__)

# password=..., or what stands between user and host in postgresql://user:...@host
# Of a key=value list (password=...), and of a URL (user:...@host: up to the last @ before the host).
_PASSWORD = re.compile(r"""(?<=password=)('[^']*'|[^\s"']+)|(?<=:)(?<!//)[^\s"'/:]+(?=@[^@\s]*(?:[/?\s"']|$))""")
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


_END_WAITING = threading.Event()
_INTERRUPT_SECONDS = 0.05


@contextmanager
def waiting_ends_early() -> Iterator[threading.Event]:
    """Give an event that ends every wait for a busy warehouse in this process, for as long as the context lasts."""
    try:
        yield _END_WAITING
    finally:
        _END_WAITING.clear()


@contextmanager
def ended_by_ctrl_c(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C end a running statement: DuckDB works outside of Python, which hears of a signal only afterwards.

    In other threads than the main one, which signals do not reach, nothing is changed.

    Raises:
        KeyboardInterrupt: Somebody pressed it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    ended = threading.Event()

    def listen() -> None:
        while number := heard.recv(1):
            # Again and again: a statement that is about to begin forgets that it was interrupted.
            while number[0] == signal.SIGINT and not ended.wait(_INTERRUPT_SECONDS):
                connection.interrupt()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:  # what DuckDB makes of the interrupt if Python has heard of it as well
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        told.close()
        listener.join()
        heard.close()


# What libpq obeys, in the extension that reaches a PostgreSQL catalog: a silent server is not waited for without end.
_CATALOG_LIMITS = {"PGCONNECT_TIMEOUT": "15", "PGOPTIONS": "-c lock_timeout=60s"}
# And what it takes in the address alone: a server that is gone from the network in mid-statement is given up.
_CATALOG_OPTIONS = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_POSTGRES = "ducklake:postgres:"


class WarehouseBusyError(Exception):
    """Another process has the warehouse open; the message names it and what to do."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where the warehouse is and how long to wait for it.

    Attributes:
        database: A DuckDB file, or ``ducklake:<catalog>``.
        lake_path: Where DuckLake keeps its Parquet files.
        wait_seconds: How long a busy warehouse is waited for.
        notify: Told whom we wait for, once a wait.
    """

    database: str
    lake_path: str | None = None
    wait_seconds: float = 300.0
    notify: Callable[[str], None] = log.warning

    @property
    def is_lake(self) -> bool:
        """Whether the storage is DuckLake."""
        return self.database.startswith("ducklake:")

    @property
    def name(self) -> str:
        """Where it is, as it may be shown: without a password."""
        return without_password(self.database)

    @property
    def exists(self) -> bool:
        """Whether there is anything to open for reading."""
        return self.is_lake or Path(self.database).is_file()

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse, and close it whatever happens.

        Args:
            read_only: Several processes can read at once. A file that is not there yet is made all the same, so that
                what is missing is a table, which says more than a missing file.

        Raises:
            WarehouseBusyError: Another process had it for longer than ``wait_seconds``.
            duckdb.Error: As DuckDB raises it, also from what is done inside, but without the password of a catalog.
        """
        connection = self._open_lake(read_only) if self.is_lake else self._open_file(read_only)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        except duckdb.Error as error:  # a catalog that fails meanwhile is named with its address
            text = without_password(str(error))
            if text == str(error):
                raise
            raise type(error)(text) from None
        finally:
            if self.is_lake:
                _detach_lake(connection)
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse for one transaction: all of it is written, or nothing."""
        with self.connect() as connection, in_transaction(connection):
            yield connection

    def _open_file(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        Path(self.database).parent.mkdir(parents=True, exist_ok=True)
        waiting = _Waiting(self.database, self.notify, time.monotonic())
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_busy),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=2),
            stop=tenacity.stop_after_delay(self.wait_seconds) | tenacity.stop_when_event_set(_END_WAITING),
            sleep=tenacity.sleep_using_event(_END_WAITING),
            before_sleep=waiting.tell,
            reraise=True,
        )
        try:
            return retrying(duckdb.connect, self.database, read_only=read_only and self.exists)
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            if not _is_busy(error):
                raise
            raise WarehouseBusyError(
                f"the warehouse {self.database} is in use by {holder_of(error)} and was not free within "
                f"{self.wait_seconds:.0f} s: close it there (a notebook or another query tool holds it as long as its "
                "connection is open), or set PPC_WAREHOUSE_WAIT_SECONDS higher"
            ) from None

    def _open_lake(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        try:
            for extension in _lake_extensions(self.database):
                connection.load_extension(_installed(extension))
            options = ["READ_ONLY"] if read_only else []
            if self.lake_path:
                options.append("DATA_PATH " + _text(self.lake_path))
            given = f" ({', '.join(options)})" if options else ""
            for name, value in _CATALOG_LIMITS.items():
                os.environ.setdefault(name, value)
            connection.execute(f"ATTACH {_text(_with_options(self.database))} AS lake{given}")
            connection.execute("USE lake")
        except duckdb.Error as error:
            connection.close()
            raise type(error)(without_password(str(error))) from None
        return connection


def _detach_lake(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of the catalog: after a commit it refused, closing the connection alone leaves it open for good."""
    with suppress(duckdb.Error):
        connection.execute("USE memory")
        connection.execute("DETACH lake")


def without_password(text: str) -> str:
    """Take the password out of what quotes the address of a PostgreSQL catalog."""
    return _PASSWORD.sub("***", text)


@contextmanager
def in_transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what happens inside, or roll all of it back."""
    connection.begin()
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # nor can a catalog that is gone undo anything: what was wrong is what to tell
            connection.rollback()
        raise
    connection.commit()


def holder_of(error: BaseException) -> str:
    """Name the process that has the file, as DuckDB tells it."""
    found = _HOLDER.search(str(error))
    return f"{found['program']} (process {found['pid']})" if found else "another process"


@dataclass(slots=True)
class _Waiting:
    """Tells people once whom we wait for."""

    database: str
    notify: Callable[[str], None]
    since: float
    told: bool = False

    def tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if self.told or error is None or time.monotonic() - self.since < 1:
            return
        self.told = True
        self.notify(f"waiting for the warehouse {self.database}: it is in use by {holder_of(error)}")


def _is_busy(error: BaseException) -> bool:
    """Say whether the file is open elsewhere: in another process, or in this one for the other kind of access."""
    if isinstance(error, duckdb.ConnectionException):
        return "different configuration" in str(error)
    return isinstance(error, duckdb.IOException) and "Could not set lock on file" in str(error)


def _lake_extensions(database: str) -> list[str]:
    return ["ducklake", "postgres_scanner"] if database.startswith(_POSTGRES) else ["ducklake"]


def _with_options(database: str) -> str:
    """Add libpq's options to the address of a PostgreSQL catalog, but for those that it has."""
    missing = [f"{name}={value}" for name, value in _CATALOG_OPTIONS.items() if f"{name}=" not in database]
    if not database.startswith(_POSTGRES) or not missing:
        return database
    if "://" not in database:
        return " ".join([database, *missing])
    return database + ("&" if "?" in database else "?") + "&".join(missing)


def _installed(extension: str) -> str:
    """Return the file of an extension that came as a Python package, or its name for DuckDB to look up."""
    package = find_spec(f"duckdb_extension_{extension}")
    folders = package.submodule_search_locations if package else None
    files = [file for folder in folders or () for file in Path(folder).rglob(f"{extension}.duckdb_extension")]
    return str(files[0]) if files else extension


def _text(value: str) -> str:
    """Spell a text for ATTACH, which takes no parameters."""
    return "'" + value.replace("'", "''") + "'"
