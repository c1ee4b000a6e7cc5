"""Reading good answers: bytes in, models out, and ``MalformedResponseError`` for everything else.

Here: the bodies of successful answers. Not here: error answers (``responses``) or the shapes themselves (``models``).
Bodies are never trusted to be JSON: gateways serve web pages with status 200.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from ppc_pipeline.amazon_ads.answers import Answer, malformed
from ppc_pipeline.amazon_ads.entities import Listing
from ppc_pipeline.amazon_ads.errors import MalformedResponseError
from ppc_pipeline.amazon_ads.models import Export, Page, Profile, Report, ReportStatus
from ppc_pipeline.amazon_ads.responses import duplicate_of

OnMalformed = Callable[[MalformedResponseError], None]


def parse_profiles(answer: Answer, on_malformed: OnMalformed | None = None) -> list[Profile]:
    """Read ``GET /v2/profiles``.

    Args:
        answer: A successful answer.
        on_malformed: Called for each profile that cannot be read, the others being returned; without it, one such
            profile is an error.

    Returns:
        The profiles; an empty list is Amazon's way to say that the account sees none.

    Raises:
        MalformedResponseError: The body is not a list, or a profile cannot be read.
    """
    items = _json(answer)
    if not isinstance(items, list):
        raise malformed("not a list of profiles", answer)
    profiles = []
    for item, served in zip(items, answer.said, strict=True):
        try:
            profile = Profile.model_validate(item)
            profiles.append(profile.model_copy(update={"served": json.dumps(served)}))
        except ValidationError as invalid:
            error = malformed(f"a list with a profile ({_name(item)}) that is not one: {_reason(invalid)}", answer)
            if on_malformed is None:
                raise error from None
            on_malformed(error)
    return profiles


def parse_report(answer: Answer, report_id: str | None = None) -> Report:
    """Read the answer to creating a report, or to looking at one.

    Args:
        answer: A successful answer, or a 425 that names the running report.
        report_id: The report that was asked about.

    Returns:
        The report.

    Raises:
        MalformedResponseError: The body is no report, or another one than was asked about.
    """
    if running := duplicate_of(answer):
        return Report(report_id=running, status=ReportStatus.PENDING, duplicate=True)
    try:
        report = Report.model_validate_json(answer.body)
    except ValidationError as invalid:
        raise malformed(f"not a report: {_reason(invalid)}", answer) from None
    if report_id is not None and report.report_id.lower() != report_id.lower():
        raise malformed(f"about report {report.report_id[:64]}, but {report_id} was asked about", answer)
    return report


def parse_export(answer: Answer, export_id: str | None = None) -> Export:
    """Read the answer to creating an export, or to looking at one.

    Args:
        answer: A successful answer.
        export_id: The export that was asked about.

    Raises:
        MalformedResponseError: The body is no export, or another one than was asked about.
    """
    try:
        export = Export.model_validate_json(answer.body)
    except ValidationError as invalid:
        raise malformed(f"not an export: {_reason(invalid)}", answer) from None
    if export_id is not None and export.export_id != export_id:
        raise malformed(f"about {export.title}, but {export_id} was asked about", answer)
    return export


def parse_page(answer: Answer, listing: Listing) -> Page:
    """Read a page of a list.

    Args:
        answer: A successful answer.
        listing: Which list.

    Returns:
        The page, its text untouched.

    Raises:
        MalformedResponseError: The body is not such a page. A page without its array is one only if Amazon also says
            that there are no objects: silence is never "no data".
    """
    page = _json(answer)
    if listing.items_key is None:
        if not isinstance(page, list):
            raise malformed("not a list", answer)
        return Page(body=answer.body, count=len(page), next_token=None, total=None)
    if not isinstance(page, dict):
        raise malformed("not a page of a list", answer)
    total = next((page[key] for key in ("totalResults", "totalCount") if isinstance(page.get(key), int)), None)
    items = page.get(listing.items_key, [] if total == 0 else None)
    if not isinstance(items, list):
        raise malformed(f"a page without {listing.items_key}", answer)
    token = page.get("nextToken") or None
    if token is not None and not isinstance(token, str):
        raise malformed("a page whose nextToken is no text", answer)
    return Page(body=answer.body, count=len(items), next_token=token, total=total)


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        pass
    raise malformed("empty" if not answer.body.strip() else "not JSON", answer)


def _name(item: Any) -> str:
    return str(item.get("profileId", "no id"))[:32] if isinstance(item, dict) else "not an object"


def _reason(invalid: ValidationError) -> str:
    # Names and messages only: the values may be links.
    first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
