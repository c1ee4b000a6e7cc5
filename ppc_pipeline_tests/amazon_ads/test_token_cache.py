"""One login for everybody who needs a token at once, in whatever thread or event loop."""

import asyncio
import threading

import pytest
from pydantic import SecretStr

from ppc_pipeline.amazon_ads.auth import Grant, TokenCache
from ppc_pipeline.amazon_ads.errors import RetryableError


def test_threads_that_come_at_once_log_in_once():
    cache, fetches, everybody = TokenCache(), [], threading.Barrier(8)

    async def fetch() -> Grant:
        fetches.append(1)
        await asyncio.sleep(0.05)
        return Grant(access_token=SecretStr("t"))

    got: list[str] = []

    def run() -> None:
        everybody.wait()
        got.append(asyncio.run(cache.get("key", fetch)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert got == ["t"] * 8
    assert len(fetches) == 1


@pytest.mark.anyio
async def test_whoever_waits_for_a_cancelled_login_may_try_again():
    cache, begun = TokenCache(), asyncio.Event()

    async def fetch() -> Grant:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def token() -> Grant:
        return Grant(access_token=SecretStr("t"))

    leader = asyncio.create_task(cache.get("key", fetch))
    await begun.wait()
    follower = asyncio.create_task(cache.get("key", fetch))
    await asyncio.sleep(0)
    leader.cancel()
    with pytest.raises(RetryableError, match="cut short"):
        await follower
    assert await cache.get("key", token) == "t"


@pytest.mark.anyio
async def test_a_waiter_that_gives_up_takes_nothing_from_the_others():
    cache, gate = TokenCache(), asyncio.Event()

    async def fetch() -> Grant:
        await gate.wait()
        return Grant(access_token=SecretStr("t"))

    leader, quitter, stayer = (asyncio.create_task(cache.get("key", fetch)) for _ in range(3))
    await asyncio.sleep(0)
    quitter.cancel()
    gate.set()
    assert await leader == await stayer == "t"
