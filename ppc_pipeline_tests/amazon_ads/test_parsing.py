"""Reading good answers, and refusing those that only look good."""

import json
from decimal import Decimal

import pytest

from ppc_pipeline.amazon_ads.answers import Answer
from ppc_pipeline.amazon_ads.entities import CAMPAIGNS
from ppc_pipeline.amazon_ads.errors import MalformedResponseError
from ppc_pipeline.amazon_ads.models import ReportStatus
from ppc_pipeline.amazon_ads.parsing import parse_page, parse_profiles, parse_report
from ppc_pipeline_tests.amazon_ads import fakes
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, REPORT_ID

LISTING = CAMPAIGNS.listings[0]


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode(), "acme", PROFILE_ID)


def profile(**changes: object) -> dict[str, object]:
    account = {"marketplaceStringId": "A2EUQ1WTGCTBG2", "id": "A3LUQ", "type": "seller", "name": "Store", "new": 1}
    return {
        "profileId": PROFILE_ID,
        "countryCode": "CA",
        "currencyCode": "CAD",
        "dailyBudget": 0.1,
        "timezone": "America/Los_Angeles",
        "accountInfo": {**account, "validPaymentMethod": True},
        "somethingNew": {"x": 1},
        **changes,
    }


class TestProfiles:
    def test_fields_arrive_and_unknown_ones_do_no_harm(self):
        (read,) = parse_profiles(answer([profile()]))
        assert read.profile_id == PROFILE_ID
        assert (read.country_code, read.currency_code, read.timezone) == ("CA", "CAD", "America/Los_Angeles")
        assert read.daily_budget == Decimal("0.1")
        assert read.account_info.marketplace_string_id == "A2EUQ1WTGCTBG2"
        assert read.account_info.valid_payment_method is True
        assert read.account_info.sub_type is None

    def test_amounts_are_exact(self):
        (read,) = parse_profiles(answer(json.dumps([profile()]).replace("0.1", "999999999.12345678901").encode()))
        assert read.daily_budget == Decimal("999999999.12345678901")

    def test_vendors_have_no_budget(self):
        vendor = profile()
        del vendor["dailyBudget"]
        assert parse_profiles(answer([vendor]))[0].daily_budget is None

    @pytest.mark.parametrize("profile_id", [PROFILE_ID, str(PROFILE_ID)])
    def test_ids_are_ints_however_they_are_spelled(self, profile_id: object):
        assert parse_profiles(answer([profile(profileId=profile_id)]))[0].profile_id == PROFILE_ID

    def test_an_empty_list_is_an_answer(self):
        assert parse_profiles(answer([])) == []

    @pytest.mark.parametrize(
        "body", [b"", b"  ", b"<html>", b'{"profiles": []}', b"null", b"[", b"\xff\xfe", b"[" * 10**5]
    )
    def test_what_is_not_a_list_is_malformed(self, body: bytes):
        with pytest.raises(MalformedResponseError) as caught:
            parse_profiles(answer(body))
        assert caught.value.body == body[:65536]

    @pytest.mark.parametrize(
        "changes",
        [
            {"timezone": "Mars/Olympus"},
            {"timezone": "../etc/passwd"},
            {"timezone": ""},
            {"profileId": True},
            {"profileId": 1.5},
            {"profileId": "12a"},
            {"profileId": None},
            {"currencyCode": ""},
            {"accountInfo": None},
        ],
    )
    def test_a_profile_that_is_none_is_an_error_or_set_aside(self, changes: dict[str, object]):
        body = answer([profile(), profile(**changes)])
        with pytest.raises(MalformedResponseError, match="a list with a profile"):
            parse_profiles(body)
        aside: list[MalformedResponseError] = []
        assert len(parse_profiles(body, aside.append)) == 1
        assert len(aside) == 1


class TestReports:
    def test_a_report_arrives(self):
        link = "https://offline.s3.amazonaws.com/r.json.gz?X-Amz-Signature=abc"
        raw = fakes.report("COMPLETED", url=link, fileSize=22, urlExpiresAt="2026-11-03T20:44:45.388887Z")
        read = parse_report(answer(raw), REPORT_ID)
        assert (read.report_id, read.status, read.file_size) == (REPORT_ID, ReportStatus.COMPLETED, 22)
        assert read.url is not None
        assert read.url.get_secret_value() == link
        assert read.url_expires_at is not None
        assert read.url_expires_at.microsecond == 388887
        assert not read.duplicate
        assert "abc" not in repr(read)

    @pytest.mark.parametrize(
        ("served", "status"),
        [
            ("PENDING", ReportStatus.PENDING),
            ("PROCESSING", ReportStatus.PROCESSING),
            ("COMPLETED", ReportStatus.COMPLETED),
            ("FAILED", ReportStatus.FAILED),
            ("FAILURE", ReportStatus.FAILED),
            ("QUEUED_SOMEWHERE", ReportStatus.PROCESSING),
        ],
    )
    def test_statuses(self, served: str, status: ReportStatus):
        assert parse_report(answer(fakes.report(served))).status is status

    def test_a_425_is_the_running_report(self):
        read = parse_report(answer({"code": "425", "detail": f"The Request is a duplicate of : {REPORT_ID}"}, 425))
        assert (read.report_id, read.status, read.duplicate) == (REPORT_ID, ReportStatus.PENDING, True)

    def test_an_odd_stamp_costs_no_report(self):
        assert parse_report(answer(fakes.report(createdAt="yesterday"))).created_at is None

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"<html>",
            b'{"reportId": "x"',
            {"status": "PENDING"},
            fakes.report(reportId=""),
            {"reportId": "x"},
        ],
    )
    def test_what_is_no_report_is_malformed(self, body: object):
        with pytest.raises(MalformedResponseError, match="not a report"):
            parse_report(answer(body))

    @pytest.mark.parametrize("status", [None, 7, {}])
    def test_a_status_that_is_no_text_is_malformed(self, status: object):
        with pytest.raises(MalformedResponseError):
            parse_report(answer(fakes.report() | {"status": status}))

    def test_another_report_than_the_one_asked_about_is_malformed(self):
        with pytest.raises(MalformedResponseError, match="was asked about"):
            parse_report(answer(fakes.report(reportId="other")), REPORT_ID)


class TestPages:
    def test_the_text_stays_as_amazon_served_it(self):
        body = b'{"campaigns": [{"campaignId": "144346139432941903", "budget": 0.10}], "totalResults":1}'
        page = parse_page(answer(body), LISTING)
        assert (page.body, page.count, page.next_token, page.total) == (body, 1, None, 1)

    @pytest.mark.parametrize("last", [{}, {"nextToken": None}, {"nextToken": ""}])
    def test_the_last_page_names_no_next_one(self, last: dict[str, object]):
        assert parse_page(answer({"campaigns": [], **last}), LISTING).next_token is None

    def test_nothing_is_an_answer_only_when_amazon_says_so(self):
        assert parse_page(answer({"totalResults": 0}), LISTING).count == 0
        for silence in ({}, {"totalResults": 3}, {"adGroups": []}):
            with pytest.raises(MalformedResponseError, match="without campaigns"):
                parse_page(answer(silence), LISTING)

    @pytest.mark.parametrize("body", [b"", b"[]", b"<html>", {"campaigns": {}}, {"campaigns": [], "nextToken": 7}])
    def test_what_is_no_page_is_malformed(self, body: object):
        with pytest.raises(MalformedResponseError):
            parse_page(answer(body), LISTING)
