"""The rule of the cool-down, and the one kept in memory."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.throttle import (
    CAP_SECONDS,
    PLAUSIBLE_SECONDS,
    MemoryThrottle,
    cooldown_seconds,
    plausible_seconds,
)
from ppc_pipeline_tests.amazon_ads.fakes import Naps


class Highest(random.Random):
    """Jitter that always draws the ceiling."""

    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.mark.parametrize(
    ("strikes", "retry_after", "seconds"),
    [
        (1, None, 2),
        (2, None, 4),
        (5, None, 32),
        (9, None, 512),
        (10, None, 900),
        (10_000, None, 900),
        (0, None, 2),
        (1, 42.0, 42),
        (9, 0.5, 0.5),
        (1, 3600.0, 3600),
        (1, 86_400.0, 86_400),
        (1, 0.0, 2),
        (1, -5.0, 2),
        (1, float("nan"), 2),
        (1, float("inf"), 2),
        (1, 1_764_000_000.0, 2),  # a timestamp where seconds belong
    ],
)
def test_the_cool_down_honours_amazon_and_doubles_in_its_silence(strikes, retry_after, seconds):
    assert cooldown_seconds(strikes, retry_after, Highest()) == seconds


@given(st.integers(-3, 10**6), st.none() | st.floats(), st.randoms())
def test_a_cool_down_is_never_negative_nor_longer_than_was_asked_or_than_the_cap(strikes, retry_after, rng):
    most = plausible_seconds(retry_after) or CAP_SECONDS
    assert 0 <= cooldown_seconds(strikes, retry_after, rng) <= most <= PLAUSIBLE_SECONDS


@pytest.mark.anyio
class TestMemoryThrottle:
    @pytest.fixture
    def throttle(self, naps: Naps) -> MemoryThrottle:
        return MemoryThrottle(clock=naps.clock, rng=Highest())

    async def test_a_429_stops_its_ad_product_and_no_other(self, throttle: MemoryThrottle):
        assert await throttle.hit("SB", 30) == 30
        assert await throttle.wait_seconds("SB") == 30
        assert await throttle.wait_seconds("SP") == 0

    async def test_strikes_in_a_row_double_the_wait(self, throttle: MemoryThrottle, naps: Naps):
        waits = []
        for _ in range(3):
            waits.append(await throttle.hit("SP", None))
            await naps.sleep(waits[-1])
        assert waits == [2, 4, 8]

    async def test_429s_of_one_burst_are_one_strike(self, throttle: MemoryThrottle, naps: Naps):
        assert [await throttle.hit("SP", None) for _ in range(20)] == [2] * 20
        await naps.sleep(2)
        assert await throttle.hit("SP", None) == 4

    async def test_a_success_forgets_the_strikes(self, throttle: MemoryThrottle, naps: Naps):
        await naps.sleep(await throttle.hit("SP", None))
        await throttle.ok("SP")
        assert await throttle.hit("SP", None) == 2

    async def test_a_success_that_was_under_way_does_not_end_the_cool_down(self, throttle: MemoryThrottle):
        await throttle.hit("SP", 30)
        await throttle.ok("SP")
        assert await throttle.wait_seconds("SP") == 30

    async def test_a_longer_wait_is_not_cut_by_a_shorter_one(self, throttle: MemoryThrottle):
        await throttle.hit("SP", 100)
        assert await throttle.hit("SP", 5) == 100
