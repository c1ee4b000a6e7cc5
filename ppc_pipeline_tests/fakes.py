"""What tests of several packages share: a clock, virtual time, Amazon's reports in memory, and report files."""

import asyncio
import gzip
import json
import selectors
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from ppc_pipeline.amazon_ads.auth import Credentials, TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, is_metric, kind_of
from ppc_pipeline.amazon_ads.throttle import Throttle
from ppc_pipeline.reports.ledger import Ledger, ReportRow
from ppc_pipeline.reports.roster import ProfileFacts
from ppc_pipeline.reports.tables import columns_hash
from ppc_pipeline.reports.windows import Days, Window
from ppc_pipeline.warehouse.loading import ReportFile

T = TypeVar("T")
Row = dict[str, Any]

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FOUR = ("spCampaigns", "spTargeting", "spSearchTerm", "spAdvertisedProduct")
"""The report types of most tests: what holds of four holds of all, and takes less time."""

DAY = date(2026, 11, 10)
SELLER, VENDOR = 3991703629696934, 1122334455667788


@dataclass
class Clock:
    """Stands still until it is told to move."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when nothing else is to be done: hours pass in no time.

    While a thread works (the loader does), time stands still.
    """

    def __init__(self) -> None:
        self._virtual = 0.0
        self._threads = 0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._virtual

    def clock(self) -> datetime:
        return NOON + timedelta(seconds=self._virtual)

    def jump(self, seconds: float) -> None:
        self._virtual += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        self._threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: setattr(self, "_threads", self._threads - 1))
        return future


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or self._loop._threads:
            return super().select(timeout)
        events = super().select(0)
        if not events and timeout > 0:
            self._loop.jump(timeout)
        return events


