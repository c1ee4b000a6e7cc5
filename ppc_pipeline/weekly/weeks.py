"""Weeks from Monday to Sunday, of a profile's own calendar dates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ppc_pipeline.reports.windows import ONE_DAY, Days, ProfileClock

_SUNDAY = 6


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week.

    Attributes:
        start: Its Monday.
    """

    start: date

    def __post_init__(self) -> None:
        """Refuse a week that starts on another day."""
        if self.start.weekday() != 0:
            raise ValueError(f"{self.start} is no Monday")

    @classmethod
    def of(cls, day: date) -> "Week":
        """Return the week that a day lies in."""
        return cls(day - timedelta(days=day.weekday()))

    @property
    def end(self) -> date:
        """Its Sunday."""
        return self.start + ONE_DAY * _SUNDAY

    @property
    def days(self) -> Days:
        """Its seven dates."""
        return Days(self.start, self.end)

    def before(self, number: int = 1) -> "Week":
        """Return the week that many weeks before."""
        return Week(self.start - timedelta(weeks=number))

    def is_over(self, clock: ProfileClock, now: datetime) -> bool:
        """Say whether its Sunday is over where the profile is."""
        return self.end <= clock.last_day_over(now)

    def __str__(self) -> str:
        """Spell it for people."""
        return str(self.days)


def last_week(clocks: Iterable[ProfileClock], now: datetime) -> Week:
    """Return the newest week that is over for all profiles; where there is none, that is over in UTC."""
    utc = ProfileClock("", 0, "UTC")
    last = min(clock.last_day_over(now) for clock in (*clocks, utc))
    return Week.of(last + ONE_DAY).before()
