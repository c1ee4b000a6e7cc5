"""API usage: what was called, refused and repeated, by day, account and ad product."""

import asyncio
import multiprocessing
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.amazon_ads.metering import Outcome
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.reports import states
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.schema import usage
from ppc_pipeline.reports.throttling import LedgerThrottle
from ppc_pipeline.reports.usage import LedgerMeter, usage_by_day, usage_since
from ppc_pipeline_tests.fakes import Clock, client_of, order, window

SP = "SPONSORED_PRODUCTS"


async def at_once(_):
    pass


class Answers:
    """Answers calls with statuses, one after the other."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)

    @property
    def transport(self):
        return httpx.MockTransport(self._answer)

    def _answer(self, request):
        if request.url.path == "/auth/o2/token":
            return httpx.Response(200, json={"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600})
        status = self.statuses.pop(0)
        return httpx.Response(status, json=[] if status == 200 else {"code": str(status), "details": "no"})


def call(ledger, *statuses, attempts=5):
    async def work():
        shared = (ledger, "acme", Region.NA)
        client = client_of(
            Answers(*statuses),
            throttle=LedgerThrottle(*shared),
            meter=LedgerMeter(*shared),
            retries=Retries(attempts=attempts, sleep=at_once),
        )
        async with client:
            await client.list_profiles()

    asyncio.run(work())


def test_every_request_counts_with_what_came_of_it(ledger):
    call(ledger, 500, 502, 200)
    (used,) = usage_since(ledger, ledger.clock().date())
    assert (used.account, used.region, used.ad_product) == ("acme", "NA", "")
    assert (used.calls, used.ok, used.failed, used.throttled, used.retries) == (3, 1, 2, 0, 2)
    assert used.success_rate == pytest.approx(1 / 3)


def test_calls_that_never_succeed_count_as_well(ledger):
    with pytest.raises(AdsError):
        call(ledger, 500, 500, attempts=2)
    (used,) = usage_since(ledger, ledger.clock().date())
    assert (used.calls, used.ok, used.failed, used.retries) == (2, 0, 2, 1)


def test_a_429_counts_as_throttled_and_its_cool_down_in_seconds(ledger):
    with pytest.raises(AdsError):
        call(ledger, 429, attempts=1)
    (used,) = usage_since(ledger, ledger.clock().date())
    assert (used.calls, used.throttled, used.failed) == (1, 1, 0)
    assert 0 < used.seconds_cooled <= 2


def test_what_amazon_refuses_is_told_apart_from_what_it_does_not_answer(ledger):
    with pytest.raises(AdsError):
        call(ledger, 403, attempts=1)
    with pytest.raises(AdsError):
        call(ledger, 500, attempts=1)
    (used,) = usage_since(ledger, ledger.clock().date())
    assert (used.calls, used.refused, used.failed) == (2, 1, 1)


def test_counts_of_a_release_that_did_not_count_refusals_are_read_and_added_to(ledger):
    call(ledger, 200)
    with ledger.transaction() as connection:
        connection.execute(update(usage).values(refused=None))
    with pytest.raises(AdsError):
        call(ledger, 403, attempts=1)
    (used,) = usage_since(ledger, ledger.clock().date())
    assert (used.calls, used.refused) == (2, 1)
    assert [one.refused for _, one in usage_by_day(ledger, ledger.clock().date())] == [1]


def test_seconds_of_cool_downs_that_overlap_count_once(ledger):
    throttle = LedgerThrottle(ledger, "acme", Region.NA)
    for seconds in (30, 20, 40):
        asyncio.run(throttle.hit(SP, seconds))
    assert [used.seconds_cooled for used in usage_since(ledger, ledger.clock().date())] == [40]


def test_days_are_told_apart_and_added_up(ledger, clock):
    call(ledger, 200)
    clock.forward(days=1)
    call(ledger, 200)
    call(ledger, 200)
    first = clock().date() - timedelta(days=1)
    assert [(day, used.calls) for day, used in usage_by_day(ledger, first)] == [(first, 1), (clock().date(), 2)]
    assert [used.calls for used in usage_since(ledger, first)] == [3]
    assert [used.calls for used in usage_since(ledger, clock().date())] == [2]


def test_reports_in_flight_are_counted_for_their_account_and_ad_product(ledger):
    LedgerMeter(ledger, "acme", Region.NA).flush()
    meter = LedgerMeter(ledger, "acme", Region.NA)
    meter.called(SP, Outcome.OK, again=False)
    meter.flush()
    for kind in ("spCampaigns", "spTargeting", "spSearchTerm"):
        row = ledger.claim(order(ledger, window(kind=kind)).id, "me")
        row = ledger.record(row, states.Accepted(kind))
    ledger.record(row, states.Cooked())
    order(ledger, window(kind="spAdvertisedProduct"))
    (used,) = usage_since(ledger, ledger.clock().date())
    assert used.reports_in_flight == 2


def count_in_a_process(url, now, ready):
    ledger = Ledger.open(url, Clock(now))
    meter = LedgerMeter(ledger, "acme", Region.NA)
    ready.wait(30)
    for _ in range(20):
        meter.called(SP, Outcome.OK, again=False)
        meter.flush()
    ledger.close()


def test_no_count_is_lost_where_processes_count_at_the_same_time(ledger, url, clock):
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    processes = [context.Process(target=count_in_a_process, args=(url, clock(), ready)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [used.calls for used in usage_since(ledger, clock().date())] == [40]
