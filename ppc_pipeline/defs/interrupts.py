"""Running coroutines in a step: Ctrl-C or SIGTERM ends them at an await, and never in the middle of a statement.

Dagster's own handler raises wherever the program happens to be: in a task it is taken for that task's failure, in a
callback it is lost, in the ledger it leaves a transaction open. Not here: what is run.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import dagster as dg

from ppc_pipeline.warehouse.connection import waiting_ends_early

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end.

    Raises:
        dg.DagsterExecutionInterruptedError: The process was told to end; claims are given back by then.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)  # signals come to the main thread
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        with waiting_ends_early() as end_waiting:
            return asyncio.run(_interruptible(work, end_waiting.set))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _interruptible(work: Coroutine[Any, Any, T], end_waiting: Callable[[], None]) -> T:
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        end_waiting()
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        done = await task
        for _ in range(3):  # a signal of the last moment takes the loop some turns to arrive
            await asyncio.sleep(0)
    except (asyncio.CancelledError, Exception):
        if interrupted:  # whatever else went wrong on the way out
            raise dg.DagsterExecutionInterruptedError from None
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    if interrupted:  # in the last moment: what follows in the run must not go on
        raise dg.DagsterExecutionInterruptedError
    return done
