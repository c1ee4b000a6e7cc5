"""The client end to end, against a scripted Amazon: what it asks and what it makes of the answers."""

import asyncio
import ssl
from dataclasses import replace
from datetime import date

import httpx
import pytest

from ppc_pipeline.amazon_ads import errors
from ppc_pipeline.amazon_ads.auth import TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import BUDGET_RULES, CAMPAIGNS, PORTFOLIOS, TARGETS
from ppc_pipeline.amazon_ads.models import Page, ReportRequest, ReportStatus
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, REPORT_ID, FakeAmazon, Naps, Pieces, html, ok, refuse

pytestmark = pytest.mark.anyio

LISTING = CAMPAIGNS.listings[0]
RULES = BUDGET_RULES.listings[0]
BY_INDEX = replace(next(each for each in CAMPAIGNS.listings if each.by_index), page_size=2)
SP_TARGETING = REPORT_TYPES["spTargeting"]
REQUEST = ReportRequest(SP_TARGETING, date(2026, 11, 1), date(2026, 11, 2), "ours", ("date", "campaignId", "cost"))
DUPLICATE = f"The Request is a duplicate of : {REPORT_ID}"


async def pages(client: AmazonAdsClient, listing=LISTING) -> list[Page]:
    return [page async for page in client.list_pages(PROFILE_ID, listing)]


class TestProfiles:
    async def test_reading_rights_are_enough(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok([]))
        async with client:
            assert await client.list_profiles() == []
        (request,) = amazon.requests
        assert (request.method, request.url.path) == ("GET", "/v2/profiles")
        assert dict(request.url.params) == {"apiProgram": "campaign", "accessLevel": "view"}
        assert "Amazon-Advertising-API-Scope" not in request.headers

    async def test_what_is_not_a_list_is_asked_for_again_and_then_an_error(
        self, amazon: FakeAmazon, client: AmazonAdsClient
    ):
        amazon.always = lambda _: html(200)
        async with client:
            with pytest.raises(errors.MalformedResponseError, match="not JSON") as caught:
                await client.list_profiles()
        assert len(amazon.requests) == 5
        assert b"openresty" in caught.value.body
        assert caught.value.account == "acme"


