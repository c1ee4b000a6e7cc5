"""No secret gets out: not in messages, not in logs, not in what objects say of themselves."""

import logging
import traceback

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.auth import TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.amazon_ads.models import Report
from ppc_pipeline.amazon_ads.redaction import EXCERPT_CHARACTERS, excerpt, quiet_http_loggers, scrub, scrub_bytes
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import (
    CLIENT_SECRET,
    PROFILE_ID,
    REFRESH_TOKEN,
    REPORT_ID,
    FakeAmazon,
    Naps,
    html,
    ok,
    refuse,
)

LINK = "https://storage.test/r.json.gz?X-Amz-Credential=AKIA1&X-Amz-Signature=deadbeef"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"see {LINK} now", "see https://storage.test/r.json.gz?[hidden] now"),
        ('{"url":"https:\\/\\/s.test\\/r?X-Amz-Signature=x"}', '{"url":"https:\\/\\/s.test\\/r?[hidden]"}'),
        ("Authorization: Bearer Atza|IwEB-x/y+z==", "Authorization: Bearer [hidden]"),
        (
            '{"access_token":"Atza|x","refresh_token": "Atzr|y"}',
            '{"access_token":"[hidden]","refresh_token": "[hidden]"}',
        ),
        ("refresh_token=Atzr%7Cabc&client_secret=hush&x=1", "refresh_token=[hidden]&client_secret=[hidden]&x=1"),
        ("an invalid grant parameter : refresh_token. User", "an invalid grant parameter : refresh_token. User"),
        ("X-Amz-Security-Token=abc/def%3D", "X-Amz-Security-Token=[hidden]"),
        ("nothing to hide?", "nothing to hide?"),
    ],
)
def test_scrubbing(text: str, clean: str):
    assert scrub(text) == clean
    assert scrub_bytes(text.encode()) == clean.encode()


@given(st.binary())
def test_scrubbing_bytes_never_fails_and_finds_nothing_twice(body: bytes):
    once = scrub_bytes(body)
    assert scrub_bytes(once) == once


@given(st.text())
def test_an_excerpt_is_one_short_line(text: str):
    line = excerpt(text)
    assert len(line) <= EXCERPT_CHARACTERS
    assert len(line.splitlines()) <= 1


def test_of_a_web_page_the_title_is_said():
    assert excerpt("<html><head><title>502\n Bad Gateway</title>") == "a web page titled '502 Bad Gateway'"


def test_filters_are_added_once():
    quiet_http_loggers()
    before = len(logging.getLogger("httpx").filters)
    quiet_http_loggers()
    assert len(logging.getLogger("httpx").filters) == before


def echo(status: int):
    """A gateway that answers with everything it was sent, as debugging proxies do."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        return httpx.Response(status, text=f"{request.method} {request.url}\n{headers}\n\n{request.content.decode()}")

    return answer


TROUBLES = [
    *(echo(status) for status in (200, 400, 401, 403, 404, 429, 500)),
    html(500),
    refuse(400, f"cannot fetch {LINK}"),
    httpx.ConnectError(f"cannot connect to {LINK}"),
    httpx.LocalProtocolError("Illegal header value b'Bearer Atza|token-1\\n'"),
    httpx.ReadTimeout(LINK),
    httpx.Response(200, text='{"reportId": "x", "url": "' + LINK),
    httpx.Response(200, json={"reportId": REPORT_ID, "status": 5, "url": LINK}),
    httpx.Response(200, json={"reportId": {"url": LINK}, "status": "COMPLETED", "url": [LINK]}),
]


@pytest.mark.anyio
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("where", ["login", "call", "download"])
async def test_no_failure_lets_a_secret_out(
    amazon: FakeAmazon, naps: Naps, tokens: TokenCache, caplog: pytest.LogCaptureFixture, where: str, trouble
):
    caplog.set_level(logging.DEBUG)
    amazon.always = trouble
    if where == "login":
        amazon.login_replies.extend([trouble] * 5)
    report = Report.model_validate(fakes.report("COMPLETED", url=LINK))
    client = fakes.client(amazon, naps, tokens)
    said: list[object] = [client, fakes.credentials(), report]
    try:
        async with client:
            if where == "download":
                async with client.download(PROFILE_ID, report) as chunks:
                    await fakes.collect(chunks)
            else:
                await client.get_report(PROFILE_ID, REPORT_ID)
    except AdsError as error:
        said += [error, error.__dict__, "".join(traceback.format_exception(error))]
    text = caplog.text + repr(said) + " ".join(str(thing) for thing in said)
    assert caplog.records
    for secret in (CLIENT_SECRET, REFRESH_TOKEN, "the-refresh-token", "token-1", "deadbeef", "AKIA1"):
        assert secret not in text


@pytest.mark.anyio
async def test_a_call_is_one_line_in_the_log(
    amazon: FakeAmazon, client: AmazonAdsClient, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, "ppc_pipeline")
    amazon.script(ok([]))
    async with client:
        await client.list_profiles()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("ppc_pipeline")]
    assert len(lines) == 2
    assert lines[0].startswith("POST /auth/o2/token: 200 in ")
    assert lines[1].startswith("GET /v2/profiles: 200 in ")
    assert lines[1].endswith("request id RID123")
