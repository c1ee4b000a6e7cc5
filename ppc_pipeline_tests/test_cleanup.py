"""The clean-up of files and of the ledger: only what is past a retention that is set, and what was left behind."""

import os
from datetime import timedelta

import pytest

from ppc_pipeline.cleanup import NOTHING, clean_up
from ppc_pipeline.cli.runs import tools_of
from ppc_pipeline.reports import states
from ppc_pipeline.reports.activity import activities
from ppc_pipeline.reports.archive import Deleted
from ppc_pipeline.reports.retention import Forgotten
from ppc_pipeline.reports.states import State
from ppc_pipeline.settings import load_settings
from ppc_pipeline_tests.fakes import order, window


@pytest.fixture
def tools_with(data_dir, monkeypatch):
    def gather(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(name, str(value))
        return tools_of(load_settings())

    return gather


def archived(tools, loaded, **changes):
    """A report whose file was written 100 days ago."""
    row = tools.ledger.claim(order(tools.ledger, window(**changes)).id, "me")
    row = tools.ledger.record(row, states.Accepted(f"report-{row.id}"))
    path = tools.archive.path_of(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"0123456789")
    aged(tools, path, 100)
    raw_path = str(path.relative_to(tools.archive.root))
    row = tools.ledger.record(tools.ledger.record(row, states.Cooked()), states.Archived(raw_path, 10))
    return (tools.ledger.record(row, states.Loaded(1, 0)) if loaded else row), path


def aged(tools, path, days):
    moment = (tools.ledger.clock() - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))


def test_without_a_retention_everything_is_kept(tools_with):
    tools = tools_with()
    _, path = archived(tools, loaded=True)
    done = clean_up(tools)
    assert (done.raw, done.leftovers, done.forgotten) == (NOTHING, NOTHING, Forgotten(0, 0))
    assert path.exists()


def test_weekly_reports_past_their_retention_go_and_a_day_later_weeks_without_any(tools_with):
    tools = tools_with(PPC_WEEKLY_RETENTION_DAYS=90)
    old, new = (tools.settings.weekly_dir / week / "7.html" for week in ("2026-01-05", "2026-11-16"))
    for path, days in ((old, 91), (new, 89)):
        path.parent.mkdir(parents=True)
        path.write_text("<html>", encoding="utf-8")
        aged(tools, path, days)
    assert clean_up(tools).weekly == Deleted(1, 6)
    assert [a.detail for a in activities(tools.ledger)] == ["1 weekly report older than 90 days, 6 bytes"]
    assert (old.exists(), old.parent.exists(), new.exists()) == (False, True, True)
    beginning = new.parent.with_name("2026-11-23")
    beginning.mkdir()
    aged(tools, old.parent, 2)
    assert clean_up(tools).weekly == NOTHING
    assert {path.name for path in tools.settings.weekly_dir.iterdir()} == {"2026-11-16", "2026-11-23"}


def test_raw_files_past_their_retention_go_but_not_before_they_are_loaded(tools_with):
    tools = tools_with(PPC_RAW_RETENTION_DAYS=90)
    _, done = archived(tools, loaded=True)
    _, needed = archived(tools, loaded=False, profile_id=7)
    assert clean_up(tools).raw == Deleted(1, 10)
    assert [a.detail for a in activities(tools.ledger) if a.action == "cleaned up"] == [
        "1 raw file older than 90 days, 10 bytes"
    ]
    assert not done.exists()
    assert needed.exists()


def test_the_only_copy_of_a_report_that_could_not_be_loaded_stays(tools_with):
    tools = tools_with(PPC_RAW_RETENTION_DAYS=90)
    failed, whole = archived(tools, loaded=False)
    tools.ledger.record(failed, states.GivenUp("loading failed: the rows do not add up", retryable=True))
    row, path = archived(tools, loaded=False, profile_id=7)
    aside = path.replace(path.with_suffix(".malformed"))
    while row.state is not State.FAILED:
        row = tools.ledger.record(row, states.Unreadable(f"its bytes are kept in {aside}"))
        if row.state is State.READY:
            row = tools.ledger.record(row, states.Archived(str(path.relative_to(tools.archive.root)), 10))
    _, done = archived(tools, loaded=True, profile_id=8)
    older = aside.with_name("of-an-older-request.json.malformed")
    older.write_bytes(b"0123456789")
    aged(tools, older, 100)
    assert clean_up(tools).raw == Deleted(2, 20)
    assert (whole.exists(), aside.exists(), done.exists(), older.exists()) == (True, True, False, False)


def test_what_killed_processes_left_behind_goes_a_day_later(tools_with, data_dir):
    tools = tools_with()
    part = data_dir / "raw" / "sp_targeting" / ".killed.part"
    spilled = data_dir / "ppc.duckdb.tmp" / "duckdb_temp_storage_S32K-0.tmp"
    for path in (part, spilled):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"0123456789")
    assert clean_up(tools).leftovers == NOTHING
    for path in (part, spilled):
        aged(tools, path, 2)
    assert clean_up(tools).leftovers == Deleted(2, 20)
    assert [a.detail for a in activities(tools.ledger)] == ["2 files that killed processes left behind, 20 bytes"]
    assert not part.exists()
    assert not spilled.exists()


def test_orders_that_newer_ones_replace_are_forgotten_past_the_retention_of_the_ledger(tools_with):
    tools = tools_with(PPC_LEDGER_RETENTION_DAYS=30)
    first, _ = archived(tools, loaded=True)
    with tools.ledger.transaction() as connection:
        for column in ("ordered_at", "updated_at", "loaded_at"):
            long_ago = (tools.ledger.clock() - timedelta(days=31)).replace(tzinfo=None)
            connection.exec_driver_sql(f"UPDATE reports SET {column} = '{long_ago}'")
    assert clean_up(tools).forgotten.reports == 0
    second, _ = archived(tools, loaded=True)
    assert clean_up(tools).forgotten.reports == 1
    assert tools.ledger.rows([first.id]) == []
    assert tools.ledger.rows([second.id])[0].state is State.LOADED


def test_what_a_killed_writer_of_a_weekly_report_left_goes_after_a_day(tools_with):
    tools = tools_with()
    parts = [tools.settings.weekly_dir / "2026-11-16" / f".{profile}.html.part" for profile in (7, 8)]
    parts[0].parent.mkdir(parents=True)
    for path, days in zip(parts, (2, 0), strict=True):
        path.write_text("<html", encoding="utf-8")
        aged(tools, path, days)
    assert clean_up(tools).leftovers == Deleted(1, 5)
    assert [path.exists() for path in parts] == [False, True]
