"""The life of a report, and what is refused."""

import gzip
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, kind_of
from ppc_pipeline.sandbox import SandboxOptions

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_report_is_pending_then_processed_then_completed(new_api, report_request):
    api = new_api(SandboxOptions(ready_seconds=100))
    created = api.create(report_request()).json()
    assert created["status"] == "PENDING"
    assert STAMP.fullmatch(created["createdAt"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", created["reportId"])
    for nothing_yet in ("url", "urlExpiresAt", "fileSize", "generatedAt", "failureReason"):
        assert created[nothing_yet] is None
    seen = []
    for _ in range(14):
        seen.append(api.status(created["reportId"]).json()["status"])
        api.clock.forward(seconds=10)
    assert list(dict.fromkeys(seen)) == ["PENDING", "PROCESSING", "COMPLETED"]
    done = api.status(created["reportId"]).json()
    assert done["configuration"] == report_request()["configuration"] | {"filters": None}
    assert STAMP.fullmatch(done["generatedAt"])
    assert re.fullmatch(r".*\.\d{6}Z", done["urlExpiresAt"])
    assert done["url"].startswith("http://sandbox/_storage/report-")
    assert done["fileSize"] == len(api.call("GET", done["url"]).content)


def test_an_identical_request_collides_until_the_first_is_done(api, report_request):
    first = api.create(report_request()).json()["reportId"]
    again = api.create(report_request() | {"name": "another name"})
    assert again.status_code == 425
    assert again.json() == {"code": "425", "detail": f"The Request is a duplicate of : {first}"}
    assert api.create(report_request(start="2026-10-23")).status_code == 200
    assert api.create(report_request(), api.profile(1)).status_code == 200
    api.clock.forward(seconds=10)
    assert api.create(report_request()).json()["reportId"] != first


def test_a_link_expires_and_a_new_one_is_had_by_asking_again(api, report_request):
    report_id = api.create(report_request()).json()["reportId"]
    api.clock.forward(seconds=10)
    first = api.status(report_id).json()["url"]
    api.clock.forward(seconds=3600)
    expired = api.call("GET", first)
    assert expired.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in expired.text
    second = api.status(report_id).json()["url"]
    assert second != first
    assert api.call("GET", second).status_code == 200


def test_storage_takes_the_link_and_nothing_else(api, report_request):
    report_id = api.create(report_request()).json()["reportId"]
    api.clock.forward(seconds=10)
    url = api.status(report_id).json()["url"]
    assert api.call("GET", url.replace("Expires=3600", "Expires=9999")).status_code == 403
    assert api.call("GET", url.partition("?")[0]).status_code == 403
    refused = api.call("GET", url, headers={"Authorization": "Bearer x"})
    assert (refused.status_code, "Only one auth mechanism allowed" in refused.text) == (400, True)


def test_the_size_of_a_large_file_is_known_once_somebody_has_downloaded_it(new_api, report_request):
    api = new_api(SandboxOptions(campaigns=30))
    report_id = api.create(report_request()).json()["reportId"]
    api.clock.forward(seconds=10)
    before = api.status(report_id).json()
    assert before["fileSize"] is None
    content = api.call("GET", before["url"]).content
    assert api.status(report_id).json()["fileSize"] == len(content)


def test_unknown_foreign_and_deleted_reports_are_not_found(api, report_request):
    report_id = api.create(report_request()).json()["reportId"]
    assert api.status("00000000-0000-0000-0000-000000000000").json()["code"] == "404"
    assert api.status(report_id, api.profile(1)).status_code == 404
    deleted = api.call("DELETE", f"/reporting/reports/{report_id}", headers=api.headers(api.profile()))
    assert (deleted.status_code, deleted.json()["reportId"]) == (200, report_id)
    assert api.status(report_id).status_code == 404


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"reportTypeId": "spKeywords"}, "configuration reportTypeId is unknown or invalid"),
        ({"timeUnit": "HOURLY"}, "configuration timeUnit is not supported for this report type"),
        ({"timeUnit": None}, "Required fields are invalid or missing: configuration timeUnit"),
        ({"columns": []}, "Required fields are invalid or missing: configuration columns"),
        ({"format": "CSV"}, "Required fields are invalid or missing: configuration format"),
        ({"adProduct": "SPONSORED_BRANDS"}, "Required fields are invalid or missing: configuration adProduct"),
        ({"filters": "all"}, "Required fields are invalid or missing: configuration filters"),
        (
            {"groupBy": ["campaign"]},
            "configuration groupBy includes invalid values: (campaign). Allowed values: (targeting)",
        ),
        (
            {"filters": [{"field": "campaignStatus", "values": ["ENABLED"]}]},
            "configuration filters includes fields: (campaignStatus) which are invalid for groupBys: targeting. \n"
            "Allowed filters for groupBy targeting: (field: adKeywordStatus, values: ENABLED, PAUSED, ARCHIVED), "
            "(field: keywordType, values: BROAD, PHRASE, EXACT, TARGETING_EXPRESSION, "
            "TARGETING_EXPRESSION_PREDEFINED)",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_in_amazons_words(api, report_request, changes, detail):
    answer = api.create(report_request(**changes))
    assert answer.status_code == 400
    assert answer.json() == {"code": "400", "detail": detail}


def test_one_wrong_column_refuses_the_request_and_the_right_ones_are_named(api, report_request):
    detail = api.create(report_request(columns=["clicks", "purchases", "sales"])).json()["detail"]
    assert detail.startswith(
        "configuration columns includes invalid values: (purchases, sales). Allowed values: (date, campaignId, "
    )


@pytest.mark.parametrize(
    ("start", "end", "detail"),
    [
        (
            "2026-08-18",
            "2026-08-20",
            "startDate (2026-08-18) must be equal to or after report type data retention start date (2026-08-19)",
        ),
        (
            "2026-10-01",
            "2026-11-01",
            "Date range from startDate (2026-10-01) to endDate (2026-11-01) must not exceed 31 days",
        ),
        ("2026-11-20", "2026-11-23", "endDate (2026-11-23) must be equal to or before the current date (2026-11-22)"),
        ("2026-11-20", "2026-11-19", "startDate (2026-11-20) must be equal to or before endDate (2026-11-19)"),
        ("2026-11-31", "2026-11-19", "Required fields are invalid or missing: startDate"),
    ],
)
def test_a_window_that_is_not_served_is_refused(api, report_request, start, end, detail):
    assert api.create(report_request(start=start, end=end)).json() == {"code": "400", "detail": detail}


@pytest.mark.parametrize("name", REPORT_TYPES)
def test_every_report_type_has_its_own_range_and_retention(api, report_request, name):
    declared, today = REPORT_TYPES[name], date(2026, 11, 22)
    kept = today - timedelta(days=declared.retention_days)
    last = min(kept + timedelta(days=declared.max_range_days - 1), today)
    assert api.create(report_request(name, str(kept), str(last))).status_code == 200
    early = api.create(report_request(name, str(kept - timedelta(days=1)), str(kept)))
    assert "must be equal to or after report type data retention start date" in early.json()["detail"]
    first = today - timedelta(days=declared.max_range_days)
    long = api.create(report_request(name, str(first), str(today))).json()["detail"]
    assert f"must not exceed {declared.max_range_days} days" in long


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        ("sbCampaigns", "campaignStatus", ["ENABLED"]),
        ("sbTargeting", "keywordType", ["THEME", "EXACT"]),
        ("sbTargeting", "adKeywordStatus", ["PAUSED"]),
        ("sbGrossAndInvalids", "campaignStatus", ["ENABLED"]),
        ("sdGrossAndInvalids", "campaignStatus", ["PAUSED"]),
        ("stCampaigns", "campaignStatus", ["ENABLED"]),
    ],
)
def test_report_types_of_other_ad_products_take_their_own_filters(new_api, report_request, name, field, values):
    api = new_api(SandboxOptions(campaigns=30))
    some = api.rows(report_request(name, filters=[{"field": field, "values": values}]))
    every = api.rows(report_request(name))
    assert some == [row for row in every if row[field] in values] != []


