"""A ledger in a file, a roster, an archive, and a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline_tests.fakes import Clock


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
def roster(ledger: Ledger) -> Roster:
    return Roster(ledger)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "raw")
