"""The life cycle with Amazon in memory and virtual time: hours of waiting pass in no time."""

import asyncio
import gzip
from datetime import date, timedelta

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from ppc_pipeline.reports import states
from ppc_pipeline.reports.activity import activities
from ppc_pipeline.reports.ledger import LEASE
from ppc_pipeline.reports.loader import Loader, prepare
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.states import MAX_REQUESTS, MAX_UNREADABLE, State
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.fakes import (
    DAY,
    NOON,
    SELLER,
    VENDOR,
    digest,
    facts,
    gzipped,
    order,
    refusal,
    window,
)
from ppc_pipeline_tests.reports.world import HOURS_4


def days_back(count):
    return [window(DAY - timedelta(days=n)) for n in range(count)]


def states_of(rows):
    return [row.state for row in rows]


# The straight way


def test_everything_is_asked_for_before_anything_is_waited_for_and_all_of_it_is_loaded(play):
    async def scenario(world):
        rows = [order(world.ledger, wanted) for wanted in days_back(40)]
        done = await world.see_through(rows)
        assert states_of(done) == [State.LOADED] * 40
        assert [what for what, _, _ in world.amazon.log[:40]] == ["create"] * 40
        assert world.amazon.count("create") == world.amazon.count("download") == 40
        assert sorted(world.loaded) == sorted(row.id for row in rows)
        assert world.told[0] == ("reports", 0, 40)
        assert world.told[-1] == ("reports", 40, 40)

    play(scenario)


def test_what_is_ready_first_is_loaded_first(play):
    async def scenario(world):
        slow = order(world.ledger, window(DAY))
        quick = order(world.ledger, window(DAY - timedelta(days=1)))

        def slowly(report, request):
            late = report.body["startDate"] == str(DAY) and world.clock() < report.created_at + timedelta(hours=2)
            return httpx.Response(200, json={"reportId": report.report_id, "status": "PROCESSING"}) if late else None

        world.amazon.on_look = slowly
        await world.see_through([slow, quick])
        assert world.loaded == [quick.id, slow.id]

    play(scenario)


def test_a_report_is_looked_at_less_and_less_often_and_never_later_than_a_minute_after_it_is_ready(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(hours=3)
        (done,) = await world.see_through([order(world.ledger)])
        late = done.loaded_at - done.requested_at - world.amazon.ready_after
        assert timedelta(0) <= late <= timedelta(seconds=60)
        assert world.amazon.count("look") < 3 * 60 + 20

    play(scenario)


# Asking


def test_a_request_that_collides_adopts_the_report_that_runs(play):
    async def scenario(world):
        rows = [order(world.ledger)]
        await world.ask_and_poll(rows)
        first = world.now(rows[0])
        with world.ledger.transaction() as connection:  # as if the process had died before it could write that down
            connection.exec_driver_sql("UPDATE reports SET state = 'planned', report_id = NULL, requests = 0")
        (done,) = await world.see_through(world.ledger.outstanding())
        assert (done.state, done.report_id, done.requests) == (State.LOADED, first.report_id, 1)
        assert len(world.amazon.reports) == 1

    play(scenario)


def test_a_request_whose_answer_was_lost_makes_one_report(play):
    async def scenario(world):
        lost = []

        def lose(report, request):
            if not lost:
                lost.append(report)
                world.amazon.reports[report.report_id] = report
                raise httpx.ReadError("connection reset")

        world.amazon.on_create = lose
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.report_id) == (State.LOADED, lost[0].report_id)
        assert len(world.amazon.reports) == 1

    play(scenario)


def test_what_amazon_answered_is_in_the_ledger_before_anything_else_is_written_and_a_failure_of_that_costs_nothing(
    play, monkeypatch
):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        row = order(world.ledger)
        known = []

        def fail(*_):
            known.append(world.now(row).report_id)
            raise OperationalError("the ledger is busy", None, Exception())

        for name in ("unblock", "account_ok", "lacking"):
            monkeypatch.setattr(Roster, name, fail)
        (done,) = await world.see_through([row])
        assert (done.state, world.amazon.count("create")) == (State.LOADED, 1)
        assert set(known) == {done.report_id}

    play(scenario)