@pytest.mark.parametrize("name", ["sdCampaigns", "sdTargeting:matchedTarget", "sbCampaignPlacement", "stTargeting"])
def test_report_types_that_take_no_filters_refuse_them(api, report_request, name):
    refused = api.create(report_request(name, filters=[{"field": "campaignStatus", "values": ["ENABLED"]}]))
    assert "includes fields: (campaignStatus) which are invalid for groupBys" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("lack", "name", "detail"),
    [
        ("without_brands", "sbTargeting", "KDP authors do not have access to Sponsored Brands functionality"),
        ("without_display", "sdTargeting", "configuration reportTypeId is unknown or invalid"),
        ("without_television", "stTargeting", "configuration reportTypeId is unknown or invalid"),
    ],
)
def test_an_ad_product_that_a_profile_does_not_have_is_refused_in_amazons_words(
    new_api, report_request, lack, name, detail
):
    api = new_api(SandboxOptions(**{lack: 1}))
    first, last = api.profile(0), api.profile(2)
    assert api.create(report_request(name), first).status_code == 200
    refused = api.create(report_request(name), last)
    assert (refused.status_code, refused.json()) == (400, {"code": "400", "detail": detail})
    assert api.create(report_request(), last).status_code == 200
    assert api.totals(name, "2026-11-01", "2026-11-20", last)["rows"] == 0
    lacking = [profile["lacks"] for profile in api.call("GET", "/_sandbox/profiles").json()]
    assert [bool(lacks) for lacks in lacking] == [False, False, True]


