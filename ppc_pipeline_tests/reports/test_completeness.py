"""Completeness: how every profile-day stands, as a table of cases."""

from dataclasses import dataclass, fields
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports import states
from ppc_pipeline.reports.completeness import COMPLETE, DayStatus, by_status, stretches
from ppc_pipeline.reports.ledger import Covering, LoadedOrder, ReportRow
from ppc_pipeline.reports.roster import Lack, Profile
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, facts, order, window

KIND = REPORT_TYPES["spTargeting"]
ACCEPTED, COOKED, ARCHIVED = states.Accepted("r-1"), states.Cooked(), states.Archived("a", 1)
LOADED = (ACCEPTED, COOKED, ARCHIVED, states.Loaded(1, 0))
FAILED = (states.GivenUp("no such column", retryable=False),)
EXPIRED = (states.Unserved(DAY + timedelta(days=1)),)
OVER, TODAY, LONG_AGO = DAY, date(2026, 11, 22), date(2026, 6, 1)


@dataclass(frozen=True)
class Case:
    status: DayStatus
    orders: tuple = ()
    day: date = OVER
    refused: timedelta | None = None
    lacks: bool = False
    reason: str = ""


CASES = {
    "loaded": Case(DayStatus.LOADED, (LOADED,)),
    "loaded, long past retention": Case(DayStatus.LOADED, (LOADED,), LONG_AGO),
    "loaded again after a failure": Case(DayStatus.LOADED, (FAILED, LOADED)),
    "loaded, and refused for a week": Case(DayStatus.LOADED, (LOADED,), refused=timedelta(days=7)),
    "planned": Case(DayStatus.OUTSTANDING, ((),), reason="planned, 0.0 h old"),
    "requested": Case(DayStatus.OUTSTANDING, ((ACCEPTED,),), reason="requested, Amazon's report r-1, 0.0 h old"),
    "ready": Case(DayStatus.OUTSTANDING, ((ACCEPTED, COOKED),), reason="ready, Amazon's report r-1,"),
    "downloaded": Case(DayStatus.OUTSTANDING, ((ACCEPTED, COOKED, ARCHIVED),), reason="downloaded, Amazon's"),
    "in trouble": Case(DayStatus.OUTSTANDING, ((states.Troubled("a hiccup"),),), reason="(a hiccup)"),
    "fetched again": Case(
        DayStatus.OUTSTANDING, (LOADED, (ACCEPTED,)), reason="0.0 h old; the figures of an earlier load are there"
    ),
    "failed": Case(DayStatus.FAILED, (FAILED,), reason="no such column"),
    "fetched again in vain": Case(
        DayStatus.FAILED, (LOADED, FAILED), reason="no such column; the figures of an earlier load are there"
    ),
    "never ordered": Case(DayStatus.MISSING, reason="never ordered"),
    "not over": Case(DayStatus.NOT_OVER, day=TODAY),
    "past retention, never loaded": Case(DayStatus.NOT_SERVED, day=LONG_AGO),
    "Amazon says it is past retention": Case(DayStatus.NOT_SERVED, (EXPIRED,)),
    "loaded before it was past retention": Case(DayStatus.LOADED, (LOADED, EXPIRED)),
    "refused, news": Case(DayStatus.MISSING, refused=timedelta(hours=1), reason="never ordered; 401: revoked"),
    "refused, its order failed": Case(DayStatus.FAILED, (FAILED,), refused=timedelta(hours=1), reason="no such column"),
    "refused for long": Case(DayStatus.BLOCKED, refused=timedelta(days=2), reason="401: revoked"),
    "refused for long, its order failed": Case(
        DayStatus.BLOCKED, (FAILED,), refused=timedelta(days=2), reason="401: revoked"
    ),
    "refused for long, loaded before": Case(
        DayStatus.BLOCKED,
        (LOADED, FAILED),
        refused=timedelta(days=2),
        reason="401: revoked; the figures of an earlier load are there",
    ),
    "not offered": Case(DayStatus.NOT_OFFERED, lacks=True, reason="no such product"),
    "not offered, its order failed": Case(DayStatus.NOT_OFFERED, (FAILED,), lacks=True, reason="no such product"),
    "not offered, its order waits": Case(DayStatus.NOT_OFFERED, ((),), lacks=True, reason="no such product"),
    "not offered, and Amazon makes it all the same": Case(DayStatus.OUTSTANDING, ((ACCEPTED,),), lacks=True),
    "not offered, loaded before": Case(DayStatus.LOADED, (LOADED,), lacks=True),
    "not offered, loaded before, its order failed": Case(
        DayStatus.NOT_OFFERED, (LOADED, FAILED), lacks=True, reason="product; the figures of an earlier load are there"
    ),
    "not offered, not over": Case(DayStatus.NOT_OVER, day=TODAY, lacks=True),
    "not offered, refused": Case(DayStatus.MISSING, refused=timedelta(hours=1), lacks=True, reason="401: revoked"),
    "refused for a while, not over": Case(DayStatus.NOT_OVER, day=TODAY, refused=timedelta(hours=1)),
}


def profile(refused=None, lacks=False, **changes):
    since = NOON - refused if refused else None
    lacking = {KIND.ad_product: Lack(NOON, NOON, "no such product")} if lacks else {}
    return Profile(facts(**changes), NOON, since, "401: revoked" if refused else None, None, lacking)


def ordered(ledger, orders, days):
    for events in orders:
        row = ledger.claim(order(ledger, window(days.start, days.end), fresh=timedelta(0)).id, "me")
        for event in events:
            row = ledger.record(row, event)
    return ledger.covering(days, [KIND.name])


