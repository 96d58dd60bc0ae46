from __future__ import annotations

import contextlib

import pytest

from mesh.breaker import CLOSED, OPEN, AsyncBreaker
from provider_adapters._kit.shared_breaker import BreakerNews


class Marks:
    """Valkey's keys, or their absence. Time passes by `expire`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.down = False

    async def get(self, key: str) -> bytes | None:
        return None if self.down else self.kept.get(key)

    async def set(self, key: str, value: bytes, *, ttl_ms: int) -> bool:
        if not self.down:
            self.kept[key] = value
        return not self.down

    def expire(self) -> None:
        self.kept.clear()


class Replica:
    def __init__(self, name: str, marks: Marks) -> None:
        self.marks = marks
        self.news = BreakerNews("p", name)
        self.breaker = AsyncBreaker("p", is_failure=lambda _: True, open_for_s=0.0, listeners=[self.news])

    async def exchange(self) -> None:
        await self.news.exchange(self.marks, self.breaker)

    async def probe(self, *, up: bool) -> None:
        for _ in range(2):
            with contextlib.suppress(ConnectionError):
                async with self.breaker.guard():
                    self._ask(up=up)

    def _ask(self, *, up: bool) -> None:
        if not up:
            raise ConnectionError


async def exchange(*replicas: Replica, times: int = 1) -> None:
    for _ in range(times):
        for replica in replicas:
            await replica.exchange()


async def test_what_one_replica_found_opens_the_others() -> None:
    marks = Marks()
    one, other = Replica("one", marks), Replica("other", marks)
    one.breaker.trip()
    await exchange(one, other)
    assert (one.breaker.state, other.breaker.state) == (OPEN, OPEN)


async def test_whether_the_provider_is_back_is_each_replicas_own_finding() -> None:
    marks = Marks()
    alone, well = Replica("alone", marks), Replica("well", marks)
    alone.breaker.trip()
    await exchange(alone, well)
    await well.probe(up=True)
    await alone.probe(up=False)
    await exchange(alone, well, times=5)
    assert (alone.breaker.state, well.breaker.state) == (OPEN, CLOSED)


async def test_two_that_repeat_their_findings_do_not_keep_a_third_one_open() -> None:
    marks = Marks()
    first, second, well = Replica("first", marks), Replica("second", marks), Replica("well", marks)
    first.breaker.trip()
    second.breaker.trip()
    for replica in (first, well, second, well):
        await replica.exchange()
        await well.probe(up=True)
    await exchange(first, well, second, well, times=5)
    assert well.breaker.state == CLOSED


async def test_two_replicas_do_not_open_each_other_for_ever() -> None:
    marks = Marks()
    one, other = Replica("one", marks), Replica("other", marks)
    one.breaker.trip()
    await exchange(one, other)
    await one.probe(up=True)
    await other.probe(up=True)
    await exchange(other, one, other, times=5)
    assert (one.breaker.state, other.breaker.state) == (CLOSED, CLOSED)


async def test_a_second_outage_is_news_again() -> None:
    marks = Marks()
    one, other = Replica("one", marks), Replica("other", marks)
    for _ in range(2):
        one.breaker.trip()
        await exchange(one, other)
        assert other.breaker.state == OPEN
        await one.probe(up=True)
        await other.probe(up=True)
        assert (one.breaker.state, other.breaker.state) == (CLOSED, CLOSED)


async def test_a_replica_that_starts_during_an_outage_hears_of_it_and_one_that_starts_later_does_not() -> None:
    marks = Marks()
    one = Replica("one", marks)
    one.breaker.trip()
    await one.exchange()
    marks.expire()
    await one.exchange()
    during = Replica("during", marks)
    await during.exchange()
    assert during.breaker.state == OPEN
    await one.probe(up=True)
    marks.expire()
    await one.exchange()
    later = Replica("later", marks)
    await later.exchange()
    assert later.breaker.state == CLOSED


async def test_without_valkey_each_breaker_works_for_itself_and_the_news_is_told_when_valkey_is_back() -> None:
    marks = Marks()
    one, other = Replica("one", marks), Replica("other", marks)
    marks.down = True
    one.breaker.trip()
    await exchange(one, other)
    assert (one.breaker.state, other.breaker.state) == (OPEN, CLOSED)
    marks.down = False
    await exchange(one, other)
    assert other.breaker.state == OPEN


@pytest.mark.parametrize("nonsense", [b"x" * 65, b"x" * 1_000_000])
async def test_nonsense_under_the_key_is_not_believed(nonsense: bytes) -> None:
    marks = Marks()
    marks.kept["opened"] = nonsense
    one = Replica("one", marks)
    await one.exchange()
    assert one.breaker.state == CLOSED