@pytest.mark.parametrize("share", ["brands_share", "display_share", "television_share"])
def test_an_ad_product_may_be_there_and_empty(new_api, report_request, share):
    api = new_api(SandboxOptions(**{share: 0.0}))
    prefix = {"brands_share": "sb", "display_share": "sd", "television_share": "st"}[share]
    for name in (name for name in REPORT_TYPES if name.startswith(prefix)):
        assert api.rows(report_request(name)) == []


def test_today_is_the_profiles_own(api, report_request):
    api.clock.forward(hours=1)  # 16:30 UTC: tomorrow has begun in Tokyo
    tomorrow = report_request(start="2026-11-23", end="2026-11-23")
    assert [api.create(tomorrow, api.profile(n)).status_code for n in (0, 1, 2)] == [400, 400, 200]


def test_a_report_without_rows_is_an_empty_array(new_api, report_request):
    api = new_api(SandboxOptions(history_days=10))
    request = report_request(start="2026-10-01", end="2026-10-03")
    report_id = api.create(request).json()["reportId"]
    api.clock.forward(seconds=60)
    done = api.status(report_id).json()
    assert done["fileSize"] == 22
    assert gzip.decompress(api.call("GET", done["url"]).content) == b"[]"


@pytest.mark.parametrize("name", REPORT_TYPES)
def test_every_declared_column_is_served_and_no_other(api, report_request, name):
    rows = api.rows(report_request(name))
    assert rows
    assert {frozenset(row) for row in rows} == {frozenset(REPORT_TYPES[name].columns)}


def test_a_new_declaration_is_served_as_far_as_its_columns_are_known(api, report_request, monkeypatch):
    declared = replace(
        REPORT_TYPES["spCampaigns"],
        name="spCampaigns:adGroup",
        group_by=("campaign", "adGroup"),
        columns=("date", "campaignId", "adGroupId", "adGroupName", "clicks", "keywordId", "novelty"),
    )
    other = replace(declared, name="dspOrders", report_type_id="dspOrders", ad_product="DEMAND_SIDE_PLATFORM")
    monkeypatch.setitem(REPORT_TYPES, declared.name, declared)
    monkeypatch.setitem(REPORT_TYPES, other.name, other)
    rows = api.rows(report_request(declared.name, columns=["date", "adGroupName", "campaignId", "clicks"]))
    assert sum(row["clicks"] for row in rows) == sum(row["clicks"] for row in api.rows(report_request()))
    refused = api.create(report_request(declared.name)).json()["detail"]
    assert "invalid values: (keywordId, novelty)" in refused
    assert "unknown" in api.create(report_request(other.name, columns=["clicks"])).json()["detail"]


