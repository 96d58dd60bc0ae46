"""Following the changes of a licensee."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from session_svc.app.watching import Watching
from session_svc.ports import SessionChange
from tests.unit.session_svc.neighbours import until
from tests.unit.session_svc.values import order, session


class News:
    """Implements `ports.Changes` in memory."""

    def __init__(self) -> None:
        self.changes: dict[str, list[SessionChange]] = {}
        self.looks = 0

    def add(self, licensee: str, player: str = "pl-1", count: int = 1) -> None:
        mine = self.changes.setdefault(licensee, [])
        for _ in range(count):
            one = session(order=order(licensee=licensee, player_id=player))
            mine.append(SessionChange(cursor=len(mine) + 1, session=one))

    async def after(self, licensee: str, cursor: int, *, player_id: str, limit: int) -> list[SessionChange]:
        found = [
            one
            for one in self.changes.get(licensee, [])
            if one.cursor > cursor and player_id in {"", one.session.order.player_id}
        ]
        return found[:limit]

    async def heads(self) -> dict[str, int]:
        self.looks += 1
        return {licensee: len(mine) for licensee, mine in self.changes.items()}


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
async def watching(news: News) -> AsyncIterator[Watching]:
    made = Watching(news, interval_s=0.005)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_every_change_comes_once_and_in_order_however_many_there_are(news: News, watching: Watching) -> None:
    news.add("aurora", count=450)
    stream = watching.watch("aurora", 0, player_id="")
    seen = [(await anext(stream)).cursor for _ in range(450)]
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.02)
    assert not coming.done()
    news.add("aurora")
    assert [*seen, (await asyncio.wait_for(coming, 30)).cursor] == list(range(1, 452))


async def test_a_stream_begins_after_its_cursor(news: News, watching: Watching) -> None:
    news.add("aurora", count=3)
    assert (await anext(watching.watch("aurora", 2, player_id=""))).cursor == 3


async def test_another_licensees_changes_are_never_seen(news: News, watching: Watching) -> None:
    coming = asyncio.ensure_future(anext(watching.watch("aurora", 0, player_id="")))
    news.add("borealis", count=3)
    await asyncio.sleep(0.03)
    assert not coming.done()
    coming.cancel()


async def test_a_player_filter_skips_the_others_and_still_hears_the_player(news: News, watching: Watching) -> None:
    coming = asyncio.ensure_future(anext(watching.watch("aurora", 0, player_id="pl-9")))
    news.add("aurora", count=5)
    await asyncio.sleep(0.03)
    assert not coming.done()
    news.add("aurora", player="pl-9")
    assert (await asyncio.wait_for(coming, 30)).cursor == 6


async def test_nobody_looks_while_nobody_watches(news: News, watching: Watching) -> None:
    await asyncio.sleep(0.03)
    assert news.looks == 0
    coming = asyncio.ensure_future(anext(watching.watch("aurora", 0, player_id="")))
    await until(lambda: news.looks > 3)
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)
    await asyncio.sleep(0.01)
    looks = news.looks
    await asyncio.sleep(0.03)
    assert news.looks <= looks + 1
