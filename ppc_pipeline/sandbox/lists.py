"""The entity lists that are pages: ``POST /sp/.../list``, ``/portfolios/list`` and ``/sb/.../list``.

Here: one declaration an endpoint, media types, paging. Not here: what a filter does (``filters``), what the objects
look like (``entities``), or the lists that are plain arrays (``arrays``). Page tokens are signed and hold the filters'
fingerprint: a page follows only its own list.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.auth import scope
from ppc_pipeline.sandbox.context import body_of, sandbox_of
from ppc_pipeline.sandbox.entities import objects_of
from ppc_pipeline.sandbox.entities_brands import is_of_brand_video
from ppc_pipeline.sandbox.errors import NO_BRANDS, ApiError, argument_error, gateway_error
from ppc_pipeline.sandbox.faults import Fault
from ppc_pipeline.sandbox.filters import ASINS, STATES, Filter, Json, Test, malformed
from ppc_pipeline.sandbox.world import World

_MOST_RESULTS = 1000
_PAGING = ("nextToken", "maxResults")
_MATCH_TYPES = Filter("matchType", 10, allowed=("BROAD", "PHRASE", "EXACT", "OTHER"), bare=True)
_NEGATIVE_MATCH_TYPES = Filter(
    "matchType", 10, allowed=("NEGATIVE_BROAD", "NEGATIVE_PHRASE", "NEGATIVE_EXACT", "OTHER"), bare=True
)
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list endpoint.

    Attributes:
        path: Below the host.
        media_type: Expected in ``Accept``, and in ``Content-Type`` unless ``plain``.
        newer: A newer version of it, which alone shows what belongs to ad groups of brand videos.
        key: The key of the array in a page.
        filters: The filters it knows; other fields of the body are ignored.
        sized: Whether it takes ``maxResults``.
        most: The largest ``maxResults`` it takes.
        ad_product: Whose entities it lists.
        total: The key of the number of all results; empty where there is none.
        plain: Whether it is one of Sponsored Brands v3, that want plain JSON or say nothing of it, take filters as a
            list of ``filterType`` and ``values``, and refuse in other words.
        states: The states it shows unless a state filter says otherwise; empty for all.
        is_extended: Whether extended data comes unasked.
    """

    path: str
    media_type: str
    key: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sized: bool = True
    most: int = _MOST_RESULTS
    ad_product: str = SPONSORED_PRODUCTS
    total: str = "totalResults"
    plain: bool = False
    states: tuple[str, ...] = ()
    is_extended: bool = False
    newer: str = ""


def _ids(name: str, most: int = 100) -> dict[str, Filter]:
    return {f"{name}Filter": Filter(name, most)}


def _sp(resource: str, media: str, key: str, **filters: Filter) -> Listing:
    media_type = f"application/vnd.sp{media}.v3+json"
    return Listing(f"/sp/{resource}/list", media_type, key, {"stateFilter": STATES, **filters})


def _sb(resource: str, media: str, filters: Mapping[str, Filter], total: str = "totalResults") -> Listing:
    """Declare a list of Sponsored Brands v4."""
    return Listing(
        f"/sb/v4/{resource}/list",
        f"application/vnd.{media}.v4+json",
        resource,
        {"stateFilter": Filter("state", 10, allowed=("ENABLED", "PAUSED", "ARCHIVED")), "nameFilter": _NAME, **filters},
        most=100,
        ad_product=SPONSORED_BRANDS,
        total=total,
        # Nobody can ask for the extended data of ads, yet Amazon describes it.
        is_extended=resource == "ads",
    )


def _sb_targets(resource: str, media: str, *states: str) -> Listing:
    """Declare a list of Sponsored Brands v3 that takes filters as a list."""
    return Listing(
        f"/sb/{resource}/list",
        f"application/vnd.{media}.v3+json",
        resource,
        {
            "TARGETING_STATE": Filter("state", 5, allowed=states, bare=True),
            "CAMPAIGN_ID": Filter("campaignId", 100, bare=True),
            "AD_GROUP_ID": Filter("adGroupId", 100, bare=True),
        },
        most=5000,
        ad_product=SPONSORED_BRANDS,
        total="",
        plain=True,
        newer=f"application/vnd.{media}.v3.2+json",
    )


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
    _sb("campaigns", "sbcampaignresource", _ids("campaignId", 10) | _ids("portfolioId", 10), "totalCount"),
    _sb("adGroups", "sbadgroupresource", _ids("adGroupId", 10) | _ids("campaignId", 10)),
    _sb("ads", "sbadresource", _ids("adId", 10) | _ids("adGroupId", 10) | _ids("campaignId", 10)),
    _sb_targets("targets", "sblisttargetsresponse", "enabled", "paused", "archived"),
    _sb_targets("negativeTargets", "sblistnegativetargetsresponse", "enabled", "archived"),
    Listing(
        "/sb/themes/list",
        "application/vnd.sbthemeslistresponse.v3+json",
        "themes",
        {
            "stateFilter": Filter("state", 3, allowed=("enabled", "paused", "archived")),
            "themeTypeFilter": Filter("themeType", 2),
            **_ids("themeId"),
            **_ids("adGroupId"),
            **_ids("campaignId"),
        },
        most=5000,
        ad_product=SPONSORED_BRANDS,
        total="",
        plain=True,
        states=("enabled", "paused"),
    ),
)


