"""Every request of the client against Amazon's own OpenAPI documents, and our declarations against its catalogue."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import ValidationError

from ppc_pipeline.amazon_ads.answers import Answer
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES, Listing
from ppc_pipeline.amazon_ads.exports import EXPORT_KINDS, ExportKind
from ppc_pipeline.amazon_ads.models import ReportRequest
from ppc_pipeline.amazon_ads.parsing import parse_export, parse_page, parse_report
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, REPORT_ID, FakeAmazon, ok
from ppc_pipeline_tests.amazon_ads.openapi import Contract

LISTINGS = [pytest.param(listing, id=listing.path) for entity in ENTITY_TYPES.values() for listing in entity.listings]

EXTENDED = [
    pytest.param(listing.extended(), id=f"{listing.path} extended")
    for entity in ENTITY_TYPES.values()
    for listing in entity.listings
    if listing.extends
]


def beside_the_documents(name: str) -> Any:
    file = specs_folder().parent / name
    if not file.exists():
        pytest.skip(f"{name} is not beside the folder of Amazon's OpenAPI documents")
    return json.loads(file.read_text())


def specs_folder() -> Path:
    folder = os.environ.get("AMAZON_ADS_SPECS_DIR")
    if not folder:
        pytest.skip("AMAZON_ADS_SPECS_DIR is not set: it names the folder with Amazon's OpenAPI documents")
    return Path(folder)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract(specs_folder())


@pytest.mark.anyio
class TestRequests:
    async def test_profiles(self, contract: Contract, amazon: FakeAmazon, client: AmazonAdsClient):
        amazon.script(ok([]))
        async with client:
            await client.list_profiles()
        contract.check(amazon.requests[0])

    @pytest.mark.parametrize("listing", [*LISTINGS, *EXTENDED])
    async def test_lists(self, contract: Contract, amazon: FakeAmazon, client: AmazonAdsClient, listing: Listing):
        if listing.by_index:
            amazon.script(ok([{}] * (listing.page_size or 0)), ok([]))
        else:
            amazon.script(ok({listing.items_key: [], "nextToken": "t2"}), ok({listing.items_key: []}))
        async with client:
            _ = [page async for page in client.list_pages(PROFILE_ID, listing)]
        assert len(amazon.requests) == 2
        for request in amazon.requests:
            contract.check(request)

    @pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda report_type: report_type.name)
    async def test_reports(
        self, contract: Contract, amazon: FakeAmazon, client: AmazonAdsClient, report_type: ReportType
    ):
        amazon.script(*(ok(fakes.report()) for _ in range(3)))
        request = ReportRequest(report_type, date(2026, 11, 1), date(2026, 11, 30), "name", report_type.columns)
        async with client:
            await client.create_report(PROFILE_ID, request)
            await client.get_report(PROFILE_ID, REPORT_ID)
            await client.delete_report(PROFILE_ID, REPORT_ID)
        for sent in amazon.requests:
            contract.check(sent)

    @pytest.mark.parametrize("kind", EXPORT_KINDS, ids=lambda kind: kind.name)
    async def test_exports(self, contract: Contract, amazon: FakeAmazon, client: AmazonAdsClient, kind: ExportKind):
        amazon.script(
            ok({"exportId": "e,C", "status": "IN_PROGRESS"}, 202), ok({"exportId": "e,C", "status": "FAILED"})
        )
        async with client:
            await client.create_export(PROFILE_ID, kind)
            await client.get_export(PROFILE_ID, kind, "e,C")
        for sent in amazon.requests:
            contract.check(sent)
        assert {sent.headers["Accept"] for sent in amazon.requests} == {kind.media_type}

    async def test_the_judge_can_say_no(self, contract: Contract):
        media = "application/vnd.spCampaign.v3+json"
        good = {
            "Amazon-Advertising-API-ClientId": "x",
            "Amazon-Advertising-API-Scope": "1",
            "Content-Type": media,
            "Accept": media,
        }

        def request(body: object, path: str = "/sp/campaigns/list", **changes: str) -> httpx.Request:
            return httpx.Request("POST", f"https://ads.test{path}", json=body, headers={**good, **changes})

        plain = {name: value for name, value in good.items() if name != "Content-Type"} | {"Accept": "application/json"}
        contract.check(request({"stateFilter": {"include": ["ENABLED"]}}))
        contract.check(httpx.Request("GET", "https://ads.test/sd/campaigns?stateFilter=enabled,paused", headers=plain))
        for body in ({"stateFilters": {}}, {"stateFilter": {"include": "ENABLED"}}, {"maxResults": "500"}, []):
            with pytest.raises(ValidationError):
                contract.check(request(body))
        for changes in ({"Accept": "application/json"}, {"Content-Type": "text/plain"}, {"Amazon-Ads-Nothing": "x"}):
            with pytest.raises(AssertionError):
                contract.check(request({}, **changes))
        brands = {"Content-Type": "application/json", "Accept": "application/vnd.sblisttargetsresponse.v3.2+json"}
        for body in ({"filters": [{"filterType": "STATE", "values": ["enabled"]}]}, {"maxResults": 5001}, {"state": 1}):
            with pytest.raises(ValidationError):
                contract.check(request(body, path="/sb/targets/list", **brands))
        for query in ("stateFilter=enabled,running", "startindex=x&page=2"):
            with pytest.raises(AssertionError):
                contract.check(httpx.Request("GET", f"https://ads.test/sd/campaigns?{query}", headers=plain))
        with pytest.raises(AssertionError, match="none of Amazon's documents"):
            contract.check(request({}, path="/sp/campaign/list"))


@pytest.mark.parametrize("listing", LISTINGS)
def test_every_field_that_fills_a_column_is_one_that_amazon_documents(contract: Contract, listing: Listing):
    documented = contract.item_fields(listing.method.lower(), listing.path, listing.accept, listing.items_key)
    used = {path.removeprefix("$.").split(".")[0] for path in listing.fields.values()}
    # Recorded from live accounts, or said of the same object elsewhere.
    assert used - documented <= {"campaignId"} if listing.path == "/sd/negativeTargets" else used <= documented


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda report_type: report_type.name)
def test_declarations_are_amazons_catalogue_in_both_directions(report_type: ReportType):
    documented = beside_the_documents("report-types-v3.json")["reportTypes"][report_type.report_type_id]
    columns = set(documented["baseColumns"])
    for grouping in report_type.group_by:
        columns |= set(documented["groupBy"][grouping]["additionalColumns"])
    # Daily rows have a date; startDate and endDate belong to summaries.
    assert set(report_type.columns) == columns - {"startDate", "endDate"}
    assert len(report_type.columns) == len(set(report_type.columns))
    assert report_type.ad_product == documented["adProduct"]
    assert report_type.max_range_days == documented["maxRangeDays"]
    assert report_type.retention_days <= documented["retentionDays"]
    assert {"DAILY", "GZIP_JSON"} <= {*documented["timeUnits"], *documented["formats"]}
    assert set(report_type.grain) <= set(report_type.columns)


def test_recorded_answers_can_be_read():
    listings = {listing.path: listing for entity in ENTITY_TYPES.values() for listing in entity.listings}
    read = 0
    for exchange in beside_the_documents("recorded/responses.json")["responses"]:
        path = exchange["url"].removeprefix("{{api_url}}").split("?")[0]
        answer = Answer(
            exchange["status"], exchange["responseHeaders"] or {}, (exchange["responseBody"] or "").encode()
        )
        if answer.status not in (200, 202):
            continue
        if path in listings:
            assert parse_page(answer, listings[path]).count > 0
            read += 1
        elif path.startswith("/reporting/reports"):
            assert parse_report(answer).report_id
            read += 1
        elif path.endswith("/export") or path.startswith("/exports/"):
            assert parse_export(answer).export_id
            read += 1
    assert read > 10
