"""A scripted Amazon behind httpx's mock transport: what was asked of it, and what it is to answer next."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable

import httpx
from pydantic import SecretStr

from ppc_pipeline.amazon_ads.auth import Credentials, TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.amazon_ads.throttle import MemoryThrottle

PROFILE_ID = 3991703629696934
REPORT_ID = "88dac5e8-0987-4534-a9d6-e2addbbff342"
CLIENT_SECRET = "s3cret-of-the-application"
REFRESH_TOKEN = "Atzr|the-refresh-token"

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Pieces(httpx.AsyncByteStream):
    """A body that arrives in pieces; an exception among them is a connection that breaks there."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.closed = True


class FakeAmazon:
    """Answers API calls with the scripted replies in turn, and logins with tokens ``Atza|token-1``, ``-2``..."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.logins: list[httpx.Request] = []
        self.replies: deque[Reply] = deque()
        self.login_replies: deque[Reply] = deque()
        self.always: Reply | None = None
        self.expires_in = 3600
        self.transport = httpx.MockTransport(self._answer)

    def script(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    @property
    def last_body(self) -> dict[str, object]:
        return json.loads(self.requests[-1].content)

    def bearers(self) -> list[str]:
        return [request.headers["Authorization"] for request in self.requests]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.001)  # as on a network, others get their turn meanwhile
        if request.url.path == "/auth/o2/token":
            self.logins.append(request)
            reply = self.login_replies.popleft() if self.login_replies else self._token()
        else:
            self.requests.append(request)
            reply = self.replies.popleft() if self.replies else self.always
        if isinstance(reply, Exception):
            raise reply
        assert reply is not None, f"nobody scripted an answer to {request.method} {request.url.path}"
        response = reply(request) if callable(reply) else reply
        if response.is_stream_consumed:  # httpx reads a ready-made body at once; a network lets one read it
            return httpx.Response(response.status_code, headers=response.headers, stream=Pieces(response.content))
        return response

    def _token(self) -> httpx.Response:
        token = f"Atza|token-{len(self.logins)}"
        return ok({"access_token": token, "token_type": "bearer", "expires_in": self.expires_in})


class Naps:
    """Takes the place of sleeping: remembers for how long, and moves a clock."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 1000.0

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def ok(body: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body, headers={"x-amz-rid": "RID123"})


def refuse(status: int, detail: str = "no", headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"code": str(status), "detail": detail}, headers=headers)


def html(status: int) -> httpx.Response:
    page = f"<html><head><title>{status} from openresty</title></head><body>...</body></html>"
    return httpx.Response(status, text=page, headers={"content-type": "text/html"})


def credentials(**changes: object) -> Credentials:
    values: dict[str, object] = {
        "account": "acme",
        "region": Region.EU,
        "client_id": "amzn1.application-oa2-client.x",
        "client_secret": SecretStr(CLIENT_SECRET),
        "refresh_token": SecretStr(REFRESH_TOKEN),
        "api_url": "https://ads.test",
        "token_url": "https://login.test/auth/o2/token",
    }
    return Credentials(**(values | changes))


def client(amazon: FakeAmazon, naps: Naps, tokens: TokenCache, **changes: object) -> AmazonAdsClient:
    values: dict[str, object] = {
        "transport": amazon.transport,
        "tokens": tokens,
        "retries": Retries(sleep=naps.sleep),
        "throttle": MemoryThrottle(clock=naps.clock),
    }
    return AmazonAdsClient(credentials(), **(values | changes))


async def collect(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def report(status: str = "PENDING", **changes: object) -> dict[str, object]:
    """A report as Amazon shows it while it runs."""
    empty: Iterable[str] = ("failureReason", "fileSize", "generatedAt", "url", "urlExpiresAt")
    return dict.fromkeys(empty) | {
        "reportId": REPORT_ID,
        "status": status,
        "name": "ours",
        "startDate": "2026-11-01",
        "endDate": "2026-11-02",
        "createdAt": "2026-11-03T06:34:23.256Z",
        "updatedAt": "2026-11-03T06:34:23.256Z",
        "configuration": {"filters": None},
        **changes,
    }
