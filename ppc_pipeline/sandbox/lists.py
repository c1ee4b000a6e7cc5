"""The entity lists: ``POST /sp/.../list`` and ``POST /portfolios/list``.

Here: one declaration an endpoint, media types, paging. Not here: what a filter does (``filters``), or what the objects
look like (``entities``). Page tokens are signed and hold the filters' fingerprint: a page follows only its own list.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.sandbox.auth import scope
from ppc_pipeline.sandbox.context import body_of, sandbox_of
from ppc_pipeline.sandbox.entities import objects_of
from ppc_pipeline.sandbox.errors import ApiError, argument_error, gateway_error
from ppc_pipeline.sandbox.faults import Fault
from ppc_pipeline.sandbox.filters import ASINS, STATES, Filter, Json, malformed

_MOST_RESULTS = 1000
_PAGING = ("nextToken", "maxResults")
_MATCH_TYPES = Filter("matchType", 10, allowed=("BROAD", "PHRASE", "EXACT", "OTHER"), bare=True)
_NEGATIVE_MATCH_TYPES = Filter(
    "matchType", 10, allowed=("NEGATIVE_BROAD", "NEGATIVE_PHRASE", "NEGATIVE_EXACT", "OTHER"), bare=True
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list endpoint.

    Attributes:
        path: Below the host.
        media_type: Expected in ``Content-Type`` and ``Accept``.
        key: The key of the array in a page.
        filters: The filters it knows; other fields of the body are ignored.
        sized: Whether it takes ``maxResults``.
    """

    path: str
    media_type: str
    key: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sized: bool = True


def _ids(name: str, most: int = 100) -> dict[str, Filter]:
    return {f"{name}Filter": Filter(name, most)}


def _sp(resource: str, media: str, key: str, **filters: Filter) -> Listing:
    media_type = f"application/vnd.sp{media}.v3+json"
    return Listing(f"/sp/{resource}/list", media_type, key, {"stateFilter": STATES, **filters})


_IN_CAMPAIGN = _ids("campaignId")
_IN_AD_GROUP = {**_IN_CAMPAIGN, **_ids("adGroupId")}
_NAME = Filter("name", 100, text=True)
_TEXT = Filter("keywordText", 100, text=True)

LISTINGS = (
    Listing(
        "/portfolios/list",
        "application/vnd.spPortfolio.v3+json",
        "portfolios",
        {
            **_ids("portfolioId", _MOST_RESULTS),
            "nameFilter": _NAME,
            "stateFilter": Filter("state", 1, allowed=("ENABLED",)),
        },
        sized=False,
    ),
    _sp(
        "campaigns",
        "Campaign",
        "campaigns",
        **_ids("campaignId", _MOST_RESULTS),
        **_ids("portfolioId"),
        nameFilter=_NAME,
    ),
    _sp("adGroups", "AdGroup", "adGroups", **_ids("adGroupId", _MOST_RESULTS), **_IN_CAMPAIGN, nameFilter=_NAME),
    _sp("productAds", "ProductAd", "productAds", **_ids("adId", _MOST_RESULTS), **_IN_AD_GROUP),
    _sp(
        "keywords",
        "Keyword",
        "keywords",
        **_ids("keywordId", _MOST_RESULTS),
        **_IN_AD_GROUP,
        keywordTextFilter=_TEXT,
        matchTypeFilter=_MATCH_TYPES,
    ),
    _sp(
        "targets",
        "TargetingClause",
        "targetingClauses",
        **_ids("targetId", _MOST_RESULTS),
        **_IN_AD_GROUP,
        expressionTypeFilter=Filter("expressionType", 2, allowed=("AUTO", "MANUAL", "OTHER")),
        asinFilter=ASINS,
    ),
    _sp(
        "negativeKeywords",
        "NegativeKeyword",
        "negativeKeywords",
        **_IN_AD_GROUP,
        negativeKeywordIdFilter=Filter("keywordId", _MOST_RESULTS),
        negativeKeywordTextFilter=_TEXT,
        matchTypeFilter=_NEGATIVE_MATCH_TYPES,
    ),
    _sp(
        "negativeTargets",
        "NegativeTargetingClause",
        "negativeTargetingClauses",
        **_IN_AD_GROUP,
        negativeTargetIdFilter=Filter("targetId", _MOST_RESULTS),
        asinFilter=ASINS,
    ),
    _sp(
        "campaignNegativeKeywords",
        "CampaignNegativeKeyword",
        "campaignNegativeKeywords",
        **_IN_CAMPAIGN,
        campaignNegativeKeywordIdFilter=Filter("keywordId", _MOST_RESULTS),
        campaignNegativeKeywordTextFilter=_TEXT,
        matchTypeFilter=_NEGATIVE_MATCH_TYPES,
    ),
    _sp(
        "campaignNegativeTargets",
        "CampaignNegativeTargetingClause",
        "campaignNegativeTargetingClauses",
        **_IN_CAMPAIGN,
        campaignNegativeTargetIdFilter=Filter("targetId", _MOST_RESULTS),
        asinFilter=ASINS,
    ),
)


