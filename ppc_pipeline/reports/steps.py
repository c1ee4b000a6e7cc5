"""One step of a report at Amazon: ask for it, look at it, or download it, and say what happened.

Here: the calls of a report's life, and what an error of theirs means for the report, its profile and its account. Not
here: when a step is made, claims, or writing down what happened to the report (``lifecycle``).
"""

import contextlib
import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import (
    AdsError,
    Category,
    InvalidColumnsError,
    MalformedResponseError,
    NotOfferedError,
    PermanentError,
    ReportNotFoundError,
    RetentionError,
    ThrottledError,
)
from ppc_pipeline.amazon_ads.models import Report, ReportRequest, ReportStatus
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import Ledger, ReportRow
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.refused_columns import Columns
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.states import Event, State

log = logging.getLogger(__name__)

_SERVED = (states.Accepted, states.Cooked, states.Archived)
"""What happens only where Amazon serves the account and the profile."""


class Steps:
    """Makes steps at Amazon, and learns on the way which accounts and profiles there is no point in trying.

    Args:
        ledger: Where places among the reports in flight are taken, and refused columns written down.
        roster: Where refused profiles and broken accounts are written down.
        clients: A client for each account.
        archive: Where raw files go.
        pace: How often to look, and how many may be in flight.
    """

    def __init__(
        self,
        ledger: Ledger,
        roster: Roster,
        clients: Mapping[str, AmazonAdsClient],
        archive: Archive,
        pace: Pace,
    ) -> None:
        self._ledger = ledger
        self._roster = roster
        self._clients = clients
        self._archive = archive
        self._pace = pace
        self._working: set[str] = set()
        self._serving: set[tuple[str, int]] = set()
        self._broken: dict[str, str] = {}
        self._refused: dict[tuple[str, int], str] = {}
        self._columns = Columns(ledger)
        self._not_offered: dict[tuple[int, str], str] = {}
        self._lacking: set[tuple[int, str]] | None = None
        self._full_until: dict[tuple[str, str], datetime] = {}
        self._made: dict[str, Report] = {}

    async def make(self, row: ReportRow) -> Event | None:
        """Ask, poll or download; say what happened, or None where there is nothing to do but wait."""
        if row.account not in self._clients or row.report_type not in REPORT_TYPES:
            unknown = f"account {row.account!r} or report type {row.report_type!r} is no longer configured"
            return states.GivenUp(unknown, retryable=True)
        if hopeless := self._hopeless(row):
            return states.GivenUp(hopeless, retryable=True)
        # Only of what is not asked for yet: what was, Amazon may have made in time.
        if row.state is State.PLANNED and row.end_date < self._oldest_served(row):
            return states.Unserved(self._oldest_served(row))
        if row.state is State.PLANNED and not self._place_for(row):
            return None
        try:
            return await _STEPS[row.state](self, row)
        except AdsError as error:
            return self._event_of(row, error)
        except OSError as error:  # the disk is full: no fault of the report, however long that takes
            until = self._ledger.clock() + timedelta(seconds=self._pace.poll_most)
            return states.Postponed(f"could not write the raw file: {error}", until)

    def learn(self, row: ReportRow, event: Event) -> None:
        """Write down what an event, once it is recorded, says of the account, the profile and the columns.

        A ledger that fails at that is no matter: the next report says the same.

        Args:
            row: The report as it stood before.
            event: What happened.
        """
        if not isinstance(event, _SERVED):
            return
        try:
            self._note_that_it_works(row)
            if isinstance(event, states.Accepted):
                report_type = REPORT_TYPES[row.report_type]
                self._columns.accept(
                    (row.account, row.profile_id), report_type, set(report_type.columns).difference(event.left_out)
                )
        except SQLAlchemyError:
            log.warning("%s: what it says of its account could not be written down", row, exc_info=True)

    def _hopeless(self, row: ReportRow) -> str | None:
        """Return why there is no point in trying, learnt from another report of this account, profile or product."""
        reason = self._broken.get(row.account) or self._refused.get((row.account, row.profile_id))
        if row.state is State.PLANNED and not reason:
            offers = _offers(row)
            reason = next((self._not_offered[offer] for offer in offers if offer in self._not_offered), None)
        return reason

    async def _ask(self, row: ReportRow) -> Event | None:
        report_type = REPORT_TYPES[row.report_type]
        name = f"ppc {row.report_type} {row.start_date}_{row.end_date} {row.columns_hash} {row.order_no}.{row.requests}"
        asker = (row.account, row.profile_id)
        while True:  # ends: each refusal takes a column away, or is an error
            columns = self._columns.to_ask_for(asker, report_type)
            request = ReportRequest(
                report_type=report_type, start=row.start_date, end=row.end_date, name=name, columns=columns
            )
            try:
                report = await self._clients[row.account].create_report(row.profile_id, request)
            except InvalidColumnsError as error:
                self._columns.refuse(asker, report_type, columns, error)
                continue
            left_out = tuple(column for column in report_type.columns if column not in columns)
            return states.Accepted(report.report_id, left_out)

    def _place_for(self, row: ReportRow) -> bool:
        """Take a place among the account's reports in flight; where there is none, do not look again at once."""
        ad_product = REPORT_TYPES[row.report_type].ad_product
        key = (row.account, ad_product)
        now = self._ledger.clock()
        if self._full_until.get(key, now) > now:
            return False
        same = [name for name, other in REPORT_TYPES.items() if other.ad_product == ad_product]
        if self._ledger.reserve(row, same, self._pace.in_flight):
            return True
        if key not in self._full_until:
            log.info("%s of %r: %d reports are in flight, others wait", ad_product, row.account, self._pace.in_flight)
        self._full_until[key] = now + timedelta(seconds=self._pace.watch)
        return False

    async def _poll(self, row: ReportRow) -> Event | None:
        report = await self._report(row)
        event = _event_of_status(report, State.REQUESTED)
        if event == states.Cooked():
            self._made[report.report_id] = report
        if event is not None or row.age_seconds(self._ledger.clock()) < states.STUCK_AFTER.total_seconds():
            return event
        # Deleted first: asked for again, Amazon would answer with the one that is stuck.
        with contextlib.suppress(PermanentError):
            await self._clients[row.account].delete_report(row.profile_id, row.report_id or "")
        hours = states.STUCK_AFTER.total_seconds() / 3600
        return states.DeletedAtAmazon(f"Amazon did not make report {row.report_id} within {hours:.0f} hours")

    async def _download(self, row: ReportRow) -> Event | None:
        # The address is signed for an hour and a secret: that of the last look is used once, and never written down.
        report = self._made.pop(row.report_id or "", None) or await self._report(row)
        if report.status is not ReportStatus.COMPLETED or report.url is None:
            return _event_of_status(report, State.READY)
        async with self._clients[row.account].download(row.profile_id, report) as chunks:
            path, size = await self._archive.store(row, chunks)
        return states.Archived(path, size)

    async def _report(self, row: ReportRow) -> Report:
        return await self._clients[row.account].get_report(row.profile_id, row.report_id or "")

    def _event_of(self, row: ReportRow, error: AdsError) -> Event:
        """Say what an error means for a report, and write down what it means for its profile or account."""
        if isinstance(error, ThrottledError):
            wait = timedelta(seconds=error.retry_after or self._pace.poll_most)
            return states.Postponed(str(error), self._ledger.clock() + wait)
        if isinstance(error, ReportNotFoundError):
            return states.FailedAtAmazon(f"Amazon no longer knows report {row.report_id}")
        if isinstance(error, RetentionError):
            return states.Unserved(error.allowed_from)
        if isinstance(error, MalformedResponseError) and row.state is State.READY:
            return states.Unreadable(str(error))
        if error.category is Category.RETRYABLE:
            return states.Troubled(str(error))
        if absent := _absent(row, error):
            return self._without(absent, error)
        if error.category is Category.REFUSED:
            self._roster.block(row.profile_id, str(error), row.account)
            self._serving.discard((row.account, row.profile_id))
            self._refused[row.account, row.profile_id] = str(error)
        if error.category is Category.MISCONFIGURED:
            self._roster.account_failed(row.account, str(error))
            self._working.discard(row.account)
            self._broken[row.account] = str(error)
        may_pass = error.category not in (Category.PERMANENT, Category.NOT_OFFERED)
        return states.GivenUp(str(error), retryable=may_pass)

    def _without(self, absent: tuple[int, str], error: AdsError) -> Event:
        """Write down that a profile lacks something; but not of what it had, where Amazon does not say so in words.

        What a client has must not go missing in silence: that is a failure, whose reason is shown until it is mended.
        """
        profile_id, what = absent
        in_words = isinstance(error, NotOfferedError) and not error.type_only
        if not in_words and self._ledger.has_rows(profile_id, _types_of(what)):
            reason = f"Amazon refuses what it served before: {error}"
            self._roster.has(*absent)
            event = states.GivenUp(reason, retryable=error.category is Category.REFUSED)
        else:
            reason = str(error)
            self._roster.lacks(*absent, reason)
            if self._lacking is not None:
                self._lacking.add(absent)
            event = states.GivenUp(reason, retryable=True)
        self._not_offered[absent] = reason
        return event

    def _note_that_it_works(self, row: ReportRow) -> None:
        if (row.account, row.profile_id) not in self._serving:
            self._roster.unblock(row.profile_id, row.account)
            self._serving.add((row.account, row.profile_id))
        if row.account not in self._working:
            self._roster.account_ok(row.account)
            self._working.add(row.account)
        if self._lacking is None:  # one question for all: to take back what is not there would be one for each report
            self._lacking = {(profile, what) for profile, lacks in self._roster.lacking().items() for what in lacks}
        for offer in self._lacking.intersection(_offers(row)):
            self._roster.has(*offer)
            self._lacking.discard(offer)

    def _oldest_served(self, row: ReportRow) -> date:
        return self._ledger.clock().date() - timedelta(days=REPORT_TYPES[row.report_type].retention_days)


