"""The cache against a real Valkey that is killed, frozen and restarted in mid-use."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from mesh.cache import OPEN_SECONDS, Cache
from mesh.dev import valkey
from mesh.dev.child import Child
from mesh.dev.ports import free_port


@pytest.fixture(scope="module")
def server() -> Iterator[valkey.Valkey]:
    with valkey.start() as running:
        yield running


@pytest.fixture
async def cache(server: valkey.Valkey) -> AsyncIterator[Cache]:
    opened = Cache.open(server.url, prefix="test:", timeout_ms=5_000)
    yield opened
    await opened.close()


async def test_values_are_kept_until_deleted_or_too_old(cache: Cache) -> None:
    assert await cache.get("a") is None
    assert await cache.set("a", b"\x00one\r\n", ttl_ms=10_000)
    assert await cache.set("b", b"two", ttl_ms=60_000)
    assert await cache.get("a") == b"\x00one\r\n"
    assert await cache.get_many(["a", "b", "c"]) == [b"\x00one\r\n", b"two", None]
    assert await cache.get_many([]) == []
    assert await cache.delete("a", "missing")
    assert await cache.get("a") is None
    assert await cache.set("b", b"three", ttl_ms=50)
    async with asyncio.timeout(10):
        while await cache.get("b") is not None:
            await asyncio.sleep(0.01)


async def test_keys_of_two_prefixes_do_not_meet(server: valkey.Valkey, cache: Cache) -> None:
    other = Cache.open(server.url, prefix="other:")
    await cache.set("same", b"1", ttl_ms=10_000)
    assert await other.get("same") is None
    await other.close()


async def test_a_counter_begins_anew_when_its_window_is_over(cache: Cache) -> None:
    assert [await cache.increment("hits", ttl_ms=2_000) for _ in range(3)] == [1, 2, 3]
    await asyncio.sleep(2.1)
    assert await cache.increment("hits", ttl_ms=2_000) == 1


async def test_many_tasks_share_a_few_connections_and_each_gets_its_own_answer(server: valkey.Valkey) -> None:
    cache = Cache.open(server.url, timeout_ms=10_000)

    async def keep(number: int) -> bytes | None:
        await cache.set(f"n{number}", str(number).encode(), ttl_ms=10_000)
        return await cache.get(f"n{number}")

    assert await asyncio.gather(*[keep(number) for number in range(200)]) == [str(n).encode() for n in range(200)]
    await cache.close()


async def test_a_task_that_gives_up_does_not_confuse_the_others(server: valkey.Valkey) -> None:
    cache = Cache.open(server.url, timeout_ms=10_000)
    for number in range(100):
        await cache.set(f"n{number}", str(number).encode(), ttl_ms=10_000)
    tasks = [asyncio.create_task(cache.get(f"n{number}")) for number in range(100)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[1::2] == [str(n).encode() for n in range(1, 100, 2)]
    assert await cache.get("n7") == b"7"
    await cache.close()


async def test_a_command_that_waits_for_its_turn_does_not_make_the_server_look_broken() -> None:
    connections = 0

    async def answer_only_the_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        answers = connections == 1
        while await reader.read(1000):
            if answers:
                writer.write(b"$1\r\n1\r\n")
        writer.close()

    async with await asyncio.start_server(answer_only_the_first, "127.0.0.1", 0) as partly:
        cache = Cache.open(f"redis://127.0.0.1:{partly.sockets[0].getsockname()[1]}/0", timeout_ms=1_500)
        answers = await asyncio.gather(*[cache.get("a") for _ in range(8)])
        assert sorted(answers, key=str) == [None] * 7 + [b"1"]
        assert not cache._breaker.is_open
        await cache.close()


async def test_a_server_killed_in_mid_use_is_a_row_of_misses_and_comes_back(server: valkey.Valkey) -> None:
    cache = Cache.open(server.url, timeout_ms=10_000)
    assert await cache.set("a", b"1", ttl_ms=60_000)
    stop = asyncio.Event()

    async def use() -> int:
        times = 0
        while not stop.is_set():
            await cache.get("a")
            await cache.set("b", b"2", ttl_ms=1000)
            times += 1
            await asyncio.sleep(0.001)
        return times

    users = [asyncio.create_task(use()) for _ in range(8)]
    await asyncio.sleep(0.1)
    server.kill()
    await asyncio.sleep(0.2)
    began = time.monotonic()
    assert await cache.get("a") is None
    assert await cache.increment("c", ttl_ms=1000) is None
    assert not await cache.delete("a")
    # Each would wait ten seconds for an answer.
    assert time.monotonic() - began < 9
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(30 * OPEN_SECONDS):
        while not await cache.set("a", b"3", ttl_ms=60_000):
            await asyncio.sleep(0.02)
    stop.set()
    assert min(await asyncio.gather(*users)) > 5
    assert await cache.get("a") == b"3"
    await cache.close()


async def test_a_frozen_server_costs_a_few_short_waits_and_then_nothing(
    server: valkey.Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cache = Cache.open(server.url, timeout_ms=500)
    async with asyncio.timeout(60):
        while not await cache.set("a", b"1", ttl_ms=60_000):
            await asyncio.sleep(0.02)
    caplog.clear()
    frozen(server).freeze()
    try:
        began = time.monotonic()
        for _ in range(100):
            assert await cache.get("a") is None
        # A hundred waits would be fifty seconds.
        assert time.monotonic() - began < 25
    finally:
        frozen(server).thaw()
    async with asyncio.timeout(30 * OPEN_SECONDS):
        while await cache.get("a") != b"1":
            await asyncio.sleep(0.02)
    told = [record.getMessage() for record in caplog.records if record.name == "mesh.cache"]
    assert told == ["cache does not answer", "cache answers again"]
    await cache.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{free}/0", "redis://:wrong-canary@127.0.0.1:{port}/0"])
async def test_a_server_that_is_not_there_or_lets_nobody_in_is_a_miss(
    server: valkey.Valkey, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    cache = Cache.open(url.format(free=free_port(), port=server.port))
    for _ in range(5):
        assert await cache.get("a") is None
        assert not await cache.set("a", b"1", ttl_ms=1000)
    assert "canary" not in caplog.text
    assert "cache does not answer" in caplog.text
    await cache.close()


async def test_a_server_that_speaks_something_else_is_a_miss() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as other:
        cache = Cache.open(f"redis://127.0.0.1:{other.sockets[0].getsockname()[1]}/0")
        for _ in range(5):
            assert await cache.get("a") is None
        await cache.close()


async def test_only_one_command_finds_out_whether_a_broken_server_is_back() -> None:
    connections = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as other:
        cache = Cache.open(f"redis://127.0.0.1:{other.sockets[0].getsockname()[1]}/0", timeout_ms=10_000)
        await eventually_open(cache)
        before = connections
        await asyncio.sleep(OPEN_SECONDS + 0.05)
        assert await asyncio.gather(*[cache.get("a") for _ in range(50)]) == [None] * 50
        assert connections == before + 1
        await cache.close()


def frozen(server: valkey.Valkey) -> Child:
    assert server.child is not None
    return server.child


async def eventually_open(cache: Cache) -> None:
    while not cache._breaker.is_open:
        await cache.get("a")


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://:canary@127.0.0.1:not-a-port/0", ""])
def test_an_address_that_cannot_be_read_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="must look like") as refused:
        Cache.open(url)
    assert "canary" not in str(refused.value)
    assert refused.value.__suppress_context__
