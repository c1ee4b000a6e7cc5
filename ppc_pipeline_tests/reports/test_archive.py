"""The archive: a report's file is there whole, or not at all, and bad bytes are kept aside."""

import asyncio
import gzip
import os
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.errors import MalformedResponseError, RetryableError
from ppc_pipeline.reports import archive as module
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Deleted, GzipJsonCheck
from ppc_pipeline_tests.fakes import NOON, gzipped, order, window

ROWS = b'[{"a": 1}, {"a": 2}]'


async def pieces(*parts):
    for part in parts:
        if isinstance(part, BaseException):
            raise part
        yield part


@pytest.fixture
def row(ledger):
    ordered = ledger.claim(order(ledger, window(kind="spCampaigns:campaignPlacement")).id, "me")
    return ledger.record(ordered, states.Accepted("88dac5e8-0987-4534-a9d6-e2addbbff342"))


def store(archive, row, *parts):
    return asyncio.run(archive.store(row, pieces(*parts)))


def everything_in(archive):
    return sorted(str(path.relative_to(archive.root)) for path in archive.root.rglob("*") if path.is_file())


def test_a_file_stands_under_type_profile_window_and_report_id_as_it_came(archive, row):
    content = gzip.compress(ROWS)
    path, size = store(archive, row, content[:10], content[10:])
    expected = (
        "sp_campaigns_campaign_placement/3991703629696934/2026-11-10_2026-11-10/"
        "88dac5e8-0987-4534-a9d6-e2addbbff342.json.gz"
    )
    assert path == expected
    assert everything_in(archive) == [expected]
    assert (archive.root / path).read_bytes() == content
    assert size == len(content)


def test_an_empty_report_is_a_report(archive, row):
    path, size = store(archive, row, gzipped("[]"))
    assert (archive.root / path).stat().st_size == size


@pytest.mark.parametrize("broken", [RetryableError("cut off"), OSError("disk full"), asyncio.CancelledError()])
def test_a_stream_that_breaks_leaves_nothing_behind(archive, row, broken):
    with pytest.raises(type(broken)):
        store(archive, row, gzip.compress(ROWS)[:12], broken)
    assert everything_in(archive) == []


CONTENT = gzip.compress(ROWS * 50)
BAD = {
    "nothing at all": (b"", "ends too early"),
    "gzip that is cut off": (CONTENT[:-9], "ends too early"),
    "gzip without its check sum": (CONTENT[:-8], "ends too early"),
    "gzip whose check sum is wrong": (gzip.compress(ROWS)[:-8] + b"\0" * 8, "gzip is broken"),
    "bytes after the end": (gzip.compress(ROWS) + b"x", "bytes after the end"),
    "a second file after the end": (gzip.compress(ROWS) * 2, "bytes after the end"),
    "a web page": (b"<html>sorry</html>", "gzip is broken"),
    "JSON that is not compressed": (ROWS, "gzip is broken"),
    "an object": (gzipped('{"a": 1}'), "not one whole array"),
    "half an array": (gzipped('[{"a": 1},'), "not one whole array"),
    "compressed nothing": (gzipped(""), "not one whole array"),
    "compressed blanks": (gzipped(" \n"), "not one whole array"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_whole_report_is_kept_aside_and_never_counts(archive, row, name):
    content, said = BAD[name]
    with pytest.raises(MalformedResponseError, match=said) as raised:
        store(archive, row, content)
    (aside,) = everything_in(archive)
    assert aside.endswith(".malformed")
    assert (archive.root / aside).read_bytes() == content
    assert str(archive.root / aside) in str(raised.value)
    assert raised.value.profile_id == row.profile_id


@given(st.binary(max_size=300), st.data())
def test_the_check_does_not_depend_on_how_the_bytes_arrive(tail, data):
    content = gzipped(b" [" + tail + b"] \n")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    check = GzipJsonCheck()
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        check.feed(content[start:end])
    assert check.problem() is None
    cut_off = GzipJsonCheck()
    cut_off.feed(content[: data.draw(st.integers(0, len(content) - 1))])
    assert cut_off.problem() == "gzip ends too early"


def test_what_unzips_to_more_than_any_report_is_refused(archive, row, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNZIPPED_BYTES", 1000)
    with pytest.raises(MalformedResponseError, match="unzips to more than 1000 bytes"):
        store(archive, row, gzipped(b"[" + b" " * 2000 + b"]"))


def test_a_report_id_cannot_lead_out_of_the_archive(archive, ledger):
    row = ledger.record(ledger.claim(order(ledger).id, "me"), states.Accepted("../../../../escaped"))
    path, _ = store(archive, row, gzipped("[]"))
    assert (archive.root / path).resolve().is_relative_to(archive.root.resolve())
    assert path.startswith("sp_targeting/3991703629696934/2026-11-10_2026-11-10/")


def test_the_archive_has_what_was_stored_and_is_still_there(archive, ledger, row):
    assert not archive.has(row)
    path, size = store(archive, row, gzipped("[]"))
    row = ledger.record(ledger.record(row, states.Cooked()), states.Archived(path, size))
    assert archive.has(row)
    (archive.root / path).unlink()
    assert not archive.has(row)


def test_only_files_older_than_their_retention_are_deleted(archive, row):
    path, size = store(archive, row, gzipped("[]"))
    for name, age in ((path, 31), ("old.json.malformed", 31), ("young.json.gz", 29), ("young.json.malformed", 29)):
        written(archive.root / name, timedelta(days=age))
    assert archive.delete_older(30, NOON, needed={archive.root / path}) == Deleted(1, 1)  # the other is not loaded yet
    assert archive.delete_older(30, NOON, needed=()) == Deleted(1, size)
    assert everything_in(archive) == ["young.json.gz", "young.json.malformed"]


def test_what_a_killed_download_left_behind_is_deleted_a_day_later(archive, row):
    path, _ = store(archive, row, gzipped("[]"))
    folder = (archive.root / path).parent
    for name, hours in ((".killed.part", 25), (".under-way.part", 23)):
        written(folder / name, timedelta(hours=hours))
    for name, hours in (("empty/long/ago", 25), ("empty/just/now", 1)):
        (archive.root / name).mkdir(parents=True)
        aged(archive.root / name, timedelta(hours=hours))
    aged(folder, timedelta(hours=25))
    assert archive.delete_leftovers(NOON) == Deleted(1, 1)
    assert sorted(file.name for file in folder.iterdir()) == [".under-way.part", f"{row.report_id}.json.gz"]
    assert not (archive.root / "empty" / "long" / "ago").exists()
    assert (archive.root / "empty" / "just" / "now").exists()


def written(file, age):
    if not file.exists():
        file.write_bytes(b"x")
    aged(file, age)


def aged(path, age):
    moment = (NOON - age).timestamp()
    os.utime(path, (moment, moment))
