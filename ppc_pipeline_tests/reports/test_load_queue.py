"""Loading in the background: nobody is left waiting, and a load that goes on is seen to its end."""

import asyncio
import threading

import pytest

from ppc_pipeline.reports import states
from ppc_pipeline.reports.load_queue import GATHERING_SECONDS, LoadQueue
from ppc_pipeline_tests.fakes import order, run_virtually, window

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


def batches(rows, scene):
    """Return what is loaded together, by row ids, in a scene of virtual time."""
    loaded = []

    def load(batch):
        loaded.append([row.id for row in batch])
        return {row.id: DONE for row in batch}

    async def work(_):
        queue = LoadQueue(load)
        async with queue.running():
            await scene(queue)

    run_virtually(work)
    return loaded


def test_what_is_downloaded_waits_for_what_is_being_downloaded_and_is_loaded_with_it(rows):
    first, second = rows

    async def scene(queue):
        async def download_and_put():
            async with queue.coming():
                await asyncio.sleep(GATHERING_SECONDS / 2)
            await queue.put(second)

        await asyncio.gather(queue.put(first), download_and_put())

    assert batches(rows, scene) == [[first.id, second.id]]


def test_a_slow_download_holds_up_what_is_there_for_a_moment_only(rows):
    first, second = rows

    async def scene(queue):
        async with queue.coming():
            await asyncio.wait_for(queue.put(first), GATHERING_SECONDS + 1)
        await queue.put(second)

    assert batches(rows, scene) == [[first.id], [second.id]]


def test_nothing_is_waited_for_where_nothing_is_being_downloaded(rows):
    async def scene(queue):
        await asyncio.wait_for(queue.put(rows[0]), GATHERING_SECONDS / 2)

    assert batches(rows, scene) == [[rows[0].id]]
