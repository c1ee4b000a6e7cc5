"""A bare HTTP client that is logged in at a sandbox: what serving takes, with nothing of the pipeline around it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
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


CONCURRENCY = 20


async def ask_for_all(server: Server, reports: Iterable[tuple[str, int]], *, files: bool) -> None:
    """Ask for the status of finished reports, or for their files as well, and do nothing with them.

    Args:
        server: The sandbox.
        reports: (id, profile) of each.
        files: Whether they are downloaded.
    """
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(http: httpx.AsyncClient, storage: httpx.AsyncClient, report_id: str, profile_id: int) -> None:
        async with slots:
            scope = {"Amazon-Advertising-API-Scope": str(profile_id)}
            status = await http.get(f"/reporting/reports/{report_id}", headers=scope)
            if files:
                (await storage.get(status.raise_for_status().json()["url"])).raise_for_status()

    async with logged_in(server) as http, httpx.AsyncClient() as storage, asyncio.TaskGroup() as group:
        for report_id, profile_id in reports:
            group.create_task(one(http, storage, report_id, profile_id))
