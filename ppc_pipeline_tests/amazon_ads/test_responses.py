"""Which answer is which error: tables of cases, one row a rule."""

import json
from datetime import UTC, date, datetime

import httpx
import pytest

from ppc_pipeline.amazon_ads import errors
from ppc_pipeline.amazon_ads.answers import Answer
from ppc_pipeline.amazon_ads.errors import AdsError, Category
from ppc_pipeline.amazon_ads.responses import (
    Operation,
    download_error_of,
    duplicate_of,
    error_of,
    is_about_scope,
    login_error_of,
    retry_after_seconds,
)
from ppc_pipeline_tests.amazon_ads.fakes import PROFILE_ID, REPORT_ID

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>"
GATEWAY_401 = b'{"code":"UNAUTHORIZED","details":"HTTP 401 Unauthorized","requestId":"6X34"}'


def answer(status: int, said: object = b"", *, profile_id: int | None = PROFILE_ID, **headers: str) -> Answer:
    body = said if isinstance(said, bytes) else json.dumps({"code": str(status), "detail": said}).encode()
    return Answer(status, httpx.Headers({"x-amz-rid": "RID", **headers}), body, "acme", profile_id)


KDP = "KDP authors do not have access to Sponsored Brands functionality"

CREATE, POLL, LIST, PROFILES, DELETE = (
    Operation.CREATE,
    Operation.POLL,
    Operation.LIST,
    Operation.PROFILES,
    Operation.DELETE,
)


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        (LIST, answer(200, b"{}"), None),
        (CREATE, answer(202, b"{}"), None),
        (DELETE, answer(204), None),
        (CREATE, answer(425, f"The Request is a duplicate of : {REPORT_ID}"), None),
        (CREATE, answer(425, "Too early"), errors.RetryableError),
        (POLL, answer(425, f"The Request is a duplicate of : {REPORT_ID}"), errors.RetryableError),
        (CREATE, answer(429, "Too Many Requests"), errors.ThrottledError),
        (LIST, answer(429, HTML), errors.ThrottledError),
        (LIST, answer(500, b'{"code":"INTERNAL_ERROR","message":"oops"}'), errors.RetryableError),
        (CREATE, answer(502, HTML), errors.RetryableError),
        (POLL, answer(503), errors.RetryableError),
        (LIST, answer(408), errors.RetryableError),
        (POLL, answer(401, "Not authorized to access scope 1234"), errors.RefusedError),
        (LIST, answer(401, "No matching advertiser found for scope"), errors.RefusedError),
        (LIST, answer(403, b'{"code":"ACCESS_DENIED","message":"no"}'), errors.RefusedError),
        (CREATE, answer(403, HTML), errors.RefusedError),
        (PROFILES, answer(403, "no", profile_id=None), errors.MisconfiguredError),
        (PROFILES, answer(401, GATEWAY_401, profile_id=None), errors.MisconfiguredError),
        (LIST, answer(401, GATEWAY_401), errors.RefusedError),
        (CREATE, answer(401, HTML), errors.RefusedError),
        (CREATE, answer(401, "Not authorized to manage this profile"), errors.RefusedError),
        (DELETE, answer(401, GATEWAY_401), errors.RefusedError),
        (POLL, answer(401, "Not authorized to manage this profile"), errors.RetryableError),
        (POLL, answer(403, "no"), errors.RefusedError),
        (POLL, answer(401, GATEWAY_401), errors.RetryableError),
        (POLL, answer(404, "Not found"), errors.ReportNotFoundError),
        (DELETE, answer(404, "Not found"), errors.ReportNotFoundError),
        (LIST, answer(404, b'{"code":"NOT_FOUND","details":"Could not find resource"}'), errors.PermanentError),
        (LIST, answer(410), errors.PermanentError),
        (LIST, answer(400, b"[" * 10**5), errors.PermanentError),
        (LIST, answer(415, b'{"code":"UNSUPPORTED_MEDIA_TYPE"}'), errors.PermanentError),
        (LIST, answer(307), errors.PermanentError),
        (CREATE, answer(422, "no"), errors.PermanentError),
        (CREATE, answer(400, "configuration reportTypeId is unknown or invalid"), errors.NotOfferedError),
        (CREATE, answer(400, "configuration timeUnit is not supported for this report type"), errors.PermanentError),
        (CREATE, answer(400, KDP), errors.NotOfferedError),
        (LIST, answer(400, KDP), errors.NotOfferedError),
        (LIST, answer(403, KDP), errors.NotOfferedError),
        (LIST, answer(404, KDP), errors.PermanentError),
        (CREATE, answer(400, b"[]"), errors.PermanentError),
        (LIST, answer(400, "configuration columns includes invalid values: (a)"), errors.PermanentError),
    ],
)
def test_every_answer_has_one_error(operation: Operation, given: Answer, expected: type[AdsError] | None):
    error = error_of(given, operation)
    assert type(error) is (expected or type(None))
    if error is not None:
        assert (error.account, error.profile_id, error.status) == ("acme", given.profile_id, given.status)
        assert error.request_id == "RID"
        assert "\n" not in str(error)


@pytest.mark.parametrize("operation", Operation)
def test_no_status_of_an_error_passes_for_success(operation: Operation):
    for status in range(300, 600):
        error = error_of(answer(status, "x"), operation)
        assert error is not None
        assert error.category is Category.RETRYABLE or not (status >= 500 or status in (408, 425, 429))


