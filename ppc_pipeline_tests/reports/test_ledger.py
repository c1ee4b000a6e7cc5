"""The ledger: one row an order, claims with a lease, and many processes at once."""

import asyncio
import multiprocessing
import os
import signal
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.event import listen

from ppc_pipeline.amazon_ads.errors import InvalidColumnsError
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports import states
from ppc_pipeline.reports.ledger import LEASE, ClaimLostError, Ledger
from ppc_pipeline.reports.refused_columns import Columns, refused_to
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.throttling import LedgerThrottle
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.fakes import DAY, NOON, digest, order, window

SPAWN = multiprocessing.get_context("spawn")


def through(ledger, row, *events, owner="somebody"):
    """Take a row through events, as its owner."""
    row = ledger.claim(row.id, owner)
    for event in events:
        row = ledger.record(row, event)
    ledger.release(owner)
    return ledger.rows([row.id])[0]


ACCEPTED, COOKED, ARCHIVED = states.Accepted("r-1"), states.Cooked(), states.Archived("a/b.json.gz", 22)
DONE = (ACCEPTED, COOKED, ARCHIVED, states.Loaded(3, 0))
GAVE_UP = states.GivenUp("refused", retryable=True)


def test_a_fresh_directory_becomes_a_ledger(tmp_path, clock):
    ledger = Ledger.open(f"sqlite:///{tmp_path}/not/yet/there/ledger.db", clock)
    assert order(ledger).state is State.PLANNED
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    ledger.close()


def test_an_existing_ledger_is_opened_as_it_is(ledger, url, clock):
    row = order(ledger)
    again = Ledger.open(url, clock)
    assert again.rows([row.id]) == [row]
    again.close()


def test_moments_are_aware_and_utc_whatever_zone_they_were_given_in(ledger, clock):
    clock.now = NOON.astimezone(ZoneInfo("Asia/Tokyo"))
    row = through(ledger, order(ledger), ACCEPTED)
    for moment in (row.ordered_at, row.requested_at, row.updated_at):
        assert moment == NOON
        assert moment.utcoffset() == timedelta(0)
        assert moment.tzinfo is UTC


@pytest.mark.parametrize("hours", [0, 5.99])
def test_a_window_asked_for_twice_within_the_fresh_hours_is_one_row(ledger, clock, hours):
    done = through(ledger, order(ledger), *DONE)
    clock.forward(hours=hours)
    assert order(ledger) == done


def test_a_window_asked_for_after_the_fresh_hours_is_ordered_again(ledger, clock):
    first = through(ledger, order(ledger), *DONE)
    clock.forward(hours=6)
    second = order(ledger)
    assert (second.order_no, second.state, second.report_id) == (2, State.PLANNED, None)
    assert ledger.rows([first.id])[0] == first


def test_what_is_on_its_way_is_gone_on_with_however_old_it_is(ledger, clock):
    row = through(ledger, order(ledger), ACCEPTED)
    clock.forward(days=40)
    assert order(ledger, fresh=timedelta(0)) == row


@pytest.mark.parametrize(
    "other",
    [
        window(account="other"),
        window(profile_id=1),
        window(kind="spCampaigns"),
        window(end=DAY + timedelta(days=1)),
        window(DAY - timedelta(days=1), DAY),
    ],
)
def test_another_window_is_another_order(ledger, other):
    assert order(ledger).id != order(ledger, other).id


def test_other_columns_are_another_order(ledger):
    args = {"fresh": timedelta(hours=6), "archived": lambda _: False}
    one, new = ledger.order(window(), "a" * 12, **args)
    other, also_new = ledger.order(window(), "b" * 12, **args)
    assert (new, also_new) == (True, True)
    assert one.id != other.id


@pytest.mark.parametrize(
    ("events", "state", "report_id"),
    [
        ((ACCEPTED, COOKED, ARCHIVED, GAVE_UP), State.DOWNLOADED, "r-1"),
        ((ACCEPTED, COOKED, GAVE_UP), State.REQUESTED, "r-1"),
        ((ACCEPTED, GAVE_UP), State.REQUESTED, "r-1"),
        ((GAVE_UP,), State.PLANNED, None),
    ],
)
def test_what_failed_for_now_is_taken_up_again_in_the_same_row_from_what_there_is(ledger, events, state, report_id):
    failed = through(ledger, order(ledger), *events)
    assert failed.state is State.FAILED
    again = order(ledger)
    assert (again.id, again.state, again.report_id) == (failed.id, state, report_id)
    assert (again.reason, again.troubles, again.not_before) == (None, 0, None)


