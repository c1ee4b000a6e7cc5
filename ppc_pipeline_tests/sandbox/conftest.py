"""A sandbox in-process, called as the project calls it: through an ASGI transport, with a clock that stands still."""

import asyncio
import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.sandbox import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_REFRESH_TOKEN,
    SandboxOptions,
    create_app,
)
from ppc_pipeline.sandbox.arrays import ArrayListing
from ppc_pipeline.sandbox.lists import Listing


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Api:
    """A client of a sandbox that is as plain as can be."""

    options: SandboxOptions = field(default_factory=SandboxOptions)
    clock: Clock = field(default_factory=Clock)
    state: Any = None
    refresh_token: str = SANDBOX_REFRESH_TOKEN

    def __post_init__(self) -> None:
        self.app = create_app(self.options, state=self.state, clock=self.clock)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())

    def login(self, **changes: str | None) -> httpx.Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": SANDBOX_CLIENT_ID,
            "client_secret": SANDBOX_CLIENT_SECRET,
        } | changes
        return self.call("POST", "/auth/o2/token", data={k: v for k, v in form.items() if v is not None})

    def headers(self, profile: int | None = None) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self.login().json()['access_token']}",
            "Amazon-Advertising-API-ClientId": SANDBOX_CLIENT_ID,
        }
        return headers if profile is None else headers | {"Amazon-Advertising-API-Scope": str(profile)}

    def profiles(self) -> list[dict[str, Any]]:
        return self.call("GET", "/v2/profiles", headers=self.headers()).json()

    def profile(self, number: int = 0) -> int:
        return self.profiles()[number]["profileId"]

    def page(self, path: str, media: str, body: Any = None, profile: int | None = None, **headers: str):
        media_type = f"application/vnd.{media}.v3+json"
        sent = self.headers(profile or self.profile()) | {"Content-Type": media_type, "Accept": media_type} | headers
        return self.call("POST", path, headers=sent, content=json.dumps(body or {}))

    def pages_of(self, listing: Listing, body: Any = None, profile: int | None = None, **headers: str):
        sent = self.headers(profile or self.profile()) | {
            "Content-Type": "application/json" if listing.plain else listing.media_type,
            "Accept": listing.newer or listing.media_type,
        }
        return self.call("POST", listing.path, headers=sent | headers, content=json.dumps(body or {}))

    def array(self, listing: ArrayListing, profile: int | None = None, accept: str | None = None, **query: Any):
        sent = self.headers(profile or self.profile()) | {"Accept": accept or listing.newer or listing.accepted[0]}
        return self.call("GET", listing.path, headers=sent, params=query)

    def get(self, path: str, profile: int | None = None, **query: Any) -> httpx.Response:
        sent = self.headers(profile or self.profile()) | {"Accept": "application/json"}
        return self.call("GET", path, headers=sent, params=query)

    def create(self, body: Any, profile: int | None = None) -> httpx.Response:
        headers = self.headers(profile or self.profile())
        headers["Content-Type"] = "application/vnd.createasyncreportrequest.v3+json"
        return self.call("POST", "/reporting/reports", headers=headers, content=json.dumps(body))

    def status(self, report_id: str, profile: int | None = None) -> httpx.Response:
        return self.call("GET", f"/reporting/reports/{report_id}", headers=self.headers(profile or self.profile()))

    def export(self, kind: str, body: Any = None, profile: int | None = None, **headers: str) -> httpx.Response:
        media_type = f"application/vnd.{kind.lower()}export.v1+json"
        sent = self.headers(profile or self.profile()) | {"Content-Type": media_type, "Accept": media_type} | headers
        return self.call("POST", f"/{kind}/export", headers=sent, content=json.dumps(body or {}))

    def export_status(self, export_id: str, kind: str, profile: int | None = None) -> httpx.Response:
        accept = {"Accept": f"application/vnd.{kind.lower()}export.v1+json"}
        return self.call("GET", f"/exports/{export_id}", headers=self.headers(profile or self.profile()) | accept)

    def exported(self, kind: str, body: Any = None, profile: int | None = None) -> list[dict[str, Any]]:
        export_id = self.export(kind, body, profile).json()["exportId"]
        self.clock.forward(seconds=60)
        url = self.export_status(export_id, kind, profile).json()["url"]
        return json.loads(gzip.decompress(self.call("GET", url).content))

    def rows(self, body: Any, profile: int | None = None) -> list[dict[str, Any]]:
        report_id = self.create(body, profile).json()["reportId"]
        self.clock.forward(seconds=60)
        url = self.status(report_id, profile).json()["url"]
        return json.loads(gzip.decompress(self.call("GET", url).content))

    def totals(self, name: str, start: str, end: str, profile: int | None = None) -> dict[str, Any]:
        asked = {"reportType": name, "startDate": start, "endDate": end, "profileId": profile or self.profile()}
        return self.call("GET", "/_sandbox/totals", params=asked).json()


def report_request(name: str = "spTargeting", start: str = "2026-10-22", end: str = "2026-11-21", **changes: Any):
    declared = REPORT_TYPES[name]
    configuration = {
        "adProduct": declared.ad_product,
        "groupBy": list(declared.group_by),
        "columns": list(declared.columns),
        "reportTypeId": declared.report_type_id,
        "timeUnit": "DAILY",
        "format": "GZIP_JSON",
    } | changes
    configuration = {key: value for key, value in configuration.items() if value is not None}
    return {"name": "test", "startDate": start, "endDate": end, "configuration": configuration}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock) -> Api:
    return Api(clock=clock)


@pytest.fixture
def new_api():
    return Api


@pytest.fixture(name="report_request")
def report_request_fixture():
    return report_request
