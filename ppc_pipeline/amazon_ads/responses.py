"""Which answer of Amazon's is which error: pure functions over an ``Answer``, one table of rules.

Here: statuses, error texts and ``Retry-After``. Not here: sending (``exchange``), what is done about an error
(``retries``, the callers), or the reading of good answers (``parsing``).

Sources: Amazon's OpenAPI documents for the shapes (``{"code", "detail"}`` from reports, ``{"code", "message"}`` from
lists, ``{"code", "details"}`` from the gateway), and texts recorded from the live API where documents are silent.
"""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from ppc_pipeline.amazon_ads.answers import Answer
from ppc_pipeline.amazon_ads.errors import (
    AdsError,
    InvalidColumnsError,
    MisconfiguredError,
    NotOfferedError,
    PermanentError,
    RefusedError,
    ReportNotFoundError,
    RetentionError,
    RetryableError,
    ThrottledError,
    UrlExpiredError,
)
from ppc_pipeline.amazon_ads.throttle import plausible_seconds

GRANT_REMEDY = (
    "the advertiser must authorise the application again (an authorisation lasts 365 days at most, and ends when it is "
    "revoked or the client secret is reset); then put the new refresh token in AMAZON_ADS_REFRESH_TOKEN, or in the "
    "variable the accounts file names"
)
CLIENT_REMEDY = (
    "check client id and client secret (AMAZON_ADS_CLIENT_ID and AMAZON_ADS_CLIENT_SECRET, or the variables the "
    "accounts file names) against the security profile in the Amazon developer console"
)
LOGIN_REMEDY = "check the account's credentials and the token URL (AMAZON_ADS_TOKEN_URL)"
APPLICATION_REMEDY = "check that the client id belongs to an application with access to the Amazon Ads API"
SCOPE_REMEDY = (
    "give the user who authorised the application access to this advertiser again (Amazon Ads console, Access and "
    "settings), or leave the profile out: `exclude_profiles` in the accounts file, or PPC_EXCLUDE_PROFILES without one"
)

NOT_OFFERED_REMEDY = (
    "nothing is to be done where the advertiser does not use it: it is left out of the daily orders and tried again "
    "weekly, and at once by whoever asks for it"
)

_SCOPE = re.compile(r"not authorized to access scope|no matching advertiser found for scope", re.IGNORECASE)
_DUPLICATE = re.compile(r"duplicate of\s*:\s*([0-9A-Za-z-]{36})", re.IGNORECASE)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_RETENTION = re.compile(r"startDate\b.*?retention start date \((\d{4}-\d{2}-\d{2})\)", re.IGNORECASE | re.DOTALL)
_NO_PRODUCT = re.compile(r"do(?:es)? not have access to Sponsored \w+", re.IGNORECASE)
_NO_TYPE = re.compile(r"reportTypeId is unknown or invalid", re.IGNORECASE)
_COLUMNS = re.compile(r"columns includes invalid values:\s*\(([^)]*)\)", re.IGNORECASE)


