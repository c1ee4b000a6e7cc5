"""How Amazon says no: each family of its endpoints has a form of its own.

Here: the error answers as one exception. Not here: when they are given.
"""

import uuid
from typing import Any


class ApiError(Exception):
    """An answer other than success.

    Args:
        status: HTTP status.
        body: JSON body, or text for XML.
    """

    def __init__(self, status: int, body: dict[str, Any] | str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


def request_id() -> str:
    """Return an id such as Amazon gives every call (``x-amz-rid``)."""
    return uuid.uuid4().hex[:20].upper()


def gateway_error(status: int, code: str, details: str) -> ApiError:
    """Return an answer of the gateway in front of all endpoints, also of the profiles endpoint."""
    return ApiError(status, {"code": code, "details": details, "requestId": request_id()})


def unauthorized(details: str = "HTTP 401 Unauthorized") -> ApiError:
    """Return a 401."""
    return gateway_error(401, "UNAUTHORIZED", details)


def login_error(status: int, error: str, description: str) -> ApiError:
    """Return an answer of Login with Amazon."""
    body = {"error": error, "error_description": description, "error_index": request_id(), "request_id": request_id()}
    return ApiError(status, body)


def reporting_error(status: int, detail: str) -> ApiError:
    """Return an answer of the reporting endpoints."""
    return ApiError(status, {"code": str(status), "detail": detail})


def argument_error(kind: str, reason: str, message: str, location: str, **more: Any) -> ApiError:
    """Return a 400 of the entity lists.

    Args:
        kind: Amazon's error type: rangeError, malformedValueError, invalidInputError.
        reason: Amazon's reason within the type.
        message: For people.
        location: JSON path of what is wrong.
        **more: Further fields of the error, such as ``upperLimit``; ``trigger`` is the value that is wrong.
    """
    cause = {"location": location}
    if (trigger := more.pop("trigger", None)) is not None:
        cause["trigger"] = str(trigger)
    value = {kind: {"reason": reason, "message": message, "cause": cause, **more}}
    errors = [{"errorType": kind, "errorValue": value}]
    return ApiError(400, {"code": "INVALID_ARGUMENT", "message": message, "errors": errors})


def storage_error(status: int, code: str, message: str) -> ApiError:
    """Return an answer of the object storage that report files are downloaded from."""
    return ApiError(
        status,
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        f"<RequestId>{request_id()}</RequestId></Error>",
    )


NO_BRANDS = "KDP authors do not have access to Sponsored Brands functionality"
"""What Amazon's reports say to who does not have Sponsored Brands; of its lists no such answer was seen."""
