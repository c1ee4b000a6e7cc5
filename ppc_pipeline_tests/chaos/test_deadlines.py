"""A server that never answers, never ends its headers, or trickles: every call ends within its limit."""

import asyncio
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from ppc_pipeline.amazon_ads.auth import Credentials, TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import RetryableError
from ppc_pipeline.amazon_ads.exchange import Limits
from ppc_pipeline.amazon_ads.models import Report, ReportStatus
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.reports import database
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.warehouse.connection import Warehouse

LIMITS = Limits(connect_seconds=0.3, read_seconds=0.3, pool_seconds=0.3, call_seconds=0.4, download_seconds=0.4)
ONE_BY_ONE = Limits(connect_seconds=0.3, read_seconds=5, pool_seconds=0.3, call_seconds=0.4, download_seconds=0.4)
"""What trickles is never silent for long: only the limit of the whole can end it."""

LATEST = 20.0
"""Seconds after which a call is over at the latest: its limits, and much for a busy machine. Without them: never."""

TOKEN = b'{"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600}'

Behave = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def silent(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


TROUBLES = [(silent, LIMITS), (endless_headers, ONE_BY_ONE), (trickle, ONE_BY_ONE)]
trouble = pytest.mark.parametrize(("behave", "limits"), TROUBLES, ids=lambda value: getattr(value, "__name__", ""))


@asynccontextmanager
async def serving(behave: Behave, *, login_works: bool) -> AsyncIterator[str]:
    """Serve on this machine: the login answers as it should, or everything behaves badly."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if login_works and b"/auth/o2/token" in head:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(TOKEN) + TOKEN)
                await writer.drain()
            else:
                await behave(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


def client(url: str, limits: Limits) -> AmazonAdsClient:
    credentials = Credentials(
        account="acme",
        region=Region.NA,
        client_id="amzn1.application-oa2-client.x",
        client_secret=SecretStr("s3cret"),
        refresh_token=SecretStr("Atzr|acme"),
        api_url=url,
        token_url=f"{url}/auth/o2/token",
    )
    return AmazonAdsClient(credentials, retries=Retries(attempts=1), limits=limits, tokens=TokenCache())


def seconds_of(work: Callable[[str], Awaitable[None]], behave: Behave, *, login_works: bool) -> float:
    """Do something that must fail in a way that may pass; return how long it took."""

    async def measure() -> float:
        async with serving(behave, login_works=login_works) as url:
            began = time.monotonic()
            with pytest.raises(RetryableError):
                await asyncio.wait_for(work(url), 30)
            return time.monotonic() - began

    return asyncio.run(measure())


@trouble
def test_an_api_call_ends_within_its_limit(behave, limits):
    async def call(url):
        async with client(url, limits) as amazon:
            await amazon.list_profiles()

    assert seconds_of(call, behave, login_works=True) < LATEST


@trouble
def test_a_login_ends_within_its_limit(behave, limits):
    async def call(url):
        async with client(url, limits) as amazon:
            await amazon.list_profiles()

    assert seconds_of(call, behave, login_works=False) < LATEST


@trouble
def test_many_calls_that_wait_for_one_login_end_with_it(behave, limits):
    async def call(url):
        async with client(url, limits) as amazon:
            found = await asyncio.gather(*(amazon.list_profiles() for _ in range(50)), return_exceptions=True)
            assert {type(error) for error in found} == {RetryableError}
            raise found[0]

    assert seconds_of(call, behave, login_works=False) < LATEST


@trouble
def test_a_download_ends_within_its_limit(behave, limits):
    async def call(url):
        report = Report(report_id="r", status=ReportStatus.COMPLETED, url=SecretStr(f"{url}/file"))
        async with client(url, limits) as amazon, amazon.download(1, report) as chunks:
            async for _ in chunks:
                pass

    assert seconds_of(call, behave, login_works=True) < LATEST


def test_calls_queued_behind_a_server_that_does_not_answer_end_too():
    async def call(url):
        async with client(url, LIMITS) as amazon:  # 20 at once: 60 calls are three waves of them
            found = await asyncio.gather(*(amazon.list_profiles() for _ in range(60)), return_exceptions=True)
            assert {type(error) for error in found} == {RetryableError}
            raise found[0]

    assert seconds_of(call, silent, login_works=True) < LATEST


def limits_of(address: tuple[str, int]) -> list[int]:
    """Return the seconds and counts after which the system gives up a connection of this process."""
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if stat.S_ISSOCK(file.stat().st_mode):
                with socket.socket(fileno=os.dup(int(file.name))) as one:
                    if one.getsockname() == address:
                        return [one.getsockopt(socket.IPPROTO_TCP, name) for name in names]
    raise AssertionError(f"there is no connection from {address}")


def open_ledger(port: int) -> None:
    Ledger.open(f"postgresql+psycopg://ppc@127.0.0.1:{port}/ppc")


def open_lake(port: int) -> None:
    Warehouse(f"ducklake:postgres:host=127.0.0.1 port={port} dbname=ppc").connect().__enter__()


def open_lake_by_url(port: int) -> None:
    Warehouse(f"ducklake:postgres:postgresql://ppc@127.0.0.1:{port}/ppc").connect().__enter__()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="a look at open connections takes Linux")
@pytest.mark.parametrize(
    ("needed", "opened"),
    [
        ("psycopg", open_ledger),
        ("duckdb_extension_postgres_scanner", open_lake),
        ("duckdb_extension_postgres_scanner", open_lake_by_url),
    ],
)
def test_a_postgresql_that_is_gone_from_the_network_is_given_up_by_the_system(needed, opened):
    pytest.importorskip(needed)
    with ThreadPoolExecutor(1) as threads, socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LATEST)
        opening = threads.submit(opened, server.getsockname()[1])
        connection, address = server.accept()
        with connection:
            assert limits_of(address) == [10, 5, 3, 30_000]
        server.close()
        assert isinstance(opening.exception(LATEST), OperationalError | duckdb.IOException)


@contextmanager
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_ledger_in_a_postgresql_that_does_not_answer_is_given_up(monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.setitem(database._POSTGRES_LIMITS, "connect_timeout", 2)
    began = time.monotonic()
    with silent_port() as port, pytest.raises(OperationalError, match="timeout"):
        Ledger.open(f"postgresql+psycopg://ppc@127.0.0.1:{port}/ppc")
    assert time.monotonic() - began < LATEST


def test_a_lake_whose_catalog_does_not_answer_is_given_up(monkeypatch, tmp_path):
    pytest.importorskip("duckdb_extension_postgres_scanner")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    began = time.monotonic()
    with silent_port() as port, pytest.raises(duckdb.IOException, match="Unable to connect"):
        Warehouse(f"ducklake:postgres:host=127.0.0.1 port={port} dbname=ppc", str(tmp_path)).connect().__enter__()
    assert time.monotonic() - began < LATEST
