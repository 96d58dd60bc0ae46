"""Lists and health of providers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from session_svc.app.offers import Offers
from session_svc.app.supplying import Supply
from tests.unit.session_svc.neighbours import BREAK, Adapters, Book, Shelf, until
from tests.unit.session_svc.values import game


@dataclass(slots=True)
class Market:
    adapters: Adapters
    book: Book
    shelf: Shelf
    offers: Offers
    supply: Supply

    def available(self) -> bool:
        return bool(self.offers.page(provider="", include_unavailable=False, after=None, size=1)[0])


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    adapters, book, shelf = Adapters([game("fruit", registered=False)]), Book(), Shelf()
    offers = Offers(adapters.names)
    supply = Supply(
        providers=adapters,
        ledger=book,
        games=shelf,
        offers=offers,
        fetch_every_s=60,
        reload_every_s=60,
        first_answer_s=1.0,
    )
    running = asyncio.create_task(supply.run())
    yield Market(adapters, book, shelf, offers, supply)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_providers_games_are_offered_once_the_ledger_knows_them(market: Market) -> None:
    await until(market.available)
    assert market.book.put == [["fruit"]]


async def test_a_new_game_waits_for_a_ledger_that_is_away(market: Market) -> None:
    await until(market.available)
    market.book.down = True
    market.adapters.lists.append(game("dice", registered=False))
    market.adapters.streams[-1].put_nowait(True)
    await until(lambda: len(market.shelf.games) == 2)
    await until(lambda: market.offers.get("acme_slots", "dice").reason == "not_registered")
    assert market.available()
    market.book.down = False
    await until(lambda: market.offers.get("acme_slots", "dice").available)
    assert market.book.put[-1] == ["dice"]


async def test_a_provider_that_says_it_is_down_is_hidden_at_once(market: Market) -> None:
    await until(market.available)
    market.adapters.streams[-1].put_nowait(False)
    await until(lambda: not market.available())
    market.adapters.streams[-1].put_nowait(True)
    await until(market.available)


async def test_a_broken_stream_hides_nothing_if_it_can_be_opened_again(market: Market) -> None:
    await until(market.available)
    seen: list[bool] = []
    watching = market.offers.watch()
    await anext(watching)
    change = asyncio.ensure_future(anext(watching))
    for _ in range(3):
        before = len(market.adapters.streams)
        market.adapters.streams[-1].put_nowait(BREAK)
        await until(lambda before=before: len(market.adapters.streams) > before)  # type: ignore[misc]
        await asyncio.sleep(0.01)
        seen.append(market.available())
    assert seen == [True, True, True]
    assert not change.done()
    change.cancel()


async def test_a_provider_whose_stream_cannot_be_opened_again_is_hidden(market: Market) -> None:
    await until(market.available)
    market.adapters.first = [BREAK]
    market.adapters.streams[-1].put_nowait(BREAK)
    await until(lambda: not market.available())
    await until(market.available)


async def test_a_doubted_adapter_that_stays_silent_is_hidden(market: Market) -> None:
    await until(market.available)
    market.adapters.silent = True
    market.supply.doubt("acme_slots")
    await until(lambda: not market.available())
    market.adapters.silent = False
    await until(market.available)


async def test_a_doubted_adapter_that_answers_stays(market: Market) -> None:
    await until(market.available)
    before = len(market.adapters.streams)
    market.supply.doubt("acme_slots")
    market.supply.doubt("nobody")
    await until(lambda: len(market.adapters.streams) > before)
    assert market.available()


async def test_a_game_that_is_left_out_is_disabled_and_the_ledger_is_told(market: Market) -> None:
    await until(market.available)
    market.adapters.lists = [game("dice", registered=False)]
    market.adapters.streams[-1].put_nowait(True)
    await until(lambda: len(market.book.put) == 2)
    await until(lambda: market.offers.get("acme_slots", "fruit").reason == "disabled")
    assert market.book.put[1] == ["dice", "fruit"]


async def test_an_empty_list_is_not_believed(market: Market) -> None:
    await until(market.available)
    market.adapters.lists = []
    market.adapters.streams[-1].put_nowait(True)
    await asyncio.sleep(0.02)
    assert market.available()


async def test_an_unchanged_list_is_not_registered_again(market: Market) -> None:
    await until(market.available)
    market.adapters.streams[-1].put_nowait(True)
    await asyncio.sleep(0.02)
    assert market.book.put == [["fruit"]]
