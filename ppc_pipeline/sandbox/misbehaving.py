"""The layer that lets calls go wrong: refusals, hidden successes, broken connections, spoiled bodies.

Here: what a fault does to one call. Not here: which calls are hit (``faults``), or faults of reports and their rows
(``reports``, ``spoiling``). It stands behind ``middleware.BodyReader``: what tells calls apart is in their bodies.
Connections are cut through what ``server`` puts into the scope; without it (an ASGI transport) such calls pass.
"""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ppc_pipeline.sandbox.accounts import account_of
from ppc_pipeline.sandbox.auth import bearer_of
from ppc_pipeline.sandbox.context import Sandbox
from ppc_pipeline.sandbox.errors import request_id
from ppc_pipeline.sandbox.faults import CREATING, Fault
from ppc_pipeline.sandbox.middleware import call_of
from ppc_pipeline.sandbox.state import Report

CUT = "ppc_sandbox.cut"
"""Key of the scope's extensions: a function that breaks the connection off."""

_PIECES = 10
_ABSURD = "1764000000"  # a moment where seconds are expected
_STATUS = {
    Fault.TOO_EARLY: (425, "Too Early"),
    Fault.THROTTLED: (429, "Too Many Requests"),
    Fault.THROTTLED_SILENT: (429, "Too Many Requests"),
    Fault.THROTTLED_ABSURD: (429, "Too Many Requests"),
    Fault.THROTTLED_FOR_LONG: (429, "Too Many Requests"),
    Fault.THROTTLED_CREATED: (429, "Too Many Requests"),
    Fault.ERROR_CREATED: (500, "Internal Server Error"),
    Fault.ERROR_500: (500, "Internal Server Error"),
    Fault.ERROR_502: (502, "Bad Gateway"),
    Fault.ERROR_503: (503, "Service Unavailable"),
    Fault.ERROR_504: (504, "Gateway Timeout"),
    Fault.UNAUTHORIZED_POLL: (401, "Unauthorized"),
}
_CUTTING = frozenset({Fault.RESET_BEFORE, Fault.RESET_DURING, Fault.RESET_AFTER, Fault.RESET_CREATED})
_ONLY_SUCCESS = frozenset({*CREATING, Fault.TRUNCATED_GZIP, Fault.BROKEN_JSON})
_INSTEAD = frozenset({*_STATUS, Fault.HTML, Fault.EXPIRED_URL, Fault.RESET_BEFORE}) - {*CREATING}
"""Faults of which the endpoint learns nothing."""
_PAGE = (
    "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>openresty</center>\r\n"
    "</body>\r\n</html>\r\n"
)
_EXPIRED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message>'
    "</Error>"
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that may go wrong, and the ASGI triple it came with."""

    kind: str
    identity: str
    scope: Scope
    receive: Receive
    send: Send

    @property
    def cut(self) -> Callable[[], None] | None:
        found: Callable[[], None] | None = self.scope.get("extensions", {}).get(CUT)
        return found


class Misbehaving:
    """Lets some calls go wrong, as the sandbox's faults say."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or let it go wrong."""
        kind = call_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if kind is None or not self.sandbox.faults.plan:
            await self.app(scope, receive, send)
            return
        call = _Call(kind, await run_in_threadpool(self._identity, kind, scope), scope, receive, send)
        fault = await run_in_threadpool(self._drawn, call)
        if fault is None or not await self._let_go_wrong(fault, call):
            await self.app(scope, receive, send)

    def _identity(self, kind: str, scope: Scope) -> str:
        headers, body = Headers(scope=scope), scope["state"]["body"]
        profile = headers.get("Amazon-Advertising-API-Scope", "")
        if kind == "create":
            return f"create {profile} {_asked_for(body)}"
        if kind in ("poll", "download"):
            report = self.sandbox.state.report(scope["path"].rpartition("/")[2].removeprefix("report-")[:36])
            return f"{kind} {identity_of(report) if report else 'unknown'}"
        if kind == "token":
            return f"token {account_of(parse_qs(body.decode('utf-8', 'replace')).get('refresh_token', [''])[0])}"
        account = (bearer_of(self.sandbox, headers.get("Authorization", "")) or {}).get("account")
        return f"{kind} {scope['path']} {account} {profile} {_digest(body + scope['query_string'])}"

    def _drawn(self, call: _Call) -> Fault | None:
        attempt = self.sandbox.state.attempt(call.identity)
        return self.sandbox.faults.plan.on_call(call.kind, call.identity, attempt)

    async def _let_go_wrong(self, fault: Fault, call: _Call) -> bool:
        """Answer, one way or the other; a call that was not answered is passed on."""
        if fault is Fault.TOKEN_EXPIRED:
            return await self._expire_token(call)
        if fault in _CUTTING and call.cut is None:
            return False
        answer = None
        if fault not in _INSTEAD:
            answer = await self._answer_to(call)
            if fault in _ONLY_SUCCESS and answer.status != 200:
                await answer.pass_on(call.send)
                return True
        await self._count(fault)
        if fault in _CUTTING:
            await self._cut(fault, call, answer)
        elif answer is not None and fault in (Fault.SLOW, Fault.TRUNCATED_GZIP, Fault.BROKEN_JSON):
            await self._spoil(fault, call, answer)
        else:
            await self._refusal(fault, call)(call.scope, call.receive, call.send)
        return True

    async def _count(self, fault: Fault) -> None:
        await run_in_threadpool(self.sandbox.state.count_fault, fault)

    async def _expire_token(self, call: _Call) -> bool:
        """End every token of the account before its time, once; then the call is refused like any other."""
        payload = bearer_of(self.sandbox, Headers(scope=call.scope).get("Authorization", ""))
        if not payload or not await run_in_threadpool(self.sandbox.state.expire_tokens, str(payload["account"])):
            return False
        await self._count(Fault.TOKEN_EXPIRED)
        await self.app(call.scope, call.receive, call.send)
        return True

    async def _cut(self, fault: Fault, call: _Call, answer: "_Answer | None") -> None:
        if answer is not None and fault is Fault.RESET_DURING:
            await call.send(answer.start)
            await call.send(_piece(answer.body[: len(answer.body) // 2], more=True))
        elif answer is not None and fault is Fault.RESET_AFTER:
            await answer.pass_on(call.send)
        if call.cut is not None:
            call.cut()
        while (await call.receive())["type"] != "http.disconnect":
            pass

    async def _spoil(self, fault: Fault, call: _Call, answer: "_Answer") -> None:
        if fault is Fault.SLOW:
            await answer.drip(call, self.sandbox.options.slow_seconds)
            return
        spoiled = answer.body[: len(answer.body) * 2 // 3]
        if fault is Fault.BROKEN_JSON:
            text = gzip.decompress(answer.body)
            spoiled = gzip.compress(text[: len(text) * 2 // 3], mtime=0)
        await Response(spoiled, media_type="application/octet-stream")(call.scope, call.receive, call.send)

    async def _answer_to(self, call: _Call) -> "_Answer":
        answer = _Answer({"type": "http.response.start", "status": 500, "headers": []})

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.start = message
            else:
                answer.body += message.get("body", b"")

        await self.app(call.scope, call.receive, keep)
        return answer

    def _refusal(self, fault: Fault, call: _Call) -> Response:
        if fault is Fault.HTML:
            return HTMLResponse(_PAGE, 503)
        if fault is Fault.EXPIRED_URL:
            return Response(_EXPIRED, 403, media_type="application/xml")
        status, text = _STATUS[fault]
        said = {"code": str(status), "detail": text}
        if call.kind != "create":
            said = {
                "code": text.upper().replace(" ", "_"),
                "details": f"HTTP {status} {text}",
                "requestId": request_id(),
            }
        wait = {Fault.THROTTLED: str(self.sandbox.options.retry_after_seconds), Fault.THROTTLED_ABSURD: _ABSURD}
        return JSONResponse(said, status, {"Retry-After": wait[fault]} if fault in wait else None)


@dataclass(slots=True)
class _Answer:
    """What the sandbox would have answered."""

    start: Message
    body: bytes = b""

    @property
    def status(self) -> int:
        return int(self.start["status"])

    async def pass_on(self, send: Send) -> None:
        await send(self.start)
        await send(_piece(self.body, more=False))

    async def drip(self, call: _Call, seconds: float) -> None:
        """Send it in pieces over some seconds, and stop when the client is gone."""
        gone = asyncio.ensure_future(call.receive())
        await call.send(self.start)
        size = len(self.body) // _PIECES + 1
        for begin in range(0, len(self.body), size):
            await asyncio.wait({gone}, timeout=seconds / _PIECES)
            if gone.done():
                return
            await call.send(_piece(self.body[begin : begin + size], more=True))
        await call.send(_piece(b"", more=False))
        gone.cancel()


def identity_of(report: Report) -> str:
    """Return what tells a report from those that were asked for in other words."""
    return f"{report.profile_id} {_asked_for(report.request.encode())} {report.fingerprint[:16]}"


def _asked_for(body: bytes) -> str:
    """Say what a request for a report asks for: its name and the order of its columns make no difference."""
    try:
        asked = json.loads(body)
        configuration = asked["configuration"]
        texts = [configuration["reportTypeId"], "+".join(configuration["groupBy"])]
        return " ".join([*texts, asked["startDate"], asked["endDate"]])
    except (ValueError, LookupError, TypeError):
        return _digest(body)


def _digest(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()[:16]


def _piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
