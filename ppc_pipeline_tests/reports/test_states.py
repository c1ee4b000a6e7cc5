"""The state machine: every pair of state and event, and what no sequence of events may lead to."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.reports import states
from ppc_pipeline.reports.states import (
    LONGEST_DELAY,
    MAX_REQUESTS,
    MAX_TROUBLES,
    MAX_UNREADABLE,
    OUTSTANDING,
    TROUBLE_DELAY,
    IllegalEventError,
    Standing,
    State,
    advance,
)
from ppc_pipeline_tests.fakes import NOON

P, Q, R, D, L, F, X = (
    State(name) for name in ("planned", "requested", "ready", "downloaded", "loaded", "failed", "expired")
)

EVENTS = {
    "accepted": states.Accepted("a-report"),
    "cooked": states.Cooked(),
    "failed at Amazon": states.FailedAtAmazon("out of paper"),
    "deleted at Amazon": states.DeletedAtAmazon("not made in time"),
    "archived": states.Archived("a/path.json.gz", 22),
    "loaded": states.Loaded(5, 1),
    "troubled": states.Troubled("a hiccup"),
    "postponed": states.Postponed("too fast", NOON + timedelta(minutes=1)),
    "given up (retryable)": states.GivenUp("refused", retryable=True),
    "given up (permanent)": states.GivenUp("no such column", retryable=False),
    "unserved": states.Unserved(date(2026, 9, 1)),
    "unreadable": states.Unreadable("not JSON"),
    "asked again, archived": states.AskedAgain(requested=True, archived=True),
    "asked again, requested": states.AskedAgain(requested=True, archived=False),
    "asked again, nothing there": states.AskedAgain(requested=False, archived=False),
    "unloaded, archived": states.Unloaded(archived=True),
    "unloaded, not archived": states.Unloaded(archived=False),
}

# Event -> state before -> state after; what is not here is illegal. First request, no trouble so far.
RULES = {
    "accepted": {P: Q},
    "cooked": {Q: R},
    "failed at Amazon": {Q: P, R: P},
    "deleted at Amazon": {Q: P},
    "archived": {R: D},
    "loaded": {D: L},
    "troubled": {P: P, Q: Q, R: R, D: D},
    "postponed": {P: P, Q: Q, R: R, D: D},
    "given up (retryable)": {P: F, Q: F, R: F, D: F},
    "given up (permanent)": {P: F, Q: F, R: F, D: F},
    "unserved": {P: X, Q: X, R: X, D: X},
    "unreadable": {R: R, D: R},
    "asked again, archived": {F: D},
    "asked again, requested": {F: Q},
    "asked again, nothing there": {F: P},
    "unloaded, archived": {L: D},
    "unloaded, not archived": {L: P},
}


@pytest.mark.parametrize(("name", "before"), list(product(EVENTS, State)))
def test_every_event_either_leads_to_its_state_or_is_illegal(name, before):
    standing = Standing(before, requests=1)
    if before in RULES[name]:
        assert advance(standing, EVENTS[name], NOON)["state"] is RULES[name][before]
    else:
        with pytest.raises(IllegalEventError, match=f"cannot happen to a report that is {before}"):
            advance(standing, EVENTS[name], NOON)


def test_a_report_that_fails_at_amazon_is_asked_for_again_until_it_was_asked_for_often_enough():
    for requests in range(1, MAX_REQUESTS):
        change = advance(Standing(Q, requests), states.FailedAtAmazon("no reason"), NOON)
        assert (change["state"], change["report_id"], change["reason"]) == (P, None, "no reason")
        assert change["not_before"] > NOON
    change = advance(Standing(Q, MAX_REQUESTS), states.FailedAtAmazon("no reason"), NOON)
    assert (change["state"], change["retryable"], change["report_id"], change["requests"]) == (F, True, None, 0)
    assert change["reason"] == f"asked {MAX_REQUESTS} times; the last answer: no reason"


def test_each_request_that_is_accepted_is_counted():
    change = advance(Standing(P, requests=2), states.Accepted("b"), NOON)
    assert (change["requests"], change["report_id"], change["requested_at"]) == (3, "b", NOON)


def test_troubles_in_a_row_wait_twice_as_long_each_and_are_then_given_up_for_now():
    waits, standing = [], Standing(R)
    while (change := advance(standing, states.Troubled("cut off"), NOON))["state"] is R:
        waits.append(change["not_before"] - NOON)
        standing = Standing(R, troubles=change["troubles"])
    assert waits == [min(LONGEST_DELAY, TROUBLE_DELAY * 2**n) for n in range(MAX_TROUBLES - 1)]
    assert (change["state"], change["retryable"]) == (F, True)
    assert change["reason"] == f"failed {MAX_TROUBLES} times; the last: cut off"


@pytest.mark.parametrize("event", [states.Accepted("a"), states.Cooked(), states.Loaded(1, 0)])
def test_a_step_that_succeeds_forgets_the_troubles_before_it(event):
    before = next(state for state in State if state in RULES[type(event).__name__.lower()])
    change = advance(Standing(before, troubles=3), event, NOON)
    assert (change["troubles"], change["reason"], change["not_before"]) == (0, None, None)


@pytest.mark.parametrize("state", sorted(OUTSTANDING))
def test_being_put_off_is_no_trouble(state):
    change = advance(Standing(state, troubles=3), EVENTS["postponed"], NOON)
    assert "troubles" not in change
    assert (change["state"], change["not_before"]) == (state, NOON + timedelta(minutes=1))


def test_a_file_that_cannot_be_read_is_downloaded_again_but_not_for_ever_and_its_report_is_forgotten_then():
    standing = Standing(R)
    for _ in range(MAX_UNREADABLE - 1):
        change = advance(standing, states.Archived("p", 1), NOON)
        change = advance(Standing(D, troubles=change["troubles"]), states.Unreadable("not JSON"), NOON)
        assert (change["state"], change["raw_path"]) == (R, None)
        standing = Standing(R, troubles=change["troubles"])
    change = advance(Standing(D, troubles=standing.troubles), states.Unreadable("not JSON"), NOON)
    assert (change["state"], change["retryable"]) == (F, True)
    assert (change["report_id"], change["raw_path"]) == (None, None)  # asked again, Amazon makes a new one


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=40))
def test_no_sequence_of_events_leads_anywhere_unknown_and_what_is_done_only_its_own_events_reopen(names):
    row = {"state": P, "requests": 0, "troubles": 0}
    for name in names:
        standing = Standing(row["state"], row["requests"], row["troubles"])
        try:
            change = advance(standing, EVENTS[name], NOON)
        except IllegalEventError:
            continue
        if standing.state is F:
            assert isinstance(EVENTS[name], states.AskedAgain)
        if standing.state is L:
            assert isinstance(EVENTS[name], states.Unloaded)
        assert standing.state is not X, "a window past retention stays so"
        row |= change
        assert isinstance(row["state"], State)
        assert 0 <= row["troubles"] < MAX_TROUBLES
        if row["state"] is F:
            assert row["reason"]
            assert row["retryable"] in (True, False)
