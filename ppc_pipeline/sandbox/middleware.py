"""What happens to every call, whatever it is for.

Here: counting, latency, the body's limit, and Amazon's request ids. Not here: who may call (``auth``), or what
goes wrong on purpose (``misbehaving``).
"""

import asyncio
import re

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ppc_pipeline.sandbox.errors import request_id
from ppc_pipeline.sandbox.state import State

_MOST_BYTES = 1024 * 1024
_REPORT = re.compile(r"/reporting/reports/[^/]+")
_EXPORT = re.compile(r"/(campaigns|adGroups|ads|targets)/export|/exports/[^/]+")
_ARRAY = re.compile(r"/s[pbd]/\w+(/extended)?")


def call_of(method: str, path: str) -> str | None:
    """Return what a call is; None for calls that no client of Amazon's makes."""
    if path == "/reporting/reports" and method == "POST":
        return "create"
    if _REPORT.fullmatch(path):
        return {"GET": "poll", "DELETE": "delete"}.get(method, "other")
    if _EXPORT.fullmatch(path):
        return "export"
    if path.startswith("/_storage/"):
        return "download"
    if path.endswith("/list") or _ARRAY.fullmatch(path):
        return "list"
    if path.startswith("/_sandbox/"):
        return None
    return {"/auth/o2/token": "token", "/v2/profiles": "profiles"}.get(path, "other")


def kind_of_call(method: str, path: str, status: int) -> str | None:
    """Return what a call counts as; None for calls that no client of Amazon's makes."""
    call = call_of(method, path)
    if call == "create":
        return "create 425" if status == 425 else f"create {status // 100}xx"
    if call == "export":
        return f"export {'poll' if method == 'GET' else path} {status // 100}xx"
    return f"list {path}" if call == "list" else call


class Counting:
    """Counts calls, and gives each the ids that Amazon gives."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app = app
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-amz-rid"] = headers["x-amzn-RequestId"] = request_id()
                if kind := kind_of_call(scope["method"], scope["path"], message["status"]):
                    await run_in_threadpool(self.state.count, kind)
            await send(message)

        await self.app(scope, receive, counted)


class Latency:
    """Makes every call take longer."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, later."""
        await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


class BodyReader:
    """Reads the body of every call, up to a limit, so that endpoints are plain functions and run in threads."""

    def __init__(self, app: ASGIApp, most: int = _MOST_BYTES) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on with its body in ``request.state``, or answer 413."""
        if scope["type"] == "http":
            body = await self._read(Request(scope, receive))
            if body is None:
                refused = {"code": "REQUEST_ENTITY_TOO_LARGE", "details": "HTTP 413 Request Entity Too Large"}
                await JSONResponse(refused, 413)(scope, receive, send)
                return
            scope.setdefault("state", {})["body"] = body
        await self.app(scope, receive, send)

    async def _read(self, request: Request) -> bytes | None:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.most:
                return None
        return bytes(body)
