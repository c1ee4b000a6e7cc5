"""Loading again from the raw archive with Amazon switched off: what is taken up, what is left, what it changes."""

import asyncio
import socket
from dataclasses import replace

import httpx
import pytest

from ppc_pipeline import rebuild as rebuilding
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.cli.runs import tools_of
from ppc_pipeline.pipeline import bring_reports
from ppc_pipeline.rebuild import plan_rebuild, rebuild_reports
from ppc_pipeline.reports import tables
from ppc_pipeline.reports.loader import Loader
from ppc_pipeline.reports.states import GivenUp, State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import load_settings
from ppc_pipeline_tests.conftest import days_ago

TARGETING = REPORT_TYPES["spTargeting"]
WEEK = Days(days_ago(9), days_ago(3))


@pytest.fixture
def tools(data_dir, start_sandbox):
    start_sandbox(profiles=2)
    return tools_of(load_settings())


@pytest.fixture
def amazon_off(monkeypatch):
    """Make everything fail that would ask anybody outside this process."""

    def fail(*_, **__):
        raise AssertionError("nobody outside this process may be asked")

    def switch_off():
        monkeypatch.setattr(AmazonAdsClient, "__aenter__", fail)
        monkeypatch.setattr(httpx.AsyncClient, "send", fail)
        monkeypatch.setattr(socket.socket, "connect", fail)

    return switch_off


@pytest.fixture
def wrong_rule(monkeypatch):
    """A mistake in the code: the grain lacks a column, so that good rows are called duplicates. Corrected on demand."""
    right = tables.REPORT_TABLES["spTargeting"]
    monkeypatch.setitem(tables.REPORT_TABLES, "spTargeting", replace(right, grain=("campaign_id", "ad_group_id")))
    return lambda: monkeypatch.setitem(tables.REPORT_TABLES, "spTargeting", right)


def bring(tools, days=WEEK):
    return asyncio.run(bring_reports(tools, [TARGETING], days))


def rebuild(tools, days=WEEK, **more):
    return asyncio.run(rebuild_reports(tools, [TARGETING], days, **more))


def query(tools, sql):
    with tools.warehouse.connect() as connection:
        return connection.execute(sql).fetchall()


def figures(tools):
    return query(tools, "SELECT * EXCLUDE (loaded_at) FROM report_sp_targeting ORDER BY ALL")


def states_of(tools):
    return {row.state for row in tools.ledger.rows_covering(WEEK, ["spTargeting"])}


def test_a_rebuild_when_nothing_was_corrected_changes_nothing_and_asks_nobody(tools, amazon_off):
    bring(tools)
    before = figures(tools)
    amazon_off()
    rebuilt = rebuild(tools)
    assert before
    assert figures(tools) == before
    assert states_of(tools) == {State.LOADED}
    assert len(rebuilt.brought.outcomes) == 2
    assert {outcome.days_changed for outcome in rebuilt.brought.outcomes.values()} == {0}
    assert query(tools, "SELECT count(*) FROM restatements") == [(0,)]


def test_after_a_fix_in_the_code_the_quarantine_is_emptied_and_the_figures_are_whole(tools, wrong_rule, amazon_off):
    bring(tools)
    ((rejected,),) = query(tools, "SELECT count(*) FROM rejected_rows")
    partly = figures(tools)
    wrong_rule()
    amazon_off()
    rebuilt = rebuild(tools)
    assert rejected > 0
    assert rebuilt.quarantined["spTargeting"] == rebuilding.Quarantined(rejected, 0)
    assert query(tools, "SELECT count(*) FROM rejected_rows") == [(0,)]
    assert len(figures(tools)) == len(partly) + rejected


def test_a_report_whose_raw_file_is_gone_is_named_and_stays_loaded(tools, amazon_off):
    first, second = bring(tools).rows
    (tools.archive.root / first.raw_path).unlink()
    before = figures(tools)
    amazon_off()
    rebuilt = rebuild(tools)
    assert [row.id for row in rebuilt.plan.gone] == [first.id]
    assert list(rebuilt.brought.outcomes) == [second.id]
    assert states_of(tools) == {State.LOADED}
    assert figures(tools) == before


def test_a_report_of_a_profile_that_no_account_has_is_named_and_stays_as_it_is(tools, amazon_off):
    first, second = bring(tools).rows
    with tools.ledger.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE profiles SET account = 'of-old' WHERE profile_id = {first.profile_id}")
    before = figures(tools)
    amazon_off()
    rebuilt = rebuild(tools)
    assert [row.id for row in rebuilt.plan.unknown] == [first.id]
    assert list(rebuilt.brought.outcomes) == [second.id]
    assert figures(tools) == before
    assert plan_rebuild(tools, [TARGETING], WEEK, [second.profile_id]).unknown == []


def test_only_the_profile_that_was_asked_for_is_loaded_again(tools, amazon_off):
    wanted, _ = bring(tools).rows
    amazon_off()
    rebuilt = rebuild(tools, profiles=[wanted.profile_id])
    assert list(rebuilt.brought.outcomes) == [wanted.id]