_STEPS = {
    State.PLANNED: Steps._ask,
    State.REQUESTED: Steps._poll,
    State.READY: Steps._download,
}


def _offers(row: ReportRow) -> tuple[tuple[int, str], tuple[int, str]]:
    """Return what a profile must have for a report: the ad product, and the report type."""
    report_type = REPORT_TYPES[row.report_type]
    return (row.profile_id, report_type.ad_product), (row.profile_id, report_type.report_type_id)


def _absent(row: ReportRow, error: AdsError) -> tuple[int, str] | None:
    """Return what a profile seems not to have, if an error says so.

    That is never Sponsored Products, which every advertiser may use: to be refused those is to be refused the profile,
    and that Amazon does not know one of their report types is a failure to be seen. What else is refused of a profile
    that turns out to be refused altogether is forgotten again when it is blocked.
    """
    product, report_type = _offers(row)
    if REPORT_TYPES[row.report_type].ad_product == SPONSORED_PRODUCTS:
        return None
    if isinstance(error, NotOfferedError):
        return report_type if error.type_only else product
    return product if error.category is Category.REFUSED else None


def _types_of(what: str) -> list[str]:
    """Return the groupings that belong to an ad product, or to one of Amazon's report types."""
    return [name for name, declared in REPORT_TYPES.items() if what in (declared.ad_product, declared.report_type_id)]


def _event_of_status(report: Report, before: State) -> Event | None:
    if report.status is ReportStatus.FAILED:
        return states.FailedAtAmazon(report.failure_reason or "Amazon says FAILED and gives no reason")
    if report.status is ReportStatus.COMPLETED and before is State.REQUESTED:
        return states.Cooked()
    if before is State.READY:
        return states.Troubled(f"Amazon called the report ready, and now says {report.status}")
    return None