def run_virtually(work: Callable[[VirtualTimeLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in virtual time; it is handed the loop, whose ``clock`` tells the time."""
    loop: VirtualTimeLoop

    def make() -> VirtualTimeLoop:
        nonlocal loop
        loop = VirtualTimeLoop()
        return loop

    with asyncio.Runner(loop_factory=make) as runner:
        runner.get_loop()
        return runner.run(work(loop))


def facts(profile_id: int = SELLER, **changes: Any) -> ProfileFacts:
    values: dict[str, Any] = {
        "profile_id": profile_id,
        "account": "acme",
        "name": "Acme US",
        "account_type": "seller",
        "country_code": "US",
        "currency_code": "USD",
        "timezone": "America/Los_Angeles",
    }
    return ProfileFacts(**(values | changes))


def window(
    start: date = DAY, end: date | None = None, *, profile_id: int = SELLER, kind: str = "spTargeting", **changes: Any
) -> Window:
    return Window(
        **({"account": "acme"} | changes), profile_id=profile_id, report_type=kind, days=Days(start, end or start)
    )


def digest(kind: str = "spTargeting") -> str:
    return columns_hash(REPORT_TYPES[kind].columns) if kind in REPORT_TYPES else "0" * 12


def order(ledger: Ledger, wanted: Window | None = None, *, fresh: timedelta = timedelta(hours=6)) -> ReportRow:
    wanted = wanted or window()
    row, _ = ledger.order(
        wanted, digest(wanted.report_type), fresh=fresh, archived=lambda row: row.raw_path is not None
    )
    return row


# Amazon's reports


@dataclass
class Cooking:
    """A report at the fake Amazon."""

    report_id: str
    profile_id: int
    body: Row
    created_at: datetime
    looks: int = 0
    downloads: int = 0


Answer = Callable[["Cooking | None", httpx.Request], httpx.Response | None]


@dataclass
class FakeReporting:
    """Amazon's reporting API in memory, for any number of profiles. Reports that run collide, as Amazon's do.

    Attributes:
        clock: What time it is.
        ready_after: How long a report takes.
        latency: How long an answer takes, in seconds.
        file: Makes a report's file.
        on_login, on_create, on_look, on_download: May answer instead.
        log: ``create``, ``look``, ``delete``, ``download`` with profile and first day, in order.
    """

    clock: Callable[[], datetime]
    ready_after: timedelta = timedelta(minutes=10)
    latency: float = 0.0
    file: Callable[[Cooking], bytes] = lambda report: gzipped(rows_of(report))
    on_login: Answer = lambda _, request: None
    on_create: Answer = lambda report, request: None
    on_look: Answer = lambda report, request: None
    on_download: Answer = lambda report, request: None
    reports: dict[str, Cooking] = field(default_factory=dict)
    log: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def count(self, what: str) -> int:
        return sum(1 for done, _, _ in self.log if done == what)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.latency:
            await asyncio.sleep(self.latency)
        if path == "/auth/o2/token":
            if (instead := self.on_login(None, request)) is not None:
                return instead
            return httpx.Response(200, json={"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600})
        if path.startswith("/files/"):
            response = self._download(self.reports[path.rsplit("/", 1)[1]], request)
        else:
            profile_id = int(request.headers["Amazon-Advertising-API-Scope"])
            answer = {"POST": self._create, "GET": self._look, "DELETE": self._delete}[request.method]
            response = answer(profile_id, request)
        if response.is_stream_consumed:
            return httpx.Response(response.status_code, headers=response.headers, stream=_Stream(response.content))
        return response

    def _create(self, profile_id: int, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.log.append(("create", profile_id, body["startDate"]))
        made = Cooking(str(uuid.uuid4()), profile_id, body, self.clock())
        if (instead := self.on_create(made, request)) is not None:
            return instead
        for other in self.reports.values():
            same = other.profile_id == profile_id and _parameters(other.body) == _parameters(body)
            if same and not self.is_ready(other):
                return refusal(425, f"The Request is a duplicate of : {other.report_id}")
        self.reports[made.report_id] = made
        return httpx.Response(200, json=self._shown(made))

    def _delete(self, profile_id: int, request: httpx.Request) -> httpx.Response:
        report_id = request.url.path.rsplit("/", 1)[1]
        self.log.append(("delete", profile_id, ""))
        gone = self.reports.pop(report_id, None)
        return httpx.Response(200, json={"code": "200", "reportId": report_id}) if gone else refusal(404, "not found")

    def _look(self, _: int, request: httpx.Request) -> httpx.Response:
        report = self.reports.get(request.url.path.rsplit("/", 1)[1])
        self.log.append(("look", report.profile_id if report else 0, report.body["startDate"] if report else ""))
        if report:
            report.looks += 1
        if (instead := self.on_look(report, request)) is not None:
            return instead
        return httpx.Response(200, json=self._shown(report)) if report else refusal(404, "Report not found")

    def _download(self, report: Cooking, request: httpx.Request) -> httpx.Response:
        self.log.append(("download", report.profile_id, report.body["startDate"]))
        report.downloads += 1
        if (instead := self.on_download(report, request)) is not None:
            return instead
        return httpx.Response(200, content=self.file(report))

    def is_ready(self, report: Cooking) -> bool:
        return self.clock() >= report.created_at + self.ready_after

    def _shown(self, report: Cooking) -> Row:
        ready = self.is_ready(report)
        return {
            "reportId": report.report_id,
            "status": "COMPLETED" if ready else "PENDING",
            "url": f"https://files.test/files/{report.report_id}" if ready else None,
        }


class _Stream(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self):
        yield self._content


def _parameters(body: Row) -> str:
    return json.dumps({name: value for name, value in body.items() if name != "name"}, sort_keys=True)


def refusal(status: int, detail: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"code": str(status), "detail": detail}, headers=named)


def client_of(amazon: Any, account: str = "acme", *, throttle: Throttle | None = None, **more: Any) -> AmazonAdsClient:
    credentials = Credentials(
        account=account,
        region=Region.NA,
        client_id="amzn1.application-oa2-client.x",
        client_secret=SecretStr("s3cret"),
        refresh_token=SecretStr(f"Atzr|{account}"),
        api_url="https://ads.test",
        token_url="https://login.test/auth/o2/token",
    )
    return AmazonAdsClient(credentials, throttle=throttle, transport=amazon.transport, tokens=TokenCache(), **more)


# Report files


def report_row(report_type: str, day: date = DAY, **values: Any) -> Row:
    """A row of a report type with every column: what can be added up is 0, the rest null, but for what is given."""
    row: Row = {column: 0 if is_metric(column) else None for column in REPORT_TYPES[report_type].columns}
    return row | {"date": day.isoformat()} | values


def targeting_row(day: date = DAY, keyword_id: int = 61197552078613, **changes: Any) -> Row:
    """A row of spTargeting as Amazon serves it: every column, most of them 0 or null."""
    row = {
        "campaignId": 2834576461140,
        "campaignName": "Summer",
        "adGroupId": 388876823359664,
        "adGroupName": "Towels",
        "keywordId": keyword_id,
        "keyword": "beach towel",
        "targeting": "beach towel",
        "keywordType": "EXACT",
        "matchType": "EXACT",
        "impressions": 14109,
        "clicks": 176,
        "cost": 1534.58,
        "purchases7d": 6,
        "purchases14d": 8,
        "sales7d": 4659.97,
        "sales14d": 5000.03,
        "unitsSoldClicks7d": 7,
        "unitsSoldClicks14d": 9,
        "clickThroughRate": 1.2474307179814303,
    }
    return report_row("spTargeting", day, **(row | changes))


_VALUES = {Kind.STRING: "text", Kind.DATE: DAY.isoformat(), Kind.BOOLEAN: True, Kind.JSON: []}


def full_row(kind: str, **changes: Any) -> Row:
    """A row of any report type: every declared column, with a value of its kind."""
    row = {column: _VALUES.get(kind_of(column), 7) for column in REPORT_TYPES[kind].columns}
    unknown = set(changes) - set(row)
    assert not unknown, unknown
    return row | changes


def rows_of(report: Cooking) -> list[Row]:
    """One row a day."""
    days = Days(date.fromisoformat(report.body["startDate"]), date.fromisoformat(report.body["endDate"]))
    return [targeting_row(day, clicks=day.day) for day in days]


def gzipped(rows: Iterable[Any] | str | bytes) -> bytes:
    text = rows if isinstance(rows, str | bytes) else json.dumps(list(rows))
    return gzip.compress(text.encode() if isinstance(text, str) else text, mtime=0)


def report_file(
    folder: Path, rows: Iterable[Any] | str | bytes, start: date = DAY, end: date | None = None, **changes: Any
) -> ReportFile:
    """Write a report's file and say what it belongs to."""
    report_id = changes.pop("report_id", None) or str(uuid.uuid4())
    path = folder / f"{report_id}.json.gz"
    path.write_bytes(gzipped(rows))
    values: Mapping[str, Any] = {
        "raw_path": path.name,
        "account": "acme",
        "profile_id": SELLER,
        "currency_code": "USD",
        "requested_at": NOON,
    }
    return ReportFile(path=path, report_id=report_id, start_date=start, end_date=end or start, **(values | changes))
