"""The shared cool-down: what one process is told, all obey."""

import asyncio
import multiprocessing

import pytest

from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.throttle import BASE_SECONDS
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.schema import cooldowns
from ppc_pipeline.reports.throttling import LedgerThrottle
from ppc_pipeline_tests.fakes import Clock

SP = "SPONSORED_PRODUCTS"


def wait(throttle, product=SP):
    return asyncio.run(throttle.wait_seconds(product))


def hit(throttle, retry_after=None, product=SP):
    return asyncio.run(throttle.hit(product, retry_after))


def ok(throttle, product=SP):
    asyncio.run(throttle.ok(product))


def of(ledger, account="acme", region=Region.NA):
    return LedgerThrottle(ledger, account, region)


def written(ledger):
    with ledger.engine.connect() as connection:
        return connection.execute(cooldowns.select()).mappings().one()


def test_nobody_waits_before_the_first_429(ledger):
    assert wait(of(ledger)) == 0


def test_a_429_that_one_sees_holds_back_the_other_until_it_is_over(ledger, clock):
    assert hit(of(ledger), 30) == 30
    other = of(ledger)
    assert wait(other) == 30
    clock.forward(seconds=29)
    assert wait(other) == 1
    clock.forward(seconds=1)
    assert wait(other) == 0


def told_by_a_process(url, now, seconds):
    ledger = Ledger.open(url, Clock(now))
    asyncio.run(LedgerThrottle(ledger, "acme", Region.NA).hit(SP, seconds))
    ledger.close()


def test_a_429_that_one_process_sees_holds_back_another(ledger, url, clock):
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=told_by_a_process, args=(url, clock.now, 45.0))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert wait(of(ledger)) == 45


def test_the_first_429_of_all_may_be_written_down_by_many_at_once(ledger, at_once):
    at_once(lambda other, number: hit(of(other), 10 + number))
    assert (written(ledger)["strikes"], wait(of(ledger))) == (1, 15)


@pytest.mark.parametrize(
    ("account", "region", "product"),
    [("other", Region.NA, SP), ("acme", Region.EU, SP), ("acme", Region.NA, "SPONSORED_BRANDS")],
)
def test_other_accounts_regions_and_ad_products_are_not_held_back(ledger, account, region, product):
    hit(of(ledger), 30)
    assert wait(of(ledger, account, region), product) == 0


def test_calls_that_are_refused_together_are_one_strike(ledger, clock):
    one, other = of(ledger), of(ledger)
    first = hit(one, 10)
    assert hit(other, 10) == hit(one) == first
    assert written(ledger)["strikes"] == 1
    clock.forward(seconds=10)
    hit(one, 10)
    assert written(ledger)["strikes"] == 2


def test_a_longer_wait_that_amazon_asks_for_during_a_cool_down_is_obeyed(ledger):
    hit(of(ledger), 5)
    assert hit(of(ledger), 60) == 60
    assert wait(of(ledger)) == 60
    assert hit(of(ledger), 1) == 60


def test_a_wait_of_hours_that_amazon_asks_for_is_obeyed_to_the_end(ledger, clock):
    hit(of(ledger), 3 * 3600)
    clock.forward(hours=2)
    assert wait(of(ledger)) == 3600


def test_strikes_in_a_row_raise_the_ceiling_of_the_wait_and_a_call_that_goes_through_forgets_them(ledger, clock):
    throttle = of(ledger)
    for strikes in range(1, 8):
        seconds = hit(throttle)
        assert 0 <= seconds <= BASE_SECONDS * 2 ** (strikes - 1)
        assert written(ledger)["strikes"] == strikes
        clock.forward(seconds=seconds + 0.001)
    assert wait(throttle) == 0
    ok(throttle)
    assert written(ledger)["strikes"] == 0
    assert hit(throttle) <= BASE_SECONDS


def test_an_answer_to_a_call_sent_before_the_429_does_not_end_the_cool_down(ledger, clock):
    throttle = of(ledger)
    hit(throttle, 30)
    ok(throttle)
    assert wait(throttle) == 30
    clock.forward(seconds=31)
    assert wait(throttle) == 0
    ok(throttle)
    assert written(ledger)["strikes"] == 0


def test_strikes_that_cannot_be_forgotten_now_are_forgotten_at_the_next_call_that_goes_through(ledger, clock):
    throttle = of(ledger)
    hit(throttle, 30)
    clock.forward(seconds=31)
    with ledger.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE cooldowns RENAME TO elsewhere")
    ok(throttle)
    with ledger.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO cooldowns")
    ok(throttle)
    assert written(ledger)["strikes"] == 0
