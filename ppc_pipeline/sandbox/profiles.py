"""The profiles endpoint.

Here: ``GET /v2/profiles`` and its filters. Not here: the profiles themselves (``accounts``).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.sandbox.accounts import Profile, profiles_of
from ppc_pipeline.sandbox.auth import caller
from ppc_pipeline.sandbox.context import sandbox_of
from ppc_pipeline.sandbox.errors import gateway_error

_CHOICES = {
    "accessLevel": {"edit", "view"},
    "apiProgram": {"billing", "campaign", "paymentMethod", "store", "report", "account", "posts"},
    "profileTypeFilter": {"seller", "vendor", "agency"},
    "validPaymentMethodFilter": {"true", "false"},
}


def profile_list(request: Request) -> Response:
    """Serve ``GET /v2/profiles``: of all countries, for one host cannot tell a region."""
    account = caller(request)
    filters = {name: _choice(request, name) for name in _CHOICES}
    profiles = profiles_of(sandbox_of(request).options, account)
    return JSONResponse([profile.as_json() for profile in profiles if _passes(profile, filters)])


def one_profile(request: Request) -> Response:
    """Serve ``GET /v2/profiles/{profileId}``."""
    account = caller(request)
    profile = sandbox_of(request).profile(account, request.path_params["profile_id"])
    if profile is None:
        raise gateway_error(404, "NOT_FOUND", "Profile not found")
    return JSONResponse(profile.as_json())


def _choice(request: Request, name: str) -> set[str]:
    asked = {value for value in request.query_params.get(name, "").split(",") if value}
    if wrong := asked - _CHOICES[name]:
        raise gateway_error(422, "UNPROCESSABLE_ENTITY", f"Invalid value for {name}: {', '.join(sorted(wrong))}")
    return asked


def _passes(profile: Profile, filters: dict[str, set[str]]) -> bool:
    """Say whether a profile is listed: the account may edit all of its profiles, and each can pay."""
    kinds = filters["profileTypeFilter"]
    return (not kinds or profile.kind in kinds) and filters["validPaymentMethodFilter"] != {"false"}
