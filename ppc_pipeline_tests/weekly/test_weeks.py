"""Weeks are from Monday to Sunday, and over where the profile is."""

from datetime import UTC, date, datetime

import pytest

from ppc_pipeline.reports.windows import ProfileClock
from ppc_pipeline.weekly.weeks import Week, last_week

TOKYO, ANGELES = (ProfileClock("acme", 1, zone) for zone in ("Asia/Tokyo", "America/Los_Angeles"))


def test_a_week_is_named_by_its_monday():
    assert {Week.of(date(2026, 11, day)) for day in range(16, 23)} == {Week(date(2026, 11, 16))}
    assert str(Week(date(2026, 12, 28))) == "2026-12-28 to 2027-01-03"
    with pytest.raises(ValueError, match="2026-11-17 is no Monday"):
        Week(date(2026, 11, 17))


@pytest.mark.parametrize(
    ("moment", "clocks", "monday"),
    [
        ("2026-11-23T00:00", [], 16),
        ("2026-11-22T23:59", [], 9),
        ("2026-11-22T16:00", [TOKYO], 9),  # over in Tokyo, and not in UTC
        ("2026-11-23T07:59", [TOKYO, ANGELES], 9),
        ("2026-11-23T08:00", [TOKYO, ANGELES], 16),
        ("2026-11-29T12:00", [TOKYO, ANGELES], 16),
    ],
)
def test_the_last_week_is_over_for_everybody(moment, clocks, monday):
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    found = last_week(clocks, now)
    assert found == Week(date(2026, 11, monday))
    assert all(found.is_over(clock, now) for clock in clocks)
