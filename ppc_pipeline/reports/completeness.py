"""Which profile-days are there, and why the others are not: the truth that checks, coverage and status show.

Here: a status for each profile, report type and day, from the ledger alone. Not here: how it is shown.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter, itemgetter

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.reports.ledger import Covering, LoadedOrder, ReportRow
from ppc_pipeline.reports.roster import Profile
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import ONE_DAY, Days, served

BLOCK_NEWS = timedelta(days=1)
"""A refused profile is reported for this long, and then left out of completeness."""


class DayStatus(StrEnum):
    """How a profile's day stands."""

    LOADED = "loaded"
    OUTSTANDING = "outstanding"
    FAILED = "failed"
    MISSING = "missing"
    """Over and served by Amazon, and never ordered."""
    BLOCKED = "blocked"
    """Amazon refuses the profile."""
    NOT_OFFERED = "not offered"
    """The profile does not have the ad product, or Amazon not this report type for it."""
    NOT_OVER = "not over"
    """The day is not over in the profile's time zone."""
    NOT_SERVED = "not served"
    """Past Amazon's retention, and never loaded."""


_NEVER_ORDERED = "never ordered"

COMPLETE = frozenset(
    {DayStatus.LOADED, DayStatus.NOT_OVER, DayStatus.NOT_SERVED, DayStatus.BLOCKED, DayStatus.NOT_OFFERED}
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one profile and report type that stand alike.

    Attributes:
        since: When an outstanding report was asked for, a failed one given up, Amazon first said that there is none to
            be had, or began to refuse the profile whose day was never ordered; None for other days.
    """

    account: str
    profile_id: int
    profile_name: str
    report_type: str
    days: Days
    status: DayStatus
    reason: str
    since: datetime | None = None

    @property
    def in_trouble(self) -> bool:
        """Whether a person must see to it: it failed, or was never ordered because Amazon refuses the profile."""
        return self.status is DayStatus.FAILED or (self.status is DayStatus.MISSING and self.since is not None)


def stretches(
    report_types: Iterable[ReportType],
    profiles: Sequence[Profile],
    days: Days,
    orders: Covering,
    now: datetime,
) -> list[Stretch]:
    """Say how every day of a range stands, for each profile and report type.

    The newest order that covers a day speaks for it: when a day was loaded and is then fetched again in vain, it has
    failed, although its older figures are still there.

    Args:
        report_types: Which.
        profiles: Whose; those that are not worked for are left out.
        days: Which dates.
        orders: Every order that covers one of them.
        now: This moment.
    """
    calendar = _Calendar(days)
    by_key: dict[tuple[str, int], list[LoadedOrder | ReportRow]] = defaultdict(list)
    for loaded in orders.loaded:
        by_key[loaded.report_type, loaded.profile_id].append(loaded)
    for other in orders.others:
        by_key[other.report_type, other.profile_id].append(other)
    return [
        Stretch(facts.account, facts.profile_id, facts.name, report_type.name, piece, *standing)
        for report_type in report_types
        for profile in profiles
        if (facts := profile.facts).active
        for piece, standing in _of_profile(
            report_type, profile, calendar, by_key[report_type.name, facts.profile_id], now
        )
    ]


_Bits = int
"""A set of days: bit n stands for day n of the calendar. Days by the thousand are then compared at once."""


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The days that are asked about."""

    days: Days

    @property
    def all(self) -> _Bits:
        return (1 << len(self.days)) - 1

    def bits(self, start: date, end: date) -> _Bits:
        """Return those of the days that lie between two dates, both included."""
        first = max(0, (start - self.days.start).days)
        last = min(len(self.days) - 1, (end - self.days.start).days)
        return (1 << last + 1) - (1 << first) if first <= last else 0

    def ranges(self, bits: _Bits) -> Iterator[Days]:
        """Yield the contiguous ranges of a set of days, oldest first."""
        position = 0
        while bits:
            gap = (bits & -bits).bit_length() - 1
            bits >>= gap
            length = (~bits & bits + 1).bit_length() - 1
            start = self.days.start + ONE_DAY * (position + gap)
            yield Days(start, start + ONE_DAY * (length - 1))
            bits >>= length
            position += gap + length


_Standing = tuple[DayStatus, str, datetime | None]


def _of_profile(
    report_type: ReportType,
    profile: Profile,
    calendar: _Calendar,
    orders: Iterable[LoadedOrder | ReportRow],
    now: datetime,
) -> list[tuple[Days, _Standing]]:
    """Return how the days of one profile and report type stand, those that stand alike together, oldest first."""
    by_standing: dict[_Standing, _Bits] = defaultdict(int)
    loaded = expired = 0
    left = calendar.all
    spoken: list[tuple[_Bits, ReportRow]] = []
    for order in sorted(orders, key=attrgetter("id"), reverse=True):
        covered = calendar.bits(order.start_date, order.end_date)
        if isinstance(order, LoadedOrder):
            loaded |= covered
            by_standing[DayStatus.LOADED, "", None] |= covered & left
        elif order.state is State.EXPIRED:
            unserved = (
                covered if order.served_from is None else calendar.bits(order.start_date, order.served_from - ONE_DAY)
            )
            expired |= covered & unserved
            continue
        elif covered & left:
            spoken.append((covered & left, order))
        left &= ~covered
    for covered, row in spoken:
        for some, older in ((covered & ~loaded, ""), (covered & loaded, _OLDER)):
            by_standing[_of_order(row, profile, report_type, older, now)] |= some
    for some, standing in _unordered(report_type, profile, calendar, left, expired, now):
        by_standing[standing] |= some
    found = ((days, standing) for standing, some in by_standing.items() for days in calendar.ranges(some))
    return sorted(found, key=itemgetter(0))


_OLDER = "; the figures of an earlier load are there"


def _of_order(row: ReportRow, profile: Profile, report_type: ReportType, older: str, now: datetime) -> _Standing:
    """Say how a day stands whose newest order is not loaded."""
    if _blocked_for_long(profile, now):
        return DayStatus.BLOCKED, f"{profile.blocked_reason}{older}", None
    lack = profile.lack_of(report_type)
    if lack is not None and row.state in (State.PLANNED, State.FAILED):
        return DayStatus.NOT_OFFERED, f"{lack.reason}{older}", lack.since
    if row.state is State.FAILED:
        return DayStatus.FAILED, f"{row.reason}{older}", row.updated_at
    return DayStatus.OUTSTANDING, f"{_progress(row, now)}{older}", row.requested_at or row.ordered_at


def _unordered(
    report_type: ReportType, profile: Profile, calendar: _Calendar, left: _Bits, expired: _Bits, now: datetime
) -> Iterator[tuple[_Bits, _Standing]]:
    """Say how the days stand that no order speaks for."""
    yield left & expired, (DayStatus.NOT_SERVED, "", None)
    left &= ~expired
    if _blocked_for_long(profile, now):
        yield left, (DayStatus.BLOCKED, profile.blocked_reason or "", None)
        return
    within = served(report_type, profile.facts.clock, now)
    not_over = left & calendar.bits(within.end + ONE_DAY, date.max)
    too_old = left & calendar.bits(date.min, within.start - ONE_DAY)
    yield not_over, (DayStatus.NOT_OVER, "", None)
    yield too_old, (DayStatus.NOT_SERVED, "", None)
    missing = left & ~not_over & ~too_old
    if profile.blocked:
        yield missing, (DayStatus.MISSING, f"{_NEVER_ORDERED}; {profile.blocked_reason}", profile.blocked_since)
    elif lack := profile.lack_of(report_type):
        yield missing, (DayStatus.NOT_OFFERED, lack.reason, lack.since)
    else:
        yield missing, (DayStatus.MISSING, _NEVER_ORDERED, None)


def _blocked_for_long(profile: Profile, now: datetime) -> bool:
    return profile.blocked_since is not None and now - profile.blocked_since > BLOCK_NEWS


def _progress(row: ReportRow, now: datetime) -> str:
    hours = (now - (row.requested_at or row.ordered_at)).total_seconds() / 3600
    known = f" Amazon's report {row.report_id}," if row.report_id else ""
    waiting = f" ({row.reason})" if row.reason else ""
    return f"{row.state},{known} {hours:.1f} h old{waiting}"


def by_status(found: Iterable[Stretch]) -> Mapping[DayStatus, int]:
    """Count profile-days by how they stand."""
    counts: Counter[DayStatus] = Counter()
    for stretch in found:
        counts[stretch.status] += len(stretch.days)
    return counts


def by_report_type(found: Iterable[Stretch]) -> Mapping[str, list[Stretch]]:
    """Sort profile-days by report type."""
    sorted_out: dict[str, list[Stretch]] = defaultdict(list)
    for stretch in found:
        sorted_out[stretch.report_type].append(stretch)
    return sorted_out