@pytest.mark.parametrize("name", CASES)
def test_a_day_stands_as_it_should(ledger, name):
    case = CASES[name]
    days = Days(case.day, case.day)
    found = stretches([KIND], [profile(case.refused, case.lacks)], days, ordered(ledger, case.orders, days), NOON)
    (stretch,) = found
    assert stretch.status is case.status
    assert case.reason in stretch.reason
    assert (stretch.status in COMPLETE) == (case.status not in ("outstanding", "failed", "missing"))


@pytest.mark.parametrize(("name", "in_trouble"), [("failed", True), ("refused, news", True), ("never ordered", False)])
def test_what_was_not_ordered_needs_a_person_only_where_amazon_refuses_the_profile(ledger, name, in_trouble):
    case, days = CASES[name], Days(OVER, OVER)
    found = stretches([KIND], [profile(case.refused)], days, ordered(ledger, case.orders, days), NOON)
    assert [stretch.in_trouble for stretch in found] == [in_trouble]


def test_of_a_refused_profile_only_days_that_were_ordered_count_as_failed(ledger):
    days = Days(DAY - timedelta(days=9), DAY)
    orders = ordered(ledger, [FAILED], Days(DAY - timedelta(days=1), DAY))
    found = stretches([KIND], [profile(timedelta(hours=1))], days, orders, NOON)
    assert by_status(found) == {DayStatus.MISSING: 8, DayStatus.FAILED: 2}


def test_every_status_has_a_case():
    assert {case.status for case in CASES.values()} == set(DayStatus)
    assert {State.EXPIRED} == {state for state in State if state not in states.OUTSTANDING} - {
        State.LOADED,
        State.FAILED,
    }


def test_days_that_stand_alike_are_one_stretch_and_every_day_is_in_exactly_one(ledger):
    days = Days(DAY - timedelta(days=5), TODAY)
    ordered(ledger, [LOADED], Days(DAY, DAY + timedelta(days=2)))
    rows = ledger.covering(days, [KIND.name])
    found = stretches([KIND], [profile()], days, rows, NOON)
    assert {(str(s.days), s.status) for s in found} == {
        ("2026-11-05 to 2026-11-09", DayStatus.MISSING),
        ("2026-11-10 to 2026-11-12", DayStatus.LOADED),
        ("2026-11-13 to 2026-11-21", DayStatus.MISSING),
        ("2026-11-22", DayStatus.NOT_OVER),
    }
    assert sorted(day for s in found for day in s.days) == list(days)
    assert by_status(found) == {DayStatus.MISSING: 14, DayStatus.LOADED: 3, DayStatus.NOT_OVER: 1}


def test_profiles_that_are_not_worked_for_are_left_out_and_each_type_is_judged_by_itself(ledger):
    rows = ordered(ledger, [LOADED], Days(DAY, DAY))
    kinds = [KIND, REPORT_TYPES["spCampaigns"]]
    profiles = [profile(), profile(profile_id=1, active=False)]
    found = stretches(kinds, profiles, Days(DAY, DAY), rows, NOON)
    assert [(s.profile_id, s.report_type, s.status) for s in found] == [
        (SELLER, "spTargeting", DayStatus.LOADED),
        (SELLER, "spCampaigns", DayStatus.MISSING),
    ]


SPAN = Days(DAY, DAY + timedelta(days=11))
ORDERS = st.lists(
    st.tuples(st.integers(-4, 12), st.integers(0, 8), st.sampled_from(("loaded", "failed", "requested", "expired"))),
    max_size=8,
)


def order_row(number, first, more, state):
    start = SPAN.start + timedelta(days=first)
    end = start + timedelta(days=more)
    served_from = start + timedelta(days=more // 2) if state == "expired" and number % 2 else None
    values = dict.fromkeys(field.name for field in fields(ReportRow))
    given = {"id": number, "profile_id": SELLER, "report_type": KIND.name, "start_date": start, "end_date": end}
    moments = {"ordered_at": NOON, "requested_at": NOON, "updated_at": NOON}
    return ReportRow(**(values | given | moments | {"state": State(state), "served_from": served_from}))


def day_by_day(orders):
    """Say the same day by day, as plainly as can be."""
    for day in SPAN:
        covering = [row for row in orders if day in row.days]
        speaking = [row for row in covering if row.state is not State.EXPIRED]
        gone = [
            row for row in covering if row.state is State.EXPIRED and not (row.served_from and day >= row.served_from)
        ]
        loaded = any(row.state is State.LOADED for row in speaking)
        if speaking:
            newest = speaking[-1].state
            yield day, {State.LOADED: "loaded", State.FAILED: "failed"}.get(newest, "outstanding"), loaded
        else:
            yield day, "not served" if gone else "missing", False


@given(ORDERS)
def test_any_orders_stand_as_they_do_day_by_day(drawn):
    orders = [order_row(number, *one) for number, one in enumerate(drawn)]
    loaded = [row for row in orders if row.state is State.LOADED]
    others = [row for row in orders if row.state is not State.LOADED]
    light = [LoadedOrder(row.id, row.profile_id, row.report_type, row.start_date, row.end_date) for row in loaded]
    found = stretches([KIND], [profile()], SPAN, Covering(light, others), NOON)
    assert [s.days.start for s in found] == sorted(s.days.start for s in found)
    told = {
        day: (s.status.value, s.status is DayStatus.LOADED or "earlier load" in s.reason)
        for s in found
        for day in s.days
    }
    assert told == {day: (status, there) for day, status, there in day_by_day(orders)}
