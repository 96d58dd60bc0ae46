"""Breakers of two replicas and a real Valkey, which dies and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mesh.breaker import CLOSED, OPEN, AsyncBreaker
from mesh.cache import OPEN_SECONDS, Cache
from mesh.dev import valkey
from provider_adapters._kit.shared_breaker import BreakerNews

PATIENCE_S = 30


class Replica:
    """The breaker of one replica, exchanging news all the time."""

    def __init__(self, url: str, provider: str) -> None:
        # The time of one command is generous: the machine may be busy, and what is tested is not speed.
        self.cache = Cache.open(url, prefix=f"breaker:{provider}:", timeout_ms=2_000)
        self.news = BreakerNews(provider)
        # It stays open for the test: whether the provider is back is not asked here.
        self.breaker = AsyncBreaker(provider, is_failure=lambda _: True, open_for_s=3_600, listeners=[self.news])
        self.task = asyncio.create_task(self.news.run(self.cache, self.breaker))

    async def until(self, state: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.breaker.state != state:
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.cache.close()


@pytest.fixture
async def server() -> AsyncIterator[valkey.Valkey]:
    with valkey.start() as running:
        yield running


async def test_an_opening_reaches_the_other_replica_and_no_other_provider(server: valkey.Valkey) -> None:
    one, other, stranger = (Replica(server.url, name) for name in ("p", "p", "q"))
    one.breaker.trip()
    await other.until(OPEN)
    assert stranger.breaker.state == CLOSED
    for replica in (one, other, stranger):
        await replica.close()


async def test_without_valkey_breakers_work_alone_and_share_again_when_it_is_back(server: valkey.Valkey) -> None:
    one, other = Replica(server.url, "p"), Replica(server.url, "p")
    server.kill()
    one.breaker.trip()
    await asyncio.sleep(OPEN_SECONDS)
    assert (one.breaker.state, other.breaker.state) == (OPEN, CLOSED)
    assert not one.task.done()
    assert not other.task.done()
    await asyncio.to_thread(server.start, PATIENCE_S)
    await other.until(OPEN)
    for replica in (one, other):
        await replica.close()
