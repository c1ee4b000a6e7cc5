"""The sandbox behind a web server.

Here: serving until somebody stops it, and serving in the background for as long as a block lasts. Not here: the app.
"""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from ppc_pipeline.sandbox.app import create_app
from ppc_pipeline.sandbox.misbehaving import CUT
from ppc_pipeline.sandbox.options import SandboxOptions, utc_now

_LOOPBACK = "127.0.0.1"
_DEFAULTS = SandboxOptions()
_START_SECONDS = 10.0
_RESET = struct.pack("ii", 1, 0)  # lingering for no time: closing such a socket resets the connection


def serve(options: SandboxOptions = _DEFAULTS, *, host: str = _LOOPBACK, port: int, state: Path | None = None) -> None:
    """Serve a sandbox until interrupted."""
    with suppress(KeyboardInterrupt):
        uvicorn.Server(_config(create_app(options, state=state), host, port)).run()


@contextmanager
def running(
    options: SandboxOptions = _DEFAULTS,
    *,
    state: Path | None = None,
    clock: Callable[[], datetime] = utc_now,
    port: int = 0,
) -> Iterator[str]:
    """Serve a sandbox in a thread, on this machine alone, and yield its base URL.

    Raises:
        RuntimeError: It did not come up.
    """
    app = create_app(options, state=state, clock=clock)
    with socket.create_server((_LOOPBACK, port)) as listener:
        server = uvicorn.Server(_config(app, _LOOPBACK, port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="ppc-sandbox", daemon=True)
        thread.start()
        try:
            _wait_until_up(server, thread)
            yield f"http://{_LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            app.state.sandbox.state.close()


def _wait_until_up(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the sandbox did not come up")
        time.sleep(0.01)


# uvicorn chooses the class when it is imported, which no type checker can follow.
class _Cuttable(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """A connection that the app may break off: a server has no way to do that, and networks do."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Hand the app a way to break the connection off."""
        super().connection_made(transport)
        self.app: ASGIApp = _with_cut(self.app, transport)


def _with_cut(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    def cut() -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()

    async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[CUT] = cut
        await app(scope, receive, send)

    return cuttable


def _config(app: Starlette, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        loop="asyncio",
        ws="none",
        http=_Cuttable,
    )