def endpoint(listing: Listing) -> Callable[[Request], Response]:
    """Return the endpoint of a list."""

    def serve(request: Request) -> Response:
        profile = scope(request)
        _check_media_types(request, listing)
        if listing.ad_product in profile.lacks:
            raise not_offered(listing)
        try:
            return JSONResponse(_page(request, listing, profile))
        except ApiError as error:
            raise _in_other_words(listing, error) from None

    return serve


def _page(request: Request, listing: Listing, profile: Profile) -> Json:
    sandbox = sandbox_of(request)
    body = _json_of(body_of(request))
    tests = _tests(listing, body)
    size = min(_page_size(listing, body), sandbox.options.page_size)
    fingerprint = _fingerprint(listing, profile.profile_id, body)
    start = _start(sandbox.signer.payload, body.get("nextToken"), fingerprint)
    world = sandbox.world(profile, listing.ad_product)
    if listing.newer:
        tests += brand_video_tests(request, listing.newer, world)
    found = [shown for shown in objects_of(world, listing.key) if all(test(shown) for test in tests)]
    extended = listing.is_extended or body.get("includeExtendedDataFields") is True
    again = start > 0 and sandbox.is_hit(Fault.LISTED_TWICE, f"list {listing.path} {profile.profile_id} {start}")
    page: Json = {listing.key: [shown if extended else _plain(shown) for shown in found[start - again : start + size]]}
    if listing.total:
        page[listing.total] = len(found)
    if start + size < len(found):
        page["nextToken"] = sandbox.signer.token({"start": start + size, "list": fingerprint})
    return page


def _tests(listing: Listing, body: Json) -> list[Test]:
    asked = _asked_filters(body) if listing.plain and "filters" in body else body
    tests = [known.test(name, asked[name]) for name, known in listing.filters.items() if asked.get(name) is not None]
    if listing.states and body.get("stateFilter") is None:
        tests.append(lambda shown: shown["state"] in listing.states)
    return tests


def _asked_filters(body: Json) -> Json:
    """Return the filters of a list of them by their type."""
    filters = body["filters"]
    if not isinstance(filters, list) or not all(isinstance(one, dict) for one in filters):
        raise malformed("$.filters", "a list of objects is expected")
    return {str(one.get("filterType")): one.get("values") for one in filters}


def _check_media_types(request: Request, listing: Listing) -> None:
    """Refuse other media types than the list's own: 415 for what is sent, 406 for what is accepted.

    Sponsored Brands v3 takes plain JSON, and wants to be asked for its own kind of answer or for any.
    """
    wanted = listing.media_type.lower()
    sent = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if sent not in (("", _JSON) if listing.plain else (wanted,)):
        raise ApiError(415, {"code": "UNSUPPORTED_MEDIA_TYPE", "message": "No match for content-type header"})
    check_accepted(request, (wanted, listing.newer, "", "*/*") if listing.plain else (wanted,))


def check_accepted(request: Request, wanted: tuple[str, ...]) -> None:
    """Refuse a call that accepts none of some media types."""
    if _accepted(request).isdisjoint(wanted):
        raise gateway_error(406, "NOT_ACCEPTABLE", "No match for accept header")


def brand_video_tests(request: Request, newer: str, world: World) -> list[Test]:
    """Return what leaves out objects of brand videos, unless the answer is accepted in the version that has them."""
    if newer in _accepted(request):
        return []
    hidden = is_of_brand_video(world)
    return [lambda shown: not hidden(shown)]


def _accepted(request: Request) -> set[str]:
    return {part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(",")}


def not_offered(listing: Listing) -> ApiError:
    """Return the answer to who does not have the ad product: no such answer was seen, 403 is what is documented."""
    if listing.plain:
        return gateway_error(403, "FORBIDDEN", NO_BRANDS)
    return ApiError(403, {"code": "ACCESS_DENIED", "message": NO_BRANDS})


def _in_other_words(listing: Listing, error: ApiError) -> ApiError:
    """Put a refusal as the API of the list does: v4 of Sponsored Brands knows two kinds of errors, v3 none."""
    if listing.ad_product == SPONSORED_PRODUCTS or not isinstance(error.body, dict):
        return error
    if listing.plain:
        return ApiError(error.status, {"code": str(error.status), "details": error.body["message"]})
    for told in error.body["errors"]:
        kind = told["errorType"]
        if kind != "rangeError":
            told |= {"errorType": "otherError", "errorValue": {"otherError": told["errorValue"][kind]}}
    return error


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
        return listing.most
    if not isinstance(asked, int) or isinstance(asked, bool):
        raise malformed("$.maxResults", "an integer is expected")
    if not 1 <= asked <= listing.most:
        reason = "TOO_LOW" if asked < 1 else "TOO_HIGH"
        raise argument_error(
            "rangeError",
            "LIST_REQUEST_MAX_RESULTS_OUT_OF_RANGE" if listing.ad_product == SPONSORED_BRANDS else reason,
            f"maxResults must be between 1 and {listing.most}",
            "$.maxResults",
            trigger=asked,
            lowerLimit="1",
            upperLimit=str(listing.most),
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
