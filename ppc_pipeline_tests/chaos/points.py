"""Where a process can be killed: every step boundary in a report's life, armed from outside.

Here: which public methods stand for which boundary, and a process that ends itself there. Production code has no hooks:
its methods are wrapped, in the process that is to die and nowhere else. Not here: which one is armed when (``plans``).
"""

import functools
import os
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from signal import SIGKILL, Signals
from typing import Any

import duckdb

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import Ledger, ReportRow
from ppc_pipeline.reports.loader import Loader
from ppc_pipeline.warehouse.connection import Warehouse


@dataclass
class Fuse:
    """Sends this process a signal the n-th time it is lit: the one that ends it as the system would, or another.

    Attributes:
        nth: Which time.
        late: Seconds between being lit the n-th time and the signal, in which the process goes on.
        signal: Which.
    """

    nth: int = 1
    late: float = 0.0
    signal: Signals = SIGKILL
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def light(self) -> None:
        with self._lock:
            self.nth -= 1
            if self.nth == 0 and self.late:
                threading.Thread(target=self._burn, daemon=True).start()
            elif self.nth == 0:
                os.kill(os.getpid(), self.signal)

    def _burn(self) -> None:
        time.sleep(self.late)
        os.kill(os.getpid(), self.signal)


Arm = Callable[[Fuse], None]

_here = threading.local()


def wrap(owner: type, name: str, wrapper: Callable[..., Any]) -> None:
    """Put a function around a method: it is handed the method and its arguments."""
    method = getattr(owner, name)
    setattr(owner, name, functools.wraps(method)(functools.partialmethod(_call, wrapper, method)))


def _call(self: Any, wrapper: Callable[..., Any], method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return wrapper(method, self, *args, **kwargs)


def before_call(owner: type, name: str) -> Arm:
    def arm(fuse: Fuse) -> None:
        def wrapper(method, *args, **kwargs):
            fuse.light()
            return method(*args, **kwargs)

        wrap(owner, name, wrapper)

    return arm


def after_call(owner: type, name: str) -> Arm:
    def arm(fuse: Fuse) -> None:
        def wrapper(method, *args, **kwargs):
            result = method(*args, **kwargs)
            fuse.light()
            return result

        wrap(owner, name, wrapper)

    return arm


def after_await(owner: type, name: str) -> Arm:
    def arm(fuse: Fuse) -> None:
        async def wrapper(method, *args, **kwargs):
            result = await method(*args, **kwargs)
            fuse.light()
            return result

        wrap(owner, name, wrapper)

    return arm


def before_record(kind: type) -> Arm:
    def arm(fuse: Fuse) -> None:
        def wrapper(method, ledger, happened):
            happened = list(happened)
            _light_for_each(kind, happened, fuse)
            return method(ledger, happened)

        wrap(Ledger, "record_all", wrapper)

    return arm


def after_record(kind: type) -> Arm:
    def arm(fuse: Fuse) -> None:
        def wrapper(method, ledger, happened):
            happened = list(happened)
            written = method(ledger, happened)
            _light_for_each(kind, happened, fuse)
            return written

        wrap(Ledger, "record_all", wrapper)

    return arm


def _light_for_each(kind: type, happened: list[tuple[ReportRow, states.Event]], fuse: Fuse) -> None:
    for _, event in happened:
        if isinstance(event, kind):
            fuse.light()


def after_first_chunk(fuse: Fuse) -> None:
    """After the first piece of a file has been written, and before the next is there."""

    async def pieces(chunks):
        async for chunk in chunks:
            yield chunk
            fuse.light()

    wrap(Archive, "store", lambda method, archive, row, chunks: method(archive, row, pieces(chunks)))


def while_loading(arm: Arm) -> Arm:
    """Light a fuse in the thread that loads reports only: other work opens the warehouse too."""

    def armed(fuse: Fuse) -> None:
        def wrapper(method, *args):
            _here.loading = True
            try:
                return method(*args)
            finally:
                _here.loading = False

        wrap(Loader, "__call__", wrapper)
        arm(_OnlyHere(fuse.nth, fuse.late, fuse.signal))

    return armed


class _OnlyHere(Fuse):
    def light(self) -> None:
        if getattr(_here, "loading", False):
            super().light()


def holding(fuse: Fuse) -> None:
    """As soon as the warehouse is open."""

    @contextmanager
    def wrapper(method, *args, **kwargs):
        with method(*args, **kwargs) as connection:
            fuse.light()
            yield connection

    wrap(Warehouse, "connect", wrapper)


CONNECTION = duckdb.DuckDBPyConnection

POINTS: dict[str, Arm] = {
    "before the POST": before_call(AmazonAdsClient, "create_report"),
    "POST answered, id not written": after_await(AmazonAdsClient, "create_report"),
    "id written": after_record(states.Accepted),
    "before a poll": before_call(AmazonAdsClient, "get_report"),
    "after a poll": after_await(AmazonAdsClient, "get_report"),
    "ready written": after_record(states.Cooked),
    "first piece of the file": after_first_chunk,
    "file written, ledger unaware": after_await(Archive, "store"),
    "download written": after_record(states.Archived),
    "before the load": before_call(Loader, "__call__"),
    "holding the warehouse": while_loading(holding),
    "before the commit": while_loading(before_call(CONNECTION, "commit")),
    "during the commit": while_loading(before_call(CONNECTION, "commit")),
    "after the commit": while_loading(after_call(CONNECTION, "commit")),
    "closing the warehouse": while_loading(before_call(CONNECTION, "close")),
    "loaded, ledger unaware": after_call(Loader, "__call__"),
    "before loaded is written": before_record(states.Loaded),
    "loaded written": after_record(states.Loaded),
}
"""In the order in which a report comes by."""

LATE = frozenset({"during the commit", "closing the warehouse"})
"""Not boundaries but spans of time: the end comes some milliseconds after they began."""