def test_requests_are_named_alike_when_repeated_and_differently_when_ordered_anew(play):
    async def scenario(world):
        names = []
        world.amazon.on_create = lambda report, _: names.append(report.body["name"])
        row = order(world.ledger)
        await world.see_through([row])
        world.ledger.reopen(world.now(row), states.Unloaded(archived=False))
        await world.see_through(world.ledger.outstanding())
        again = order(world.ledger, fresh=timedelta(0))
        await world.see_through([again])
        assert names[0] == names[1] == f"ppc spTargeting 2026-11-10_2026-11-10 {digest()} 1.0"
        assert names[2] == f"ppc spTargeting 2026-11-10_2026-11-10 {digest()} 2.0"

    play(scenario)


def test_a_throttled_request_is_put_off_for_as_long_as_amazon_asks_and_that_is_no_trouble(play):
    async def scenario(world):
        refused = []

        def throttle(report, _):
            refused.append(world.clock())
            return refusal(429, "Throttled", retry_after="120") if len(refused) == 1 else None

        world.amazon.on_create = throttle
        row = order(world.ledger)
        await world.ask_and_poll()
        put_off = world.now(row)
        assert (put_off.state, put_off.troubles) == (State.PLANNED, 0)
        assert put_off.not_before == NOON + timedelta(seconds=120)
        await world.ask_and_poll()
        assert len(refused) == 1, "not due yet"
        (done,) = await world.see_through(world.ledger.outstanding())
        assert done.state is State.LOADED
        assert refused[1] >= NOON + timedelta(seconds=120)

    play(scenario)


def test_days_that_amazon_no_longer_serves_expire_and_the_rest_of_the_window_is_ordered_and_loaded(play):
    async def scenario(world):
        start, end, served = date(2026, 8, 10), date(2026, 8, 20), date(2026, 8, 15)
        detail = f"startDate ({start}) must be equal to or after report type data retention start date ({served})"
        world.amazon.on_create = lambda report, _: (
            refusal(400, detail) if report.body["startDate"] < "2026-08-15" else None
        )
        done = await world.see_through([order(world.ledger, window(start, end))])
        assert [(row.state, row.start_date, row.end_date) for row in done] == [
            (State.EXPIRED, start, end),
            (State.LOADED, served, end),
        ]
        assert "from 2026-08-15 on" in done[0].reason

    play(scenario)


def test_a_window_of_which_amazon_serves_nothing_expires_and_orders_nothing(play):
    async def scenario(world):
        detail = "startDate (x) must be equal to or after report type data retention start date (2026-11-11)"
        world.amazon.on_create = lambda *_: refusal(400, detail)
        done = await world.see_through([order(world.ledger)])
        assert states_of(done) == [State.EXPIRED]
        assert world.ledger.outstanding() == []

    play(scenario)


# That Sponsored Products' types are not known is a failure: every advertiser may use them.
@pytest.mark.parametrize(
    "said", ["configuration timeUnit is not supported", "configuration reportTypeId is unknown or invalid"]
)
def test_what_amazon_does_not_accept_has_failed_for_good_with_amazons_words(play, said):
    async def scenario(world):
        world.amazon.on_create = lambda *_: refusal(400, said)
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.retryable) == (State.FAILED, False)
        assert said in done.reason

    play(scenario)


# Whose trouble it is


def test_a_refused_profile_is_blocked_and_the_others_go_on(play):
    async def scenario(world):
        world.roster.save("acme", [facts(), facts(VENDOR)])
        world.amazon.on_create = lambda report, _: (
            refusal(401, "Not authorized to access scope") if report.profile_id == VENDOR else None
        )
        rows = [order(world.ledger, window(profile_id=profile)) for profile in (SELLER, VENDOR)]
        done = await world.see_through(rows)
        assert states_of(done) == [State.LOADED, State.FAILED]
        assert done[1].retryable
        blocked = {p.facts.profile_id: p.blocked_reason for p in world.roster.profiles(["acme"])}
        assert blocked[SELLER] is None
        assert f"profile {VENDOR}" in blocked[VENDOR]
        assert "give the user who authorised the application access" in blocked[VENDOR]

    play(scenario)


