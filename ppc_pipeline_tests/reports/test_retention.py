"""Forgetting: only what newer orders have loaded as well, so that nothing is ordered again because of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppc_pipeline.reports import states
from ppc_pipeline.reports.activity import activities
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.retention import Forgotten, forget_older
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.fakes import VENDOR, Clock, order, window

LOADED = (states.Accepted("r"), states.Cooked(), states.Archived("x", 1), states.Loaded(1, 0))
FAILED = (states.GivenUp("no", retryable=False),)
EXPIRED = (states.Unserved(date(2027, 1, 1)),)
UNDER_WAY = (states.Accepted("r"),)
NOVEMBER = Days(date(2026, 11, 1), date(2026, 11, 30))
KINDS = ("spTargeting", "spCampaigns")


def put(ledger, first, last, events, **more):
    wanted = window(date(2026, 11, first), date(2026, 11, last), **more)
    row = ledger.claim(order(ledger, wanted, fresh=timedelta()).id, "me")
    for event in events:
        row = ledger.record(row, event)
    ledger.release("me")


def forget(ledger, clock):
    clock.forward(days=100)
    return forget_older(ledger, clock() - timedelta(days=50)).reports


def days_left(ledger):
    return [(row.start_date.day, row.end_date.day) for row in ledger.rows_covering(NOVEMBER, KINDS)]


@pytest.mark.parametrize("events", [LOADED, FAILED, EXPIRED])
def test_an_order_whose_days_newer_ones_have_loaded_is_forgotten(ledger, clock, events):
    put(ledger, 3, 9, events)
    put(ledger, 1, 5, LOADED)
    put(ledger, 6, 10, LOADED)
    assert forget(ledger, clock) == 1
    assert days_left(ledger) == [(1, 5), (6, 10)]


@pytest.mark.parametrize(
    ("old", "newer", "why"),
    [
        (LOADED, (3, 8, LOADED, {}), "a day of it is in no newer one"),
        (LOADED, (3, 9, FAILED, {}), "the newer one failed"),
        (LOADED, (3, 9, LOADED, {"profile_id": VENDOR}), "the newer one is another client's"),
        (LOADED, (3, 9, LOADED, {"kind": "spCampaigns"}), "the newer one is of another type"),
        (UNDER_WAY, (1, 10, LOADED, {}), "it is still under way"),
    ],
)
def test_an_order_is_kept_where(ledger, clock, old, newer, why):
    put(ledger, 3, 9, old)
    first, last, events, more = newer
    put(ledger, first, last, events, **more)
    assert forget(ledger, clock) == 0, why
    assert len(days_left(ledger)) == 2


def test_an_order_is_kept_as_long_as_the_setting_says(ledger, clock):
    for _ in range(2):
        put(ledger, 3, 9, LOADED)
    clock.forward(days=49)
    assert forget_older(ledger, clock() - timedelta(days=50)) == Forgotten(0, 0)
    assert len(days_left(ledger)) == 2


def test_old_entries_of_the_audit_trail_go_and_that_they_went_is_told(ledger, clock):
    put(ledger, 3, 9, LOADED)
    clock.forward(days=100)
    put(ledger, 4, 4, UNDER_WAY)
    assert forget_older(ledger.acting_as("run 1"), clock() - timedelta(days=50)) == Forgotten(0, 5)
    assert [a.action for a in activities(ledger)] == ["forgotten", "asked for", "ordered"]
    assert activities(ledger)[0].actor == "run 1"


orders = st.lists(
    st.tuples(
        st.integers(1, 20), st.integers(0, 10), st.sampled_from([LOADED, FAILED, EXPIRED]), st.sampled_from(KINDS)
    ),
    max_size=8,
)


@given(orders)
@settings(max_examples=25, deadline=None)
def test_forgetting_never_makes_a_day_look_as_if_it_had_not_been_had(some):
    clock = Clock()
    ledger = Ledger.open("sqlite://", clock)
    for first, more, events, kind in some:
        put(ledger, first, first + more, events, kind=kind)
    clock.forward(days=100)
    before = ledger.known_days(NOVEMBER.start, KINDS)
    forget_older(ledger, clock())
    assert ledger.known_days(NOVEMBER.start, KINDS) == before
    ledger.close()


def test_what_counts_is_when_amazon_was_asked_and_not_when_it_was_ordered(ledger, clock):
    wanted = window(date(2026, 11, 3), date(2026, 11, 9))
    first = order(ledger, wanted, fresh=timedelta())
    put(ledger, 1, 12, LOADED)
    clock.forward(hours=1)
    row = ledger.claim(first.id, "me")
    for event in LOADED:
        row = ledger.record(row, event)
    put(ledger, 2, 10, ())
    assert forget(ledger, clock) == 0
