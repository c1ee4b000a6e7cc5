"""The loader: what a failure means, and for whom."""

import dataclasses
import importlib.util
import json
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import duckdb
import pytest

from ppc_pipeline.reports import loader as loader_module
from ppc_pipeline.reports import states
from ppc_pipeline.reports.loader import Loader, loaded_reports, prepare
from ppc_pipeline.warehouse import loading, stages
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.fakes import DAY, NOON, gzipped, order, report_file, targeting_row, window

PROFILES = (1, 2, 3, 4)


@pytest.fixture
def warehouse(tmp_path):
    made = Warehouse(str(tmp_path / "ppc.duckdb"))
    prepare(made)
    return made


@pytest.fixture
def loader(warehouse, archive, clock):
    return Loader(warehouse, archive, dict.fromkeys(PROFILES, "USD"), clock)


@pytest.fixture
def downloaded(ledger, archive):
    """Make a downloaded report of each profile, with good rows where nothing else is given."""

    def make(**contents):
        rows = []
        for profile in PROFILES:
            row = dataclasses.replace(
                order(ledger, window(profile_id=profile)), report_id=f"report-{profile}", requested_at=NOON
            )
            path = archive.path_of(row)
            path.parent.mkdir(parents=True)
            path.write_bytes(gzipped(contents.get(f"of_{profile}", [targeting_row()])))
            rows.append(dataclasses.replace(row, raw_path=str(path.relative_to(archive.root))))
        return rows

    return make


def test_of_a_report_ordered_when_other_columns_were_declared_columns_may_be_absent_and_keys_may_not(
    loader, downloaded, warehouse
):
    without = {name: value for name, value in targeting_row().items() if name not in ("sales7d", "keywordBid")}
    keyless = {name: value for name, value in targeting_row().items() if name != "campaignId"}
    rows = [
        dataclasses.replace(row, columns_hash="of earlier")
        for row in downloaded(of_1=json.dumps([without]), of_2=json.dumps([keyless]))
    ]
    events = loader(rows)
    assert kinds(rows, events) == [states.Loaded, states.Unreadable, states.Loaded, states.Loaded]
    assert loader.outcomes[rows[0].id].columns_left_out == ("keyword_bid", "sales_7d")
    with warehouse.connect() as connection:
        query = "SELECT sales_7d, clicks FROM report_sp_targeting WHERE profile_id = 1"
        assert connection.execute(query).fetchall() == [(None, 176)]


def kinds(rows, events):
    return [type(events[row.id]) for row in rows]


@pytest.mark.parametrize(
    "poison",
    [
        b'[{"date": "2026-11-10",}]',
        b'[{"date": "2026-11-10", "cost": inf}]',
        b'[{"date": "2026-11-10", "campaignName": "\xff"}]',
        b'[{"date": "2026-11-10", "campaignName": "\\ud83d"}]',
        b'[{"date": "2026-11-10"}]',
    ],
)
def test_a_file_that_cannot_be_loaded_is_kept_aside_and_all_the_others_are_loaded(loader, downloaded, archive, poison):
    rows = downloaded(of_2=poison)
    events = loader(rows)
    assert kinds(rows, events) == [states.Loaded, states.Unreadable, states.Loaded, states.Loaded]
    (aside,) = archive.root.rglob("*.malformed")
    assert str(aside) in events[rows[1].id].reason
    assert aside.read_bytes() == gzipped(poison)


def test_a_file_that_went_bad_in_the_archive_is_kept_aside_and_never_loaded(loader, downloaded, archive):
    rows = downloaded()
    flipped = archive.root / rows[1].raw_path
    content = bytearray(flipped.read_bytes())
    content[-6] ^= 1  # in the checksum
    flipped.write_bytes(content)
    (archive.root / rows[3].raw_path).write_bytes(b"<html>")
    events = loader(rows)
    assert kinds(rows, events) == [states.Loaded, states.Unreadable, states.Loaded, states.Unreadable]
    assert flipped.with_suffix(".malformed").read_bytes() == content


