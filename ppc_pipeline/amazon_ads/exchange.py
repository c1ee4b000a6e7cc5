"""One request and its answer: bounded in time and size, logged in one line, its secrets nowhere.

Here: sending, reading, and what a broken connection means. Not here: what an answer means (``responses``), trying again
(``retries``), nor files (``downloads``).
"""

import asyncio
import logging
import time
from dataclasses import dataclass

import httpx

from ppc_pipeline.amazon_ads.answers import Answer, request_id_of
from ppc_pipeline.amazon_ads.errors import AdsError, PermanentError, RetryableError
from ppc_pipeline.amazon_ads.redaction import excerpt

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how large anything may get.

    Attributes:
        connect_seconds: To open a connection.
        read_seconds: Between two pieces of an answer, and to send a piece of a request.
        pool_seconds: To get a free connection of the pool.
        call_seconds: One request with its whole answer, or until a download begins.
        download_seconds: A whole download.
        answer_bytes: The largest answer that is not a file.
        download_bytes: The largest report file, compressed.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    pool_seconds: float = 60.0
    call_seconds: float = 120.0
    download_seconds: float = 1800.0
    answer_bytes: int = 64 * 1024**2
    download_bytes: int = 2 * 1024**3

    @property
    def timeout(self) -> httpx.Timeout:
        """The limits httpx itself keeps."""
        return httpx.Timeout(
            connect=self.connect_seconds,
            read=self.read_seconds,
            write=self.read_seconds,
            pool=self.pool_seconds,
        )


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, limits: Limits, *, account: str, profile_id: int | None = None
) -> Answer:
    """Send a request and read its whole answer.

    Args:
        http: The connections.
        request: What to send.
        limits: ``call_seconds`` and ``answer_bytes`` hold here.
        account: Whom an error concerns.
        profile_id: Whom an error concerns.

    Returns:
        The answer, whatever its status.

    Raises:
        RetryableError: No answer, or none that is whole.
        PermanentError: The answer is larger than allowed.
    """
    started = time.perf_counter()
    outcome, request_id = "failed", None
    try:
        async with asyncio.timeout(limits.call_seconds):
            response = await http.send(request, stream=True)
            outcome, request_id = str(response.status_code), request_id_of(response.headers)
            try:
                body = await _read(response, limits.answer_bytes)
            finally:
                await response.aclose()
    except TimeoutError:
        raise RetryableError(
            f"no complete answer within {limits.call_seconds:g} s", account=account, profile_id=profile_id
        ) from None
    except (httpx.HTTPError, _TooLargeError) as error:
        raise broken(error, account=account, profile_id=profile_id) from None
    finally:
        log_line(request, outcome, started, request_id)
    return Answer(response.status_code, response.headers, body, account=account, profile_id=profile_id)


def broken(error: Exception, *, account: str, profile_id: int | None) -> AdsError:
    """Say what a failure of the connection means.

    The text of most of httpx's errors is left out, and so is the error itself as a cause: an illegal header, for one,
    is quoted there in full, token and all.
    """
    if isinstance(error, _TooLargeError):
        return PermanentError(str(error), account=account, profile_id=profile_id)
    text = f": {excerpt(str(error))}" if isinstance(error, httpx.ConnectError) else ""
    message = f"the connection to Amazon failed ({type(error).__name__}{text})"
    return RetryableError(message, account=account, profile_id=profile_id)


def log_line(request: httpx.Request, outcome: str, started: float, request_id: str | None) -> None:
    """Log one call at DEBUG: never its headers, its body, or the query of its URL."""
    milliseconds = (time.perf_counter() - started) * 1000
    logger.debug(
        "%s %s: %s in %.0f ms, request id %s", request.method, request.url.path, outcome, milliseconds, request_id
    )


class _TooLargeError(Exception):
    pass


async def _read(response: httpx.Response, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise _TooLargeError(f"an answer of more than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
