"""Being told to end while a coroutine runs: it ends at an await, and what follows does not go on."""

import asyncio
import os
import signal

import dagster as dg
import pytest

from ppc_pipeline.defs.interrupts import run

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def tell(number):
    os.kill(os.getpid(), number)


@both
def test_a_signal_ends_the_work_at_its_next_await_and_what_it_holds_is_given_back(number):
    given_back = []

    async def work():
        try:
            tell(number)
            await asyncio.sleep(60)
        finally:
            given_back.append(True)

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(work())
    assert given_back == [True]


@both
def test_a_signal_in_the_last_moment_of_the_work_counts(number):
    async def work():
        tell(number)
        return "finished"

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(work())


def test_whatever_goes_wrong_on_the_way_out_it_was_an_interruption():
    async def child():
        try:
            await asyncio.sleep(60)
        finally:
            raise RuntimeError("while ending")

    async def work():
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            await asyncio.sleep(0)
            tell(signal.SIGTERM)

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(work())


def test_without_a_signal_results_and_errors_pass_and_the_handlers_are_as_before():
    async def fine():
        return 7

    async def wrong():
        raise KeyError("x")

    before = signal.getsignal(signal.SIGTERM)
    assert run(fine()) == 7
    with pytest.raises(KeyError):
        run(wrong())
    assert signal.getsignal(signal.SIGTERM) is before
