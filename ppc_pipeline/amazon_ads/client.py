"""The Amazon Ads API as a class: one method an endpoint, everything else one level down.

Here: paths, media types and bodies. Not here: how a call is carried out (``calls``), the polling of a report or export
until it is done, or anything that is kept (``reports``).
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from ppc_pipeline.amazon_ads.auth import TOKENS, Credentials, Login, TokenCache
from ppc_pipeline.amazon_ads.calls import Call, Caller, Patience, Policy
from ppc_pipeline.amazon_ads.downloads import Downloader
from ppc_pipeline.amazon_ads.entities import Listing
from ppc_pipeline.amazon_ads.exchange import Limits
from ppc_pipeline.amazon_ads.exports import ExportKind
from ppc_pipeline.amazon_ads.metering import Meter, NoMeter
from ppc_pipeline.amazon_ads.models import Export, Page, Profile, Report, ReportRequest
from ppc_pipeline.amazon_ads.pages import Walk
from ppc_pipeline.amazon_ads.parsing import OnMalformed, parse_export, parse_page, parse_profiles, parse_report
from ppc_pipeline.amazon_ads.redaction import quiet_http_loggers
from ppc_pipeline.amazon_ads.responses import Operation
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.amazon_ads.throttle import MemoryThrottle, Throttle

REPORT_REQUEST_TYPE = "application/vnd.createasyncreportrequest.v3+json"

quiet_http_loggers()


class AmazonAdsClient:
    """One account's access to the Amazon Ads API, as an async context manager.

    Every method raises ``AdsError``: ``MisconfiguredError`` when the account cannot log in, ``RefusedError`` when it
    may not see the profile, ``ThrottledError`` when Amazon or the throttle wants more patience than
    ``retries.max_wait``, or than a list was given, ``RetryableError`` when the retries did not help,
    ``PermanentError`` when Amazon does not accept what was asked.

    Args:
        credentials: Of the account.
        throttle: Its cool-downs; kept in memory, for this client alone, by default.
        transport: Takes the place of the network.
        retries: When a call is sent again.
        concurrency: Calls, and besides them downloads, under way at once.
        limits: How long and how large anything may get.
        tokens: Where access tokens are kept; the process's cache by default.
        meter: Counts the calls; nobody does by default.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        throttle: Throttle | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        retries: Retries | None = None,
        concurrency: int = 20,
        limits: Limits | None = None,
        tokens: TokenCache = TOKENS,
        meter: Meter | None = None,
    ) -> None:
        self._credentials = credentials
        self._throttle: Throttle = throttle or MemoryThrottle()
        self._transport = transport
        self._retries = retries or Retries()
        self._concurrency = concurrency
        self._limits = limits or Limits()
        self._tokens = tokens
        self._meter = meter or NoMeter()
        self._http: tuple[httpx.AsyncClient, ...] = ()
        self._caller: Caller | None = None
        self._downloader: Downloader | None = None

    def __repr__(self) -> str:
        return f"AmazonAdsClient({self._credentials.account!r}, {self._credentials.region.value})"

    async def __aenter__(self) -> Self:
        """Open the connections; they belong to the running event loop."""
        http, storage = self._connections(self._concurrency + 1), self._connections(self._concurrency)
        self._http = (http, storage)
        policy = Policy(self._retries, self._limits, self._concurrency)
        login = Login(self._credentials, http, self._limits, self._tokens)
        self._caller = Caller(http, self._credentials, login, self._throttle, policy, self._meter)
        self._downloader = Downloader(storage, self._credentials.account, policy)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._meter.flush()
        opened, self._http, self._caller, self._downloader = self._http, (), None, None
        for http in opened:
            await http.aclose()

    def _connections(self, most: int) -> httpx.AsyncClient:
        """Make a pool of connections. Hosts have one each: what a pool costs grows with the square of its size."""
        return httpx.AsyncClient(
            transport=self._transport,
            verify=_trusted(),
            timeout=self._limits.timeout,
            limits=httpx.Limits(max_connections=most),
            follow_redirects=False,
            headers={"User-Agent": "ppc-pipeline"},
        )

    async def list_profiles(self, on_malformed: OnMalformed | None = None, *, patience: float = 0.0) -> list[Profile]:
        """Return every profile of the account's region that it may at least look at.

        ``accessLevel=view``: without it Amazon lists only what the account may also edit, and an integration with
        reading rights sees nothing (Amazon's profiles document).

        Args:
            on_malformed: Called for each profile that cannot be read, the others being returned; without it, one such
                profile is an error.
            patience: Seconds that may be spent in long cool-downs.

        Returns:
            The profiles; an empty list when Amazon says that there are none.
        """
        call = Call(
            Operation.PROFILES,
            "GET",
            "/v2/profiles",
            query={"apiProgram": "campaign", "accessLevel": "view"},
            accept="application/json",
            patience=Patience(patience),
        )
        return await self._calls.send(call, lambda answer: parse_profiles(answer, on_malformed))

    async def list_pages(
        self, profile_id: int, listing: Listing, *, patience: float = 0.0
    ) -> AsyncGenerator[Page, None]:
        """Walk through a list, page by page.

        Pages are independent reads (Amazon's developer notes): an object that changes meanwhile may come twice.

        Args:
            profile_id: Whose objects.
            listing: Which list.
            patience: Seconds that all its pages together may spend in long cool-downs.

        Yields:
            The pages, to the end of the list.

        Raises:
            MalformedResponseError: Also when the list runs in circles, or ends early; see ``pages.Walk``.
        """
        walk = Walk(self._credentials.account, profile_id, listing, Patience(patience))
        more = True
        while more:
            page = await self._calls.send(walk.call(), lambda answer: parse_page(answer, listing))
            more = walk.goes_on_after(page)
            yield page

    async def create_report(self, profile_id: int, request: ReportRequest) -> Report:
        """Order a report.

        Safe to repeat, and repeated after 5xx and broken connections: a second request for what is already on its way
        answers 425 with the first one's id.

        Args:
            profile_id: Whose report.
            request: What to order.

        Returns:
            The new report, or the one already running with ``duplicate`` set.

        Raises:
            InvalidColumnsError: Amazon does not know some of the columns.
            RetentionError: The range begins before what Amazon still serves.
        """
        call = Call(
            Operation.CREATE,
            "POST",
            "/reporting/reports",
            profile_id=profile_id,
            ad_product=request.report_type.ad_product,
            content_type=REPORT_REQUEST_TYPE,
            body=request.body(),
        )
        return await self._calls.send(call, parse_report)

    async def get_report(self, profile_id: int, report_id: str) -> Report:
        """Look at a report; when it is complete, its ``url`` is good for an hour from now.

        Raises:
            ReportNotFoundError: Amazon does not know it (any longer).
        """
        call = Call(Operation.POLL, "GET", _report_path(report_id), profile_id=profile_id)
        return await self._calls.send(call, lambda answer: parse_report(answer, report_id))

    async def delete_report(self, profile_id: int, report_id: str) -> None:
        """Delete a report at Amazon, running or done.

        Raises:
            ReportNotFoundError: Amazon does not know it (any longer).
        """
        call = Call(Operation.DELETE, "DELETE", _report_path(report_id), profile_id=profile_id)
        await self._calls.send(call, lambda _: None)

    @property
    def application(self) -> str:
        """The client id of the application that calls: what Amazon counts exports in progress by."""
        return self._credentials.client_id

    async def create_export(self, profile_id: int, kind: ExportKind, *, patience: float = 0.0) -> Export:
        """Have an export made.

        Repeated after 5xx and broken connections; then there may be two, of which the first is never fetched.

        Args:
            profile_id: Whose.
            kind: What is in it.
            patience: Seconds that may be spent in cool-downs. Amazon answers 429 to the sixth export of a kind in
                progress at once; kinds therefore cool down each by itself, and nothing else with them.
        """
        call = Call(
            Operation.EXPORT,
            "POST",
            kind.path,
            profile_id=profile_id,
            ad_product=f"EXPORT {kind.name}",
            content_type=kind.media_type,
            accept=kind.media_type,
            body=kind.body(),
            patience=Patience(patience),
        )
        return await self._calls.send(call, parse_export)

    async def get_export(self, profile_id: int, kind: ExportKind, export_id: str, *, patience: float = 0.0) -> Export:
        """Look at an export; when it is complete, its ``url`` is good for an hour from now.

        Args:
            profile_id: Whose.
            kind: As it was created: with another kind's media type Amazon answers 406.
            export_id: Which.
            patience: Seconds that may be spent in cool-downs.
        """
        call = Call(
            Operation.EXPORTED,
            "GET",
            f"/exports/{quote(export_id, safe='')}",
            profile_id=profile_id,
            accept=kind.media_type,
            patience=Patience(patience),
        )
        return await self._calls.send(call, lambda answer: parse_export(answer, export_id))

    def download(self, profile_id: int, made: Report | Export) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the file of a completed report or export: ``async with client.download(...) as chunks``.

        Args:
            profile_id: Whose report.
            made: As ``get_report`` or ``get_export`` returned it less than an hour ago.

        Returns:
            A context manager over the file in pieces, compressed as it is stored.

        Raises:
            UrlExpiredError: On entering: the link is no longer good; looking again gives a new one.
            RetryableError: Also from the stream: it broke off; the file must be begun anew.
            PermanentError: From the stream: the file is larger than allowed.
        """
        if self._downloader is None:
            raise RuntimeError(_CLOSED)
        return self._downloader.open(profile_id, made)

    @property
    def _calls(self) -> Caller:
        if self._caller is None:
            raise RuntimeError(_CLOSED)
        return self._caller


_CLOSED = "the client is not open: use it in 'async with'"


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return whom all clients trust: reading the certificates for each account anew would take a second for twenty."""
    return httpx.create_ssl_context()


def _report_path(report_id: str) -> str:
    return f"/reporting/reports/{quote(report_id, safe='')}"