def endpoint(listing: Listing) -> Callable[[Request], Response]:
    """Return the endpoint of a list."""

    def serve(request: Request) -> Response:
        profile = scope(request)
        _check_media_types(request, listing)
        sandbox = sandbox_of(request)
        body = _json_of(body_of(request))
        tests = [known.test(name, body[name]) for name, known in listing.filters.items() if body.get(name) is not None]
        size = min(_page_size(listing, body), sandbox.options.page_size)
        fingerprint = _fingerprint(listing, profile.profile_id, body)
        start = _start(sandbox.signer.payload, body.get("nextToken"), fingerprint)
        found = [
            shown for shown in objects_of(sandbox.world(profile), listing.key) if all(test(shown) for test in tests)
        ]
        extended = body.get("includeExtendedDataFields") is True
        again = start > 0 and sandbox.is_hit(Fault.LISTED_TWICE, f"list {listing.path} {profile.profile_id} {start}")
        page: Json = {
            listing.key: [shown if extended else _plain(shown) for shown in found[start - again : start + size]],
            "totalResults": len(found),
        }
        if start + size < len(found):
            page["nextToken"] = sandbox.signer.token({"start": start + size, "list": fingerprint})
        return JSONResponse(page)

    return serve


def _check_media_types(request: Request, listing: Listing) -> None:
    """Refuse other media types than the list's own: 415 for what is sent, 406 for what is accepted."""
    wanted = listing.media_type.lower()
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != wanted:
        raise ApiError(415, {"code": "UNSUPPORTED_MEDIA_TYPE", "message": "No match for content-type header"})
    accepted = (part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(","))
    if wanted not in accepted:
        raise gateway_error(406, "NOT_ACCEPTABLE", "No match for accept header")


def _json_of(body: bytes) -> Json:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise malformed("$", "the body is not a JSON object")
    return parsed


def _page_size(listing: Listing, body: Json) -> int:
    asked = body.get("maxResults")
    if asked is None or not listing.sized:
        return _MOST_RESULTS
    if not isinstance(asked, int) or isinstance(asked, bool):
        raise malformed("$.maxResults", "an integer is expected")
    if not 1 <= asked <= _MOST_RESULTS:
        raise argument_error(
            "rangeError",
            "TOO_LOW" if asked < 1 else "TOO_HIGH",
            f"maxResults must be between 1 and {_MOST_RESULTS}",
            "$.maxResults",
            trigger=asked,
            lowerLimit="1",
            upperLimit=str(_MOST_RESULTS),
        )
    return asked


def _fingerprint(listing: Listing, profile_id: int, body: Json) -> str:
    filters = {name: value for name, value in body.items() if name not in _PAGING}
    text = json.dumps([listing.path, profile_id, filters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _start(read: Callable[[str], dict[str, Any] | None], token: Any, fingerprint: str) -> int:
    if token is None:
        return 0
    payload = read(token) if isinstance(token, str) else None
    if payload is None or payload.get("list") != fingerprint:
        raise argument_error("invalidInputError", "INVALID_TOKEN", "The next token is invalid", "$.nextToken")
    return int(payload["start"])


def _plain(shown: Json) -> Json:
    return {name: value for name, value in shown.items() if name != "extendedData"}
