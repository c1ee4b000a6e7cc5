"""Files that are made while their reports are being processed."""

from threading import Event

from ppc_pipeline.sandbox.downloads import Ahead


def _fail() -> None:
    raise LookupError("no such rows")


def test_a_file_that_cannot_be_made_ahead_does_not_keep_the_next_from_being_made():
    ahead, made = Ahead(), Event()
    ahead.add(_fail, 0)
    ahead.add(made.set, 0)
    assert made.wait(10)


def test_a_file_is_not_made_before_its_report_is_processed():
    ahead, early, made = Ahead(), Event(), Event()
    ahead.add(made.set, 0)
    ahead.add(early.set, 3600)
    assert made.wait(10)
    assert not early.is_set()
