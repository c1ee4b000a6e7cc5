"""Exports: one kind's cool-down is its own, statuses in both spellings, the file without headers of ours."""

import gzip

import httpx
import pytest

from ppc_pipeline.amazon_ads import errors, exports
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.models import Export, ReportStatus
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, FakeAmazon, Naps, Pieces, collect, html, ok, refuse

pytestmark = pytest.mark.anyio

EXPORT_ID = "ZTc1ZmM1ODYtM2Y5Ny00N2QwLTlhY2UtNTdmMTQzOWI2YTIxLFQ"
LINK = "https://snapshots-prod-us-east-1.s3.us-east-1.amazonaws.com/TARGET/x?X-Amz-Signature=signature"


def shown(status: str, **more: object) -> dict[str, object]:
    return {"exportId": EXPORT_ID, "status": status, **more}


async def test_everything_of_all_ad_products_and_states_is_asked_for(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(ok(shown("IN_PROGRESS"), 202))
    async with client:
        export = await client.create_export(PROFILE_ID, exports.TARGETS)
    assert export.export_id == EXPORT_ID
    assert amazon.last_body == {
        "adProductFilter": ["SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"],
        "stateFilter": ["ENABLED", "PAUSED", "ARCHIVED"],
    }
    assert amazon.requests[0].url.path == "/targets/export"
    assert amazon.requests[0].headers["Amazon-Advertising-API-Scope"] == str(PROFILE_ID)


@pytest.mark.parametrize(
    ("served", "status"),
    [
        ("IN_PROGRESS", ReportStatus.PROCESSING),
        ("PROCESSING", ReportStatus.PROCESSING),
        ("COMPLETED", ReportStatus.COMPLETED),
        ("FAILED", ReportStatus.FAILED),
    ],
)
async def test_a_running_export_is_known_in_both_spellings(
    amazon: FakeAmazon, client: AmazonAdsClient, served: str, status: ReportStatus
):
    amazon.script(ok(shown(served)))
    async with client:
        assert (await client.get_export(PROFILE_ID, exports.TARGETS, EXPORT_ID)).status is status
    (request,) = amazon.requests
    assert request.headers["Accept"] == exports.TARGETS.media_type
    assert request.url.path == f"/exports/{EXPORT_ID}"


async def test_a_failed_export_says_why(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(ok(shown("FAILED", error={"errorCode": "TIMED_OUT", "message": "too large"})))
    async with client:
        export = await client.get_export(PROFILE_ID, exports.TARGETS, EXPORT_ID)
    assert export.error is not None
    assert (export.error.error_code, export.error.message) == ("TIMED_OUT", "too large")


async def test_a_full_queue_is_waited_for_and_holds_up_no_other_kind(
    amazon: FakeAmazon, client: AmazonAdsClient, naps: Naps
):
    amazon.script(*(refuse(429, headers={"Retry-After": "60"}) for _ in range(3)), ok(shown("IN_PROGRESS"), 202))
    async with client:
        await client.create_export(PROFILE_ID, exports.TARGETS, patience=600)
        assert naps.seconds == [60, 60, 60]
        amazon.script(refuse(429, headers={"Retry-After": "60"}), ok(shown("IN_PROGRESS"), 202))
        with pytest.raises(errors.ThrottledError):
            await client.create_export(PROFILE_ID, exports.TARGETS)
        await client.create_export(PROFILE_ID, exports.CAMPAIGNS)


@pytest.mark.parametrize(
    "answer", [ok({"status": "COMPLETED"}), ok([]), html(200), ok({**shown("FAILED"), "exportId": "y"})]
)
async def test_what_is_no_export_or_another_one_is_malformed(
    amazon: FakeAmazon, client: AmazonAdsClient, answer: httpx.Response
):
    amazon.always = lambda _: answer
    async with client:
        with pytest.raises(errors.MalformedResponseError):
            await client.get_export(PROFILE_ID, exports.TARGETS, EXPORT_ID)


async def test_the_storage_sees_no_header_of_ours(amazon: FakeAmazon, client: AmazonAdsClient):
    file = gzip.compress(b"[]")
    amazon.script(ok(shown("COMPLETED", url=LINK)), httpx.Response(200, stream=Pieces(file)))
    async with client:
        export = await client.get_export(PROFILE_ID, exports.TARGETS, EXPORT_ID)
        async with client.download(PROFILE_ID, export) as chunks:
            assert await collect(chunks) == file
    request = amazon.requests[-1]
    assert str(request.url) == LINK
    assert not [name for name in request.headers if name == "authorization" or name.startswith("amazon")]


async def test_an_expired_link_names_the_client_and_not_the_signature(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.script(httpx.Response(403, content=b"<Error><Code>AccessDenied</Code></Error>"))
    export = Export.model_validate(shown("COMPLETED", url=LINK))
    async with client:
        with pytest.raises(errors.UrlExpiredError) as caught:
            async with client.download(PROFILE_ID, export):
                pass
    assert str(caught.value).startswith(f"account 'acme', profile {PROFILE_ID}: ")
    assert "signature" not in str(caught.value)


async def test_a_completed_export_without_a_link_is_malformed(client: AmazonAdsClient):
    with pytest.raises(errors.MalformedResponseError, match=f"export {EXPORT_ID} has no link"):
        async with client, client.download(PROFILE_ID, Export.model_validate(shown("COMPLETED"))):
            pass
