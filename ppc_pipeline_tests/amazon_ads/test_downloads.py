"""Downloads: no headers of ours, expired links, broken streams, limits."""

import gzip

import httpx
import pytest

from ppc_pipeline.amazon_ads import errors
from ppc_pipeline.amazon_ads.auth import TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.exchange import Limits
from ppc_pipeline.amazon_ads.models import Report
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, FakeAmazon, Naps, Pieces, collect

pytestmark = pytest.mark.anyio

LINK = (
    "https://offline-report-storage.s3.us-east-1.amazonaws.com/r.json.gz?X-Amz-Signature=signature&X-Amz-Expires=3600"
)
FILE = gzip.compress(b'[{"cost": 0}]')
EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


def completed(url: str | None = LINK) -> Report:
    return Report.model_validate(fakes.report("COMPLETED", url=url, fileSize=len(FILE)))


def file(*pieces: bytes | Exception, **headers: str) -> httpx.Response:
    return httpx.Response(200, stream=Pieces(*pieces), headers=headers)


async def fetch(client: AmazonAdsClient, report: Report | None = None) -> bytes:
    async with client, client.download(PROFILE_ID, report or completed()) as chunks:
        return await collect(chunks)


async def test_the_file_arrives_as_it_is_stored(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(file(FILE[:7], FILE[7:], **{"content-length": str(len(FILE)), "content-encoding": "gzip"}))
    assert await fetch(client) == FILE


async def test_the_storage_sees_no_header_of_ours(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(fakes.ok([]), file(FILE))
    async with client:
        await client.list_profiles()
        async with client.download(PROFILE_ID, completed()) as chunks:
            await collect(chunks)
    request = amazon.requests[-1]
    assert str(request.url) == LINK
    assert not [name for name in request.headers if name == "authorization" or name.startswith("amazon")]
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_an_expired_link_is_said_to_be_one_and_not_tried_again(
    amazon: FakeAmazon, client: AmazonAdsClient, status: int
):
    amazon.script(httpx.Response(status, content=EXPIRED))
    with pytest.raises(errors.UrlExpiredError, match="AccessDenied") as caught:
        await fetch(client)
    assert caught.value.category is errors.Category.RETRYABLE
    assert len(amazon.requests) == 1


@pytest.mark.parametrize("trouble", [httpx.Response(503, content=b""), httpx.ConnectError("x"), httpx.ReadTimeout("x")])
async def test_an_opening_that_fails_is_tried_again(amazon: FakeAmazon, client: AmazonAdsClient, trouble):
    amazon.script(trouble, file(FILE))
    assert await fetch(client) == FILE


@pytest.mark.parametrize(
    "broken",
    [
        (FILE[:5], httpx.ReadError("reset")),
        (FILE[:5], httpx.RemoteProtocolError("peer closed connection without sending complete message body")),
    ],
)
async def test_a_stream_that_breaks_is_retryable(amazon: FakeAmazon, client: AmazonAdsClient, broken):
    amazon.script(file(*broken))
    with pytest.raises(errors.RetryableError, match="the connection to Amazon failed"):
        await fetch(client)
    assert len(amazon.requests) == 1


async def test_a_file_shorter_than_announced_is_retryable(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(file(FILE[:5], **{"content-length": str(len(FILE))}))
    with pytest.raises(errors.RetryableError, match=f"broke off after 5 of {len(FILE)} bytes"):
        await fetch(client)


async def test_a_file_that_is_too_large_is_given_up(amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
    amazon.script(file(b"x" * 60, b"x" * 60))
    with pytest.raises(errors.PermanentError, match="more than 100 bytes"):
        await fetch(fakes.client(amazon, naps, tokens, limits=Limits(download_bytes=100)))


async def test_a_file_that_trickles_is_given_up(amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
    amazon.script(file(b"x", b"x"))
    with pytest.raises(errors.RetryableError, match="no whole file within"):
        await fetch(fakes.client(amazon, naps, tokens, limits=Limits(download_seconds=-1)))


@pytest.mark.parametrize("url", [None, "", "s3://bucket/key", "https://storage.test:port/"])
async def test_a_report_without_a_link_is_malformed(client: AmazonAdsClient, url: str | None):
    with pytest.raises(errors.MalformedResponseError, match="no link"):
        await fetch(client, completed(url))


async def test_whoever_stops_early_leaves_nothing_open(amazon: FakeAmazon, client: AmazonAdsClient):
    pieces = Pieces(FILE, FILE)
    amazon.script(httpx.Response(200, stream=pieces))
    async with client:
        async with client.download(PROFILE_ID, completed()) as chunks:
            await anext(chunks)
        assert pieces.closed


async def test_trouble_with_a_file_names_the_client(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(httpx.Response(403, content=EXPIRED))
    with pytest.raises(errors.UrlExpiredError) as caught:
        await fetch(client)
    assert str(caught.value).startswith(f"account 'acme', profile {PROFILE_ID}: ")
    assert "signature" not in str(caught.value)
