"""Everything that can go wrong with Amazon Ads, in one place: five categories, each with what a person can do.

Here: the taxonomy. Which answer of Amazon's becomes which error stands in ``responses``; what is done about an error
(wait, ask again, block a profile) stands with the callers, who look at the category alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import ClassVar, TypedDict, Unpack

_REQUEST_ID = re.compile(r" \(Amazon request id (\S+)\)")


class Category(StrEnum):
    """What an error means for the work at hand."""

    RETRYABLE = "retryable"
    """The same call may go through later: network, 5xx, throttling, a cut-off or malformed answer."""
    PERMANENT = "permanent"
    """The same call will fail again: Amazon does not accept what was asked."""
    REFUSED = "refused"
    """Amazon does not let this account see this profile."""
    NOT_OFFERED = "not offered"
    """The profile does not have this ad product, or this report type: no failure, and no use in asking daily."""
    MISCONFIGURED = "misconfigured"
    """The account's credentials or settings are wrong: nothing of this account will work until somebody mends them."""


class Origin(TypedDict, total=False):
    """Where an error comes from: see ``AdsError``."""

    account: str
    profile_id: int | None
    status: int | None
    request_id: str | None


class Context(Origin, total=False):
    """Where an error comes from and what to do about it: see ``AdsError``."""

    remedy: str


class AdsError(Exception):
    """An error of Amazon Ads: what happened, to which client, and what to do.

    Args:
        message: What happened, without secrets: it is logged, stored and shown.
        account: The account's name.
        profile_id: The profile concerned, if the call was for one.
        remedy: What a person can do about it.
        status: HTTP status, if there was an answer.
        request_id: Amazon's id of the request (``x-amz-rid``), which its support asks for.
    """

    category: ClassVar[Category]

    def __init__(
        self,
        message: str,
        *,
        account: str = "",
        profile_id: int | None = None,
        remedy: str = "",
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.account = account
        self.profile_id = profile_id
        self.remedy = remedy
        self.status = status
        self.request_id = request_id

    def __str__(self) -> str:
        """Say who, what, and what to do, in one line."""
        who = f"account {self.account!r}" if self.account else ""
        if self.profile_id is not None:
            who += f", profile {self.profile_id}" if who else f"profile {self.profile_id}"
        line = f"{who}: {self.message}" if who else self.message
        if self.request_id:
            line += f" (Amazon request id {self.request_id})"
        return f"{line} -> {self.remedy}" if self.remedy else line


class RetryableError(AdsError):
    """The network or Amazon failed for now."""

    category = Category.RETRYABLE


class ThrottledError(RetryableError):
    """Amazon asked for fewer calls (429).

    Attributes:
        retry_after: Seconds until the call may be sent again: what Amazon asked for, or what the shared throttle
            made of its silence (report creation usually names no time); None where nobody said.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after


class MalformedResponseError(RetryableError):
    """An answer that is not what Amazon documents: cut off, not JSON, not gzip, a missing key.

    Attributes:
        body: The raw bytes (their beginning, when they are many), to be kept aside for a person to look at.
    """

    def __init__(self, message: str, *, body: bytes = b"", **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.body = body


class UrlExpiredError(RetryableError):
    """The signed link to a file is no longer good: look at its report or export again for a new one, then download."""


class PermanentError(AdsError):
    """Amazon does not accept the request."""

    category = Category.PERMANENT


class ReportNotFoundError(PermanentError):
    """Amazon no longer knows the report id (404): it must be requested again."""


class RetentionError(PermanentError):
    """The window starts before what Amazon still serves of this report type.

    Attributes:
        allowed_from: The first date Amazon serves, as its error text names it.
    """

    def __init__(self, message: str, *, allowed_from: date, **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.allowed_from = allowed_from


class InvalidColumnsError(PermanentError):
    """Amazon refuses some of the columns asked for, and with them the whole request.

    Attributes:
        columns: The refused columns, in Amazon's names.
    """

    def __init__(self, message: str, *, columns: tuple[str, ...], **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.columns = columns


class RefusedError(AdsError):
    """Amazon does not let the account see the profile (403, or a 401 that a new token does not mend)."""

    category = Category.REFUSED


class NotOfferedError(AdsError):
    """The profile does not have what was asked for: an ad product, or a single report type.

    Attributes:
        type_only: Only the report type is not to be had; nothing is said of its ad product.
    """

    category = Category.NOT_OFFERED

    def __init__(self, message: str, *, type_only: bool = False, **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.type_only = type_only


class MisconfiguredError(AdsError):
    """The account cannot log in or its settings are wrong."""

    category = Category.MISCONFIGURED


def without_request_id(reason: str) -> str:
    """Return an error's line without Amazon's request id: what is the same however often Amazon says it."""
    return _REQUEST_ID.sub("", reason)


def distinct(reasons: Iterable[str]) -> list[str]:
    """Return errors' lines once each, where they differ in Amazon's request id alone: with one of the ids."""
    alike: dict[str, list[str]] = defaultdict(list)
    for reason in dict.fromkeys(reasons):
        alike[without_request_id(reason)].append(reason)
    return [_as_example(said[0]) if len(said) > 1 else said[0] for said in alike.values()]


def _as_example(reason: str) -> str:
    return _REQUEST_ID.sub(r" (such as Amazon request id \1)", reason)
