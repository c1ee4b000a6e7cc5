"""A ledger in a file, a roster, an archive, and a clock that stands still."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline_tests.fakes import Clock, run_virtually
from ppc_pipeline_tests.reports.world import World


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    opened = Ledger.open(url, clock)
    yield opened
    opened.close()


@pytest.fixture
def at_once(url: str, clock: Clock) -> Callable[[Callable[[Ledger, int], object]], None]:
    """Do the same with a new ledger from several connections at the same moment; they are numbered."""
    many = 6

    def run(work: Callable[[Ledger, int], object]) -> None:
        start = threading.Barrier(many)

        def one(number: int) -> None:
            ledger = Ledger.open(url, clock)
            try:
                start.wait(30)
                work(ledger, number)
            finally:
                ledger.close()

        with ThreadPoolExecutor(many) as pool:
            for done in [pool.submit(one, number) for number in range(many)]:
                done.result()

    return run


@pytest.fixture
def roster(ledger: Ledger) -> Roster:
    return Roster(ledger)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "raw")


@pytest.fixture
def play(tmp_path):
    """Run a scenario in a world of its own."""

    def run(scenario):
        def work(loop):
            world = World(tmp_path, loop)

            async def scene():
                try:
                    await scenario(world)
                finally:
                    world.ledger.close()

            return scene()

        run_virtually(work)

    return run