class TestLists:
    async def test_every_page_is_asked_for_with_the_same_filters(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(
            ok({"campaigns": [{"campaignId": "1"}, {"campaignId": "2"}], "nextToken": "t2", "totalResults": 3}),
            ok({"campaigns": [{"campaignId": "3"}], "totalResults": 3}),
        )
        async with client:
            walked = await pages(client)
        assert [page.count for page in walked] == [2, 1]
        assert [page.total for page in walked] == [3, 3]
        first, second = amazon.requests
        filters = {"stateFilter": {"include": ["ENABLED", "PAUSED", "ARCHIVED"]}, "maxResults": 500}
        assert httpx.Response(200, content=first.content).json() == filters
        assert amazon.last_body == {**filters, "nextToken": "t2"}
        for request in (first, second):
            assert request.headers["Content-Type"] == request.headers["Accept"] == LISTING.accept
            assert request.headers["Amazon-Advertising-API-Scope"] == str(PROFILE_ID)

    async def test_lists_without_filters_get_none(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok({"portfolios": []}))
        async with client:
            await pages(client, PORTFOLIOS.listings[0])
        assert amazon.last_body == {}

    async def test_a_list_by_token_that_has_no_body_is_asked_by_url(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok({RULES.items_key: [{}], "nextToken": "t2"}), ok({RULES.items_key: [{}], "nextToken": ""}))
        async with client:
            assert [page.count for page in await pages(client, RULES)] == [1, 1]
        assert [dict(request.url.params) for request in amazon.requests] == [
            {"pageSize": "30"},
            {"pageSize": "30", "nextToken": "t2"},
        ]
        for request in amazon.requests:
            assert (request.method, request.content) == ("GET", b"")

    async def test_a_list_that_runs_in_circles_ends(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.always = lambda _: ok({"campaigns": [{}], "nextToken": "again"})
        async with client:
            with pytest.raises(errors.MalformedResponseError, match="in circles"):
                await pages(client)
        assert len(amazon.requests) == 2

    @pytest.mark.parametrize(
        ("sizes", "starts"),
        [([0], [0]), ([1, 0], [0, 1]), ([2, 0], [0, 2]), ([2, 1, 0], [0, 2, 3]), ([1, 3, 1, 0], [0, 1, 4, 5])],
    )
    async def test_a_list_of_plain_arrays_is_walked_by_index_to_an_empty_page(
        self, amazon: FakeAmazon, client: AmazonAdsClient, sizes: list, starts: list
    ):
        numbers = iter(range(99))
        amazon.script(*(ok([{"campaignId": next(numbers)} for _ in range(size)]) for size in sizes))
        async with client:
            walked = await pages(client, BY_INDEX)
        assert [page.count for page in walked] == sizes
        assert [request.url.params["startIndex"] for request in amazon.requests] == list(map(str, starts))
        for request in amazon.requests:
            assert (request.method, request.content) == ("GET", b"")
            assert request.url.params["count"] == "2"
            assert request.url.params["stateFilter"] == "enabled,paused,archived"
            assert request.headers["Accept"] == "application/json"
            assert "Content-Type" not in request.headers

    async def test_a_list_that_does_not_look_at_the_index_ends(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.always = lambda _: ok([{}, {}])
        async with client:
            with pytest.raises(errors.MalformedResponseError, match="in circles"):
                await pages(client, BY_INDEX)
        assert len(amazon.requests) == 2

    async def test_media_types_of_body_and_answer_are_the_lists_own(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok({"targets": []}))
        (listing,) = (each for each in TARGETS.listings if each.path == "/sb/targets/list")
        async with client:
            await pages(client, listing)
        headers = amazon.requests[0].headers
        assert headers["Content-Type"] == "application/json"
        assert headers["Accept"] == "application/vnd.sblisttargetsresponse.v3.2+json"

    @pytest.mark.parametrize(
        ("replies", "numbers"),
        [
            ([{"campaigns": [{}, {}], "totalResults": 3}], "2 of 3"),
            ([{"campaigns": [{}], "totalResults": 4, "nextToken": "t2"}, {"campaigns": [{}]}], "2 of 4"),
            (
                [{"campaigns": [{}], "totalResults": 9, "nextToken": "t2"}, {"campaigns": [], "totalResults": 2}],
                "1 of 2",
            ),
        ],
    )
    async def test_a_list_that_ends_before_its_total_is_an_error_that_names_both_numbers(
        self, amazon: FakeAmazon, client: AmazonAdsClient, replies: list, numbers: str
    ):
        amazon.script(*map(ok, replies))
        async with client:
            with pytest.raises(errors.MalformedResponseError, match=f"ended after {numbers} objects") as caught:
                await pages(client)
        assert caught.value.profile_id == PROFILE_ID
        assert b"campaigns" in caught.value.body

    @pytest.mark.parametrize(
        "totals", [(4, 2), (2, 4), (1, 1), (None, None)], ids=["went", "came", "came twice", "unsaid"]
    )
    async def test_a_list_whose_objects_come_and_go_meanwhile_is_whole_with_the_smallest_total(
        self, amazon: FakeAmazon, client: AmazonAdsClient, totals: tuple
    ):
        first, last = totals
        amazon.script(
            ok({"campaigns": [{}], "totalResults": first, "nextToken": "t2"}),
            ok({"campaigns": [{}], "totalResults": last}),
        )
        async with client:
            assert [page.count for page in await pages(client)] == [1, 1]

    @pytest.mark.parametrize("status", [404, 410])
    async def test_a_list_that_is_not_there_is_never_an_empty_one(
        self, amazon: FakeAmazon, client: AmazonAdsClient, status: int
    ):
        amazon.script(refuse(status))
        async with client:
            with pytest.raises(errors.PermanentError):
                await pages(client)

    async def test_a_page_that_fails_is_asked_for_again_alone(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(
            ok({"campaigns": [{}], "nextToken": "t2"}),
            httpx.Response(200, stream=Pieces(b'{"campaigns": [', httpx.ReadError("reset"))),
            httpx.Response(200, content=b'{"campaigns": ['),
            ok({"campaigns": [{}]}),
        )
        async with client:
            assert len(await pages(client)) == 2
        assert amazon.last_body["nextToken"] == "t2"

    async def test_no_more_calls_than_allowed_are_under_way(self, amazon: FakeAmazon, naps: Naps, tokens: TokenCache):
        under_way, most = 0, 0

        async def busy(_: httpx.Request) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1
            return ok({"access_token": "t"} if _.url.path == "/auth/o2/token" else {"campaigns": []})

        async with fakes.client(amazon, naps, tokens, concurrency=3, transport=httpx.MockTransport(busy)) as client:
            await asyncio.gather(*(pages(client) for _ in range(12)))
        assert most == 3


class TestReports:
    async def test_a_report_is_ordered(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok(fakes.report()))
        async with client:
            report = await client.create_report(PROFILE_ID, REQUEST)
        assert (report.report_id, report.status, report.duplicate) == (REPORT_ID, ReportStatus.PENDING, False)
        assert amazon.requests[0].headers["Content-Type"] == "application/vnd.createasyncreportrequest.v3+json"
        assert amazon.last_body == {
            "name": "ours",
            "startDate": "2026-11-01",
            "endDate": "2026-11-02",
            "configuration": {
                "adProduct": "SPONSORED_PRODUCTS",
                "groupBy": ["targeting"],
                "columns": ["date", "campaignId", "cost"],
                "reportTypeId": "spTargeting",
                "timeUnit": "DAILY",
                "format": "GZIP_JSON",
            },
        }

    @pytest.mark.parametrize("lost", [refuse(500), html(504), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
    async def test_an_order_whose_answer_was_lost_finds_the_running_report(
        self, amazon: FakeAmazon, client: AmazonAdsClient, lost
    ):
        amazon.script(lost, refuse(425, DUPLICATE))
        async with client:
            report = await client.create_report(PROFILE_ID, REQUEST)
        assert (report.report_id, report.duplicate) == (REPORT_ID, True)

    async def test_too_early_without_an_id_is_tried_again(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(refuse(425, "Too early"), ok(fakes.report()))
        async with client:
            assert not (await client.create_report(PROFILE_ID, REQUEST)).duplicate

    async def test_refused_columns_are_not_asked_for_again(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(refuse(400, "configuration columns includes invalid values: (cost)"))
        async with client:
            with pytest.raises(errors.InvalidColumnsError) as caught:
                await client.create_report(PROFILE_ID, REQUEST)
        assert caught.value.columns == ("cost",)
        assert f"account 'acme', profile {PROFILE_ID}" in str(caught.value)

    async def test_a_report_is_looked_at_and_deleted(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok(fakes.report("PROCESSING")), ok({"reportId": REPORT_ID, "code": "200", "detail": "deleted"}))
        async with client:
            assert (await client.get_report(PROFILE_ID, REPORT_ID)).status is ReportStatus.PROCESSING
            await client.delete_report(PROFILE_ID, REPORT_ID)
        asked = [(request.method, request.url.path) for request in amazon.requests]
        assert asked == [("GET", f"/reporting/reports/{REPORT_ID}"), ("DELETE", f"/reporting/reports/{REPORT_ID}")]

    async def test_a_report_amazon_forgot_is_not_found(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(refuse(404))
        async with client:
            with pytest.raises(errors.ReportNotFoundError):
                await client.get_report(PROFILE_ID, REPORT_ID)

    async def test_a_report_id_cannot_lead_elsewhere(self, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(refuse(404))
        async with client:
            with pytest.raises(errors.ReportNotFoundError):
                await client.get_report(PROFILE_ID, "../../v2/profiles?x=1")
        assert amazon.requests[0].url.raw_path.startswith(b"/reporting/reports/..%2F")

    @pytest.mark.parametrize(
        ("start", "end", "columns"),
        [
            (date(2026, 11, 2), date(2026, 11, 1), ("date",)),
            (date(2026, 10, 1), date(2026, 11, 1), ("date",)),
            (date(2026, 11, 1), date(2026, 11, 1), ()),
        ],
    )
    async def test_a_request_amazon_would_never_finish_cannot_be_made(self, start, end, columns):
        with pytest.raises(ValueError, match=r"takes 1 to 31|at least one column"):
            ReportRequest(SP_TARGETING, start, end, "n", columns)


async def test_a_client_must_be_opened(client: AmazonAdsClient):
    with pytest.raises(RuntimeError, match="async with"):
        await client.list_profiles()


async def test_a_client_can_be_opened_again(amazon: FakeAmazon, client: AmazonAdsClient):
    amazon.always = lambda _: ok([])
    for _ in range(2):
        async with client:
            await client.list_profiles()


async def test_clients_of_many_accounts_read_the_certificates_once(monkeypatch):
    read, create = [], ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda *args, **more: read.append(1) or create(*args, **more))
    for _ in range(3):
        async with AmazonAdsClient(fakes.credentials()):
            pass
    assert len(read) <= 1
