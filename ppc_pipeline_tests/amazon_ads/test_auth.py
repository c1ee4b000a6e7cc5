"""Logging in: once an account and process, renewed in time, and clear about what is wrong."""

import asyncio
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from ppc_pipeline.amazon_ads.auth import TOKENS, TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import (
    MalformedResponseError,
    MisconfiguredError,
    RefusedError,
    ThrottledError,
)
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import FakeAmazon, Naps, html, ok, refuse

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_profiles(amazon: FakeAmazon):
    amazon.always = lambda _: ok([])


async def test_the_login_is_a_form_with_the_refresh_token(amazon: FakeAmazon, client: AmazonAdsClient):
    async with client:
        await client.list_profiles()
    (login,) = amazon.logins
    assert login.method == "POST"
    assert login.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(login.content.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": [fakes.REFRESH_TOKEN],
        "client_id": ["amzn1.application-oa2-client.x"],
        "client_secret": [fakes.CLIENT_SECRET],
    }
    assert amazon.bearers() == ["Bearer Atza|token-1"]


async def test_many_calls_and_many_clients_log_in_once(amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
    for _ in range(3):
        async with fakes.client(amazon, naps, tokens) as client:
            await asyncio.gather(*(client.list_profiles() for _ in range(50)))
    assert len(amazon.requests) == 150
    assert len(amazon.logins) == 1


def test_event_loops_that_come_and_go_log_in_once(amazon: FakeAmazon, naps: Naps):
    async def tick() -> None:
        async with fakes.client(amazon, naps, TOKENS) as client:
            await client.list_profiles()

    for _ in range(3):
        asyncio.run(tick())
    assert len(amazon.logins) == 1
    TOKENS.clear()
    asyncio.run(tick())
    assert len(amazon.logins) == 2


async def test_accounts_have_tokens_of_their_own(amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
    other = fakes.credentials(refresh_token=SecretStr("Atzr|other"))
    async with fakes.client(amazon, naps, tokens) as one:
        await one.list_profiles()
    async with AmazonAdsClient(other, transport=amazon.transport, tokens=tokens) as two:
        await two.list_profiles()
    assert amazon.bearers() == ["Bearer Atza|token-1", "Bearer Atza|token-2"]


@pytest.mark.parametrize(("lives", "good_for"), [(3600, 3540), (300, 270), (10, 9)])
async def test_a_token_is_renewed_before_it_expires(
    amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps, lives: int, good_for: int
):
    amazon.expires_in = lives
    async with client:
        await client.list_profiles()
        naps.now += good_for - 0.5
        await client.list_profiles()
        assert len(amazon.logins) == 1
        naps.now += 1
        await client.list_profiles()
    assert amazon.bearers()[-1] == "Bearer Atza|token-2"


async def test_a_refused_token_is_renewed_once(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(refuse(401, "HTTP 401 Unauthorized"), ok([]))
    async with client:
        assert await client.list_profiles() == []
    assert amazon.bearers() == ["Bearer Atza|token-1", "Bearer Atza|token-2"]


async def test_calls_refused_together_renew_the_token_once(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.always = lambda request: refuse(401) if request.headers["Authorization"].endswith("-1") else ok([])
    async with client:
        await asyncio.gather(*(client.list_profiles() for _ in range(20)))
    assert len(amazon.logins) == 2


async def test_a_second_refusal_without_a_profile_is_the_accounts_trouble(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.always = lambda _: refuse(401, "HTTP 401 Unauthorized")
    async with client:
        with pytest.raises(MisconfiguredError, match="account 'acme'"):
            await client.list_profiles()
    assert len(amazon.requests) == 2


async def test_a_second_refusal_in_the_name_of_a_profile_is_that_profiles_trouble(
    amazon: FakeAmazon, client: AmazonAdsClient
):
    amazon.always = lambda _: refuse(401, "HTTP 401 Unauthorized")
    async with client:
        with pytest.raises(RefusedError, match=f"profile {fakes.PROFILE_ID}.* give the user who authorised"):
            await client.delete_report(fakes.PROFILE_ID, fakes.REPORT_ID)
    assert len(amazon.requests) == len(amazon.logins) == 2


async def test_a_second_refusal_while_polling_may_pass(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(*(refuse(401) for _ in range(4)), ok(fakes.report("COMPLETED")))
    async with client:
        await client.get_report(fakes.PROFILE_ID, fakes.REPORT_ID)
    assert len(amazon.logins) == 2


async def test_a_refusal_about_the_scope_costs_no_token(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(refuse(401, "Not authorized to access scope 1234"))
    async with client:
        with pytest.raises(RefusedError):
            await client.get_report(fakes.PROFILE_ID, fakes.REPORT_ID)
    assert len(amazon.logins) == len(amazon.requests) == 1


async def test_a_revoked_grant_says_what_to_do_in_one_line(amazon: FakeAmazon, client: AmazonAdsClient):
    said = {
        "error": "invalid_grant",
        "error_description": "an invalid grant parameter : refresh_token.",
    }
    amazon.login_replies.extend([ok(said, 400)] * 2)
    async with client:
        with pytest.raises(MisconfiguredError) as caught:
            await client.list_profiles()
    line = str(caught.value)
    assert "\n" not in line
    assert "'acme'" in line
    assert "invalid grant parameter : refresh_token" in line
    assert "authorise the application again" in line
    assert amazon.requests == []


async def test_concurrent_calls_share_a_failed_login(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.login_replies.append(ok({"error": "invalid_grant"}, 400))
    async with client:
        results = await asyncio.gather(*(client.list_profiles() for _ in range(10)), return_exceptions=True)
    assert {type(result) for result in results} == {MisconfiguredError}
    assert len(amazon.logins) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        refuse(500),
        html(503),
        html(200),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.Response(200, json={"token_type": "bearer"}),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": "x", "expires_in": -1}),
        httpx.Response(429, headers={"retry-after": "3"}),
    ],
)
async def test_a_login_that_fails_for_now_is_tried_again(amazon: FakeAmazon, client: AmazonAdsClient, trouble):
    amazon.login_replies.append(trouble)
    async with client:
        await client.list_profiles()
    assert len(amazon.logins) == 2


async def test_a_login_throttled_for_long_is_left_to_the_caller(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.login_replies.append(httpx.Response(429, headers={"retry-after": "300"}))
    async with client:
        with pytest.raises(ThrottledError) as caught:
            await client.list_profiles()
    assert caught.value.retry_after == 300


async def test_a_strange_login_answer_keeps_no_token(amazon: FakeAmazon, client: AmazonAdsClient, tokens: TokenCache):
    amazon.login_replies.extend([httpx.Response(200, text='{"access_token":"Atza|leak"') for _ in range(5)])
    async with client:
        with pytest.raises(MalformedResponseError) as caught:
            await client.list_profiles()
    assert caught.value.body == b""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": ""}, "client_id is empty"),
        ({"refresh_token": SecretStr("Atzr|x\n")}, "refresh_token is empty or has blanks around it"),
        ({"api_url": "ads.test"}, "the API URL"),
        ({"token_url": "ftp://x"}, "the token URL"),
    ],
)
async def test_settings_that_cannot_work_are_named(amazon: FakeAmazon, changes: dict[str, object], said: str):
    async with AmazonAdsClient(fakes.credentials(**changes), transport=amazon.transport) as client:
        with pytest.raises(MisconfiguredError, match=said) as caught:
            await client.list_profiles()
    assert "Atzr" not in str(caught.value)


def test_regions_have_hosts():
    assert Region("EU").api_url == "https://advertising-api-eu.amazon.com"
    assert Region.FE.token_url == "https://api.amazon.co.jp/auth/o2/token"
    assert {region.api_url for region in Region} | {region.token_url for region in Region}
