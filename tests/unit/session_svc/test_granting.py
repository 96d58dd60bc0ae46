"""Free rounds: asked for once, whatever is lost on the way."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from mesh.clock import ManualClock
from mesh.errors import RequestInvalidError
from session_svc.app.granting import GrantDesk
from session_svc.app.offers import Offers
from session_svc.domain.catalog import Catalog
from session_svc.domain.grants import Grant, GrantOrder, GrantState
from session_svc.errors import (
    FreeRoundsNotOfferedError,
    GameNotAvailableError,
    GrantNotFoundError,
    GrantOverError,
    GrantRefusedError,
    GrantUnknownError,
    RequestConflictError,
)
from tests.unit.session_svc.values import NOON, game


def order(**changes: Any) -> GrantOrder:
    return GrantOrder(
        **{
            "licensee": "aurora",
            "client_key": "gift-1",
            "player_id": "pl-1",
            "provider": "acme_slots",
            "game_ids": ("fruit",),
            "rounds": 5,
            "bet": Decimal("0.20"),
            "currency": "EUR",
            "expires_at": NOON + dt.timedelta(days=1),
            **changes,
        }
    )


class Book:
    """`ports.Grants` in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Grant] = {}

    async def begin(self, grant: Grant) -> bool:
        if await self.by_key(grant.order.licensee, grant.order.client_key) is not None:
            return False
        self.rows[grant.grant_id] = grant
        return True

    async def by_key(self, licensee: str, client_key: str) -> Grant | None:
        keys = (licensee, client_key)
        return next((one for one in self.rows.values() if (one.order.licensee, one.order.client_key) == keys), None)

    async def find(self, licensee: str, grant_id: str) -> Grant | None:
        found = self.rows.get(grant_id)
        return found if found and found.order.licensee == licensee else None

    async def page(self, licensee: str, *, player_id: str, before: str, limit: int) -> list[Grant]:
        rows = sorted(self.rows.values(), key=lambda one: one.grant_id, reverse=True)
        wanted = [one for one in rows if one.order.licensee == licensee and player_id in {"", one.order.player_id}]
        return [one for one in wanted if not before or one.grant_id < before][:limit]

    async def activate(self, grant: Grant, reference: str) -> None:
        self._step(grant, GrantState.ASKED, lambda one: replace(one, state=GrantState.ACTIVE, reference=reference))

    async def end(self, grant: Grant, to: GrantState, now: dt.datetime, *, refusal: str = "") -> None:
        earlier = GrantState.ASKED if to is GrantState.REFUSED else GrantState.ACTIVE
        self._step(grant, earlier, lambda one: replace(one, state=to, ended_at=now, refusal=refusal))

    def _step(self, grant: Grant, earlier: GrantState, change: Callable[[Grant], Grant]) -> None:
        known = self.rows[grant.grant_id]
        if known.state is earlier:
            self.rows[grant.grant_id] = change(known)


class Provider:
    """`ports.FreeRoundProviders`: gives each id once, and loses its answer when it is told to."""

    def __init__(self) -> None:
        self.given: dict[str, str] = {}
        self.cancelled: list[str] = []
        self.failures: list[Exception] = []
        self.silent = 0

    async def grant(self, grant: Grant) -> str:
        if self.failures:
            raise self.failures[0]
        name = self.given.setdefault(grant.grant_id, f"reward-{len(self.given) + 1}")
        self._lose()
        return name

    async def cancel_grant(self, grant: Grant) -> None:
        if self.failures:
            raise self.failures[0]
        self.cancelled.append(grant.reference)
        self._lose()

    def _lose(self) -> None:
        if self.silent:
            self.silent -= 1
            raise GrantUnknownError(provider="acme_slots")


class World:
    """A desk and its neighbours."""

    def __init__(self) -> None:
        self.book, self.provider, self.clock = Book(), Provider(), ManualClock(NOON)
        offers = Offers(["acme_slots"])
        offers.catalog_is(Catalog([game("fruit"), game("royal", currencies=("GBP",))]))
        offers.provider_is("acme_slots", up=True)
        numbers = itertools.count(1)
        self.desk = GrantDesk(
            grants=self.book,
            providers=self.provider,
            offers=offers,
            clock=self.clock,
            new_id=lambda: f"grant-{next(numbers)}",
        )


@pytest.fixture
def world() -> World:
    return World()


async def test_the_same_order_is_one_grant(world: World) -> None:
    first = await world.desk.create(order())
    assert (first.state, first.reference) == (GrantState.ACTIVE, "reward-1")
    assert await world.desk.create(order()) == first
    assert world.provider.given == {first.grant_id: "reward-1"}