class Operation(StrEnum):
    """What was asked of Amazon, in the words of error messages."""

    PROFILES = "list profiles"
    LIST = "list entities"
    CREATE = "create a report"
    POLL = "look at a report"
    DELETE = "delete a report"


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3: seconds, or a date).

    Args:
        value: The header, if there was one.
        now: What a date is measured against; the present by default.

    Returns:
        Seconds; None when there is nothing that makes sense.
    """
    if value is None:
        return None
    try:
        return plausible_seconds(float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return plausible_seconds((moment - (now or datetime.now(UTC))).total_seconds())


def duplicate_of(answer: Answer) -> str | None:
    """Return the id of the running report that a 425 names (``The Request is a duplicate of : <id>``)."""
    if answer.status != 425:
        return None
    if stated := _DUPLICATE.search(answer.text):
        return stated[1]
    mentioned = _UUID.search(answer.text)
    return mentioned[0] if mentioned else None


def is_about_scope(answer: Answer) -> bool:
    """Say whether a 401 states that it is about the profile, so that a new token would change nothing."""
    return answer.status == 401 and _SCOPE.search(answer.text) is not None


def error_of(answer: Answer, operation: Operation) -> AdsError | None:
    """Say which error an answer of the Ads API is.

    A 401 is judged as the second one in a row, with a fresh token: the first one means nothing more than that.

    Args:
        answer: The answer.
        operation: What was asked.

    Returns:
        The error, or None for success. A duplicate report request that names the running report is a success.
    """
    status, origin = answer.status, answer.origin
    if 200 <= status < 300 or (operation is Operation.CREATE and duplicate_of(answer)):
        return None
    message = f"Amazon answered {status} to the request to {operation}: {answer.summary}"
    if status == 429:
        wait = retry_after_seconds(answer.headers.get("retry-after"))
        return ThrottledError(message, retry_after=wait, **origin)
    if status in (400, 401, 403) and _NO_PRODUCT.search(answer.text):
        return NotOfferedError(message, remedy=NOT_OFFERED_REMEDY, **origin)
    if status in (408, 425) or status >= 500:
        return RetryableError(message, **origin)
    if status in (401, 403):
        return _unauthorised(answer, operation, message)
    if status == 404 and operation in (Operation.POLL, Operation.DELETE):
        return ReportNotFoundError(message, **origin)
    if status == 400 and operation is Operation.CREATE:
        return _rejected(answer, message)
    return PermanentError(message, **origin)


def _unauthorised(answer: Answer, operation: Operation, message: str) -> AdsError:
    """Judge a 401 or 403: in the name of a profile it is about that profile, whatever its text, else the account.

    An account with many profiles must not lose the day for one of them; what is wrong with the account itself shows
    in its login and its list of profiles.
    """
    origin = answer.origin
    if operation is Operation.POLL and answer.status == 401 and not is_about_scope(answer):
        return RetryableError(message, **origin)  # seen to pass by itself while a report is being polled
    if answer.profile_id is not None:
        return RefusedError(message, remedy=SCOPE_REMEDY, **origin)
    return MisconfiguredError(message, remedy=APPLICATION_REMEDY, **origin)


def _rejected(answer: Answer, message: str) -> AdsError:
    text, origin = answer.text, answer.origin
    if _NO_TYPE.search(text):  # also said of a documented type that the account may not use
        return NotOfferedError(message, type_only=True, remedy=NOT_OFFERED_REMEDY, **origin)
    if named := _COLUMNS.search(text):
        columns = tuple(column.strip() for column in named[1].split(",") if column.strip())
        if columns:
            return InvalidColumnsError(message, columns=columns, **origin)
    if stated := _RETENTION.search(text):
        try:
            return RetentionError(message, allowed_from=date.fromisoformat(stated[1]), **origin)
        except ValueError:
            pass
    return PermanentError(message, **origin)


def login_error_of(answer: Answer) -> AdsError | None:
    """Say which error an answer of Login with Amazon is (RFC 6749, 5.2, and Amazon's authorization guide).

    Args:
        answer: The answer of the token endpoint.

    Returns:
        The error, or None for success.
    """
    status, origin = answer.status, answer.origin
    if 200 <= status < 300:
        return None
    message = f"Login with Amazon answered {status}: {answer.summary}"
    if status == 429:
        wait = retry_after_seconds(answer.headers.get("retry-after"))
        return ThrottledError(message, retry_after=wait, **origin)
    code = _oauth_error(answer)
    if status >= 500 or status == 408 or code in ("server_error", "temporarily_unavailable"):
        return RetryableError(message, **origin)
    remedies = {"invalid_grant": GRANT_REMEDY, "invalid_client": CLIENT_REMEDY, "unauthorized_client": CLIENT_REMEDY}
    return MisconfiguredError(message, remedy=remedies.get(code, LOGIN_REMEDY), **origin)


def _oauth_error(answer: Answer) -> str:
    said = answer.said
    code = said.get("error") if isinstance(said, dict) else None
    return code if isinstance(code, str) else ""


def download_error_of(answer: Answer) -> RetryableError | None:
    """Say which error an answer of the file storage is: an expired signature is a 403 in XML, or a 400.

    Args:
        answer: The answer to the GET of a presigned link, its body cut off where it is long.

    Returns:
        The error, or None for success.
    """
    if answer.status == 200:
        return None
    code = re.search(rb"<Code>(\w+)</Code>", answer.body)
    said = code[1].decode() if code else answer.summary
    message = f"the report's file was not served: {answer.status}, {said}"
    if answer.status in (400, 401, 403, 404, 410):
        return UrlExpiredError(message, **answer.origin)
    return RetryableError(message, **answer.origin)