def test_a_profile_that_is_served_again_is_blocked_no_longer(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        world.roster.block(SELLER, "revoked")
        await world.see_through([order(world.ledger)])
        assert not world.roster.profiles(["acme"])[0].blocked

    play(scenario)


def test_a_profile_that_was_refused_once_is_not_tried_further_in_this_go_and_is_served_in_the_next(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        calls = []

        def refuse_the_second(report, _):
            calls.append(report)
            return refusal(403, "no access") if len(calls) == 2 else None

        world.amazon.on_create = refuse_the_second
        done = await world.see_through([order(world.ledger, wanted) for wanted in days_back(3)])
        assert states_of(done) == [State.FAILED] * 3
        assert all(row.retryable and "no access" in row.reason for row in done)
        assert world.amazon.count("look") == 0
        done = await world.see_through([order(world.ledger, wanted) for wanted in days_back(3)])
        assert states_of(done) == [State.LOADED] * 3
        assert not world.roster.profiles(["acme"])[0].blocked
        assert len(world.amazon.reports) == 3

    play(scenario)


def test_an_account_that_cannot_log_in_fails_its_reports_and_says_why_and_others_load(play):
    async def scenario(world):
        def login(_, request):
            if b"revoked" in request.content:
                return httpx.Response(400, json={"error": "invalid_grant", "error_description": "no longer valid"})

        world.amazon.on_login = login
        broken = order(world.ledger, window(profile_id=VENDOR, account="revoked"))
        done = await world.see_through([order(world.ledger), broken], accounts=("acme", "revoked"))
        assert states_of(done) == [State.LOADED, State.FAILED]
        assert done[1].retryable
        standings = world.roster.standings()
        assert standings["acme"].error is None
        assert "must authorise the application again" in standings["revoked"].error
        world.amazon.on_login = lambda *_: None
        again = order(world.ledger, window(profile_id=VENDOR, account="revoked"))
        assert again.id == broken.id
        (done,) = await world.see_through([again], accounts=("acme", "revoked"))
        assert done.state is State.LOADED
        assert world.roster.standings()["revoked"].error is None

    play(scenario)


def test_a_report_of_an_account_that_is_no_longer_configured_fails_and_others_load(play):
    async def scenario(world):
        done = await world.see_through([order(world.ledger, window(account="gone")), order(world.ledger)])
        assert states_of(done) == [State.FAILED, State.LOADED]
        assert "account 'gone'" in done[0].reason
        assert done[0].retryable

    play(scenario)


# Waiting


def test_a_report_that_amazon_forgot_is_asked_for_again(play):
    async def scenario(world):
        row = order(world.ledger)
        await world.ask_and_poll()
        forgotten = world.now(row).report_id
        world.amazon.reports.clear()
        (done,) = await world.see_through(world.ledger.outstanding())
        assert (done.state, done.requests) == (State.LOADED, 2)
        assert done.report_id != forgotten

    play(scenario)


def test_a_report_that_fails_at_amazon_is_asked_for_again_and_given_up_after_some_times(play):
    async def scenario(world):
        failing = {"status": "FAILED", "failureReason": "Internal error"}
        world.amazon.on_look = lambda report, _: httpx.Response(200, json={"reportId": report.report_id, **failing})
        world.amazon.ready_after = timedelta(0)
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.retryable, done.report_id) == (State.FAILED, True, None)
        assert done.reason == f"asked {MAX_REQUESTS} times; the last answer: Internal error"
        assert world.amazon.count("create") == MAX_REQUESTS
        world.amazon.on_look = lambda *_: None
        (done,) = await world.see_through([order(world.ledger)])
        assert done.state is State.LOADED

    play(scenario)


def test_a_report_past_its_deadline_stays_with_its_id_and_a_later_call_goes_on_with_it(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(hours=6)
        (late,) = await world.see_through([order(world.ledger)])
        assert world.clock() - NOON == pytest.approx(HOURS_4, abs=timedelta(minutes=1))
        assert (late.state, late.outstanding) == (State.REQUESTED, True)
        (report_id,) = world.amazon.reports
        assert late.report_id == report_id
        await asyncio.sleep(3 * 3600)
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.id, done.state, done.report_id) == (late.id, State.LOADED, report_id)
        assert world.amazon.count("create") == 1

    play(scenario)


def test_a_report_that_is_ready_long_after_its_deadline_is_loaded_by_the_next_call(play):
    async def scenario(world):
        row = order(world.ledger)
        await world.ask_and_poll()
        await asyncio.sleep(24 * 3600)
        (done,) = await world.see_through([world.now(row)])
        assert done.state is State.LOADED

    play(scenario)


def test_claims_are_given_back_at_the_end_and_when_the_work_is_broken_off(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(hours=9)
        (late,) = await world.see_through([order(world.ledger)])
        assert world.ledger.claim(late.id, "the next") is not None
        world.ledger.release("the next")
        task = asyncio.create_task(world.see_through([world.now(late)], deadline=timedelta(hours=9)))
        await asyncio.sleep(120)
        assert world.ledger.claim(late.id, "the next") is None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.ledger.claim(late.id, "the next") is not None

    play(scenario)


def test_claims_hold_for_as_long_as_the_work_goes_on(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(hours=3)
        row = order(world.ledger)
        task = asyncio.create_task(world.see_through([row]))
        for _ in range(30):
            await asyncio.sleep(LEASE.total_seconds() * 1.7)
            assert world.ledger.claim(row.id, "another") is None
        (done,) = await task
        assert done.state is State.LOADED

    play(scenario)


def test_two_that_see_the_same_reports_through_at_once_ask_and_download_once_and_both_end(play):
    async def scenario(world):
        rows = [order(world.ledger, wanted) for wanted in days_back(5)]
        one, other = await asyncio.gather(world.see_through(rows), world.see_through(rows))
        assert states_of(one) == states_of(other) == [State.LOADED] * 5
        assert world.amazon.count("create") == world.amazon.count("download") == 5
        assert sorted(world.loaded) == sorted(row.id for row in rows)

    play(scenario)


def test_what_a_dead_process_held_is_said_and_gone_on_with_after_its_lease(play, caplog):
    async def scenario(world):
        row, other = order(world.ledger), order(world.ledger, window(kind="spCampaigns"))
        held = world.ledger.claim_all([row.id, other.id], "host:17:dead")
        done = await world.see_through(held)
        assert states_of(done) == [State.LOADED, State.LOADED]
        assert all(one.requested_at - NOON >= LEASE for one in done)
        said = [record.message for record in caplog.records if "waiting for" in record.message]
        in_hand = "waiting for reports (2) that the process host:17 has in hand"
        assert said == [f"{in_hand}; if it is dead, its claims end at {NOON + LEASE:%H:%M:%S} UTC"]

    play(scenario)


# Downloading


def test_a_link_that_expired_or_a_stream_that_broke_is_tried_again(play):
    async def scenario(world):
        answers = [
            httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>"),
            httpx.Response(200, content=b"\x1f", headers={"content-length": "22"}),
        ]
        world.amazon.on_download = lambda *_: answers.pop() if answers else None
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, world.amazon.count("download"), world.amazon.count("create")) == (State.LOADED, 3, 1)

    play(scenario)


def test_a_malformed_file_is_kept_aside_and_downloaded_again(play):
    async def scenario(world):
        cut = gzip.compress(b"[{}]", mtime=0)[:-3]
        bad = [cut]
        world.amazon.on_download = lambda *_: httpx.Response(200, content=bad.pop()) if bad else None
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, world.amazon.count("download")) == (State.LOADED, 2)
        (aside,) = world.archive.root.rglob("*.malformed")
        assert aside.read_bytes() == cut

    play(scenario)


def test_a_file_that_stays_malformed_is_given_up_for_now_says_where_it_is_and_is_made_anew_when_asked_again(play):
    async def scenario(world):
        world.amazon.on_download = lambda *_: httpx.Response(200, content=b"<html>")
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.retryable, done.report_id) == (State.FAILED, True, None)
        assert world.amazon.count("download") == MAX_UNREADABLE
        (aside,) = world.archive.root.rglob("*.malformed")
        assert str(aside) in done.reason
        world.amazon.on_download = lambda *_: None
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, world.amazon.count("create")) == (State.LOADED, 2)

    play(scenario)