async def test_after_a_lost_answer_the_same_grant_is_asked_for_again(world: World) -> None:
    world.provider.silent = 1
    with pytest.raises(GrantUnknownError):
        await world.desk.create(order())
    assert [one.state for one in world.book.rows.values()] == [GrantState.ASKED]
    assert (await world.desk.create(order())).reference == "reward-1"
    assert len(world.provider.given) == 1


async def test_another_order_under_the_same_key_is_a_conflict(world: World) -> None:
    await world.desk.create(order())
    for changes in ({"rounds": 6}, {"player_id": "pl-2"}, {"bet": Decimal(1)}, {"game_ids": ("royal",)}):
        with pytest.raises(RequestConflictError):
            await world.desk.create(order(**changes))


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        (GrantRefusedError(provider="acme_slots", code="NO"), GrantRefusedError),
        (FreeRoundsNotOfferedError(provider="acme_slots"), FreeRoundsNotOfferedError),
    ],
)
async def test_a_refusal_stays_one(world: World, failure: Exception, again: type[Exception]) -> None:
    world.provider.failures = [failure]
    with pytest.raises(again):
        await world.desk.create(order())
    world.provider.failures = []
    with pytest.raises(again):
        await world.desk.create(order())
    assert world.provider.given == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"bet": Decimal(0)},
        {"bet": Decimal("-0.20")},
        {"expires_at": NOON},
        {"expires_at": NOON + dt.timedelta(days=30, seconds=1)},
        {"max_winnings": Decimal(50), "rounds": 2},
        {"max_winnings": Decimal(0), "rounds": 1},
        {"max_winnings": Decimal(50), "rounds": 1, "bonus_buy": True},
    ],
)
async def test_what_nobody_may_ask_for_is_not_written_down(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalidError):
        await world.desk.create(order(**changes))
    assert world.book.rows == {}


async def test_a_game_that_cannot_be_launched_gets_no_free_rounds(world: World) -> None:
    for games in (("unknown",), ("fruit", "royal")):
        with pytest.raises(GameNotAvailableError):
            await world.desk.create(order(game_ids=games))
    assert world.book.rows == {}


async def test_a_cancel_is_repeated_until_the_provider_has_answered_and_then_kept(world: World) -> None:
    grant = await world.desk.create(order())
    world.provider.silent = 1
    with pytest.raises(GrantUnknownError):
        await world.desk.cancel("aurora", grant.grant_id)
    assert (await world.desk.get("aurora", grant.grant_id)).state is GrantState.ACTIVE
    for _ in range(2):
        assert (await world.desk.cancel("aurora", grant.grant_id)).state is GrantState.CANCELLED
    assert world.provider.cancelled == ["reward-1", "reward-1"]


async def test_a_grant_whose_answer_was_lost_is_cancelled_under_the_name_that_it_got(world: World) -> None:
    world.provider.silent = 1
    with pytest.raises(GrantUnknownError):
        await world.desk.create(order())
    (grant_id,) = world.book.rows
    assert (await world.desk.cancel("aurora", grant_id)).state is GrantState.CANCELLED
    assert world.provider.cancelled == ["reward-1"]


async def test_what_has_expired_or_was_refused_is_not_cancelled(world: World) -> None:
    grant = await world.desk.create(order())
    world.clock.set(grant.order.expires_at)
    shown = await world.desk.get("aurora", grant.grant_id)
    assert shown.shown_state(world.clock.now()) is GrantState.EXPIRED
    assert shown.shown_end(world.clock.now()) == grant.order.expires_at
    with pytest.raises(GrantOverError):
        await world.desk.cancel("aurora", grant.grant_id)
    assert world.provider.cancelled == []


async def test_nobody_sees_the_grants_of_another_licensee(world: World) -> None:
    grant = await world.desk.create(order())
    with pytest.raises(GrantNotFoundError):
        await world.desk.get("borealis", grant.grant_id)
    with pytest.raises(GrantNotFoundError):
        await world.desk.cancel("borealis", grant.grant_id)
    assert await world.desk.page("borealis", player_id="", before="", size=9) == ([], False)


async def test_pages_go_from_the_newest_to_the_oldest(world: World) -> None:
    made = [await world.desk.create(order(client_key=f"gift-{number}")) for number in range(3)]
    first, more = await world.desk.page("aurora", player_id="pl-1", before="", size=2)
    assert ([one.grant_id for one in first], more) == (["grant-3", "grant-2"], True)
    rest, more = await world.desk.page("aurora", player_id="pl-1", before=first[-1].grant_id, size=2)
    assert (rest, more) == ([made[0]], False)
    assert await world.desk.page("aurora", player_id="pl-2", before="", size=2) == ([], False)
