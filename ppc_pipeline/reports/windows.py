"""Which windows of days to order, as pure functions over calendar dates.

Here: what is over in a profile's time zone, what Amazon still serves, cutting a range into requests, and the daily
order. Not here: whether a window was ordered before (``ledger``) or asking for it (``lifecycle``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ppc_pipeline.amazon_ads.report_types import ReportType

ONE_DAY = timedelta(days=1)

RETENTION_SLACK_DAYS = 2
"""Amazon's retention is counted in days from a day boundary it does not document: ask for two days less."""


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """A range of calendar dates, both ends included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        """Refuse a range that ends before it starts."""
        if self.end < self.start:
            raise ValueError(f"the range ends ({self.end}) before it starts ({self.start})")

    def __iter__(self) -> Iterator[date]:
        """Go through the dates, oldest first."""
        return (self.start + ONE_DAY * n for n in range(len(self)))

    def __len__(self) -> int:
        """Count the dates."""
        return (self.end - self.start).days + 1

    def __contains__(self, day: date) -> bool:
        """Say whether the date lies in the range."""
        return self.start <= day <= self.end

    def __str__(self) -> str:
        """Spell the range for people."""
        return f"{self.start}" if self.start == self.end else f"{self.start} to {self.end}"

    def intersect(self, other: "Days") -> "Days | None":
        """Return the dates in both ranges."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Days(start, end) if start <= end else None


@dataclass(frozen=True, slots=True)
class ProfileClock:
    """What a window depends on: whose day it is."""

    account: str
    profile_id: int
    timezone: str

    def last_day_over(self, now: datetime) -> date:
        """Return the newest date that is over where the profile is."""
        return now.astimezone(ZoneInfo(self.timezone)).date() - ONE_DAY


@dataclass(frozen=True, slots=True)
class Window:
    """One report to be had: whose, which, which days."""

    account: str
    profile_id: int
    report_type: str
    days: Days


def served(report_type: ReportType, clock: ProfileClock, now: datetime) -> Days:
    """Return the days Amazon has of a report type for a profile at this moment, whole days only."""
    last = clock.last_day_over(now)
    return Days(last - ONE_DAY * (report_type.retention_days - RETENTION_SLACK_DAYS - 1), last)


def served_before(start_date: date, report_types: Iterable[ReportType], now: datetime) -> dict[str, int]:
    """Return how many days before a date Amazon still serves at this moment, of the report types of which it does."""
    utc = ProfileClock("", 0, "UTC")
    more = {kind.name: (start_date - served(kind, utc, now).start).days for kind in report_types}
    return {name: days for name, days in more.items() if days > 0}


def cut(days: Days, max_days: int) -> list[Days]:
    """Cut a range into pieces of at most ``max_days``, newest first, so that the newest figures come first."""
    pieces = []
    end = days.end
    while end >= days.start:
        start = max(days.start, end - ONE_DAY * (max_days - 1))
        pieces.append(Days(start, end))
        end = start - ONE_DAY
    return pieces


def runs_of(days: Iterable[date]) -> list[Days]:
    """Join dates into contiguous ranges, oldest first."""
    ranges: list[Days] = []
    for day in sorted(set(days)):
        if ranges and day == ranges[-1].end + ONE_DAY:
            ranges[-1] = Days(ranges[-1].start, day)
        else:
            ranges.append(Days(day, day))
    return ranges


def windows_for(days: Days, report_type: ReportType, clock: ProfileClock, now: datetime) -> list[Window]:
    """Return the windows that bring a range of dates for one profile: what is over, still served, in request sizes."""
    wanted = days.intersect(served(report_type, clock, now))
    if wanted is None:
        return []
    return [
        Window(clock.account, clock.profile_id, report_type.name, piece)
        for piece in cut(wanted, report_type.max_range_days)
    ]


@dataclass(frozen=True, slots=True)
class DailyPlan:
    """What the daily order asks for.

    Attributes:
        trailing: The windows of the days that Amazon still restates daily, and weekly those before them.
        holes: Windows of days that were never loaded, newest first; the caller orders a bounded number of them.
    """

    trailing: list[Window]
    holes: list[Window]


def daily_plan(
    report_type: ReportType,
    clock: ProfileClock,
    *,
    now: datetime,
    start_date: date,
    refetch_days: int,
    weekly: bool,
    known: set[date],
) -> DailyPlan:
    """Plan one profile's and report type's daily order.

    Args:
        report_type: The report type.
        clock: Whose day it is.
        now: The moment of the order.
        start_date: Days before it are not wanted.
        refetch_days: Length of the trailing window, in days.
        weekly: Whether the window before the trailing one is due as well.
        known: Days that are loaded or on their way.
    """
    last = clock.last_day_over(now)
    if last < start_date:
        return DailyPlan([], [])
    wanted = Days(start_date, last)
    trailing = _trailing(last, refetch_days)
    if weekly:
        trailing = Days(trailing.start - ONE_DAY * refetch_days, last)
    again = wanted.intersect(trailing)
    first = windows_for(again, report_type, clock, now) if again else []
    older = wanted.intersect(served(report_type, clock, now))
    missing = [day for day in older or () if day not in known and day not in trailing]
    holes = [
        window
        for days in sorted(runs_of(missing), reverse=True)
        for window in windows_for(days, report_type, clock, now)
    ]
    return DailyPlan(first, holes)


def _trailing(last: date, refetch_days: int) -> Days:
    return Days(last - ONE_DAY * (refetch_days - 1), last)


def utc_now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)
