"""What to order: a range of dates somebody asked for, or what a day brings.

Here: from profiles and dates to rows of the ledger. Not here: cutting ranges (``windows``), when an order is repeated
(``ledger``), or asking Amazon (``lifecycle``).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import itemgetter

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import Ledger, ReportRow
from ppc_pipeline.reports.roster import Profile
from ppc_pipeline.reports.states import AskedAgain, State, Unloaded
from ppc_pipeline.reports.tables import columns_hash
from ppc_pipeline.reports.windows import Days, Window, daily_plan, served, windows_for

TAKEN_UP_FOR = timedelta(days=7)
"""How long after it was asked for a report that failed and is in the archive is taken up again by each daily order."""


@dataclass(slots=True)
class Ordered:
    """What ordering found or wrote down.

    Attributes:
        rows: Every report that stands for what was asked, new or not.
        new: How many of them were ordered (or taken up again) now.
    """

    rows: list[ReportRow] = field(default_factory=list)
    new: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes orders.

    Attributes:
        ledger: Where they are written down.
        archive: Says what is downloaded already.
        fresh: An order younger than this is not repeated.
        accounts: The accounts there are: what others had ordered of a profile does not come any more. All by default.
    """

    ledger: Ledger
    archive: Archive
    fresh: timedelta
    accounts: Collection[str] | None = None

    def order_days(self, days: Days, report_types: Iterable[ReportType], profiles: Sequence[Profile]) -> Ordered:
        """Order a range of dates: for each profile what is over there and still served, in request sizes.

        A profile that Amazon refuses is tried all the same, and so is an ad product that it does not have: somebody who
        asks may have had it mended.
        """
        now = self.ledger.clock()
        wanted = [
            (report_type, window)
            for report_type in report_types
            for profile in profiles
            for window in windows_for(days, report_type, profile.facts.clock, now)
        ]
        return self._order(wanted)

    def order_day(
        self,
        report_types: Sequence[ReportType],
        profiles: Sequence[Profile],
        *,
        start_date: date,
        refetch_days: int,
        weekly: bool,
        holes: int,
        broken: Collection[str] = (),
    ) -> Ordered:
        """Order what a day brings: the trailing window of every profile, and a bounded number of holes.

        Left out are profiles that Amazon refuses and what profiles do not have, until it is time to ask again. What
        failed with its file in the archive is taken up again before anything is ordered.

        Args:
            report_types: What is ordered daily.
            profiles: For whom.
            start_date: Days before it are not wanted.
            refetch_days: Length of the trailing window, in days.
            weekly: Whether the window before the trailing one is due as well.
            holes: How many windows of never loaded days are ordered at most: those that failed least first, and the
                newest of every profile.
            broken: Accounts that cannot be used: their holes would take the places of what can be had.
        """
        now = self.ledger.clock()
        again = self._failed_with_file(report_types, profiles)
        known = self._known_days(report_types, start_date)
        trailing: list[tuple[ReportType, Window]] = []
        missing: list[tuple[ReportType, Window]] = []
        for report_type in report_types:
            for profile in profiles:
                if profile.left_alone(now) or profile.left_without(report_type, now):
                    continue
                within = served(report_type, profile.facts.clock, now)
                there = (days.intersect(within) for days in known.get((report_type.name, profile.facts.profile_id), ()))
                plan = daily_plan(
                    report_type,
                    profile.facts.clock,
                    now=now,
                    start_date=start_date,
                    refetch_days=refetch_days,
                    weekly=weekly,
                    known={day for days in there if days for day in days},
                )
                trailing += [(report_type, window) for window in plan.trailing]
                # What it was seen to lack: the trailing window is enough to learn whether it is so.
                if profile.facts.account not in broken and profile.lack_of(report_type) is None:
                    missing += [(report_type, window) for window in plan.holes]
        names = [report_type.name for report_type in report_types]
        failures = self.ledger.failures(names) if len(missing) > holes else {}
        ordered = self._order([*trailing, *_in_turns(missing, failures)[:holes]])
        return Ordered([*again, *ordered.rows], len(again) + ordered.new)

    def _failed_with_file(self, report_types: Sequence[ReportType], profiles: Sequence[Profile]) -> list[ReportRow]:
        """Take up again what failed for now and is in the archive: it need not be ordered anew, nor could it for ever.

        What still fails a week after it was asked for is left to ``ppc rebuild``: its days count as holes again.
        """
        whose = {profile.facts.profile_id for profile in profiles}
        since = self.ledger.clock() - TAKEN_UP_FOR
        return [
            self.ledger.reopen(row, AskedAgain(requested=row.report_id is not None, archived=True))
            for row in self.ledger.failed(report_type.name for report_type in report_types)
            if row.retryable and row.profile_id in whose and row.asked_at >= since and self.archive.has(row)
        ]

    def _order(self, wanted: Iterable[tuple[ReportType, Window]]) -> Ordered:
        ordered = Ordered()
        for report_type, window in wanted:
            row, new = self.ledger.order(
                window,
                columns_hash(report_type.columns),
                fresh=self.fresh,
                archived=self.archive.has,
            )
            ordered.rows.append(row)
            ordered.new += new
        return ordered

    def _known_days(
        self, report_types: Sequence[ReportType], start_date: date
    ) -> Mapping[tuple[str, int], Sequence[Days]]:
        """Return the days of each report type and profile that are not to be ordered as holes."""
        furthest = max((report_type.retention_days for report_type in report_types), default=0)
        since = max(start_date, self.ledger.clock().date() - timedelta(days=furthest))
        return self.ledger.known_days(since, [report_type.name for report_type in report_types], self.accounts)


def _in_turns(
    holes: Sequence[tuple[ReportType, Window]], failures: Mapping[tuple[str, int], Sequence[Days]]
) -> list[tuple[ReportType, Window]]:
    """Put holes in the order in which they are filled: each profile's newest first, and nobody's second before that.

    So a new client's history does not wait until everybody else's is whole, nor the other way round. What failed
    lately comes after what did not, and the later the oftener: it would take the places of all that is older, daily.

    Args:
        holes: What is missing.
        failures: The days of reports that failed, one by one.
    """
    times = {
        window: sum(
            days.intersect(window.days) is not None for days in failures.get((kind.name, window.profile_id), ())
        )
        for kind, window in holes
    }
    turns: Counter[int] = Counter()
    ranked: list[tuple[int, int, tuple[ReportType, Window]]] = []
    for pair in sorted(holes, key=lambda pair: (-times[pair[1]], pair[1].days.end), reverse=True):
        profile_id = pair[1].profile_id
        ranked.append((times[pair[1]], turns[profile_id], pair))
        turns[profile_id] += 1
    return [pair for *_, pair in sorted(ranked, key=itemgetter(0, 1))]


def reopen_unloaded(
    ledger: Ledger, archive: Archive, rows: Iterable[ReportRow], loaded: Collection[str]
) -> list[ReportRow]:
    """Take up again the reports that the ledger calls loaded and the warehouse does not have.

    That happens when the warehouse file was deleted, restored from a copy, or another one was set.

    Args:
        ledger: Where they are written down.
        archive: Where their files may still be.
        rows: What was asked for.
        loaded: The report ids that the warehouse has.

    Returns:
        The rows, as they stand now.
    """
    return [
        ledger.reopen(row, Unloaded(archived=archive.has(row)))
        if row.state is State.LOADED and row.report_id not in loaded
        else row
        for row in rows
    ]
