"""Who calls: Login with Amazon, and the headers of every API call.

Here: the token endpoint, and the checks of ``Authorization``, client id and scope. Not here: which profiles an account
has (``accounts``). Access tokens carry the account and their end, signed: nothing is stored, and any process of a
sandbox accepts the tokens of another.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.sandbox.accounts import Profile, account_of
from ppc_pipeline.sandbox.context import Sandbox, body_of, sandbox_of
from ppc_pipeline.sandbox.errors import login_error, unauthorized
from ppc_pipeline.sandbox.faults import Fault
from ppc_pipeline.sandbox.options import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET

_ACCESS = "Atza|"


def token(request: Request) -> Response:
    """Serve ``POST /auth/o2/token``: a refresh token for an access token."""
    sandbox = sandbox_of(request)
    form = {name: values[0] for name, values in parse_qs(body_of(request).decode("utf-8", "replace")).items()}
    _check_grant(form)
    account = account_of(form["refresh_token"])
    if account is None or sandbox.is_hit(Fault.REVOKED_TOKEN, account):
        raise login_error(
            400,
            "invalid_grant",
            "The request has an invalid grant parameter : refresh_token. "
            "User may have revoked or didn't grant the permission.",
        )
    sandbox.state.add_account(account)
    return JSONResponse(
        {
            "access_token": access_token(sandbox, account),
            "refresh_token": form["refresh_token"],
            "token_type": "bearer",
            "expires_in": sandbox.options.token_seconds,
        }
    )


def _check_grant(form: dict[str, str]) -> None:
    """Check everything about a token request but the refresh token itself."""
    if form.get("grant_type", "refresh_token") != "refresh_token":
        text = "The authorization grant type is not supported by the authorization server"
        raise login_error(400, "unsupported_grant_type", text)
    for name in ("grant_type", "client_id", "client_secret", "refresh_token"):
        if name not in form:
            raise login_error(400, "invalid_request", f"The request is missing a required parameter : {name}")
    if (form["client_id"], form["client_secret"]) != (SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET):
        raise login_error(401, "invalid_client", "Client authentication failed")


def access_token(sandbox: Sandbox, account: str) -> str:
    """Return a fresh access token of an account."""
    expires = sandbox.clock() + timedelta(seconds=sandbox.options.token_seconds)
    payload = {"account": account, "expires": expires.timestamp(), "epoch": sandbox.token_epoch(account)}
    return _ACCESS + sandbox.signer.token(payload)


def bearer_of(sandbox: Sandbox, authorization: str) -> dict[str, Any] | None:
    """Return what the access token of an ``Authorization`` header carries; None if none was given out here."""
    scheme, _, bearer = authorization.partition(" ")
    payload = sandbox.signer.payload(bearer.removeprefix(_ACCESS)) if bearer.startswith(_ACCESS) else None
    return payload if scheme.lower() == "bearer" and payload and "expires" in payload else None


def caller(request: Request) -> str:
    """Return the account that makes a call.

    Raises:
        ApiError: The access token is missing, expired or made up, or the client id is not the token's.
    """
    sandbox = sandbox_of(request)
    payload = bearer_of(sandbox, request.headers.get("Authorization", ""))
    if payload is None or payload["expires"] <= sandbox.clock().timestamp():
        raise unauthorized()
    account = str(payload["account"])
    if payload.get("epoch", 0) < sandbox.token_epoch(account) or sandbox.is_hit(Fault.REVOKED_TOKEN, account):
        raise unauthorized()
    if request.headers.get("Amazon-Advertising-API-ClientId") != SANDBOX_CLIENT_ID:
        raise unauthorized()
    return account


def scope(request: Request) -> Profile:
    """Return the profile a call is about.

    Raises:
        ApiError: The caller is not let in, or may not see the profile.
    """
    account = caller(request)
    asked = request.headers.get("Amazon-Advertising-API-Scope", "").strip()
    if not asked:
        raise unauthorized("Scope header is missing")
    if not (asked.isascii() and asked.isdecimal()):
        raise unauthorized("No matching advertiser found for scope")
    sandbox = sandbox_of(request)
    profile = sandbox.profile(account, int(asked))
    if profile is None or profile.refused or sandbox.is_hit(Fault.REFUSED_PROFILE, str(profile.profile_id)):
        raise unauthorized(f"Not authorized to access scope {asked}")
    if profile.kind == "agency":
        raise unauthorized("No matching advertiser found for scope")
    return profile