def test_a_file_that_cannot_even_be_put_aside_is_the_trouble_of_its_own_report_only(loader, downloaded, archive):
    rows = downloaded(of_2=b"[oops]")
    (archive.root / rows[1].raw_path).with_suffix(".malformed").mkdir()
    assert kinds(rows, loader(rows)) == [states.Loaded, states.Troubled, states.Loaded, states.Loaded]


@contextmanager
def full_disk():
    """No file may grow beyond a few bytes: for whoever writes, that is a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("step", ["stage_files", "load_stage"])
def test_a_disk_that_is_full_puts_the_load_off_and_is_the_trouble_of_no_report(loader, downloaded, monkeypatch, step):
    make = getattr(loader_module, step)

    def make_without_room(*given):
        with full_disk():
            return make(*given)

    rows = downloaded()
    with monkeypatch.context() as patch:
        patch.setattr(loader_module, step, make_without_room)
        events = loader(rows)
    assert kinds(rows, events) == [states.Postponed] * 4
    assert "large" in events[rows[0].id].reason
    assert kinds(rows, loader(rows)) == [states.Loaded] * 4


def test_a_catalog_that_is_lost_puts_the_load_off_and_its_password_stays_unsaid(loader, downloaded, monkeypatch):
    def lose(*_):
        raise duckdb.Error('Failed to prepare COPY at "host=catalog password=pa55word": the connection was closed')

    monkeypatch.setattr(loader_module, "load_stage", lose)
    rows = downloaded()
    events = loader(rows)
    assert kinds(rows, events) == [states.Postponed] * 4
    assert "host=catalog password=***" in events[rows[0].id].reason


def test_a_file_without_a_metric_that_was_asked_for_says_which(loader, downloaded):
    rows = downloaded(of_3=json.dumps([{k: v for k, v in targeting_row().items() if k != "sales7d"}]))
    assert "sales7d" in loader(rows)[rows[2].id].reason


def test_an_error_nobody_thought_of_fails_its_own_report_only_and_is_logged_with_it(
    loader, downloaded, monkeypatch, caplog
):
    check = stages.missing_columns

    def die(table, file):
        return 1 / 0 if file.profile_id == 3 else check(table, file)

    monkeypatch.setattr(stages, "missing_columns", die)
    rows = downloaded()
    events = loader(rows)
    assert kinds(rows, events) == [states.Loaded, states.Loaded, states.GivenUp, states.Loaded]
    assert (events[rows[2].id].retryable, "division by zero" in events[rows[2].id].reason) == (True, True)
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert str(rows[2]) in logged.getMessage()


def test_of_some_reports_those_that_are_loaded_are_known(loader, downloaded, warehouse):
    rows = downloaded()
    loader(rows[:2])
    assert loaded_reports(warehouse, [f"report-{profile}" for profile in PROFILES]) == {"report-1", "report-2"}
    assert loaded_reports(warehouse, []) == set()


def test_what_is_loaded_is_looked_up_while_another_reads(loader, downloaded, warehouse):
    loader(downloaded())
    with warehouse.connect(read_only=True):
        impatient = dataclasses.replace(warehouse, wait_seconds=0.1)
        assert loaded_reports(impatient, ["report-1"]) == {"report-1"}


def test_two_rows_of_the_ledger_with_one_report_id_each_get_their_event(loader, downloaded, warehouse):
    first, second, other, _ = downloaded()
    twin = dataclasses.replace(second, profile_id=first.profile_id, report_id=first.report_id, raw_path=first.raw_path)
    events = loader([first, twin, other])
    assert kinds([first, twin, other], events) == [states.Loaded] * 3
    assert set(loader.outcomes) == {first.id, twin.id, other.id}
    with warehouse.connect(read_only=True) as connection:
        found = connection.execute("SELECT profile_id, count(*) FROM report_sp_targeting GROUP BY 1 ORDER BY 1")
        assert found.fetchall() == [(first.profile_id, 1), (other.profile_id, 1)]


def test_a_report_id_of_two_profiles_is_loaded_for_each_of_them(loader, downloaded, warehouse):
    first, second, *_ = downloaded(of_1=[targeting_row(), targeting_row(clicks=0.5)])
    twin = dataclasses.replace(second, report_id=first.report_id)
    events = loader([first, twin])
    assert kinds([first, twin], events) == [states.Loaded] * 2


def test_files_are_read_before_the_warehouse_is_waited_for(loader, downloaded, warehouse, archive, clock):
    impatient = dataclasses.replace(warehouse, wait_seconds=0.05)
    waiting = Loader(impatient, archive, dict.fromkeys(PROFILES, "USD"), clock)
    rows = downloaded(of_2=b"[oops]")
    with warehouse.connect(read_only=True):  # in one process, another kind of access is refused alike
        events = waiting(rows)
    assert kinds(rows, events) == [states.Postponed, states.Unreadable, states.Postponed, states.Postponed]
    assert list((archive.root.parent / "staging").iterdir()) == []


def test_one_batch_is_read_while_another_is_written(loader, downloaded, warehouse, monkeypatch):
    rows = downloaded()
    reading = threading.Event()
    stage, write = loader_module.stage_files, loader_module.load_stage

    def stage_and_tell(table, files, folder):
        if files[0].profile_id == 2:
            reading.set()
        return stage(table, files, folder)

    def write_when_the_other_is_read(connection, staged, now):
        assert reading.wait(30)
        return write(connection, staged, now)

    monkeypatch.setattr(loader_module, "stage_files", stage_and_tell)
    monkeypatch.setattr(loader_module, "load_stage", write_when_the_other_is_read)
    with ThreadPoolExecutor(2) as threads:
        events = [*threads.map(loader, [rows[:1], rows[1:2]])]
    assert [kinds(rows[n : n + 1], found) for n, found in enumerate(events)] == [[states.Loaded]] * 2


def test_rows_that_do_not_add_up_are_the_failure_of_their_own_report_and_can_be_tried_again(
    loader, downloaded, warehouse, monkeypatch
):
    replace_days = loading._Load.replace_days

    def lose_one(self):
        replace_days(self)
        self.connection.execute("DELETE FROM report_sp_targeting WHERE profile_id = 3")

    rows = downloaded()
    with monkeypatch.context() as patch:
        patch.setattr(loading._Load, "replace_days", lose_one)
        events = loader(rows)
    assert kinds(rows, events) == [states.Loaded, states.Loaded, states.GivenUp, states.Loaded]
    lost = events[rows[2].id]
    assert (lost.retryable, "report-3" in lost.reason, "has 1 rows" in lost.reason) == (True, True, True)
    assert kinds(rows[2:3], loader(rows[2:3])) == [states.Loaded]


@pytest.mark.skipif(importlib.util.find_spec("duckdb_extension_ducklake") is None, reason="no ducklake extension")
def test_of_two_loads_of_a_day_at_once_in_a_lake_the_second_to_commit_is_refused_and_waits_its_turn(
    tmp_path, archive, clock, downloaded, monkeypatch
):
    lake = Warehouse(f"ducklake:{tmp_path}/catalog.ducklake", str(tmp_path / "files"))
    prepare(lake)
    row = downloaded()[0]
    theirs = report_file(tmp_path, [targeting_row()], DAY - timedelta(days=1), DAY, profile_id=row.profile_id)
    log_load = loading._log_load

    def load_another_meanwhile(load, outcomes):
        with monkeypatch.context() as patch, load.connection.cursor() as other:
            patch.setattr(loading, "_log_load", log_load)
            other.execute("USE lake")
            loading.load_files(other, load.table, [theirs], NOON)
        log_load(load, outcomes)

    loader = Loader(lake, archive, {row.profile_id: "USD"}, clock)
    with monkeypatch.context() as patch:
        patch.setattr(loading, "_log_load", load_another_meanwhile)
        refused = loader([row])[row.id]
    assert isinstance(refused, states.Postponed)
    assert "conflict" in refused.reason
    assert isinstance(loader([row])[row.id], states.Loaded)
    with lake.connect(read_only=True) as connection:
        assert connection.execute("SELECT date, count(*) FROM report_sp_targeting GROUP BY 1").fetchall() == [(DAY, 1)]
        assert connection.execute("SELECT count(*) FROM load_log").fetchone() == (2,)
