"""Exports: created, waited for, downloaded through a link; five of a kind at once.

Here: ``POST /{campaigns,adGroups,ads,targets}/export``, ``GET /exports/{exportId}`` and the files. Not here: how the
entities are spelled in them (``common_model``), or links (``downloads``).
"""

import base64
import gzip
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.auth import scope
from ppc_pipeline.sandbox.common_model import rows_of
from ppc_pipeline.sandbox.context import Sandbox, body_of, sandbox_of
from ppc_pipeline.sandbox.determinism import stable_random
from ppc_pipeline.sandbox.downloads import check_link, kept_file, signed_url
from ppc_pipeline.sandbox.errors import export_error, storage_error
from ppc_pipeline.sandbox.faults import Fault
from ppc_pipeline.sandbox.state import Export
from ppc_pipeline.sandbox.world import ARCHIVED, ENABLED, PAUSED

JOBS_AT_ONCE = 5
_FILTERS = {
    "adProductFilter": (SPONSORED_PRODUCTS, SPONSORED_BRANDS, SPONSORED_DISPLAY),
    "stateFilter": (ENABLED, PAUSED, ARCHIVED),
}
_DEFAULTS = {**_FILTERS, "stateFilter": (ENABLED, PAUSED)}
_SMALL = 5_000  # targets of a world: of larger ones nobody makes a file only to know its size
_COMPRESSION = 3  # a level that is quick


@dataclass(frozen=True, slots=True)
class Kind:
    """An export endpoint.

    Attributes:
        name: The resource in its path.
        mark: The letter at the end of what export ids hold.
    """

    name: str
    mark: str

    @property
    def path(self) -> str:
        """Where it is created."""
        return f"/{self.name}/export"

    @property
    def media_type(self) -> str:
        """Expected in ``Content-Type`` and ``Accept``."""
        return f"application/vnd.{self.name.lower()}export.v1+json"


KINDS = (Kind("campaigns", "C"), Kind("adGroups", "A"), Kind("ads", "R"), Kind("targets", "T"))
_BY_NAME = {kind.name: kind for kind in KINDS}


def endpoint(kind: Kind) -> Callable[[Request], Response]:
    """Return the endpoint that creates a kind of export."""

    def create(request: Request) -> Response:
        profile = scope(request)
        if _media_type(request.headers.get("Content-Type", "")) != kind.media_type:
            raise export_error(415, "No match for content-type header")
        _check_accept(request, kind)
        sandbox = sandbox_of(request)
        export = _new_export(sandbox, profile, kind, _filters_of(body_of(request)))
        if not sandbox.state.create_export(export, JOBS_AT_ONCE):
            raise export_error(429, f"There are {JOBS_AT_ONCE} {kind.name} exports in progress")
        return _answer({"exportId": export.export_id, "status": "IN_PROGRESS"}, kind, 202)

    return create


def status(request: Request) -> Response:
    """Serve ``GET /exports/{exportId}``."""
    profile = scope(request)
    sandbox = sandbox_of(request)
    export = sandbox.state.export(request.path_params["export_id"])
    if export is None or export.profile_id != profile.profile_id:
        raise export_error(404, "Export was not found")
    kind = _BY_NAME[export.kind]
    _check_accept(request, kind)
    return _answer(_shown(request, sandbox, export), kind, 200)


def download(request: Request) -> Response:
    """Serve an export's file."""
    sandbox = sandbox_of(request)
    check_link(sandbox, request)
    export = sandbox.state.export(request.path_params["export_id"])
    if export is None or sandbox.clock() < export.ready_at:
        raise storage_error(404, "NoSuchKey", "The specified key does not exist.")
    return Response(file_of(sandbox, export), media_type="application/octet-stream")


def file_of(sandbox: Sandbox, export: Export) -> bytes:
    """Return an export's file. Entities do not change with time: equal filters are equal files."""
    profile = sandbox.profile(export.account, export.profile_id)
    if profile is None:
        raise storage_error(404, "NoSuchKey", "The specified key does not exist.")
    filters = json.loads(export.request)

    def make() -> bytes:
        worlds = [sandbox.world(profile, ad_product) for ad_product in filters["adProductFilter"]]
        rows = [row for world in worlds for row in rows_of(world, export.kind, filters["stateFilter"])]
        return gzip.compress(json.dumps(rows).encode(), _COMPRESSION, mtime=0)

    return kept_file((sandbox.options, export.account, export.profile_id, export.kind, export.request), make)


def _new_export(sandbox: Sandbox, profile: Profile, kind: Kind, filters: dict[str, Any]) -> Export:
    created_at = sandbox.clock().astimezone(UTC)
    identity = f"{uuid.uuid4()},{kind.mark}"
    spread = sandbox.options.ready_spread
    seconds = sandbox.options.ready_seconds * stable_random("ready", identity).uniform(1 - spread, 1 + spread)
    return Export(
        export_id=base64.urlsafe_b64encode(identity.encode()).decode().rstrip("="),
        account=profile.account,
        profile_id=profile.profile_id,
        kind=kind.name,
        request=json.dumps(filters),
        created_at=created_at,
        ready_at=created_at + timedelta(seconds=seconds),
    )


def _shown(request: Request, sandbox: Sandbox, export: Export) -> dict[str, Any]:
    now = sandbox.clock()
    if now < export.ready_at:
        return {"exportId": export.export_id, "status": "IN_PROGRESS"}
    stamps = {"createdAt": _stamp(export.created_at), "generatedAt": _stamp(export.ready_at)}
    if sandbox.is_hit(Fault.EXPORT_FAILED, f"export {export.profile_id} {export.kind}"):
        error = {"errorCode": "INTERNAL_ERROR", "message": "The export has failed with an internal error."}
        return {"exportId": export.export_id, "status": "FAILED", "error": error, **stamps}
    profile = sandbox.profile(export.account, export.profile_id)
    small = profile is not None and len(sandbox.world(profile).targets) <= _SMALL
    return {
        "exportId": export.export_id,
        "status": "COMPLETED",
        "url": signed_url(request, f"/_storage/export-{export.export_id}.json.gz", now),
        **({"fileSize": len(file_of(sandbox, export))} if small else {}),
        "urlExpiresAt": _stamp(now + timedelta(seconds=sandbox.options.url_seconds)),
        **stamps,
    }


def _filters_of(body: bytes) -> dict[str, list[str]]:
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise export_error(400, "The request body is not a JSON object")
    return {name: _filter_of(name, asked.get(name)) for name in _FILTERS}


def _filter_of(name: str, asked: Any) -> list[str]:
    if asked is None:
        return list(_DEFAULTS[name])
    allowed = _FILTERS[name]
    if not isinstance(asked, list) or not asked or any(value not in allowed for value in asked):
        raise export_error(400, f"{name} must be a list of {', '.join(allowed)}")
    return asked


def _check_accept(request: Request, kind: Kind) -> None:
    accepted = map(_media_type, request.headers.get("Accept", "").split(","))
    if kind.media_type not in accepted:
        raise export_error(406, "No match for accept header")


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _answer(body: dict[str, Any], kind: Kind, status: int) -> Response:
    return JSONResponse(body, status, media_type=kind.media_type)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
