"""Downloading the file of a report or an export from its presigned link.

Here: the stream and its limits. Not here: where the bytes go, or whether they are a whole gzip file (``reports``).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import httpx

from ppc_pipeline.amazon_ads.answers import Answer, request_id_of
from ppc_pipeline.amazon_ads.calls import Policy
from ppc_pipeline.amazon_ads.errors import MalformedResponseError, Origin, PermanentError, RetryableError
from ppc_pipeline.amazon_ads.exchange import Limits, broken, log_line
from ppc_pipeline.amazon_ads.models import Export, Report
from ppc_pipeline.amazon_ads.responses import download_error_of

_ERROR_BYTES = 4096


class Downloader:
    """Streams the files of one account's reports and exports.

    Args:
        http: The connections; without default headers of ours: the storage refuses a second kind of authorisation,
            and our token is none of its business.
        account: Whom an error concerns.
        policy: Patience and limits. An opening that fails is repeated here; a stream that broke, by the caller.
    """

    def __init__(self, http: httpx.AsyncClient, account: str, policy: Policy) -> None:
        self._http = http
        self._account = account
        self._retries = policy.retries
        self._limits = policy.limits
        self._slots = asyncio.Semaphore(policy.concurrency)

    @asynccontextmanager
    async def open(self, profile_id: int, made: Report | Export) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a file and stream it as it is stored, compressed.

        Args:
            profile_id: Whom an error concerns.
            made: A completed report or export, looked at less than an hour ago.

        Yields:
            The file in pieces.

        Raises:
            UrlExpiredError: The link is no longer good.
            RetryableError: The storage or the connection failed, or the deadline passed; also from the stream.
            PermanentError: The file is larger than allowed; from the stream.
        """
        download = _Download(self._http, made, self._limits, self._account, profile_id)
        async with self._slots:
            response = await self._retries.run(download.begin)
            try:
                async with aclosing(download.chunks(response)) as chunks:
                    yield chunks
            finally:
                await response.aclose()


@dataclass(slots=True)
class _Download:
    http: httpx.AsyncClient
    made: Report | Export
    limits: Limits
    account: str
    profile_id: int

    @property
    def origin(self) -> Origin:
        return Origin(account=self.account, profile_id=self.profile_id)

    async def begin(self) -> httpx.Response:
        """Send the request; return the open response, or raise what its status means."""
        request = self._request()
        started, outcome, request_id = time.perf_counter(), "failed", None
        try:
            async with asyncio.timeout(self.limits.call_seconds):
                response = await self.http.send(request, stream=True)
                outcome, request_id = str(response.status_code), _request_id(response)
                error = await self._refusal(response)
        except TimeoutError:
            raise RetryableError(f"no download within {self.limits.call_seconds:g} s", **self.origin) from None
        except httpx.HTTPError as failure:
            raise broken(failure, account=self.account, profile_id=self.profile_id) from None
        finally:
            log_line(request, outcome, started, request_id)
        if error is not None:
            raise error
        return response

    async def chunks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """Pass the file on piece by piece, and see that it keeps within its limits and arrives whole."""
        deadline = time.monotonic() + self.limits.download_seconds
        size, announced = 0, response.headers.get("content-length", "")
        try:
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > self.limits.download_bytes:
                    raise PermanentError(f"a file of more than {self.limits.download_bytes} bytes", **self.origin)
                if time.monotonic() > deadline:
                    raise RetryableError(f"no whole file within {self.limits.download_seconds:g} s", **self.origin)
                yield chunk
        except httpx.HTTPError as failure:
            raise broken(failure, account=self.account, profile_id=self.profile_id) from None
        if announced.isdecimal() and size != int(announced):
            raise RetryableError(f"the file broke off after {size} of {announced} bytes", **self.origin)

    def _request(self) -> httpx.Request:
        link = self.made.url.get_secret_value() if self.made.url else ""
        if link.startswith(("https://", "http://")):
            try:
                # Identity: the file is gzip already, and its bytes are wanted as they are.
                return self.http.build_request("GET", link, headers={"Accept-Encoding": "identity"})
            except httpx.InvalidURL:
                pass
        raise MalformedResponseError(f"{self.made.title} has no link to its file", **self.origin)

    async def _refusal(self, response: httpx.Response) -> RetryableError | None:
        if response.status_code == 200:
            return None
        body = b""
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ERROR_BYTES:
                    break
        finally:
            await response.aclose()
        answer = Answer(response.status_code, response.headers, body[:_ERROR_BYTES], self.account, self.profile_id)
        return download_error_of(answer)


def _request_id(response: httpx.Response) -> str | None:
    return response.headers.get("x-amz-request-id") or request_id_of(response.headers)
