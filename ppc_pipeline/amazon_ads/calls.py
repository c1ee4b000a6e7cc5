"""One call of the Ads API from beginning to end: cool-down, token, headers, answer, error, and again.

Here: what every endpoint has in common. Not here: which endpoints there are (``client``), what an answer means
(``responses``), when a call is repeated (``retries``).
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from ppc_pipeline.amazon_ads.answers import Answer
from ppc_pipeline.amazon_ads.auth import Credentials, Login
from ppc_pipeline.amazon_ads.errors import ThrottledError
from ppc_pipeline.amazon_ads.exchange import Limits, exchange
from ppc_pipeline.amazon_ads.metering import Meter, NoMeter, Outcome
from ppc_pipeline.amazon_ads.responses import Operation, error_of, is_about_scope
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.amazon_ads.throttle import Throttle

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask of Amazon.

    Attributes:
        operation: In words.
        method: HTTP method.
        path: Below the API host.
        profile_id: The scope; None for the few calls without one.
        ad_product: Whose cool-down it obeys; empty for none in particular.
        content_type: Of the body.
        accept: Media type of the answer. Reporting documents vendor types and serves plain JSON: there, anything goes.
        query: URL parameters.
        body: To be sent as JSON.
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
        renewed once a call, unless the refusal is about the profile.

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
            await self._cool_down(call)
            token = await self._login.token()
            again, sent = sent, True
            answer = await self._ask(call, token, again=again)
            if answer.status == 401 and not renewed and not is_about_scope(answer):
                renewed = True
                answer = await self._ask(call, await self._login.renew(token), again=True)
            await self._judge(call, answer)
            return parse(answer)

        return await self._retries.run(attempt)

    async def _cool_down(self, call: Call) -> None:
        """Wait for the shared cool-down, if it is a short one; it may be prolonged meanwhile by somebody else."""
        waited = 0.0
        while (seconds := await self._throttle.wait_seconds(call.ad_product)) > 0:
            if waited + seconds > self._retries.max_wait:
                raise ThrottledError(
                    f"not sent (to {call.operation}): cooling down for {seconds:.0f} s more after Amazon's last 429",
                    retry_after=seconds,
                    account=self._credentials.account,
                    profile_id=call.profile_id,
                )
            await self._retries.sleep(seconds)
            waited += seconds

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
            async with self._slots:
                answer = await exchange(
                    self._http,
                    request,
                    self._limits,
                    account=self._credentials.account,
                    profile_id=call.profile_id,
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
    return Outcome.THROTTLED if isinstance(error, ThrottledError) else Outcome.FAILED
