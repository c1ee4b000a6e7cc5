"""Logging in: an account's credentials, and the access tokens they buy.

Here: Login with Amazon's refresh grant, and the cache that makes it one call an hour for an account. Not here: where
credentials come from (settings), or when a token is refused (``calls``).
"""

import asyncio
import hashlib
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, fields

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ppc_pipeline.amazon_ads.errors import AdsError, MalformedResponseError, MisconfiguredError, RetryableError
from ppc_pipeline.amazon_ads.exchange import Limits, exchange
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.responses import login_error_of

RENEWAL_MARGIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one account logs in; safe to print.

    Attributes:
        account: The name people know the account by.
        region: Where its profiles are.
        client_id: Of the Login with Amazon application.
        client_secret: Of the same.
        refresh_token: What the advertiser's consent gave (``Atzr|...``, the prefix is part of it). Consents since
            mid-2026 last 365 days.
        api_url: Base URL of the API host.
        token_url: Full URL of the token endpoint.
    """

    account: str
    region: Region
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    api_url: str
    token_url: str

    def check(self) -> None:
        """Look for what can be told without asking Amazon: blanks, stray line ends, URLs that are none.

        Raises:
            MisconfiguredError: With the name of the setting, never its value.
        """
        for item in fields(self):
            value = getattr(self, item.name)
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            if not text or text != text.strip():
                raise MisconfiguredError(
                    f"{item.name} is empty or has blanks around it", account=self.account, remedy="correct the setting"
                )
        for name, url in (("API", self.api_url), ("token", self.token_url)):
            if not url.startswith(("https://", "http://")):
                raise MisconfiguredError(
                    f"the {name} URL does not begin with https://", account=self.account, remedy="correct the setting"
                )

    @property
    def cache_key(self) -> str:
        """What tells one grant's tokens from another's; says nothing about the secrets."""
        text = "\0".join((self.token_url, self.client_id, self.refresh_token.get_secret_value()))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def token_mark(self) -> str:
        """What tells the account's refresh token from the one it had before, to be remembered.

        32 bits of a digest of hundreds of random characters: nobody finds the token by it, or can tell a right guess
        from four billion wrong ones. The account's name goes in, so that no two accounts' marks can be compared.
        """
        text = f"ppc refresh token\0{self.account}\0{self.refresh_token.get_secret_value()}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]


class Grant(BaseModel):
    """The token endpoint's answer.

    Attributes:
        access_token: Good for every host of the Ads API.
        expires_in: Seconds; 3600 is what Amazon documents.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    access_token: SecretStr = Field(min_length=1)
    expires_in: float = Field(default=3600.0, gt=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: float


LONGEST_LOGIN_SECONDS = 300.0
"""How long somebody else's login is waited for: longer than one takes with all its retries."""


class TokenCache:
    """Access tokens by grant, for all clients, threads and event loops of a process.

    Sensors and assets open a client each, in threads and event loops of their own. Whoever comes first asks Amazon;
    the others wait for that answer, wherever they run.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}
        self._flights: dict[str, Future[str]] = {}

    async def get(self, key: str, fetch: Callable[[], Awaitable[Grant]]) -> str:
        """Return a token that is good for a while yet.

        Args:
            key: Whose token.
            fetch: Asks Amazon for one.

        Returns:
            The access token.

        Raises:
            AdsError: What ``fetch`` raised, here or where it was already under way.
        """
        with self._lock:
            token = self._tokens.get(key)
            if token is not None and self._clock() < token.renew_at:
                return token.value
            under_way = self._flights.get(key)
            if under_way is None:
                flight = self._flights[key] = Future()
        if under_way is not None:
            try:
                async with asyncio.timeout(LONGEST_LOGIN_SECONDS):
                    # Shielded: one waiter's cancellation must not take the answer from the others.
                    return await asyncio.shield(asyncio.wrap_future(under_way))
            except TimeoutError:
                raise RetryableError("the login that another task began did not end") from None
        try:
            grant = await fetch()
        except BaseException as error:
            self._land(key, flight, error if isinstance(error, AdsError) else RetryableError("the login was cut short"))
            raise
        return self._land(key, flight, grant)

    def drop(self, key: str, refused: str) -> None:
        """Forget a token Amazon refused; one that has taken its place meanwhile stays."""
        with self._lock:
            token = self._tokens.get(key)
            if token is not None and token.value == refused:
                del self._tokens[key]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._tokens.clear()
            self._flights.clear()

    def _land(self, key: str, flight: Future[str], outcome: Grant | AdsError) -> str:
        value = outcome.access_token.get_secret_value() if isinstance(outcome, Grant) else ""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if isinstance(outcome, Grant):
                margin = min(RENEWAL_MARGIN_SECONDS, outcome.expires_in / 10)
                self._tokens[key] = _Token(value, self._clock() + outcome.expires_in - margin)
        if isinstance(outcome, Grant):
            flight.set_result(value)
        else:
            flight.set_exception(outcome)
        return value


TOKENS = TokenCache()
"""The tokens of this process."""


class Login:
    """One account's way to a token.

    Args:
        credentials: Of the account.
        http: The connections.
        limits: Of the token call.
        tokens: Where tokens are kept.
    """

    def __init__(self, credentials: Credentials, http: httpx.AsyncClient, limits: Limits, tokens: TokenCache) -> None:
        self._credentials = credentials
        self._http = http
        self._limits = limits
        self._tokens = tokens

    async def token(self) -> str:
        """Return an access token, from the cache or from Amazon.

        Raises:
            MisconfiguredError: Amazon does not accept the credentials; the remedy says which part to mend.
            RetryableError: Login with Amazon is out of order or unreachable for now.
        """
        return await self._tokens.get(self._credentials.cache_key, self._fetch)

    async def renew(self, refused: str) -> str:
        """Return another access token than the one Amazon refused.

        Raises:
            AdsError: As ``token`` does.
        """
        self._tokens.drop(self._credentials.cache_key, refused)
        return await self.token()

    async def _fetch(self) -> Grant:
        credentials = self._credentials
        credentials.check()
        form = {
            "grant_type": "refresh_token",
            "refresh_token": credentials.refresh_token.get_secret_value(),
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret.get_secret_value(),
        }
        request = self._http.build_request("POST", credentials.token_url, data=form)
        answer = await exchange(self._http, request, self._limits, account=credentials.account)
        if error := login_error_of(answer):
            raise error
        try:
            return Grant.model_validate_json(answer.body)
        except ValidationError:
            pass
        # The body is not kept: whatever is wrong with it, it may hold a token.
        raise MalformedResponseError("Login with Amazon's answer holds no access token", **answer.origin)
