"""Windows: whose day it is, what is served, how ranges are cut, and what a day brings."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports.windows import (
    RETENTION_SLACK_DAYS,
    Days,
    ProfileClock,
    cut,
    daily_plan,
    runs_of,
    served,
    windows_for,
)

KIND = REPORT_TYPES["spTargeting"]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SOME_DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
RANGES = st.tuples(SOME_DAYS, st.integers(0, 400)).map(lambda pair: Days(pair[0], pair[0] + timedelta(days=pair[1])))


def clock_of(zone="UTC"):
    return ProfileClock("acme", 1, zone)


@pytest.mark.parametrize(
    ("zone", "moment", "last"),
    [
        ("America/Los_Angeles", "2026-11-22T07:59:59", "2026-11-20"),
        ("America/Los_Angeles", "2026-11-22T08:00:00", "2026-11-21"),
        ("Asia/Tokyo", "2026-11-22T14:59:59", "2026-11-21"),
        ("Asia/Tokyo", "2026-11-22T15:00:00", "2026-11-22"),
        ("Australia/Sydney", "2026-11-22T12:59:59", "2026-11-21"),
        ("Australia/Sydney", "2026-11-22T13:00:00", "2026-11-22"),
        ("Pacific/Tongatapu", "2026-11-22T10:59:59", "2026-11-21"),  # UTC+13
        ("Pacific/Tongatapu", "2026-11-22T11:00:00", "2026-11-22"),
        ("Pacific/Kiritimati", "2026-11-22T10:00:00", "2026-11-22"),  # UTC+14
        # The day summer time ends in the United States has 25 hours: midnight moves from 07:00 to 08:00 UTC.
        ("America/Los_Angeles", "2026-11-01T06:59:59", "2026-10-30"),
        ("America/Los_Angeles", "2026-11-01T07:00:00", "2026-10-31"),
        ("America/Los_Angeles", "2026-11-02T07:30:00", "2026-10-31"),
        ("America/Los_Angeles", "2026-11-02T08:00:00", "2026-11-01"),
        # The day it begins in Sydney has 23: midnight moves from 14:00 to 13:00 UTC.
        ("Australia/Sydney", "2026-10-03T14:00:00", "2026-10-03"),
        ("Australia/Sydney", "2026-10-04T12:59:59", "2026-10-03"),
        ("Australia/Sydney", "2026-10-04T13:00:00", "2026-10-04"),
    ],
)
def test_a_day_is_over_when_it_is_over_where_the_profile_is(zone, moment, last):
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert clock_of(zone).last_day_over(now) == date.fromisoformat(last)


@given(st.sampled_from(sorted(available_timezones())), st.integers(0, 10 * 366 * 86_400))
def test_a_day_that_is_not_over_is_never_requested(zone, seconds):
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    last = clock_of(zone).last_day_over(now)
    windows = windows_for(Days(last - timedelta(days=3), last + timedelta(days=3)), KIND, clock_of(zone), now)
    assert max(w.days.end for w in windows) == last


def test_what_is_asked_for_keeps_clear_of_the_edge_of_amazons_retention():
    today = date(2026, 11, 22)
    days = served(KIND, clock_of(), NOW)
    assert days.end == today - timedelta(days=1)
    assert days.start == today - timedelta(days=KIND.retention_days - RETENTION_SLACK_DAYS)


@given(RANGES, st.integers(1, 100))
def test_cutting_covers_every_day_once_newest_first_in_pieces_that_are_not_too_long(days, most):
    pieces = cut(days, most)
    assert sorted(day for piece in pieces for day in piece) == list(days)
    assert all(len(piece) <= most for piece in pieces)
    assert [piece.end for piece in pieces] == sorted((piece.end for piece in pieces), reverse=True)
    assert len(pieces) == -(-len(days) // most)


@given(st.sets(SOME_DAYS, max_size=60))
def test_joining_days_to_ranges_loses_none_and_invents_none(days):
    ranges = runs_of(days)
    assert [day for each in ranges for day in each] == sorted(days)
    assert all(later.start - earlier.end > timedelta(days=1) for earlier, later in pairwise(ranges))


@given(RANGES, RANGES)
def test_an_intersection_is_the_days_in_both(one, other):
    both = one.intersect(other)
    assert list(both or ()) == sorted(set(one) & set(other))


def test_a_range_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match=r"ends .* before it starts"):
        Days(date(2026, 11, 2), date(2026, 11, 1))


def plan(**changes):
    values = {
        "now": NOW,
        "start_date": date(2026, 1, 1),
        "refetch_days": 31,
        "weekly": False,
        "known": set(),
    }
    return daily_plan(KIND, clock_of(), **(values | changes))


def spans(windows):
    return [(str(w.days.start), str(w.days.end)) for w in windows]


def test_a_day_brings_the_trailing_days_in_one_report_and_once_a_week_those_before_them_in_another():
    assert spans(plan().trailing) == [("2026-10-22", "2026-11-21")]
    assert spans(plan(weekly=True).trailing) == [("2026-10-22", "2026-11-21"), ("2026-09-21", "2026-10-21")]


def test_holes_are_days_never_loaded_newest_first_and_none_of_the_trailing_ones():
    served_days = served(KIND, clock_of(), NOW)
    known = set(served_days) - {date(2026, 9, 1), date(2026, 9, 2), date(2026, 10, 5), date(2026, 11, 1)}
    assert spans(plan(known=known).holes) == [("2026-10-05", "2026-10-05"), ("2026-09-01", "2026-09-02")]
    everything = spans(plan().holes)
    assert everything == [("2026-09-21", "2026-10-21"), ("2026-08-21", "2026-09-20")]
    assert everything[-1][0] == str(served_days.start)


@pytest.mark.parametrize(
    ("start", "trailing", "holes"),
    [
        (date(2026, 11, 20), [("2026-11-20", "2026-11-21")], []),
        (date(2026, 11, 21), [("2026-11-21", "2026-11-21")], []),
        (date(2026, 11, 22), [], []),
        (date(2027, 1, 1), [], []),
        (date(2026, 10, 20), [("2026-10-22", "2026-11-21")], [("2026-10-20", "2026-10-21")]),
    ],
)
def test_days_before_the_start_date_are_not_wanted(start, trailing, holes):
    found = plan(start_date=start)
    assert (spans(found.trailing), spans(found.holes)) == (trailing, holes)


@given(st.integers(1, 93), st.booleans(), st.sets(st.dates(date(2026, 8, 1), date(2026, 11, 22))), st.integers(1, 95))
def test_a_plan_orders_each_day_once_at_most_and_every_day_that_is_served_wanted_and_unknown(
    refetch, weekly, known, most
):
    kind = replace(KIND, max_range_days=most)
    found = daily_plan(
        kind, clock_of(), now=NOW, start_date=date(2026, 8, 25), refetch_days=refetch, weekly=weekly, known=known
    )
    days = [day for w in (*found.trailing, *found.holes) for day in w.days]
    assert len(days) == len(set(days))
    wanted = Days(date(2026, 8, 25), date(2026, 11, 21))
    assert set(wanted) - known <= set(days) <= set(wanted)
    assert all(len(w.days) <= most for w in (*found.trailing, *found.holes))
