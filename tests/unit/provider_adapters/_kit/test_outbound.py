from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mesh.breaker import CLOSED, OPEN, AsyncBreaker
from provider_adapters._kit.errors import BreakerOpenError, ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.outbound import HttpOutbound, is_failure


class World:
    def __init__(self, answer: Callable[[httpx.Request], Any], timeout_s: float = 20.0) -> None:
        self.requests: list[httpx.Request] = []

        async def respond(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            found = answer(request)
            if asyncio.iscoroutine(found):
                found = await found
            return found  # type: ignore[no-any-return]

        client = httpx.AsyncClient(base_url="http://studio/base", transport=httpx.MockTransport(respond))
        self.breaker = AsyncBreaker("p", is_failure=is_failure, window_calls=4, open_for_s=60)
        self.outbound = HttpOutbound("p", client, self.breaker, timeout_s=timeout_s, retry_after_s=0.25)

    async def send(self, read: Callable[[HttpReply], Any] = lambda reply: reply.body, **options: Any) -> Any:
        return await self.outbound.send("launch", "POST", "/x", read=read, body=b"{}", **options)


def answering(*statuses: int) -> World:
    waiting = list(statuses)
    return World(lambda _: httpx.Response(waiting.pop(0) if len(waiting) > 1 else waiting[0], content=b"answer"))


async def test_the_reply_is_what_the_reader_makes_of_it() -> None:
    world = World(lambda request: httpx.Response(200, content=request.content, headers={"x-a": "1"}))
    assert await world.send(lambda reply: (reply.status, json.loads(reply.body))) == (200, {})
    assert str(world.requests[0].url) == "http://studio/base/x"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_sick_answer_is_a_failure_and_not_repeated_where_that_is_not_safe(status: int) -> None:
    world = answering(status)
    with pytest.raises(ProviderFailedError) as raised:
        await world.send()
    assert raised.value.metadata == {"provider": "p", "operation": "launch"}
    assert len(world.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    world = World(lambda _: httpx.Response(status, headers={"location": "http://elsewhere/x"}, content=b"{}"))
    for _ in range(4):
        with pytest.raises(ProviderFailedError):
            await world.send()
    assert {request.url.host for request in world.requests} == {"studio"}
    assert world.breaker.state == OPEN


async def test_a_safe_call_is_repeated_until_it_works() -> None:
    world = answering(503, 503, 200)
    assert await world.send(safe=True) == b"answer"
    assert len(world.requests) == 3


async def test_a_provider_that_hangs_costs_the_budget_and_no_more() -> None:
    world = World(lambda _: asyncio.sleep(100), timeout_s=0.2)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(ProviderFailedError):
        await world.send(safe=True)
    assert loop.time() - began < 20


async def test_timeouts_open_the_breaker_and_then_nobody_is_called() -> None:
    world = World(lambda _: asyncio.sleep(30))
    for _ in range(4):
        with pytest.raises(ProviderFailedError):
            await world.send(timeout_s=0.2)
    assert world.breaker.state == OPEN
    with pytest.raises(BreakerOpenError) as raised:
        await world.send()
    assert raised.value.metadata == {"provider": "p", "state": "open"}
    assert raised.value.retry_after == 0.25
    assert len(world.requests) == 4


async def test_a_refusal_in_the_providers_words_leaves_the_breaker_closed() -> None:
    world = answering(400)

    def read(reply: HttpReply) -> None:
        raise ProviderRefusedError(operation="launch", code="NO")

    for _ in range(10):
        with pytest.raises(ProviderRefusedError):
            await world.send(read)
    assert world.breaker.state == CLOSED


async def test_nonsense_in_a_reply_counts_as_a_failure() -> None:
    world = answering(200)

    def read(reply: HttpReply) -> None:
        raise ProviderFailedError(operation="launch")

    for _ in range(4):
        with pytest.raises(ProviderFailedError):
            await world.send(read)
    assert world.breaker.state == OPEN


async def test_a_caller_that_goes_away_does_not_count() -> None:
    world = World(lambda _: asyncio.sleep(30))
    for number in range(10):
        task = asyncio.create_task(world.send())
        while len(world.requests) <= number:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert world.breaker.state == CLOSED


async def test_the_probe_passes_an_open_breaker_by() -> None:
    world = answering(200)
    world.breaker.trip()
    assert await world.send(guarded=False) == b"answer"


async def test_a_reply_without_an_end_is_a_failure() -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                yield b"x" * 1024 * 1024

    world = World(lambda _: httpx.Response(200, stream=Endless()))
    with pytest.raises(ProviderFailedError):
        await world.send(timeout_s=5.0)
