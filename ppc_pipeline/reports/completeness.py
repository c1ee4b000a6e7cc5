"""Which profile-days are there, and why the others are not: the truth that checks, coverage and status show.

Here: a status for each profile, report type and day, from the ledger alone. Not here: how it is shown.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.roster import Profile
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days, runs_of, served

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
    NOT_OVER = "not over"
    """The day is not over in the profile's time zone."""
    NOT_SERVED = "not served"
    """Past Amazon's retention, and never loaded."""


COMPLETE = frozenset({DayStatus.LOADED, DayStatus.NOT_OVER, DayStatus.NOT_SERVED, DayStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one profile and report type that stand alike.

    Attributes:
        since: When an outstanding report was asked for, or a failed one given up; None for other days.
    """

    account: str
    profile_id: int
    profile_name: str
    report_type: str
    days: Days
    status: DayStatus
    reason: str
    since: datetime | None = None


def stretches(
    report_types: Iterable[ReportType],
    profiles: Sequence[Profile],
    days: Days,
    rows: Iterable[ReportRow],
    now: datetime,
) -> list[Stretch]:
    """Say how every day of a range stands, for each profile and report type.

    The newest order that covers a day speaks for it: when a day was loaded and is then fetched again in vain, it has
    failed, although its older figures are still there.

    Args:
        report_types: Which.
        profiles: Whose; those that are not worked for are left out.
        days: Which dates.
        rows: Every order that covers one of them, oldest first.
        now: This moment.
    """
    by_key: dict[tuple[str, int], list[ReportRow]] = defaultdict(list)
    for row in rows:
        by_key[row.report_type, row.profile_id].append(row)
    found = []
    for report_type in report_types:
        for profile in profiles:
            if profile.facts.active:
                own = by_key[report_type.name, profile.facts.profile_id]
                found += _of_profile(report_type, profile, days, own, now)
    return found


def _of_profile(
    report_type: ReportType, profile: Profile, days: Days, rows: Sequence[ReportRow], now: datetime
) -> list[Stretch]:
    newest: dict[date, ReportRow] = {}
    loaded: set[date] = set()
    expired: set[date] = set()
    for row in rows:
        own = row.days.intersect(days)
        for day in own or ():
            if row.state is State.LOADED:
                loaded.add(day)
            if row.state is State.EXPIRED:
                if row.served_from is None or day < row.served_from:
                    expired.add(day)
            else:
                newest[day] = row
    within = served(report_type, profile.facts.clock, now)
    by_status: dict[tuple[DayStatus, str, datetime | None], list[date]] = defaultdict(list)
    for day in days:
        if day in expired and day not in newest:
            standing = (DayStatus.NOT_SERVED, "")
        else:
            standing = _status(day, newest.get(day), day in loaded, within, profile, now)
        by_status[*standing, _since(standing[0], newest.get(day))].append(day)
    return [
        Stretch(
            profile.facts.account,
            profile.facts.profile_id,
            profile.facts.name,
            report_type.name,
            piece,
            status,
            reason,
            since,
        )
        for (status, reason, since), some in by_status.items()
        for piece in runs_of(some)
    ]


def _status(
    day: date, row: ReportRow | None, loaded: bool, within: Days, profile: Profile, now: datetime
) -> tuple[DayStatus, str]:
    older = "; the figures of an earlier load are there" if loaded else ""
    if row is not None and row.state is State.LOADED:
        return DayStatus.LOADED, ""
    if profile.blocked_since is not None and now - profile.blocked_since > BLOCK_NEWS:
        return DayStatus.BLOCKED, f"{profile.blocked_reason}{older}"
    if row is not None and row.state is State.FAILED:
        return DayStatus.FAILED, f"{row.reason}{older}"
    if row is not None:
        return DayStatus.OUTSTANDING, f"{_progress(row, now)}{older}"
    if day > within.end:
        return DayStatus.NOT_OVER, ""
    if day < within.start:
        return DayStatus.NOT_SERVED, ""
    if profile.blocked:
        return DayStatus.FAILED, profile.blocked_reason or ""
    return DayStatus.MISSING, "never ordered"


def _since(status: DayStatus, row: ReportRow | None) -> datetime | None:
    if row is None or status not in (DayStatus.OUTSTANDING, DayStatus.FAILED):
        return None
    return row.updated_at if status is DayStatus.FAILED else row.requested_at or row.ordered_at


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