@pytest.mark.parametrize(("hours", "state"), [(23.9, State.REQUESTED), (24, State.PLANNED)])
def test_what_failed_and_is_known_to_amazon_is_looked_for_there_for_a_day_and_then_ordered_anew(
    ledger, clock, hours, state
):
    failed = through(ledger, order(ledger), ACCEPTED, GAVE_UP)
    clock.forward(hours=hours)
    again = order(ledger)
    assert (again.state, again.id == failed.id) == (state, state is State.REQUESTED)


def test_what_failed_and_lost_its_archived_file_is_downloaded_again(ledger):
    failed = through(ledger, order(ledger), ACCEPTED, COOKED, ARCHIVED, GAVE_UP)
    again, new = ledger.order(window(), digest(), fresh=timedelta(hours=6), archived=lambda _: False)
    assert (again.id, again.state, new) == (failed.id, State.REQUESTED, True)


def test_what_failed_for_good_is_not_asked_for_again_until_it_is_no_longer_fresh(ledger, clock):
    failed = through(ledger, order(ledger), states.GivenUp("no such column", retryable=False))
    assert order(ledger) == failed
    clock.forward(hours=6)
    assert order(ledger).order_no == 2


def test_the_rest_of_a_window_is_ordered_in_the_transaction_that_records_that_its_first_days_expired(ledger):
    first, last = DAY - timedelta(days=9), DAY
    whole = order(ledger, window(first, last))
    expired = through(ledger, whole, states.Unserved(first + timedelta(days=4)))
    assert expired.state is State.EXPIRED
    (rest,) = ledger.outstanding()
    assert (rest.days, rest.columns_hash, rest.state) == (
        Days(first + timedelta(days=4), last),
        digest(),
        State.PLANNED,
    )
    assert ledger.rest_of(expired) == rest
    assert ledger.rest_of(rest) is None


@pytest.mark.parametrize("served_from", [DAY - timedelta(days=9), DAY + timedelta(days=1)])
def test_of_a_window_that_is_served_whole_or_not_at_all_there_is_no_rest(ledger, served_from):
    expired = through(ledger, order(ledger, window(DAY - timedelta(days=9), DAY)), states.Unserved(served_from))
    assert (ledger.outstanding(), ledger.rest_of(expired)) == ([], None)


def test_whoever_writes_several_rows_locks_them_in_the_same_order(ledger):
    rows = [order(ledger, window(profile_id=n)) for n in range(1, 4)]
    locked = []

    def hear(connection, cursor, statement, *_):
        if statement.startswith(("SELECT reports.id", "UPDATE reports")):
            locked.append(statement.endswith("ORDER BY reports.id"))

    listen(ledger.engine, "before_cursor_execute", hear)
    ids = [row.id for row in rows]
    claimed = ledger.claim_all(ids[::-1], "me")
    ledger.renew("me")
    ledger.record_all([(row, ACCEPTED) for row in sorted(claimed, key=lambda row: -row.id)])
    ledger.release("me")
    assert locked == [True, False] * 2 + [True, False, False, False] + [True, False]


def test_a_claim_keeps_everybody_else_out(ledger):
    row = order(ledger)
    assert ledger.claim(row.id, "one").lease_owner == "one"
    assert ledger.claim(row.id, "two") is None
    assert ledger.claim(row.id, "one") is not None


def test_a_claim_that_was_given_back_is_free(ledger):
    row = order(ledger)
    ledger.claim(row.id, "one")
    ledger.release("one")
    assert ledger.claim(row.id, "two").lease_owner == "two"


def test_the_claim_of_the_dead_runs_out_after_a_lease(ledger, clock):
    row = order(ledger)
    ledger.claim(row.id, "dead")
    clock.now += LEASE
    assert ledger.claim(row.id, "alive") is None
    clock.forward(seconds=1)
    assert ledger.claim(row.id, "alive").lease_owner == "alive"


