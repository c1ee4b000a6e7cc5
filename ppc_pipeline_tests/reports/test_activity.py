"""The audit trail: every step of a report's life stays readable, whoever made it and however often."""

from datetime import timedelta

import pytest

from ppc_pipeline.reports import states
from ppc_pipeline.reports.activity import ACTIONS, activities
from ppc_pipeline.reports.states import State
from ppc_pipeline_tests.fakes import SELLER, VENDOR, facts, order, window


def story(ledger, **which):
    return [(a.actor, a.action, a.outcome, a.detail) for a in reversed(activities(ledger, **which))]


def live(ledger, *events, wanted=None):
    row = ledger.claim(order(ledger, wanted).id, "me")
    for event in events:
        row = ledger.record(row, event)
    return row


def test_a_reports_whole_life_is_written_down_with_who_made_each_step(ledger):
    row = order(ledger.acting_as("run 1"))
    claimed = ledger.claim(row.id, "me")
    sensor = ledger.acting_as("sensor report_readiness")
    for event in (states.Accepted("r-1"), states.Cooked()):
        claimed = sensor.record(claimed, event)
    loading = ledger.acting_as("run 2")
    for event in (states.Archived("x.json.gz", 120), states.Loaded(7, 1)):
        claimed = loading.record(claimed, event)
    assert story(ledger) == [
        ("run 1", "ordered", "planned", None),
        ("sensor report_readiness", "asked for", "requested", None),
        ("sensor report_readiness", "ready", "ready", None),
        ("run 2", "downloaded", "downloaded", "120 bytes"),
        ("run 2", "loaded", "loaded", "7 rows, 1 in quarantine"),
    ]
    newest = activities(ledger)[0]
    assert (newest.report_id, newest.order_id, newest.profile_id) == ("r-1", row.id, SELLER)
    assert (newest.start_date, newest.end_date) == (row.start_date, row.end_date)


def test_retries_keep_their_history(ledger, clock):
    row = live(ledger, states.Troubled("HTTP 500"), states.Troubled("HTTP 502"), states.GivenUp("no", retryable=True))
    clock.forward(minutes=5)
    again = order(ledger)
    assert (again.id, again.state) == (row.id, State.PLANNED)
    assert [(action, detail) for _, action, _, detail in story(ledger)] == [
        ("ordered", None),
        ("to be retried", "HTTP 500"),
        ("to be retried", "HTTP 502"),
        ("given up", "no"),
        ("taken up again", None),
    ]


def test_that_amazon_still_works_on_a_report_is_no_news(ledger, clock):
    live(ledger, states.Accepted("r-1"), states.Cooking(clock() + timedelta(minutes=1)))
    assert [action for _, action, _, _ in story(ledger)] == ["ordered", "asked for"]


def test_every_other_event_has_a_name():
    assert set(ACTIONS) == set(states.Event.__args__) - {states.Cooking}


def test_what_did_not_happen_because_the_claim_was_lost_is_not_written_down(ledger, clock):
    row = live(ledger)
    clock.forward(minutes=2)
    ledger.claim(row.id, "another")
    with pytest.raises(Exception, match="spTargeting"):
        ledger.record(row, states.Accepted("r-1"))
    assert [action for _, action, _, _ in story(ledger)] == ["ordered"]


def test_a_warehouse_that_is_filled_again_is_told_for_each_report(ledger):
    loaded = (states.Accepted("r-1"), states.Cooked(), states.Archived("x", 1), states.Loaded(7, 0))
    live(ledger, *loaded)
    live(ledger, *loaded, wanted=window(kind="spCampaigns"))
    ledger.acting_as("run 9").reopen_loaded(lambda path: path is not None)
    assert story(ledger)[-2:] == [("run 9", "to be loaded again", "downloaded", "the warehouse is a new one")] * 2


def test_blocked_profiles_and_accounts_that_fail_or_work_again_are_told_once(ledger, roster):
    roster.save("acme", [facts()])
    for _ in range(2):
        roster.account_failed("acme", "the refresh token is no longer good")
    for _ in range(2):
        roster.account_ok("acme")
    roster.block(SELLER, "HTTP 403")
    for _ in range(2):
        roster.unblock(SELLER)
    assert [(a.action, a.account, a.profile_id, a.detail) for a in reversed(activities(ledger))] == [
        ("account failed", "acme", None, "the refresh token is no longer good"),
        ("account works", "acme", None, None),
        ("profile blocked", "acme", SELLER, "HTTP 403"),
        ("profile served again", "acme", SELLER, None),
    ]


def test_it_can_be_asked_for_a_profile_a_report_type_a_time_and_a_number(ledger, clock):
    order(ledger)
    order(ledger, window(profile_id=VENDOR))
    clock.forward(hours=1)
    order(ledger, window(kind="spCampaigns"))
    assert {a.profile_id for a in activities(ledger, profile_ids=[VENDOR])} == {VENDOR}
    assert [a.report_type for a in activities(ledger, report_types=["spCampaigns"])] == ["spCampaigns"]
    assert len(activities(ledger, since=clock() - timedelta(minutes=1))) == 1
    assert [a.report_type for a in activities(ledger, most=1)] == ["spCampaigns"]