def test_a_disk_that_is_full_for_a_while_costs_nothing_but_time(play, monkeypatch):
    async def scenario(world):
        store = world.archive.store

        async def store_when_there_is_room(row, chunks):
            if world.clock() < NOON + timedelta(hours=3):
                raise OSError(28, "No space left on device")
            return await store(row, chunks)

        monkeypatch.setattr(world.archive, "store", store_when_there_is_room)
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.troubles, world.amazon.count("create")) == (State.LOADED, 0, 1)

    play(scenario)


# Loading


def test_what_goes_wrong_unforeseen_with_one_report_stops_no_other(play):
    async def scenario(world):
        def load(rows):
            if rows[0].start_date == DAY:
                raise ZeroDivisionError
            return world.load(rows)

        first = order(world.ledger)
        world.amazon.ready_after = timedelta(minutes=1)
        others = [order(world.ledger, wanted) for wanted in days_back(4)[1:]]
        await world.see_through([first], load)
        assert states_of(await world.see_through([world.now(first), *others], load))[1:] == [State.LOADED] * 3
        assert "ZeroDivisionError" in world.now(first).reason

    play(scenario)


def test_what_was_downloaded_before_a_crash_is_not_downloaded_again(play):
    async def scenario(world):
        def die(rows):
            raise MemoryError("out of it")

        rows = [order(world.ledger, wanted) for wanted in days_back(3)]
        broken_off = await world.see_through(rows, die)
        assert states_of(broken_off) == [State.DOWNLOADED] * 3
        assert {row.reason for row in broken_off} == {"unexpected MemoryError, see the log"}
        world.amazon.log.clear()
        done = await world.see_through(world.ledger.outstanding())
        assert states_of(done) == [State.LOADED] * 3
        assert (world.amazon.count("create"), world.amazon.count("download")) == (0, 0)

    play(scenario)


