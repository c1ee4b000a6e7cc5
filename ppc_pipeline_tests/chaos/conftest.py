"""Another process that has the warehouse open, as a notebook has."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ppc_pipeline_tests.chaos.worker import PROCESSES


@dataclass
class Notebook:
    """A process with an open connection.

    Attributes:
        pid: Its process id.
        close: Closes the connection.
    """

    pid: int
    close: Callable[[], None]


OpenNotebook = Callable[..., Notebook]


def hold(path: str, read_only: bool, opened: Any, closing: Any) -> None:
    with duckdb.connect(path, read_only=read_only):
        opened.set()
        closing.wait(120)


@pytest.fixture
def open_notebook() -> Iterator[OpenNotebook]:
    """Open a notebook on a warehouse file."""
    with ExitStack() as stack:

        def start(path: Path, *, read_only: bool) -> Notebook:
            return stack.enter_context(_opened(path, read_only))

        yield start


@contextmanager
def _opened(path: Path, read_only: bool) -> Iterator[Notebook]:
    opened, closing = PROCESSES.Event(), PROCESSES.Event()
    process = PROCESSES.Process(target=hold, args=(str(path), read_only, opened, closing), daemon=True)
    process.start()
    assert opened.wait(60)
    try:
        yield Notebook(process.pid or 0, closing.set)
    finally:
        closing.set()
        process.join(60)
