"""Opening the warehouse: closed whatever happens, waited for, its holder named."""

import multiprocessing
import threading
from pathlib import Path

import duckdb
import pytest

from ppc_pipeline.warehouse.connection import Warehouse, WarehouseBusyError, holder_of, in_transaction

SPAWN = multiprocessing.get_context("spawn")


def count_tables(path, found):
    with duckdb.connect(path) as connection:
        found.put(connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone()[0])


def hold(path, read_only, held, let_go):
    with duckdb.connect(path, read_only=read_only):
        held.set()
        let_go.wait(60)


@pytest.fixture
def holder(warehouse):
    """Another process that has the warehouse open."""
    started = []

    def start(*, read_only=False):
        held, let_go = SPAWN.Event(), SPAWN.Event()
        process = SPAWN.Process(target=hold, args=(warehouse.database, read_only, held, let_go))
        process.start()
        started.append((process, let_go))
        assert held.wait(60)
        return process, let_go

    yield start
    for process, let_go in started:
        let_go.set()
        process.join(60)


def test_the_warehouse_is_closed_after_an_error_so_that_another_process_can_open_it(warehouse):
    with pytest.raises(duckdb.CatalogException), warehouse.connect() as connection:
        connection.execute("FROM nowhere")
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("SELECT 1")
    found = SPAWN.Queue()
    process = SPAWN.Process(target=count_tables, args=(warehouse.database, found))
    process.start()
    assert found.get(timeout=60) > 1
    process.join(60)


def test_several_processes_can_read_at_once(warehouse, holder):
    holder(read_only=True)
    impatient = Warehouse(warehouse.database, wait_seconds=0.2)
    with impatient.connect(read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_to_read_a_warehouse_that_is_not_there_yet_makes_it(tmp_path):
    warehouse = Warehouse(str(tmp_path / "new" / "ppc.duckdb"), wait_seconds=0.2)
    with warehouse.connect(read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_warehouse_that_stays_busy_is_an_error_that_names_the_holder_and_the_remedy(warehouse, holder, read_only):
    process, _ = holder(read_only=read_only)
    impatient = Warehouse(warehouse.database, wait_seconds=0.2)
    with pytest.raises(WarehouseBusyError) as raised, impatient.connect():
        pass
    message = str(raised.value)
    assert warehouse.database in message
    assert f"(process {process.pid})" in message
    assert "PPC_WAREHOUSE_WAIT_SECONDS" in message


def test_a_busy_warehouse_is_waited_for_and_the_holder_is_named_meanwhile(warehouse, holder):
    process, let_go = holder()
    told = []

    def notify(message):
        told.append(message)
        let_go.set()

    with Warehouse(warehouse.database, wait_seconds=60, notify=notify).connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert len(told) == 1
    assert f"(process {process.pid})" in told[0]


def test_threads_of_one_process_share_the_warehouse(warehouse):
    failures = []

    def write(number):
        try:
            with warehouse.transaction() as connection:
                connection.execute("INSERT INTO accounts VALUES (?, 'NA', false, 1, NULL, now())", [str(number)])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with warehouse.connect(read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (8,)


@pytest.mark.parametrize("place", ["plain", "clock-block.lock"])
def test_a_file_that_is_broken_is_no_busy_one_and_is_not_waited_for(tmp_path, place):
    folder = tmp_path / place
    folder.mkdir()
    path = folder / "ppc.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS a FROM range(100000)")
    content = bytearray(path.read_bytes())
    for place_of_damage in range(4096, len(content), 997):
        content[place_of_damage] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(duckdb.IOException, match="Corrupt database file"), Warehouse(str(path)).connect():
        pass
    path.write_bytes(b"not a database at all" * 500)
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB database"), Warehouse(str(path)).connect():
        pass


def test_a_transaction_writes_everything_or_nothing(warehouse):
    with pytest.raises(duckdb.CatalogException), warehouse.transaction() as connection:
        connection.execute("CREATE TABLE t (a INTEGER)").execute("FROM nowhere")
    with warehouse.connect() as connection:
        with pytest.raises(duckdb.CatalogException):
            connection.execute("FROM t")
        with in_transaction(connection):
            connection.execute("CREATE TABLE t (a INTEGER)")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_moments_are_utc_wherever_the_machine_is(warehouse, monkeypatch):
    with warehouse.connect() as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)


def test_a_warehouse_exists_once_its_file_does(tmp_path):
    warehouse = Warehouse(str(tmp_path / "new" / "ppc.duckdb"))
    assert not warehouse.exists
    with warehouse.connect():
        pass
    assert warehouse.exists
    assert Path(warehouse.database).is_file()


@pytest.mark.parametrize(
    ("message", "holder_name"),
    [
        (
            'IO Error: Could not set lock on file "/x": Conflicting lock is held in /usr/bin/python3.11 (PID 4242) by',
            "/usr/bin/python3.11 (process 4242)",
        ),
        ("IO Error: Could not set lock on file", "another process"),
    ],
)
def test_the_holder_is_named_as_duckdb_tells_it(message, holder_name):
    assert holder_of(duckdb.IOException(message)) == holder_name


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/srv/ppc.duckdb", "/srv/ppc.duckdb"),
        ("ducklake:postgres:host=db password=s3cret dbname=l", "ducklake:postgres:host=db password=*** dbname=l"),
        ("ducklake:postgres:postgresql://ppc:s3@cret@db:5432/l", "ducklake:postgres:postgresql://ppc:***@db:5432/l"),
    ],
)
def test_an_address_is_shown_without_its_password(address, shown):
    assert Warehouse(address).name == shown


def test_a_transaction_that_cannot_even_be_undone_tells_what_was_wrong_in_it(warehouse):
    def fail(connection):
        with in_transaction(connection):
            connection.rollback()
            raise ZeroDivisionError

    with warehouse.connect() as connection, pytest.raises(ZeroDivisionError):
        fail(connection)
