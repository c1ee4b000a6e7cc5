"""Trying again: the one place that decides whether, when and how often a failed call is repeated.

Here: the policy, on top of tenacity. Not here: what counts as retryable (``errors``: the category alone decides), or
waiting for longer than seconds, which is the business of callers that can do something else meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from ppc_pipeline.amazon_ads.errors import AdsError, Category, ThrottledError, UrlExpiredError

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """When a failed call is sent again.

    Attributes:
        attempts: Sendings of one call, the first included.
        max_seconds: No sending begins later than this many seconds after the first.
        base_wait: Seconds; the ceiling of the first wait, doubled for each that follows (full jitter).
        max_wait: Seconds; the longest single wait. When Amazon or the throttle asks for more, the error is raised at
            once and says how long: the caller has better things to do than to sit here, or the patience (``calls``).
        sleep: How to wait; tests put something quicker here.
    """

    attempts: int = 5
    max_seconds: float = 180.0
    base_wait: float = 1.0
    max_wait: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, again and again while it fails in a way that may pass.

        Args:
            work: One attempt.

        Returns:
            What the work returns.

        Raises:
            AdsError: The last attempt's error, when it is of no use or no longer time to try again.
        """
        retrying = AsyncRetrying(
            sleep=self.sleep,
            stop=stop_after_attempt(self.attempts) | stop_before_delay(self.max_seconds),
            wait=self._wait_seconds,
            retry=retry_if_exception(self._is_worth_another),
            before_sleep=_log_wait,
            reraise=True,
        )
        return await retrying(work)

    def _is_worth_another(self, error: BaseException) -> bool:
        if not isinstance(error, AdsError) or isinstance(error, UrlExpiredError):
            return False  # an expired link does not come back to life: whoever holds it must ask for another
        if isinstance(error, ThrottledError) and (error.retry_after or 0.0) > self.max_wait:
            return False
        return error.category is Category.RETRYABLE

    def _wait_seconds(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ThrottledError) and error.retry_after is not None:
            return error.retry_after
        return float(wait_random_exponential(multiplier=self.base_wait, max=self.max_wait)(state))


def _log_wait(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.info("%s; attempt %d follows in %.1f s", error, state.attempt_number + 1, state.upcoming_sleep)