def warehouse_loader(world):
    warehouse = Warehouse(str(world.folder / "ppc.duckdb"))
    prepare(warehouse)
    return warehouse, Loader(warehouse, world.archive, {SELLER: "USD"}, world.clock)


def test_unreadable_json_in_a_whole_gzip_is_kept_aside_downloaded_again_and_keeps_no_other_from_loading(play):
    async def scenario(world):
        warehouse, loader = warehouse_loader(world)
        bad = [b"[this is not JSON]"]
        world.amazon.on_download = lambda report, _: (
            httpx.Response(200, content=gzipped(bad.pop())) if bad and report.body["startDate"] == str(DAY) else None
        )
        rows = [order(world.ledger, wanted) for wanted in days_back(3)]
        done = await world.see_through(rows, loader)
        assert states_of(done) == [State.LOADED] * 3
        assert [row.rows_loaded for row in done] == [1, 1, 1]
        (aside,) = world.archive.root.rglob("*.malformed")
        assert gzip.decompress(aside.read_bytes()) == b"[this is not JSON]"
        assert (world.amazon.count("download"), world.amazon.count("create")) == (4, 3)
        with warehouse.connect() as connection:
            assert connection.execute("SELECT count(*) FROM report_sp_targeting").fetchone() == (3,)

    play(scenario)


def test_a_file_that_vanished_from_the_archive_is_downloaded_again(play):
    async def scenario(world):
        _, loader = warehouse_loader(world)
        row = order(world.ledger)

        def die(rows):
            raise MemoryError

        await world.see_through([row], die)
        (world.archive.root / world.now(row).raw_path).unlink()
        (done,) = await world.see_through([world.now(row)], loader)
        assert (done.state, world.amazon.count("download"), world.amazon.count("create")) == (State.LOADED, 2, 1)

    play(scenario)


def test_a_warehouse_that_stays_busy_puts_the_load_off_and_nothing_is_downloaded_again(play, tmp_path):
    async def scenario(world):
        warehouse, _ = warehouse_loader(world)
        busy = Warehouse(warehouse.database, wait_seconds=0.05)
        loader = Loader(busy, world.archive, {SELLER: "USD"}, world.clock)
        with warehouse.connect(read_only=True):  # in one process, another kind of access is refused alike
            half_an_hour = timedelta(minutes=30)
            (waiting,) = await world.see_through([order(world.ledger)], loader, deadline=half_an_hour)
        assert (waiting.state, waiting.troubles) == (State.DOWNLOADED, 0)
        assert "is in use by" in waiting.reason
        (done,) = await world.see_through([order(world.ledger)], loader)
        assert (done.state, world.amazon.count("download")) == (State.LOADED, 1)

    play(scenario)


def test_a_profile_whose_currency_nobody_knows_fails_alone(play):
    async def scenario(world):
        _, loader = warehouse_loader(world)
        rows = [order(world.ledger), order(world.ledger, window(profile_id=VENDOR))]
        done = await world.see_through(rows, loader)
        assert states_of(done) == [State.LOADED, State.FAILED]
        assert "currency" in done[1].reason

    play(scenario)


