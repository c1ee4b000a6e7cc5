"""The sandbox behind a web server.

Here: serving until somebody stops it, and serving in the background for as long as a block lasts. Not here: the app.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from ppc_pipeline.sandbox.app import create_app
from ppc_pipeline.sandbox.options import SandboxOptions, utc_now

_LOOPBACK = "127.0.0.1"
_DEFAULTS = SandboxOptions()
_START_SECONDS = 10.0


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


def _config(app: Starlette, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, lifespan="off", loop="asyncio", ws="none"
    )
