"""How much the API is used: calls, 429s, retries and cool-downs by day, account and ad product, to look back on.

Here: counting in memory, adding it to the ledger now and then, reading it. Not here: what counts as a call
(``amazon_ads.calls``) or cooling down (``throttling``). Counters, not accounts: a process that is killed takes the last
seconds' counts with it.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, cast, func, select
from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.amazon_ads.metering import Outcome
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports.ledger import Ledger, is_in_flight
from ppc_pipeline.reports.schema import insert_into, reports, usage

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0

_COUNTERS = ("calls", "ok", "throttled", "refused", "failed", "retries", "seconds_cooled")


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of the API one account used for one ad product.

    Attributes:
        ad_product: Its reports; ``LIST SPONSORED_BRANDS`` are its lists, ``EXPORT campaigns`` exports of all products.
            Empty for calls that belong to none (profiles, portfolios, looking at a report).
        calls: Requests sent, repeated ones included.
        ok: Answered as hoped.
        throttled: Answered 429.
        refused: Answered with another 4xx; counted among ``failed`` by earlier releases.
        failed: Answered with a 5xx or its like, or not at all.
        retries: Requests that repeated one that had failed.
        seconds_cooled: Seconds that 429s told everybody to wait.
        reports_in_flight: Reports that Amazon works on at this moment.
    """

    account: str
    region: str
    ad_product: str
    calls: int
    ok: int
    throttled: int
    refused: int
    failed: int
    retries: int
    seconds_cooled: float
    reports_in_flight: int = 0

    @property
    def success_rate(self) -> float | None:
        """Share of the calls that were answered as hoped; None without a call."""
        return self.ok / self.calls if self.calls else None


class LedgerMeter:
    """Counts the calls of one account in one region. Implements ``amazon_ads.metering.Meter``."""

    def __init__(self, ledger: Ledger, account: str, region: Region) -> None:
        self._ledger = ledger
        self._key = {"account": account, "region": region.value}
        self._counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._flushed = time.monotonic()

    def called(self, ad_product: str, outcome: Outcome, *, again: bool) -> None:
        """Count a request and what came of it."""
        counts = self._counts[ad_product]
        counts["calls"] += 1
        counts["retries"] += again
        counts[outcome.value] += 1
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Add what was counted to the ledger."""
        counts, self._counts = self._counts, defaultdict(lambda: defaultdict(float))
        self._flushed = time.monotonic()
        if not counts:
            return
        day = self._ledger.clock().date()
        try:
            with self._ledger.transaction() as connection:
                for ad_product, numbers in sorted(counts.items()):  # in the same order in every process
                    add_usage(connection, {"day": day, **self._key, "ad_product": ad_product}, numbers)
        except SQLAlchemyError:  # nobody's report may fail because of a counter
            log.warning("the API usage of the last seconds could not be written down", exc_info=True)


def add_usage(connection: Connection, key: Mapping[str, object], numbers: Mapping[str, float]) -> None:
    """Add to the counters of one day, account, region and ad product."""
    values = {name: numbers.get(name, 0) for name in _COUNTERS}
    statement = insert_into(connection, usage).values(**key, **values)
    more = {name: _known(name) + number for name, number in values.items()}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=more))


def usage_since(ledger: Ledger, since: date) -> list[Usage]:
    """Return what each account used for each ad product from a day on, in UTC, and what is in flight now."""
    # PostgreSQL adds whole numbers up to a decimal.
    totals = [cast(func.sum(_known(name)), usage.c[name].type) for name in _COUNTERS]
    group = (usage.c.account, usage.c.region, usage.c.ad_product)
    query = select(*group, *totals).where(usage.c.day >= since).group_by(*group).order_by(*group)
    with ledger.engine.connect() as connection:
        found = connection.execute(query).all()
        flying = in_flight(connection, ledger.clock())
    return [Usage(*(*row, flying.get((row[0], row[2]), 0))) for row in found]


def usage_by_day(ledger: Ledger, since: date) -> list[tuple[date, Usage]]:
    """Return what each account used for each ad product on each day from one on, in UTC, the oldest first."""
    key = (usage.c.account, usage.c.region, usage.c.ad_product)
    counts = [_known(name) for name in _COUNTERS]
    query = select(usage.c.day, *key, *counts).where(usage.c.day >= since).order_by(usage.c.day, *key)
    with ledger.engine.connect() as connection:
        return [(day, Usage(*row)) for day, *row in connection.execute(query)]


def in_flight(connection: Connection, now: datetime) -> dict[tuple[str, str], int]:
    """Count the reports that Amazon works on, by account and ad product."""
    query = select(reports.c.account, reports.c.report_type, func.count()).where(is_in_flight(now))
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for account, report_type, number in connection.execute(query.group_by(reports.c.account, reports.c.report_type)):
        declared = REPORT_TYPES.get(report_type)
        counts[account, declared.ad_product if declared else ""] += number
    return counts


def _known(counter: str) -> ColumnElement[Any]:
    """Return a counter; 0 where it was not counted yet."""
    return func.coalesce(usage.c[counter], 0)
