"""Loading in the background: nobody is left waiting, and a load that goes on is seen to its end."""

import asyncio
import threading

import pytest

from ppc_pipeline.reports import states
from ppc_pipeline.reports.load_queue import LoadQueue
from ppc_pipeline_tests.fakes import order, window

DONE = states.Loaded(1, 0)


@pytest.fixture
def rows(ledger):
    return [order(ledger, window(kind=kind)) for kind in ("spTargeting", "spCampaigns")]


def test_who_was_cancelled_takes_the_queue_from_nobody(rows):
    going, on = threading.Event(), threading.Event()

    def load(batch):
        going.set()
        on.wait(10)
        return {row.id: DONE for row in batch}

    async def work():
        queue = LoadQueue(load)
        async with queue.running():
            first = asyncio.create_task(queue.put(rows[0]))
            await asyncio.to_thread(going.wait, 10)
            first.cancel()
            on.set()
            return await asyncio.wait_for(queue.put(rows[1]), 10)

    assert asyncio.run(work()) == DONE


def test_a_load_that_goes_on_is_waited_for_at_the_end(rows):
    going, ended = threading.Event(), []

    def load(batch):
        going.set()
        threading.Event().wait(0.2)
        ended.append(True)
        return {row.id: DONE for row in batch}

    async def work():
        queue = LoadQueue(load)
        async with queue.running():
            task = asyncio.create_task(queue.put(rows[0]))
            await asyncio.to_thread(going.wait, 10)
            task.cancel()
        return list(ended)

    assert asyncio.run(work()) == [True]


def test_a_load_that_fails_fails_for_whom_it_was_and_the_next_goes_on(rows):
    def load(batch):
        if rows[0] in batch:
            raise OSError("disk full")
        return {row.id: DONE for row in batch}

    async def work():
        queue = LoadQueue(load)
        async with queue.running():
            with pytest.raises(OSError, match="disk full"):
                await queue.put(rows[0])
            return await queue.put(rows[1])

    assert asyncio.run(work()) == DONE