# In steps


def test_asking_and_polling_fetches_nothing_and_fetching_orders_nothing(play):
    async def scenario(world):
        rows = [order(world.ledger, wanted) for wanted in days_back(4)]
        assert await world.fetch() == world.ledger.outstanding()
        assert world.amazon.log == []
        await world.ask_and_poll()
        assert states_of(world.ledger.outstanding()) == [State.REQUESTED] * 4
        await asyncio.sleep(660)
        await world.ask_and_poll()
        assert states_of(world.ledger.outstanding()) == [State.READY] * 4
        await world.ask_and_poll()
        assert world.amazon.count("download") == 0
        asked = world.amazon.count("create")
        done = await world.fetch()
        assert states_of(done) == [State.LOADED] * 4
        assert world.amazon.count("create") == asked == 4
        assert sorted(world.loaded) == sorted(row.id for row in rows)

    play(scenario)


def test_fetching_leaves_alone_what_has_to_be_asked_for_again(play):
    async def scenario(world):
        row = order(world.ledger)
        await world.ask_and_poll()
        await asyncio.sleep(660)
        await world.ask_and_poll()
        seen = world.now(row)
        assert seen.state is State.READY
        world.amazon.reports.clear()
        (forgotten,) = await world.fetch([seen])
        assert forgotten.state is State.PLANNED
        (untouched,) = await world.fetch([seen])  # what was seen is out of date
        assert untouched.state is State.PLANNED
        assert world.amazon.count("create") == 1

    play(scenario)


def test_a_report_that_is_not_ready_is_looked_at_again_only_when_it_is_due(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(hours=1)
        order(world.ledger)
        await world.ask_and_poll()
        await asyncio.sleep(40)
        for _ in range(3):
            await world.ask_and_poll()
        assert world.amazon.count("look") == 1
        await asyncio.sleep(11)
        await world.ask_and_poll()
        assert world.amazon.count("look") == 2

    play(scenario)


def test_steps_that_are_not_done_in_time_are_broken_off_and_the_others_are_written_down(play):
    async def scenario(world):
        rows = [order(world.ledger, wanted) for wanted in days_back(3)]
        slow = str(rows[1].start_date)
        create = world.amazon._create

        def hang(profile_id, request):
            response = create(profile_id, request)
            if slow in request.content.decode():
                raise httpx.ReadTimeout("nothing came")  # the client tries again, for longer than there is time
            return response

        world.amazon._create = hang
        await world.ask_and_poll(seconds=0.5)
        assert states_of(world.ledger.outstanding()) == [State.REQUESTED, State.PLANNED, State.REQUESTED]
        assert all(row.lease_owner is None for row in world.ledger.outstanding())
        world.amazon._create = create
        await world.ask_and_poll()
        assert len(world.amazon.reports) == 3

    play(scenario)


def test_an_account_that_cannot_log_in_is_not_tried_anew_for_each_of_its_reports(play):
    async def scenario(world):
        logins = []

        def login(*_):
            logins.append(1)
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "no longer valid"})

        world.amazon.on_login = login
        done = await world.see_through([order(world.ledger, wanted) for wanted in days_back(60)])
        assert states_of(done) == [State.FAILED] * 60
        assert len(logins) == 1

    play(scenario)