def test_a_refused_profile_and_a_refused_account_come_with_a_remedy():
    refused = error_of(answer(401, "Not authorized to access scope 1"), LIST)
    misconfigured = error_of(answer(401, "no", profile_id=None), PROFILES)
    assert refused is not None
    assert misconfigured is not None
    assert "access to this advertiser" in refused.remedy
    assert "application" in misconfigured.remedy


@pytest.mark.parametrize(
    ("detail", "columns"),
    [
        (
            "configuration columns includes invalid values: (purchases, sales). Allowed values: (a, b)",
            "purchases sales",
        ),
        ("configuration columns includes invalid values: (acosClicks7d)", "acosClicks7d"),
        (f"configuration columns includes invalid values: (one). Allowed values: ({'x, ' * 400}y)", "one"),
    ],
)
def test_refused_columns_are_named(detail: str, columns: str):
    error = error_of(answer(400, detail), CREATE)
    assert isinstance(error, errors.InvalidColumnsError)
    assert error.columns == tuple(columns.split())
    assert len(error.message) < 500


def test_the_first_date_amazon_serves_is_read_from_its_refusal():
    said = "startDate (2025-01-01) must be equal to or after report type data retention start date (2025-01-03)"
    error = error_of(answer(400, said), CREATE)
    assert isinstance(error, errors.RetentionError)
    assert error.allowed_from == date(2025, 1, 3)


@pytest.mark.parametrize("stated", ["(2025-13-45)", "()", "soon"])
def test_a_retention_date_that_is_none_is_a_plain_refusal(stated: str):
    said = f"startDate (2025-01-01) must be equal to or after report type data retention start date {stated}"
    assert type(error_of(answer(400, said), CREATE)) is errors.PermanentError


@pytest.mark.parametrize(
    ("given", "report_id"),
    [
        (answer(425, f"The Request is a duplicate of : {REPORT_ID}"), REPORT_ID),
        (answer(425, f"The request is a Duplicate of:{REPORT_ID}."), REPORT_ID),
        (answer(425, f"already running as {REPORT_ID}"), REPORT_ID),
        (answer(425, f"<b>{REPORT_ID}</b>".encode()), REPORT_ID),
        (answer(425, "Too early"), None),
        (answer(425, b'{"detail": "Too early", "requestId": "88dac5e8-0987-4534-a9d6-e2addbbff342"}'), None),
        (answer(200, f"duplicate of : {REPORT_ID}"), None),
    ],
)
def test_a_duplicate_names_the_running_report(given: Answer, report_id: str | None):
    assert duplicate_of(given) == report_id


def test_only_a_401_about_the_scope_is_about_the_scope():
    assert is_about_scope(answer(401, b'{"code":"UNAUTHORIZED","details":"Not authorized to access scope 12"}'))
    assert not is_about_scope(answer(401, "Scope header is missing"))
    assert not is_about_scope(answer(400, "Not authorized to access scope 12"))


NOW = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("42", 42),
        ("1.5", 1.5),
        ("-3", None),
        ("", None),
        ("0", None),
        ("nan", None),
        ("1e12", None),
        ("soon", None),
        ("Tue, 03 Nov 2026 12:00:30 GMT", 30),
        ("Tue, 03 Nov 2026 12:00:30 -0000", 30),
        ("Tue, 03 Nov 2026 11:59:00 GMT", None),
        ("Tue, 99 Nov 2026 11:59:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None):
    assert retry_after_seconds(value, NOW) == seconds


def test_a_429_carries_what_amazon_asked_for():
    error = error_of(answer(429, "Throttled", **{"retry-after": "42"}), CREATE)
    assert isinstance(error, errors.ThrottledError)
    assert error.retry_after == 42


@pytest.mark.parametrize(
    ("status", "body", "expected", "remedy"),
    [
        (200, {}, None, ""),
        (400, {"error": "invalid_grant", "error_description": "revoked"}, errors.MisconfiguredError, "365 days"),
        (401, {"error": "invalid_client"}, errors.MisconfiguredError, "client secret"),
        (400, {"error": "unauthorized_client"}, errors.MisconfiguredError, "client secret"),
        (400, {"error": "invalid_request"}, errors.MisconfiguredError, "token URL"),
        (404, None, errors.MisconfiguredError, "token URL"),
        (301, None, errors.MisconfiguredError, "token URL"),
        (400, {"error": "server_error"}, errors.RetryableError, ""),
        (500, None, errors.RetryableError, ""),
        (503, {"error": "invalid_grant"}, errors.RetryableError, ""),
        (429, None, errors.ThrottledError, ""),
        (400, ["not", "an", "object"], errors.MisconfiguredError, "token URL"),
    ],
)
def test_a_failed_login_says_what_to_mend(status: int, body: object, expected: type[AdsError] | None, remedy: str):
    raw = HTML if body is None else json.dumps(body).encode()
    error = login_error_of(answer(status, raw, profile_id=None))
    assert type(error) is (expected or type(None))
    if error is not None:
        assert remedy in error.remedy
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"", None),
        (
            403,
            b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            errors.UrlExpiredError,
        ),
        (400, b"<Error><Code>ExpiredToken</Code></Error>", errors.UrlExpiredError),
        (404, b"", errors.UrlExpiredError),
        (503, b"<Error><Code>SlowDown</Code></Error>", errors.RetryableError),
        (206, b"", errors.RetryableError),
        (302, b"", errors.RetryableError),
    ],
)
def test_a_refused_download_is_an_expired_link_or_passes(status: int, body: bytes, expected: type[AdsError] | None):
    assert type(download_error_of(answer(status, body))) is (expected or type(None))
