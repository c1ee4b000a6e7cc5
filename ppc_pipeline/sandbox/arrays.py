"""The entity lists that are plain arrays: ``GET /sb/keywords``, ``/sb/negativeKeywords`` and ``/sd/...``.

Here: one declaration an endpoint, the query, paging by ``startIndex`` and ``count``. Not here: what a filter does
(``filters``), what the objects look like (``entities``), or the lists that are pages (``lists``). Behind its end a
list is an empty array.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY
from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.auth import scope
from ppc_pipeline.sandbox.context import sandbox_of
from ppc_pipeline.sandbox.entities import objects_of
from ppc_pipeline.sandbox.errors import NO_BRANDS, ApiError, gateway_error
from ppc_pipeline.sandbox.faults import Fault
from ppc_pipeline.sandbox.filters import Filter, Json, Test
from ppc_pipeline.sandbox.lists import brand_video_tests, check_accepted

_ANY = ("", "*/*")
_STATES = ("enabled", "paused", "archived")


@dataclass(frozen=True, slots=True)
class ArrayListing:
    """A list endpoint that answers with a plain array.

    Attributes:
        path: Below the host.
        accepted: The media types it can answer in.
        key: Names its objects.
        ad_product: Whose entities it lists.
        filters: Query parameter -> filter; the values stand in it with commas between.
        states: The states it shows unless asked for others; empty where its objects have none.
        newer: The media type that alone shows what belongs to ad groups of brand videos.
        exclusive: Whether it takes only one of its filters at a time.
    """

    path: str
    accepted: tuple[str, ...]
    key: str
    ad_product: str
    filters: Mapping[str, Filter]
    states: tuple[str, ...] = _STATES
    newer: str = ""
    exclusive: bool = False


def _known(*ids: str, states: tuple[str, ...] = _STATES, **more: Filter) -> dict[str, Filter]:
    filters = {f"{name}Filter": Filter(name, 1000, bare=True) for name in ids}
    return {"stateFilter": Filter("state", 3, allowed=states, bare=True), **filters, **more}


def _sb(resource: str, media: str, states: tuple[str, ...], shown: tuple[str, ...], match_types: str) -> ArrayListing:
    return ArrayListing(
        f"/sb/{resource}",
        tuple(f"application/vnd.{media}.{version}+json" for version in ("v3", "v3.2")),
        resource,
        SPONSORED_BRANDS,
        _known(
            "campaignId",
            "adGroupId",
            "keywordId",
            states=states,
            matchTypeFilter=Filter("matchType", 3, allowed=tuple(match_types.split()), bare=True),
            keywordText=Filter("keywordText", 1, bare=True),
        ),
        shown,
        f"application/vnd.{media}.v3.2+json",
    )


_DISPLAY = {
    "campaigns": _known("campaignId", "portfolioId", name=Filter("name", 1, bare=True)),
    "adGroups": _known("campaignId", "adGroupId", name=Filter("name", 1, bare=True)),
    "productAds": _known("campaignId", "adGroupId", "adId"),
    "targets": _known("campaignId", "adGroupId", "targetId"),
    "negativeTargets": _known("adGroupId", "targetId"),
}

ARRAYS = (
    _sb("keywords", "sbkeyword", _STATES, ("enabled", "paused"), "broad exact phrase"),
    _sb("negativeKeywords", "sbnegativekeyword", ("enabled", "archived"), _STATES, "negativeExact negativePhrase"),
    *(
        ArrayListing(f"/sd/{key}", ("application/json",), key, SPONSORED_DISPLAY, filters)
        for resource, filters in _DISPLAY.items()
        for key in (resource, f"{resource}/extended")
    ),
    ArrayListing(
        "/sd/creatives",
        ("application/json",),
        "creatives",
        SPONSORED_DISPLAY,
        {f"{name}Filter": Filter(name, 1000, bare=True) for name in ("adGroupId", "creativeId")},
        states=(),
        exclusive=True,
    ),
)


def endpoint(listing: ArrayListing) -> Callable[[Request], Response]:
    """Return the endpoint of a list."""

    def serve(request: Request) -> Response:
        profile = scope(request)
        check_accepted(request, (*listing.accepted, *_ANY))
        refuse_lacking(profile, listing.ad_product)
        return JSONResponse(_array(request, listing, profile))

    return serve


def _array(request: Request, listing: ArrayListing, profile: Profile) -> list[Json]:
    sandbox = sandbox_of(request)
    most = sandbox.options.page_size
    start = number_of(request, "startIndex", 0, least=0)
    size = min(number_of(request, "count", most, least=1), most)
    tests = _tests(request, listing)
    world = sandbox.world(profile, listing.ad_product)
    if listing.newer:
        tests += brand_video_tests(request, listing.newer, world)
    found = [shown for shown in objects_of(world, listing.key) if all(test(shown) for test in tests)]
    call = f"list {listing.path} {profile.profile_id} {start}"
    again = 0 < start < len(found) and sandbox.is_hit(Fault.LISTED_TWICE, call)
    return found[start - again : start + size]


def _tests(request: Request, listing: ArrayListing) -> list[Test]:
    tests = []
    asked_for = [name for name in listing.filters if name in request.query_params]
    if listing.exclusive and len(asked_for) > 1:
        raise gateway_error(400, "BAD_REQUEST", f"{' and '.join(asked_for)} cannot be used together")
    for name, known in listing.filters.items():
        asked = request.query_params.get(name)
        if asked is None:
            continue
        values = [asked] if known.most == 1 else [value.strip() for value in asked.split(",")]
        try:
            tests.append(known.test(name, values))
        except ApiError:
            raise gateway_error(400, "BAD_REQUEST", f"Invalid value for {name}: {asked}") from None
    if listing.states and "stateFilter" not in request.query_params:
        tests.append(lambda shown: shown["state"] in listing.states)
    return tests


def refuse_lacking(profile: Profile, ad_product: str) -> None:
    """Refuse a profile that does not have the ad product."""
    if ad_product in profile.lacks:
        text = NO_BRANDS if ad_product == SPONSORED_BRANDS else "HTTP 403 Forbidden"
        raise gateway_error(403, "FORBIDDEN", text)


def number_of(request: Request, name: str, default: int, least: int) -> int:
    """Return a URL parameter that is a number, or the default where it is not there."""
    asked = request.query_params.get(name)
    if asked is None:
        return default
    if not (asked.isascii() and asked.isdecimal()) or int(asked) < least:
        raise gateway_error(400, "BAD_REQUEST", f"Invalid value for {name}: {asked}")
    return int(asked)