def test_reports_are_taken_up_in_the_order_they_were_asked_for_without_those_that_newer_ones_replace(tools):
    late, early, middle = (Days(days_ago(a), days_ago(b)) for a, b in ((5, 3), (9, 6), (7, 4)))
    for days in (early, late, middle):
        bring(tools, days)
    plan = plan_rebuild(tools, [TARGETING], WEEK)
    assert [row.days for row in plan.again] == [early] * 2 + [late] * 2 + [middle] * 2
    bring(tools, WEEK)
    plan = plan_rebuild(tools, [TARGETING], WEEK)
    assert [row.days for row in plan.again] == [WEEK] * 2
    assert plan.superseded == 6


def test_a_rebuild_that_was_broken_off_is_completed_by_the_next_one(tools, amazon_off, monkeypatch):
    bring(tools)
    before = figures(tools)
    amazon_off()

    async def broken_off(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding.Lifecycle, "see_through", broken_off)
        with pytest.raises(KeyboardInterrupt):
            rebuild(tools)
    assert states_of(tools) == {State.DOWNLOADED}
    rebuild(tools)
    assert states_of(tools) == {State.LOADED}
    assert figures(tools) == before


def test_a_load_that_fails_for_now_is_not_waited_for_and_completed_by_the_next_rebuild(tools, amazon_off, monkeypatch):
    bring(tools)
    amazon_off()

    def fail(loader, rows):
        return {row.id: rebuilding.states.Troubled("the disk is full") for row in rows}

    with monkeypatch.context() as patch:
        patch.setattr(Loader, "__call__", fail)
        rows = rebuild(tools).brought.rows
    assert {(row.state, row.reason) for row in rows} == {(State.DOWNLOADED, "the disk is full")}
    rebuild(tools)
    assert states_of(tools) == {State.LOADED}


def test_a_file_that_could_not_be_read_is_recovered_when_it_can_be_after_a_fix(tools, amazon_off, monkeypatch):
    right = tables.REPORT_TABLES["spTargeting"]
    clicks = next(column for column in right.columns if column.name == "clicks")
    columns = tuple(replace(c, source="clickz") if c is clicks else c for c in right.columns)
    bring(tools)
    before = figures(tools)
    amazon_off()
    with monkeypatch.context() as patch:
        patch.setitem(tables.REPORT_TABLES, "spTargeting", replace(right, columns=columns))
        failed = rebuild(tools).brought.rows
    assert states_of(tools) == {State.FAILED}
    assert all("clickz" in row.reason for row in failed)
    assert len([*tools.archive.root.rglob("*.malformed")]) == 2
    assert figures(tools) == before

    rebuild(tools)
    assert states_of(tools) == {State.LOADED}
    assert not [*tools.archive.root.rglob("*.malformed")]
    assert figures(tools) == before


def test_a_file_put_aside_while_it_was_downloaded_is_recovered_with_its_report_id(tools, amazon_off):
    row, _ = bring(tools).rows
    raw = tools.archive.root / row.raw_path
    aside = raw.with_suffix(".malformed")
    raw.replace(aside)
    (aside.parent / "an-older-one.json.malformed").write_bytes(b"not this one")
    reopened = tools.ledger.reopen(row, rebuilding.states.Unloaded(archived=False))
    claimed = tools.ledger.claim(reopened.id, "a test")
    failed = tools.ledger.record(claimed, GivenUp(f"its bytes are kept in {aside}", retryable=True))
    with tools.ledger.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE reports SET raw_path = NULL, report_id = NULL WHERE id = {failed.id}")
    amazon_off()
    rebuild(tools, profiles=[row.profile_id])
    (now,) = tools.ledger.rows([row.id])
    assert (now.state, now.report_id, now.raw_path) == (State.LOADED, row.report_id, row.raw_path)


def test_a_broken_file_that_was_put_aside_is_left_alone(tools, amazon_off):
    row, _ = bring(tools).rows
    raw = tools.archive.root / row.raw_path
    aside = raw.with_suffix(".malformed")
    aside.write_bytes(raw.read_bytes()[:-10])
    raw.unlink()
    claimed = tools.ledger.claim(tools.ledger.reopen(row, rebuilding.states.Unloaded(archived=True)).id, "a test")
    tools.ledger.record(claimed, GivenUp(f"its bytes are kept in {aside}", retryable=True))
    amazon_off()
    rebuilt = rebuild(tools, profiles=[row.profile_id])
    assert rebuilt.plan.again == []
    assert tools.ledger.rows([row.id])[0].state is State.FAILED
    assert aside.exists()


def test_a_new_warehouse_takes_everything_else_up_again_too(tools, amazon_off, data_dir):
    bring(tools)
    other = Days(days_ago(20), days_ago(15))
    bring(tools, other)
    (data_dir / "ppc.duckdb").unlink()
    amazon_off()
    rebuild(tools)
    assert states_of(tools) == {State.LOADED}
    assert {row.state for row in tools.ledger.rows_covering(other, ["spTargeting"])} == {State.DOWNLOADED}
