"""How long to leave Amazon alone after a 429.

Here: the rule (``cooldown_seconds``), what a shared cool-down must offer (``Throttle``), and one kept in memory.
Not here: a cool-down that all processes of all hosts share (the ledger keeps it), or who waits (``calls``).
"""

import math
import random
import time
from collections.abc import Callable
from typing import Protocol

BASE_SECONDS = 2.0
CAP_SECONDS = 900.0
# No cool-down of Amazon's lasts a day: a value beyond that is a slip, a timestamp for instance.
PLAUSIBLE_SECONDS = 86_400.0


def plausible_seconds(retry_after: float | None) -> float | None:
    """Return what Amazon asked for if it makes sense: a positive number of seconds, less than a day."""
    if retry_after is not None and math.isfinite(retry_after) and 0 < retry_after <= PLAUSIBLE_SECONDS:
        return retry_after
    return None


def cooldown_seconds(strikes: int, retry_after: float | None, rng: random.Random) -> float:
    """Say how long to cool down after a 429.

    Amazon's documentation promises ``Retry-After`` on every 429; report creation often sends none. Its advice for that
    case is 2 s, 4 s, 8 s and so on. Full jitter (anything from nothing to that ceiling) keeps many callers from coming
    back together.

    Args:
        strikes: 429s in a row, this one included.
        retry_after: Seconds Amazon asked for; None, and values that make no sense, count as silence.
        rng: Where the jitter comes from.

    Returns:
        Seconds: as many as Amazon asked for; of our own accord, 900 at most.
    """
    if (asked := plausible_seconds(retry_after)) is not None:
        return asked
    doublings = min(max(strikes, 1) - 1, 30)
    return rng.uniform(0.0, min(CAP_SECONDS, BASE_SECONDS * 2.0**doublings))


class Throttle(Protocol):
    """A cool-down of one account in one region, kept by ad product: one product's 429s do not stop the others.

    Nor do those of its reports stop its lists: what Amazon throttles apart has a name of its own in ``ad_product``, as
    ``LIST SPONSORED_BRANDS`` is, and ``LIST SPONSORED_BRANDS budgetRules`` (``calls.Call``). It is empty for calls that
    belong to none (profiles, portfolios, looking at a report).
    """

    async def wait_seconds(self, ad_product: str) -> float:
        """Return the seconds until calls of this ad product may be sent; 0 for now."""

    async def hit(self, ad_product: str, retry_after: float | None) -> float:
        """Take note of a 429, with the seconds Amazon asked for if it did; return the seconds to cool down."""

    async def ok(self, ad_product: str) -> None:
        """Take note that a call went through: strikes are forgotten."""


class MemoryThrottle:
    """A ``Throttle`` for one process.

    Calls that were under way together are refused together: 429s that arrive during a cool-down belong to the strike
    that began it, otherwise twenty concurrent calls would count as twenty strikes and stop an account for 15 minutes.

    Args:
        clock: Monotonic seconds.
        rng: Where the jitter comes from.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, rng: random.Random | None = None) -> None:
        self._clock = clock
        self._rng = rng or random.SystemRandom()
        self._strikes: dict[str, int] = {}
        self._until: dict[str, float] = {}

    async def wait_seconds(self, ad_product: str) -> float:
        """Return the seconds until calls of this ad product may be sent; 0 for now."""
        return max(0.0, self._until.get(ad_product, 0.0) - self._clock())

    async def hit(self, ad_product: str, retry_after: float | None) -> float:
        """Take note of a 429, with the seconds Amazon asked for if it did; return the seconds to cool down."""
        now, until = self._clock(), self._until.get(ad_product, 0.0)
        if until <= now:
            self._strikes[ad_product] = self._strikes.get(ad_product, 0) + 1
        cooldown = cooldown_seconds(self._strikes.get(ad_product, 1), retry_after, self._rng)
        self._until[ad_product] = max(until, now + cooldown)
        return self._until[ad_product] - now

    async def ok(self, ad_product: str) -> None:
        """Take note that a call went through: strikes are forgotten."""
        self._strikes.pop(ad_product, None)
