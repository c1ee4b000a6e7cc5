"""One call of the Ads API from beginning to end: cool-down, token, headers, answer, error, and again.

Here: what every endpoint has in common. Not here: which endpoints there are (``client``), what an answer means
(``responses``), when a call is repeated (``retries``).
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from ppc_pipeline.amazon_ads.answers import Answer
from ppc_pipeline.amazon_ads.auth import Credentials, Login
from ppc_pipeline.amazon_ads.errors import Category, ThrottledError
from ppc_pipeline.amazon_ads.exchange import Limits, exchange
from ppc_pipeline.amazon_ads.metering import Meter, NoMeter, Outcome
from ppc_pipeline.amazon_ads.responses import Operation, error_of, is_about_scope
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.amazon_ads.throttle import Throttle

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Patience:
    """The seconds that calls which belong together, such as the pages of a list, may yet wait for cool-downs."""

    left: float


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask of Amazon.

    Attributes:
        operation: In words.
        method: HTTP method.
        path: Below the API host.
        profile_id: The scope; None for the few calls without one.
        ad_product: Whose cool-down it obeys, and under which it is counted: an ad product for the creation of reports,
            ``LIST SPONSORED_BRANDS`` or ``EXPORT campaigns`` for what Amazon throttles apart from it, empty for none in
            particular.
        content_type: Of the body.
        accept: Media type of the answer. Reporting documents vendor types and serves plain JSON: there, anything goes.
        query: URL parameters.
        body: To be sent as JSON.
        patience: For cool-downs longer than ``Retries.max_wait``; without it they are the caller's business.
    """

    operation: Operation
    method: str
    path: str
    profile_id: int | None = None
    ad_product: str = ""
    content_type: str = "application/json"
    accept: str = "*/*"
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How calls and downloads behave.

    Attributes:
        retries: When to send again.
        limits: Time and size.
        concurrency: Under way at once, calls and downloads counted apart.
    """

    retries: Retries
    limits: Limits
    concurrency: int


class Caller:
    """Sends calls of one account.

    Args:
        http: The connections.
        credentials: Of the account.
        login: Its way to a token.
        throttle: Its cool-downs.
        policy: Patience and limits.
        meter: Counts what is sent, and what came of it.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials,
        login: Login,
        throttle: Throttle,
        policy: Policy,
        meter: Meter | None = None,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._login = login
        self._throttle = throttle
        self._meter = meter or NoMeter()
        self._retries = policy.retries
        self._limits = policy.limits
        self._slots = asyncio.Semaphore(policy.concurrency)

    async def send(self, call: Call, parse: Callable[[Answer], T]) -> T:
        """Send a call until it succeeds or there is no point in going on.

        Reading the answer is part of an attempt: a cut-off or malformed one is asked for again. A refused token is
        renewed once a call, unless the refusal is about the profile. A cool-down that is too long to be retried through
        is waited out as far as the call has patience, and what was waited for does not count as tried.

        Args:
            call: What to ask.
            parse: Reads a successful answer.

        Returns:
            What ``parse`` returned.

        Raises:
            AdsError: Any of them; see ``responses.error_of``.
        """
        renewed = sent = False

        async def attempt() -> T:
            nonlocal renewed, sent
            token = await self._login.token()
            async with self._turn(call):
                again, sent = sent, True
                answer = await self._ask(call, token, again=again)
            if answer.status == 401 and not renewed and not is_about_scope(answer):
                renewed = True
                token = await self._login.renew(token)
                async with self._turn(call):
                    answer = await self._ask(call, token, again=True)
            await self._judge(call, answer)
            return parse(answer)

        while True:
            try:
                return await self._retries.run(attempt)
            except ThrottledError as error:
                await self._wait_out(call, error)

    @asynccontextmanager
    async def _turn(self, call: Call) -> AsyncIterator[None]:
        """Hold a place among the calls under way while nothing cools down; short cool-downs are waited for without it.

        Asked with the place in hand: a cool-down may begin while the call queues for one, and be prolonged meanwhile.
        """
        waited = 0.0
        while True:
            async with self._slots:
                seconds = await self._throttle.wait_seconds(call.ad_product)
                if seconds <= 0:
                    yield
                    return
            waited += seconds
            if waited > self._retries.max_wait:
                raise ThrottledError(
                    f"not sent (to {call.operation}): cooling down for {seconds:.0f} s more after Amazon's last 429",
                    retry_after=seconds,
                    account=self._credentials.account,
                    profile_id=call.profile_id,
                )
            await self._retries.sleep(seconds)

    async def _wait_out(self, call: Call, error: ThrottledError) -> None:
        """Wait for as long as a cool-down lasts; raise it where the call has no patience, or not enough.

        A call that was refused again and again waits for no less than ``max_wait``, whatever it was told.
        """
        if call.patience is None:
            raise error
        seconds = max(error.retry_after or 0.0, self._retries.max_wait)
        if seconds > call.patience.left:
            error.message += (
                f"; {seconds:.0f} s are to be waited, and there was time for {call.patience.left:.0f} s more"
            )
            raise error
        call.patience.left -= seconds
        logger.info("%s; waiting for %.0f s", error, seconds)
        await self._retries.sleep(seconds)

    async def _ask(self, call: Call, token: str, *, again: bool) -> Answer:
        request = self._http.build_request(
            call.method,
            self._credentials.api_url.rstrip("/") + call.path,
            params=dict(call.query) or None,
            headers=self._headers(call, token),
            content=None if call.body is None else json.dumps(call.body).encode(),
        )
        outcome = Outcome.FAILED
        try:
            answer = await exchange(
                self._http, request, self._limits, account=self._credentials.account, profile_id=call.profile_id
            )
            outcome = _outcome(answer, call.operation)
            return answer
        finally:
            self._meter.called(call.ad_product, outcome, again=again)

    def _headers(self, call: Call, token: str) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {token}",
            "Amazon-Advertising-API-ClientId": self._credentials.client_id,
            "Accept": call.accept,
        }
        if call.profile_id is not None:
            headers["Amazon-Advertising-API-Scope"] = str(call.profile_id)
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        return headers

    async def _judge(self, call: Call, answer: Answer) -> None:
        error = error_of(answer, call.operation)
        if isinstance(error, ThrottledError):
            error.retry_after = await self._throttle.hit(call.ad_product, error.retry_after)
        if error is not None:
            raise error
        await self._throttle.ok(call.ad_product)


def _outcome(answer: Answer, operation: Operation) -> Outcome:
    error = error_of(answer, operation)
    if error is None:
        return Outcome.OK
    if isinstance(error, ThrottledError):
        return Outcome.THROTTLED
    return Outcome.FAILED if error.category is Category.RETRYABLE else Outcome.REFUSED
