"""Writing down what happens to reports: together, in a thread, and each with its own outcome."""

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta

import pytest

from ppc_pipeline.reports import database, states
from ppc_pipeline.reports.ledger import LEASE, ClaimLostError, Ledger
from ppc_pipeline.reports.recorder import Recorder
from ppc_pipeline.reports.states import State
from ppc_pipeline_tests.fakes import DAY, Clock, order, window

OWNER = "this:1:a"


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.db", Clock())
    yield opened
    opened.close()


def claimed(ledger, count):
    rows = [order(ledger, window(DAY - timedelta(days=n))) for n in range(count)]
    return sorted(ledger.claim_all([row.id for row in rows], OWNER), key=lambda row: row.id)


def record(ledger, *happened):
    """Record some events at once; return what each came to."""

    async def scene():
        recorder = Recorder(ledger)
        tasks = [asyncio.create_task(recorder.record(row, event)) for row, event in happened]
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(scene())


def test_events_of_one_moment_are_written_in_one_transaction(ledger, monkeypatch):
    rows = claimed(ledger, 50)
    transactions = []
    begin = Ledger.transaction
    monkeypatch.setattr(Ledger, "transaction", lambda self: transactions.append(1) or begin(self))
    written = record(ledger, *((row, states.Accepted(f"r{row.id}")) for row in rows))
    assert [row.report_id for row in written] == [f"r{row.id}" for row in rows]
    assert {row.state for row in ledger.rows([row.id for row in rows])} == {State.REQUESTED}
    assert len(transactions) == 1


def test_an_event_whose_claim_is_lost_says_so_and_the_others_are_written(ledger):
    mine, lost = claimed(ledger, 2)
    ledger.clock.forward(seconds=LEASE.total_seconds() + 1)
    assert ledger.claim(lost.id, "that:2:b") is not None
    kept, gone = record(ledger, (mine, states.Accepted("r1")), (lost, states.Accepted("r2")))
    assert kept.report_id == "r1"
    assert isinstance(gone, ClaimLostError)
    assert ledger.rows([lost.id])[0].report_id is None


def test_an_event_that_cannot_be_fails_alone(ledger):
    first, second = claimed(ledger, 2)
    kept, impossible = record(ledger, (first, states.Accepted("r1")), (second, states.Loaded(1, 0)))
    assert kept.state is State.REQUESTED
    assert isinstance(impossible, Exception)
    assert ledger.rows([second.id])[0].state is State.PLANNED


def test_what_was_handed_over_is_written_even_when_nobody_waits_any_more(ledger):
    (row,) = claimed(ledger, 1)

    async def scene():
        recorder = Recorder(ledger)
        task = asyncio.create_task(recorder.record(row, states.Accepted("r1")))
        await asyncio.sleep(0)
        task.cancel()
        await recorder.drained()

    asyncio.run(scene())
    assert ledger.rows([row.id])[0].report_id == "r1"


@contextmanager
def writing_elsewhere(path):
    """Another process is in the middle of a transaction."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_events_that_a_busy_ledger_refused_are_tried_again_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db", Clock())
    rows = claimed(ledger, 3)
    busy = ExitStack()

    async def scene():
        recorder = Recorder(ledger, sleep=lambda _: busy.close())
        return await asyncio.gather(*(recorder.record(row, states.Accepted(f"r{row.id}")) for row in rows))

    busy.enter_context(writing_elsewhere(tmp_path / "ledger.db"))
    with busy:
        written = asyncio.run(scene())
    assert [row.report_id for row in written] == [f"r{row.id}" for row in rows]
    ledger.close()


def test_loads_and_slow_disks_do_not_hold_up_what_is_to_be_written(ledger):
    (row,) = claimed(ledger, 1)

    async def scene():
        go_on = threading.Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        slow = loop.run_in_executor(None, go_on.wait, 60)
        try:
            return await asyncio.wait_for(Recorder(ledger).record(row, states.Accepted("r1")), 30)
        finally:
            go_on.set()
            await slow

    assert asyncio.run(scene()).report_id == "r1"