def test_a_claim_holds_for_as_long_as_it_is_renewed(ledger, clock):
    row = order(ledger)
    ledger.claim(row.id, "alive")
    for _ in range(5):
        clock.now += LEASE * 0.9
        ledger.renew("alive")
        assert ledger.claim(row.id, "other") is None


def test_what_is_done_cannot_be_claimed_and_its_claim_is_given_back(ledger):
    row = ledger.claim(order(ledger).id, "one")
    for event in DONE:
        row = ledger.record(row, event)
    assert (row.state, row.lease_owner, row.lease_until) == (State.LOADED, None, None)
    assert ledger.claim(row.id, "one") is None


def test_a_step_made_after_the_claim_was_lost_is_not_written_down(ledger, clock):
    row = ledger.claim(order(ledger).id, "slow")
    clock.forward(seconds=LEASE.total_seconds() + 1)
    ledger.claim(row.id, "quick")
    with pytest.raises(ClaimLostError, match="spTargeting of profile"):
        ledger.record(row, ACCEPTED)
    assert ledger.rows([row.id])[0].state is State.PLANNED


def test_a_step_that_is_written_down_renews_the_claim(ledger, clock):
    row = ledger.claim(order(ledger).id, "one")
    clock.forward(seconds=50)
    row = ledger.record(row, ACCEPTED)
    clock.forward(seconds=50)
    assert ledger.claim(row.id, "two") is None


def test_a_report_is_reopened_only_from_where_it_was_seen(ledger):
    done = through(ledger, order(ledger), *DONE)
    assert ledger.reopen(done, states.Unloaded(archived=True)).state is State.DOWNLOADED
    working = ledger.claim(done.id, "somebody")
    assert ledger.reopen(done, states.Unloaded(archived=False)) == working


def test_rows_are_found_by_day_by_type_and_by_what_is_left_to_do(ledger):
    old = order(ledger, window(DAY - timedelta(days=9), DAY - timedelta(days=5)))
    mid = through(ledger, order(ledger, window(DAY - timedelta(days=5), DAY)), *DONE)
    other = order(ledger, window(kind="spCampaigns"))
    days = window(DAY - timedelta(days=5)).days
    covering = ledger.covering(days, ["spTargeting", "spCampaigns"])
    assert [row.id for row in covering.others] == [old.id]
    assert [(row.id, row.end_date) for row in covering.loaded] == [(mid.id, DAY)]
    assert [row.id for row in ledger.covering(window().days, ["spCampaigns"]).others] == [other.id]
    assert [row.id for row in ledger.outstanding()] == [old.id, other.id]
    assert [row.id for row in ledger.outstanding(["spCampaigns"])] == [other.id]
    assert ledger.outstanding([]) == []
    assert ledger.any_loaded()


def test_more_rows_than_one_query_takes_are_all_found(ledger):
    with ledger.transaction() as connection:
        connection.exec_driver_sql("SELECT 1")
    ids = [order(ledger, window(profile_id=n)).id for n in range(1, 30)]
    assert len(ledger.rows([*ids, *range(10_000, 11_200)])) == len(ids)


# Processes


def open_and_order(folder, rounds, together, found):
    results = []
    for number in range(rounds):
        together.wait(60)
        ledger = Ledger.open(f"sqlite:///{folder}/{number}/ledger.db")
        if number < ORDERED:  # the opening alone is quick, and what goes wrong in it does so seldom
            row, new = ledger.order(window(), digest(), fresh=timedelta(hours=6), archived=lambda _: False)
            claimed = ledger.claim(row.id, f"process {os.getpid()}") is not None
            results.append((row.id, row.order_no, new, claimed))
        ledger.close()
    found.put(results)


ORDERED = 10


