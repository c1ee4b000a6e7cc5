"""What all calls have in common: cool-downs, trying again, limits of time and size."""

import asyncio
import json
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
from ppc_pipeline.amazon_ads.throttle import CAP_SECONDS, MemoryThrottle
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, REPORT_ID, FakeAmazon, Naps, Pieces, html, ok, refuse

pytestmark = pytest.mark.anyio

LISTING = CAMPAIGNS.listings[0]
SP_TARGETING = REPORT_TYPES["spTargeting"]
REQUEST = ReportRequest(SP_TARGETING, date(2026, 11, 1), date(2026, 11, 2), "ours", ("date", "campaignId", "cost"))
DUPLICATE = f"The Request is a duplicate of : {REPORT_ID}"


async def pages(client: AmazonAdsClient, listing=LISTING, **patience: float) -> list[Page]:
    return [page async for page in client.list_pages(PROFILE_ID, listing, **patience)]


def wait(seconds: float) -> httpx.Response:
    return refuse(429, "Too Many Requests", headers={"retry-after": f"{seconds:g}"})


def page(number: int, next_token: str | None = None) -> httpx.Response:
    return ok({"campaigns": [{"campaignId": str(number)}], "totalResults": 3, "nextToken": next_token})


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
        await throttle.hit("LIST SPONSORED_PRODUCTS", 5)
        amazon.script(ok({"campaigns": []}))
        async with fakes.client(amazon, naps, tokens, throttle=throttle) as client:
            await pages(client)
        assert naps.seconds == [5]

    async def test_a_cool_down_of_report_creation_holds_up_no_list_of_the_same_product_nor_the_other_way_round(
        self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache
    ):
        amazon.script(wait(100), ok({"campaigns": []}), wait(200), ok(fakes.report()))
        async with fakes.client(amazon, naps, tokens, throttle=MemoryThrottle(clock=naps.clock)) as client:
            with pytest.raises(errors.ThrottledError):
                await client.create_report(PROFILE_ID, REQUEST)
            await pages(client)
            await naps.sleep(100)
            with pytest.raises(errors.ThrottledError):
                await pages(client)
            await client.create_report(PROFILE_ID, REQUEST)
        assert naps.seconds == [100]

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

    async def test_who_queues_for_a_place_when_a_cool_down_begins_is_not_sent_in_it(
        self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache
    ):
        amazon.script(wait(100))
        amazon.always = lambda _: ok({"campaigns": []})
        async with fakes.client(amazon, naps, tokens, concurrency=1) as client:
            ends = await asyncio.gather(*(pages(client) for _ in range(5)), return_exceptions=True)
        assert [type(end) for end in ends] == [errors.ThrottledError] * 5
        assert len(amazon.requests) == 1


class TestPatience:
    """A list may wait for longer than a call that others wait for."""

    @pytest.mark.parametrize(
        ("answers", "tokens_sent", "slept"),
        [
            ([page(1, "a"), wait(45), page(2, "b"), page(3)], [None, "a", "a", "b"], [45]),
            ([wait(45), page(1, "a"), wait(300), page(2, "b"), page(3)], [None, None, "a", "a", "b"], [45, 300]),
            ([page(1, "a"), wait(300), wait(300), page(2, "b"), page(3)], [None, "a", "a", "a", "b"], [300, 300]),
            ([wait(21), page(1, "a"), page(2, "b"), wait(7), page(3)], [None, None, "a", "b", "b"], [21, 7]),
            ([wait(900), page(1, "a"), page(2, "b"), page(3)], [None, None, "a", "b"], [900]),
        ],
    )
    async def test_a_list_waits_cool_downs_out_and_goes_on_with_the_page_it_was_at(
        self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps, answers, tokens_sent, slept: list[float]
    ):
        amazon.script(*answers)
        async with client:
            listed = await pages(client, patience=900)
        assert [page.count for page in listed] == [1, 1, 1]
        assert naps.seconds == slept
        assert [json.loads(request.content).get("nextToken") for request in amazon.requests] == tokens_sent

    @pytest.mark.parametrize(
        ("answers", "slept", "reason"),
        [
            ([wait(86_400)], [], "86400 s are to be waited, and there was time for 900 s more"),
            ([page(1, "a"), wait(86_400)], [], "86400 s are to be waited, and there was time for 900 s more"),
            ([wait(901)], [], "901 s are to be waited, and there was time for 900 s more"),
            ([wait(500), page(1, "a"), wait(500)], [500], "500 s are to be waited, and there was time for 400 s more"),
        ],
    )
    async def test_the_patience_of_all_pages_is_bounded_and_the_error_says_so(
        self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps, answers, slept: list[float], reason: str
    ):
        amazon.script(*answers)
        async with client:
            with pytest.raises(errors.ThrottledError, match=f"Too Many Requests.*{reason}"):
                await pages(client, patience=900)
        assert naps.seconds == slept
        assert len(amazon.requests) == len(answers)

    @pytest.mark.parametrize("retry_after", ["0.001", "1", None])
    async def test_a_list_that_is_refused_for_ever_ends_in_time_and_without_hurry(
        self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps, retry_after: str | None
    ):
        amazon.always = lambda _: refuse(429, headers={"retry-after": retry_after} if retry_after else None)
        async with client:
            with pytest.raises(errors.ThrottledError):
                await pages(client, patience=900)
        assert sum(naps.seconds) < 2 * 900
        assert len(amazon.requests) <= 5 * (900 / 20 + 1)

    async def test_the_cool_down_of_somebody_else_is_waited_out_before_sending(
        self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache
    ):
        throttle = MemoryThrottle(clock=naps.clock)
        await throttle.hit("LIST SPONSORED_PRODUCTS", CAP_SECONDS)
        amazon.script(ok({"campaigns": []}))
        async with fakes.client(amazon, naps, tokens, throttle=throttle) as client:
            await pages(client, patience=CAP_SECONDS)
        assert naps.seconds == [CAP_SECONDS]
        assert len(amazon.requests) == 1

    async def test_the_list_of_profiles_waits_as_long_as_it_is_told_to(
        self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps
    ):
        amazon.script(wait(45), ok([]), wait(45))
        async with client:
            assert await client.list_profiles(patience=60) == []
            with pytest.raises(errors.ThrottledError):
                await client.list_profiles()
        assert naps.seconds == [45]

    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.create_report(PROFILE_ID, REQUEST),
            lambda client: client.get_report(PROFILE_ID, REPORT_ID),
            lambda client: client.delete_report(PROFILE_ID, REPORT_ID),
            pages,
        ],
    )
    async def test_nothing_else_waits_for_longer_than_a_tick_can(
        self, amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps, call
    ):
        amazon.script(wait(45))
        async with client:
            with pytest.raises(errors.ThrottledError):
                await call(client)
        assert (naps.seconds, len(amazon.requests)) == ([], 1)


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
