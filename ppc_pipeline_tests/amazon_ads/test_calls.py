"""What all calls have in common: cool-downs, trying again, limits of time and size."""

import asyncio
from datetime import date

import httpx
import pytest

from ppc_pipeline.amazon_ads import errors
from ppc_pipeline.amazon_ads.auth import TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import CAMPAIGNS
from ppc_pipeline.amazon_ads.exchange import Limits
from ppc_pipeline.amazon_ads.models import Page, ReportRequest
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.amazon_ads.throttle import MemoryThrottle
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, REPORT_ID, FakeAmazon, Naps, Pieces, html, ok, refuse

pytestmark = pytest.mark.anyio

LISTING = CAMPAIGNS.listings[0]
SP_TARGETING = REPORT_TYPES["spTargeting"]
REQUEST = ReportRequest(SP_TARGETING, date(2026, 11, 1), date(2026, 11, 2), "ours", ("date", "campaignId", "cost"))
DUPLICATE = f"The Request is a duplicate of : {REPORT_ID}"


async def pages(client: AmazonAdsClient, listing=LISTING) -> list[Page]:
    return [page async for page in client.list_pages(PROFILE_ID, listing)]


class TestThrottling:
    async def test_a_short_cool_down_is_waited_for(self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps):
        amazon.script(refuse(429, headers={"retry-after": "7"}), ok(fakes.report()))
        async with client:
            await client.create_report(PROFILE_ID, REQUEST)
        assert naps.seconds[0] == 7

    async def test_a_long_one_is_the_callers(self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps):
        amazon.script(refuse(429, headers={"retry-after": "42"}))
        async with client:
            with pytest.raises(errors.ThrottledError) as caught:
                await client.create_report(PROFILE_ID, REQUEST)
        assert caught.value.retry_after == 42
        assert naps.seconds == []

    async def test_during_a_long_cool_down_nothing_of_that_product_is_sent(
        self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache
    ):
        throttle = MemoryThrottle(clock=naps.clock)
        await throttle.hit("SPONSORED_PRODUCTS", 100)
        amazon.always = lambda _: ok([])
        async with fakes.client(amazon, naps, tokens, throttle=throttle) as client:
            with pytest.raises(errors.ThrottledError, match="not sent") as caught:
                await client.create_report(PROFILE_ID, REQUEST)
            await client.list_profiles()
        assert caught.value.retry_after == pytest.approx(100)
        assert [request.url.path for request in amazon.requests] == ["/v2/profiles"]

    async def test_a_short_cool_down_of_others_is_waited_for_before_sending(
        self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache
    ):
        throttle = MemoryThrottle(clock=naps.clock)
        await throttle.hit("SPONSORED_PRODUCTS", 5)
        amazon.script(ok({"campaigns": []}))
        async with fakes.client(amazon, naps, tokens, throttle=throttle) as client:
            await pages(client)
        assert naps.seconds == [5]

    @pytest.mark.parametrize("header", [None, "-1", "soon", "1e12", "nan"])
    async def test_without_a_usable_retry_after_the_cool_down_is_our_own(
        self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache, header: str | None
    ):
        amazon.script(refuse(429, headers={"retry-after": header} if header else None), ok(fakes.report()))
        throttle = MemoryThrottle(clock=naps.clock)
        async with fakes.client(amazon, naps, tokens, throttle=throttle) as client:
            await client.create_report(PROFILE_ID, REQUEST)
        assert sum(naps.seconds) <= 2

    async def test_a_web_page_can_throttle_too(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(html(429), ok(fakes.report()))
        async with client:
            await client.create_report(PROFILE_ID, REQUEST)
        assert len(amazon.requests) == 2


class TestRetries:
    @pytest.mark.parametrize(
        "trouble",
        [
            refuse(500),
            html(502),
            httpx.ConnectError("no route to host"),
            httpx.ConnectTimeout("slow"),
            httpx.PoolTimeout("full"),
            httpx.RemoteProtocolError("peer closed connection"),
        ],
    )
    async def test_what_may_pass_is_tried_again(self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps, trouble):
        amazon.script(trouble, ok([]))
        async with client:
            assert await client.list_profiles() == []
        assert len(naps.seconds) == 1
        assert 0 <= naps.seconds[0] <= 1

    async def test_attempts_and_waits_are_bounded(self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps):
        amazon.always = lambda _: refuse(503, "busy")
        async with client:
            with pytest.raises(errors.RetryableError, match="busy"):
                await client.list_profiles()
        assert len(amazon.requests) == 5
        assert all(0 <= seconds <= ceiling for seconds, ceiling in zip(naps.seconds, (1, 2, 4, 8), strict=True))

    async def test_what_will_not_pass_is_not(self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps):
        amazon.script(refuse(400, "no such thing"))
        async with client:
            with pytest.raises(errors.PermanentError, match="no such thing"):
                await client.list_profiles()
        assert naps.seconds == []

    async def test_an_answer_that_never_ends_is_given_up(self, amazon: FakeAmazon, tokens: TokenCache):
        class Forever(httpx.AsyncByteStream):
            async def __aiter__(self):
                while True:
                    await asyncio.sleep(0.001)
                    yield b" "

        amazon.always = lambda _: httpx.Response(200, stream=Forever())
        changes = {"retries": Retries(attempts=1), "limits": Limits(call_seconds=0.05)}
        async with fakes.client(amazon, Naps(), tokens, **changes) as client:
            with pytest.raises(errors.RetryableError, match="no complete answer within"):
                await client.list_profiles()

    async def test_an_answer_that_is_too_large_is_given_up(self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
        amazon.script(httpx.Response(200, stream=Pieces(b"x" * 600, b"x" * 600)))
        async with fakes.client(amazon, naps, tokens, limits=Limits(answer_bytes=1000)) as client:
            with pytest.raises(errors.PermanentError, match="more than 1000 bytes"):
                await client.list_profiles()
        assert len(amazon.requests) == 1

    async def test_redirects_are_not_followed(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(httpx.Response(307, headers={"location": "https://elsewhere.test/"}))
        async with client:
            with pytest.raises(errors.PermanentError):
                await client.list_profiles()
        assert len(amazon.requests) == 1

    async def test_no_attempt_begins_after_the_time_is_up(self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
        amazon.always = lambda _: refuse(503)
        retries = Retries(sleep=naps.sleep, max_seconds=0)
        async with fakes.client(amazon, naps, tokens, retries=retries) as client:
            with pytest.raises(errors.RetryableError):
                await client.list_profiles()
        assert len(amazon.requests) == 1
