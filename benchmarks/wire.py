"""A bare HTTP client that is logged in at a sandbox: what serving takes, with nothing of the pipeline around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from benchmarks.place import Server
from ppc_pipeline.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REFRESH_TOKEN


@asynccontextmanager
async def logged_in(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client whose calls carry an access token."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        form = {
            "grant_type": "refresh_token",
            "client_id": SANDBOX_CLIENT_ID,
            "client_secret": SANDBOX_CLIENT_SECRET,
            "refresh_token": SANDBOX_REFRESH_TOKEN,
        }
        token = (await http.post("/auth/o2/token", data=form)).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        http.headers["Amazon-Advertising-API-ClientId"] = SANDBOX_CLIENT_ID
        yield http
