"""The sandbox as a Starlette app: routes, layers, and the answers to what is not found.

Here: everything is put together. Not here: any behaviour of an endpoint. The app serves behind a web server
(``server``) or in-process, through an ASGI transport, in several processes that share a state file.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ppc_pipeline.sandbox import arrays, auth, budget_rules, downloads, exports, inspection, lists, profiles, reports
from ppc_pipeline.sandbox.context import Faults, Sandbox
from ppc_pipeline.sandbox.errors import ApiError, request_id
from ppc_pipeline.sandbox.faults import Plan, rules_of
from ppc_pipeline.sandbox.middleware import BodyReader, Counting, Latency
from ppc_pipeline.sandbox.misbehaving import Misbehaving
from ppc_pipeline.sandbox.options import SandboxOptions, utc_now
from ppc_pipeline.sandbox.signing import Signer
from ppc_pipeline.sandbox.state import State

_DEFAULTS = SandboxOptions()
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def create_app(
    options: SandboxOptions = _DEFAULTS, *, state: Path | None = None, clock: Callable[[], datetime] = utc_now
) -> Starlette:
    """Return a sandbox.

    Args:
        options: How large it is and how it behaves.
        state: A file for what clients create, to be shared by several processes; None keeps it in memory.
        clock: The current moment, with a time zone.

    Raises:
        UnknownFaultError: ``options.faults`` names something that is no fault.
    """
    faults = Faults(Plan(options.seed, rules_of(options.faults)))
    sandbox = Sandbox(options, clock, State(state), Signer(options.seed), faults)
    app = Starlette(
        routes=_routes(),
        middleware=_layers(sandbox),
        exception_handlers={ApiError: _refused, HTTPException: _not_served, Exception: _failed},
    )
    app.state.sandbox = sandbox
    return app


def _routes() -> list[Route]:
    return [
        Route("/auth/o2/token", auth.token, methods=["POST"]),
        Route("/v2/profiles", profiles.profile_list),
        Route("/v2/profiles/{profile_id:int}", profiles.one_profile),
        *(Route(listing.path, lists.endpoint(listing), methods=["POST"]) for listing in lists.LISTINGS),
        *(Route(listing.path, arrays.endpoint(listing)) for listing in arrays.ARRAYS),
        *(Route(path, budget_rules.endpoint(path, product)) for path, product in budget_rules.PATHS.items()),
        Route("/reporting/reports", reports.create, methods=["POST"]),
        Route("/reporting/reports/{report_id}", reports.status),
        Route("/reporting/reports/{report_id}", reports.delete, methods=["DELETE"]),
        *(Route(kind.path, exports.endpoint(kind), methods=["POST"]) for kind in exports.KINDS),
        Route("/exports/{export_id}", exports.status),
        Route("/_storage/report-{report_id}.json.gz", downloads.download),
        Route("/_storage/export-{export_id}.json.gz", exports.download),
        Route("/_sandbox/totals", inspection.totals),
        Route("/_sandbox/stats", inspection.stats),
        Route("/_sandbox/profiles", inspection.known_profiles),
        Route("/_sandbox/reports", inspection.known_reports),
        Route("/_sandbox/faults", inspection.faults, methods=["GET", "POST"]),
    ]


def _layers(sandbox: Sandbox) -> list[Middleware]:
    """Return the layers around the endpoints, the outermost first."""
    layers = [Middleware(Counting, state=sandbox.state)]
    if sandbox.options.latency_seconds > 0:
        layers.append(Middleware(Latency, seconds=sandbox.options.latency_seconds))
    return [*layers, Middleware(BodyReader), Middleware(Misbehaving, sandbox=sandbox)]


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette passes what the handler is registered for
    if isinstance(error.body, str):
        return Response(error.body, error.status, media_type="application/xml")
    return JSONResponse(error.body, error.status)


def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette passes what the handler is registered for
    details = f"HTTP {error.status_code} {error.detail}"
    if error.status_code == 404:
        details = f"Could not find resource for full path: {request.url}"
    code = _CODES.get(error.status_code, "BAD_REQUEST")
    return JSONResponse({"code": code, "details": details, "requestId": request_id()}, error.status_code, error.headers)


def _failed(_: Request, error: Exception) -> Response:
    del error  # Starlette logs it
    return JSONResponse({"code": "INTERNAL_ERROR", "details": "HTTP 500 Internal Server Error"}, 500)