def test_a_profile_without_campaigns_has_empty_reports(new_api, report_request):
    api = new_api(SandboxOptions(campaigns=0))
    for name in REPORT_TYPES:
        assert api.rows(report_request(name)) == []
        assert api.totals(name, "2026-11-01", "2026-11-20")["rows"] == 0


def test_columns_come_alone(api, report_request):
    for column in ("date", "campaignId", "clicks", "sales7d", "roasClicks7d"):
        assert {tuple(row) for row in api.rows(report_request(columns=[column]))} == {(column,)}


def test_numbers_have_amazons_forms(api, report_request):
    rows = api.rows(report_request())
    seen = {name: {type(row[name]) for row in rows} for name in REPORT_TYPES["spTargeting"].columns}
    assert seen["campaignId"] == seen["impressions"] == seen["purchases7d"] == {int}
    assert seen["sales7d"] == seen["cost"] == seen["clickThroughRate"] == {int, float}
    assert seen["portfolioId"] <= {int, type(None)}
    assert seen["acosClicks7d"] == {float, type(None)}
    assert not any(type(row["cost"]) is int and row["cost"] for row in rows)
    for row in rows:
        assert row["cost"] == round(row["cost"], 2)
        assert row["clickThroughRate"] == pytest.approx(row["clicks"] / row["impressions"] * 100)
        assert (row["acosClicks7d"] is None) == (row["sales7d"] == 0)
        assert (row["roasClicks7d"] is None) == (row["cost"] == 0)


@pytest.mark.parametrize("name", REPORT_TYPES)
def test_a_zero_is_an_integer_and_what_is_undefined_is_null(api, report_request, name):
    for row in api.rows(report_request(name)):
        for column, value in row.items():
            kind = kind_of(column)
            if kind in (Kind.MONEY, Kind.RATE) and column not in ("costPerClick", "campaignBudgetAmount"):
                assert not (isinstance(value, float) and value == 0), column
            if kind is Kind.INTEGER and value is not None:
                assert isinstance(value, int), column


def test_yen_have_no_decimals(api, report_request):
    rows = api.rows(report_request(), api.profile(2))
    assert sum(row["cost"] for row in rows) > 0
    assert all(row["cost"] == int(row["cost"]) and row["sales30d"] == int(row["sales30d"]) for row in rows)


def test_filters_keep_the_rows_they_name(api, report_request):
    wanted = {"field": "keywordType", "values": ["EXACT", "TARGETING_EXPRESSION_PREDEFINED"]}
    every, some = api.rows(report_request()), api.rows(report_request(filters=[wanted]))
    assert some == [row for row in every if row["keywordType"] in wanted["values"]] != []


def test_a_summary_adds_the_days_up(api, report_request):
    columns = ["campaignId", "keywordId", "startDate", "endDate", "impressions", "clicks", "purchases30d"]
    summary = api.rows(report_request(timeUnit="SUMMARY", columns=columns))
    daily = api.rows(report_request())
    assert {(row["startDate"], row["endDate"]) for row in summary} == {("2026-10-22", "2026-11-21")}
    assert {row["keywordId"]: row["clicks"] for row in summary} == {
        row["keywordId"]: sum(day["clicks"] for day in daily if day["keywordId"] == row["keywordId"]) for row in summary
    }
    refused = api.create(report_request(timeUnit="SUMMARY", columns=["date"]))
    assert "includes invalid values: (date)" in refused.json()["detail"]


def test_calls_are_counted(api, report_request):
    request = report_request()
    api.create(request)
    api.create(request)
    api.create(request | {"startDate": "2020-01-01"})
    api.rows(report_request(start="2026-11-21"))
    api.page("/sp/campaigns/list", "spCampaign")
    stats = api.call("GET", "/_sandbox/stats").json()
    calls = stats["calls"]
    expected = {"create 2xx": 2, "create 425": 1, "create 4xx": 1, "poll": 1, "download": 1}
    assert {kind: calls[kind] for kind in expected} == expected
    assert calls["list /sp/campaigns/list"] == 1
    assert calls["token"] > 0
    assert calls["profiles"] > 0
    assert stats["reportsCreated"] == 2