def test_a_report_that_never_gets_ready_expires_when_amazon_no_longer_serves_its_days(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(days=400)
        (row,) = await world.see_through([order(world.ledger)])
        assert row.state is State.REQUESTED
        await asyncio.sleep(timedelta(days=82).total_seconds())
        await world.ask_and_poll()
        assert world.now(row).state is State.PLANNED
        await asyncio.sleep(timedelta(days=3).total_seconds())
        await world.ask_and_poll()
        assert world.now(row).state is State.EXPIRED

    play(scenario)


def test_a_report_that_amazon_made_in_time_is_fetched_even_when_its_days_are_no_longer_served(play):
    async def scenario(world):
        row = order(world.ledger)
        await world.ask_and_poll()
        assert world.now(row).state is State.REQUESTED
        await asyncio.sleep(timedelta(days=100).total_seconds())
        await world.ask_and_poll()
        await world.fetch()
        assert (world.now(row).state, world.amazon.count("create")) == (State.LOADED, 1)

    play(scenario)


def test_a_report_that_amazon_has_not_made_after_a_day_is_deleted_there_and_ordered_anew(play):
    async def scenario(world):
        world.amazon.ready_after = timedelta(days=400)
        (row,) = await world.see_through([order(world.ledger)])
        await asyncio.sleep(timedelta(hours=19).total_seconds())
        await world.ask_and_poll()
        assert (world.now(row).state, world.now(row).report_id) == (State.REQUESTED, row.report_id)
        await asyncio.sleep(timedelta(hours=2).total_seconds())
        await world.ask_and_poll()
        assert world.now(row).state is State.PLANNED
        assert "within 24 hours" in world.now(row).reason
        world.amazon.ready_after = timedelta(minutes=10)
        await asyncio.sleep(60)
        (done,) = await world.see_through([world.now(row)])
        assert done.state is State.LOADED
        assert done.report_id != row.report_id
        assert (world.amazon.count("create"), world.amazon.count("delete")) == (2, 1)
        (deleted,) = [entry for entry in activities(world.ledger) if entry.action == "deleted at Amazon"]
        assert (deleted.order_id, row.report_id in deleted.detail) == (row.id, True)

    play(scenario)


# Places among the reports in flight


def test_no_more_reports_are_in_flight_than_the_account_has_places_and_all_get_their_turn(play):
    async def scenario(world):
        most = []

        def count(*_):
            most.append(sum(not world.amazon.is_ready(report) for report in world.amazon.reports.values()))

        world.amazon.on_create = count
        rows = [order(world.ledger, wanted) for wanted in days_back(12)]
        done = await world.see_through(rows, pace=Pace(in_flight=5))
        assert states_of(done) == [State.LOADED] * 12
        assert max(most) == 4  # before the fifth is made
        assert world.amazon.count("create") == 12

    play(scenario)


def test_a_tick_leaves_what_there_is_no_place_for_as_it_is(play):
    async def scenario(world):
        rows = [order(world.ledger, wanted) for wanted in days_back(4)]
        await world.ask_and_poll(rows, pace=Pace(in_flight=3))
        now = [world.now(row) for row in rows]
        assert sorted(states_of(now)) == sorted([State.REQUESTED] * 3 + [State.PLANNED])
        assert all(row.lease_owner is None and not row.troubles for row in now)

    play(scenario)


def test_where_there_is_no_place_nothing_is_learnt_about_profile_or_account(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        rows = [order(world.ledger, wanted) for wanted in days_back(2)]
        await world.ask_and_poll(rows[:1], pace=Pace(in_flight=1))
        world.roster.block(SELLER, "HTTP 403")
        world.roster.account_failed("acme", "revoked")
        await world.ask_and_poll(rows[1:], pace=Pace(in_flight=1))
        assert world.now(rows[1]).state is State.PLANNED
        assert world.roster.profiles(["acme"])[0].blocked
        assert world.roster.standings()["acme"].error == "revoked"

    play(scenario)


def test_a_report_that_another_process_holds_is_not_waited_for_past_the_deadline(play):
    async def scenario(world):
        row = world.ledger.claim(order(world.ledger).id, "another")
        for event in (states.Accepted("r-1"), states.Cooked(), states.Archived("x", 1)):
            row = world.ledger.record(row, event)

        async def hold():
            while True:
                world.ledger.renew("another")
                await asyncio.sleep(20)

        holding = asyncio.create_task(hold())
        (left,) = await asyncio.wait_for(world.see_through([row], deadline=timedelta(minutes=5)), 3600)
        holding.cancel()
        assert left.state is State.DOWNLOADED

    play(scenario)


def test_a_load_that_says_nothing_of_a_report_fails_that_report_alone_and_hangs_nobody(play):
    async def scenario(world):
        rows = [order(world.ledger, wanted) for wanted in days_back(3)]

        def forgetful(batch):
            return {row.id: states.Loaded(1, 0) for row in batch if row.id != rows[1].id}

        done = await asyncio.wait_for(world.see_through(rows, forgetful, deadline=HOURS_4), 24 * 3600)
        assert states_of(done) == [State.LOADED, State.DOWNLOADED, State.LOADED]
        assert "RuntimeError" in done[1].reason

    play(scenario)