def test_processes_that_open_a_new_ledger_and_order_the_same_window_at_once_make_one_row_and_one_claim(tmp_path):
    processes, rounds = 3, 50
    together, found = SPAWN.Barrier(processes), SPAWN.Queue()
    started = [
        SPAWN.Process(target=open_and_order, args=(str(tmp_path), rounds, together, found)) for _ in range(processes)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(timeout=60)
        assert process.exitcode == 0
    results = [found.get(timeout=60) for _ in started]
    for of_round in zip(*results, strict=True):
        assert {(row_id, order_no) for row_id, order_no, _, _ in of_round} == {(1, 1)}
        assert sum(new for _, _, new, _ in of_round) == 1
        assert sum(claimed for *_, claimed in of_round) == 1


def claim_and_hang(url, row_id, claimed):
    ledger = Ledger.open(url)
    ledger.claim(row_id, "the one that is killed")
    claimed.set()
    signal.pause()


def test_what_a_killed_process_had_claimed_is_free_after_a_lease(url, ledger, clock):
    clock.now = datetime.now(UTC)  # the other process has a real clock
    row = order(ledger)
    claimed = SPAWN.Event()
    process = SPAWN.Process(target=claim_and_hang, args=(url, row.id, claimed))
    process.start()
    assert claimed.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert ledger.claim(row.id, "the next") is None
    clock.forward(seconds=LEASE.total_seconds() + 60)
    assert ledger.claim(row.id, "the next").lease_owner == "the next"


def test_a_failed_report_whose_file_is_archived_is_taken_up_again_at_any_age(ledger, clock):
    row = ledger.claim(order(ledger).id, "me")
    for happened in (states.Accepted("r-1"), states.Cooked(), states.Archived("a", 1)):
        row = ledger.record(row, happened)
    ledger.record(row, states.GivenUp("the warehouse is broken", retryable=True))
    clock.forward(days=3)
    again, new = ledger.order(window(), row.columns_hash, fresh=timedelta(hours=6), archived=lambda _: True)
    assert (again.id, new, again.state) == (row.id, True, State.DOWNLOADED)


def test_known_days_are_joined_and_leave_out_what_failed_and_what_is_still_served_of_an_expired_window(ledger):
    def ordered(start, end, *events):
        row = ledger.claim(order(ledger, window(date(2026, 11, start), date(2026, 11, end))).id, "me")
        for happened in events:
            row = ledger.record(row, happened)

    loaded = (states.Accepted("r"), states.Cooked(), states.Archived("a", 1), states.Loaded(1, 0))
    ordered(1, 3, *loaded)
    ordered(3, 6)
    ordered(7, 8, states.Accepted("r"))
    ordered(10, 14, states.Unserved(date(2026, 11, 12)))
    ordered(12, 14, states.GivenUp("no", retryable=True))  # what is still served of it
    ordered(16, 17, states.GivenUp("no", retryable=True))
    (ranges,) = ledger.known_days(date(2026, 11, 1), ["spTargeting"]).values()
    assert ranges == [Days(date(2026, 11, 1), date(2026, 11, 8)), Days(date(2026, 11, 10), date(2026, 11, 11))]


def test_for_a_new_warehouse_everything_archived_is_loaded_again_and_the_rest_has_failed(ledger):
    for day, path in ((1, "kept"), (2, "gone")):
        row = ledger.claim(order(ledger, window(date(2026, 11, day))).id, "me")
        for happened in (states.Accepted("r"), states.Cooked(), states.Archived(path, 1), states.Loaded(1, 0)):
            row = ledger.record(row, happened)
    ledger.reopen_loaded(lambda path: path == "kept")
    (kept,) = ledger.outstanding()
    assert (kept.state, kept.raw_path, kept.lease_owner) == (State.DOWNLOADED, "kept", None)
    (failed,) = ledger.covering(Days(date(2026, 11, 2), date(2026, 11, 2)), ["spTargeting"]).others
    assert (failed.state, failed.retryable) == (State.FAILED, True)


# A ledger of an earlier version


def test_a_ledger_that_lacks_columns_and_tables_gets_them_and_keeps_its_rows(url, clock):
    ledger = Ledger.open(url, clock)
    row = order(ledger)
    with ledger.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE reports DROP COLUMN asking_until")
        connection.exec_driver_sql("INSERT INTO accounts (account) VALUES ('acme')")
        for column in ("token_mark", "token_since"):
            connection.exec_driver_sql(f"ALTER TABLE accounts DROP COLUMN {column}")
        connection.exec_driver_sql("ALTER TABLE reports DROP COLUMN columns_left_out")
        connection.exec_driver_sql("DROP TABLE activity_log")
        connection.exec_driver_sql("DROP TABLE lacks")
        connection.exec_driver_sql("DROP TABLE refused_columns")
        connection.exec_driver_sql("DROP TABLE usage")
    ledger.close()
    ledger = Ledger.open(url, clock)
    assert ledger.rows([row.id]) == [row]
    claimed = ledger.claim(row.id, "me")
    assert ledger.reserve(claimed, ["spTargeting"], 1)
    accepted = ledger.record(claimed, states.Accepted("r-1", ("cost", "clicks")))
    assert (accepted.state, accepted.left_out) == (State.REQUESTED, {"cost", "clicks"})
    Roster(ledger).lacks(1, "SPONSORED_BRANDS", "a KDP author")
    Roster(ledger).logged_in("acme", "0123abcd")
    assert Roster(ledger).standings()["acme"].token_since == NOON
    ledger.close()


def test_what_another_account_than_those_there_are_has_at_amazon_is_not_on_its_way_but_what_is_downloaded_is(ledger):
    for day, happened in ((1, ()), (2, (states.Accepted("r-1"), states.Cooked(), states.Archived("a.gz", 1)))):
        row = order(ledger, window(date(2026, 11, day)))
        for event in happened:
            row = ledger.record(ledger.claim(row.id, "me"), event)
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    assert list(ledger.known_days(first, ["spTargeting"]).values()) == [[Days(first, second)]]
    assert list(ledger.known_days(first, ["spTargeting"], ["acme"]).values()) == [[Days(first, second)]]
    assert list(ledger.known_days(first, ["spTargeting"], ["beta"]).values()) == [[Days(second, second)]]


EARLIER_REFUSED_COLUMNS = """
    CREATE TABLE refused_columns (
        account VARCHAR(200) NOT NULL, report_type VARCHAR(100) NOT NULL, "column" VARCHAR(100) NOT NULL,
        since DATETIME NOT NULL, seen DATETIME NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (account, report_type, "column")
    )
"""


def test_columns_that_a_ledger_knows_to_be_refused_to_an_account_are_tried_again_for_each_profile(url, clock):
    ledger = Ledger.open(url, clock)
    row = order(ledger)
    then = "2026-11-22 12:00:00.000000"
    with ledger.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE refused_columns")
        connection.exec_driver_sql(EARLIER_REFUSED_COLUMNS)
        connection.exec_driver_sql(
            f"INSERT INTO refused_columns VALUES ('acme', 'spTargeting', 'cost', '{then}', '{then}', 'no')"
        )
    ledger.close()
    ledger = Ledger.open(url, clock)
    kind = REPORT_TYPES["spTargeting"]
    columns = Columns(ledger)
    assert columns.to_ask_for(("acme", 1), kind) == kind.columns
    for profile_id in (1, 2):
        columns.refuse(("acme", profile_id), kind, kind.columns, InvalidColumnsError("no", columns=("cost",)))
    ledger.close()
    ledger = Ledger.open(url, clock)
    assert ledger.rows([row.id]) == [row]
    assert [one.profile_id for one in refused_to(ledger, ["acme"])] == [1, 2]
    ledger.close()


EARLIER_COOLDOWNS = """
    CREATE TABLE cooldowns (
        account VARCHAR(200) NOT NULL, region VARCHAR(2) NOT NULL, ad_product VARCHAR(40) NOT NULL,
        strikes INTEGER NOT NULL, until DATETIME NOT NULL, hits INTEGER NOT NULL, seconds FLOAT NOT NULL,
        PRIMARY KEY (account, region, ad_product)
    )
"""


def test_cool_downs_of_a_ledger_that_counted_them_are_made_anew_and_all_else_is_kept(url, clock):
    ledger = Ledger.open(url, clock)
    row = order(ledger)
    with ledger.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE cooldowns")
        connection.exec_driver_sql(EARLIER_COOLDOWNS)
        connection.exec_driver_sql(
            "INSERT INTO cooldowns VALUES ('acme', 'NA', 'SPONSORED_PRODUCTS', 1, '2026-11-22 12:00:30.000000', 7, 9.5)"
        )
    ledger.close()
    ledger = Ledger.open(url, clock)
    assert asyncio.run(LedgerThrottle(ledger, "acme", Region.NA).hit("SPONSORED_PRODUCTS", 5)) == 5
    assert ledger.rows([row.id]) == [row]
    ledger.close()
    ledger = Ledger.open(url, clock)
    assert asyncio.run(LedgerThrottle(ledger, "acme", Region.NA).wait_seconds("SPONSORED_PRODUCTS")) == 5, "once"
    ledger.close()


# Places among the reports in flight


def reserved(ledger, most, wanted):
    row = ledger.claim(order(ledger, wanted).id, "me")
    return ledger.reserve(row, ["spTargeting", "spCampaigns"], most)


def test_a_place_is_taken_by_who_asks_until_amazon_has_answered(ledger):
    first = ledger.claim(order(ledger).id, "me")
    assert ledger.reserve(first, ["spTargeting"], 1)
    assert not reserved(ledger, 1, window(kind="spCampaigns"))
    ledger.record(first, states.GivenUp("HTTP 400", retryable=False))
    assert reserved(ledger, 1, window(kind="spCampaigns"))


def test_a_place_is_held_by_a_report_that_amazon_works_on(ledger):
    first = ledger.claim(order(ledger).id, "me")
    first = ledger.record(first, states.Accepted("r-1"))
    assert not reserved(ledger, 1, window(kind="spCampaigns"))
    ledger.record(first, states.Cooked())
    assert reserved(ledger, 1, window(kind="spCampaigns"))


def test_a_place_that_a_dead_process_took_is_free_after_a_lease(ledger, clock):
    assert reserved(ledger, 1, window())
    clock.forward(seconds=LEASE.total_seconds() - 1)
    assert not reserved(ledger, 1, window(kind="spCampaigns"))
    clock.forward(seconds=2)
    assert reserved(ledger, 1, window(kind="spCampaigns"))


def test_places_are_those_of_an_account_and_of_the_types_of_one_ad_product(ledger):
    assert reserved(ledger, 1, window())
    assert reserved(ledger, 1, window(account="another"))
    row = ledger.claim(order(ledger, window(kind="spSearchTerm")).id, "me")
    assert ledger.reserve(row, ["spSearchTerm"], 1)


@pytest.mark.parametrize(("retryable", "days", "stands"), [(False, 6, True), (False, 8, False), (True, 0, False)])
def test_days_that_amazon_refused_for_good_are_no_holes_for_a_week(ledger, clock, retryable, days, stands):
    through(ledger, order(ledger), states.GivenUp("HTTP 400", retryable=retryable))
    clock.forward(days=days)
    assert bool(ledger.known_days(DAY, ["spTargeting"])) is stands


def test_a_place_is_held_for_as_long_as_its_claim_is_renewed(ledger, clock):
    assert reserved(ledger, 1, window())
    for _ in range(5):
        clock.forward(seconds=20)
        ledger.renew("me")
    assert not reserved(ledger, 1, window(kind="spCampaigns"))


def test_who_has_lost_its_claim_gets_no_place(ledger, clock):
    row = ledger.claim(order(ledger).id, "suspended")
    clock.forward(minutes=2)
    with pytest.raises(ClaimLostError):
        ledger.reserve(row, ["spTargeting"], 9)
    ledger.claim(row.id, "another")
    with pytest.raises(ClaimLostError):
        ledger.reserve(row, ["spTargeting"], 9)


def test_a_report_that_nobody_asks_about_any_more_holds_no_place_after_a_day(ledger, clock):
    through(ledger, order(ledger), ACCEPTED)
    assert not reserved(ledger, 1, window(kind="spCampaigns"))
    clock.forward(hours=25)
    assert reserved(ledger, 1, window(kind="spCampaigns"))


def test_many_are_claimed_at_once_but_for_those_that_another_has(ledger):
    rows = [order(ledger, window(DAY - timedelta(days=n))) for n in range(4)]
    ledger.claim(rows[1].id, "another")
    through(ledger, rows[2], *DONE)
    claimed = ledger.claim_all([row.id for row in rows], "me")
    assert {row.id for row in claimed} == {rows[0].id, rows[3].id}
    assert {row.lease_owner for row in claimed} == {"me"}
