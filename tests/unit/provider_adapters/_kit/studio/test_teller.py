from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest

from provider_adapters._kit.studio.plan import Mishap
from provider_adapters._kit.studio.ports import Act, ActKind, RetrySchedule
from provider_adapters._kit.studio.record import Belief
from provider_adapters._kit.studio.teller import Teller, pauses
from tests.unit.provider_adapters._kit.studio.fakes import SEAT, OneWordStudio, WalletLine, teller

BET = Act(kind=ActKind.BET, seat=SEAT, transaction_key="b1", round_id="r1", game_id="live", amount=Decimal(10))


class World:
    def __init__(self, **habits: bool) -> None:
        self.line = WalletLine()
        self.teller: Teller = teller(OneWordStudio(**habits), self.line)

    async def bet(self, mishap: Mishap = Mishap.NONE, cancel_mishap: Mishap = Mishap.NONE, act: Act = BET) -> Belief:
        return await self.teller.bet(act, mishap, cancel_mishap)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.teller.record.close()


@pytest.mark.parametrize("mishap", [Mishap.NONE, Mishap.DUPLICATE, Mishap.TWINS])
async def test_an_accepted_bet_is_believed_to_be_taken_once(world: World, mishap: Mishap) -> None:
    assert await world.bet(mishap) is Belief.ACCEPTED
    assert world.line.balance == 90


async def test_a_refused_bet_is_not_cancelled(world: World) -> None:
    world.line.balance = Decimal(5)
    assert await world.bet() is Belief.REFUSED
    assert world.line.sent == ["bet"]


@pytest.mark.parametrize("mishap", [Mishap.LOST_REPLY, Mishap.IMPATIENT, Mishap.LOST_REQUEST, Mishap.VOID])
@pytest.mark.parametrize("cancel_mishap", [Mishap.NONE, Mishap.LOST_REPLY, Mishap.DUPLICATE, Mishap.TWINS])
async def test_a_bet_without_an_answer_is_cancelled_until_that_is_answered(
    world: World, mishap: Mishap, cancel_mishap: Mishap
) -> None:
    assert await world.bet(mishap, cancel_mishap) is Belief.CANCELLED
    assert world.line.balance == 100
    assert world.teller.record.unresolved() == []


async def test_a_cancel_may_overtake_its_bet(world: World) -> None:
    assert await world.bet(Mishap.CANCEL_FIRST) is Belief.CANCELLED
    assert world.line.sent == ["cancel", "bet"]
    assert world.line.balance == 100


async def test_a_wallet_that_takes_a_cancelled_bet_is_disputed(world: World) -> None:
    world.line.cancelled = _Forgetful()
    assert await world.bet(Mishap.CANCEL_FIRST) is Belief.DISPUTED
    assert [line.act.transaction_key for line in world.teller.record.disputed()] == ["b1"]


class _Forgetful(set[str]):
    """A wallet without tombstones."""

    def __contains__(self, key: object) -> bool:
        return False


async def test_a_win_is_repeated_until_there_is_an_answer(world: World) -> None:
    await world.bet()
    world.line.outages = 5
    win = Act(kind=ActKind.WIN, seat=SEAT, transaction_key="w1", bet_key="b1", round_id="r1", amount=Decimal(30))
    assert await world.teller.until_answered(win) is Belief.ACCEPTED
    assert world.line.balance == 120
    (line,) = [line for line in world.teller.record.lines(after=0, limit=9) if line.act.kind is ActKind.WIN]
    assert line.attempts == 6


async def test_what_is_under_way_is_unresolved_in_the_books(world: World) -> None:
    world.line.outages = 10**9
    task = asyncio.create_task(world.bet(Mishap.LOST_REPLY))
    expected = {ActKind.BET: Belief.DOUBTFUL, ActKind.CANCEL: Belief.SENT}
    async with asyncio.timeout(30):
        while {line.act.kind: line.belief for line in world.teller.record.unresolved()} != expected:
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_cancel_of_a_bet_is_always_the_same_message(world: World) -> None:
    cancel = world.teller.cancel_of(BET)
    assert cancel == world.teller.cancel_of(BET)
    assert (cancel.bet_key, cancel.transaction_key != "b1", cancel.amount) == ("b1", True, Decimal(10))


def test_where_one_id_names_both_the_cancel_has_the_key_of_the_bet() -> None:
    world = World(cancel_shares_key=True)
    assert world.teller.cancel_of(BET).transaction_key == "b1"
    world.teller.record.close()


def test_pauses_grow_up_to_the_longest_one() -> None:
    schedule = RetrySchedule(first_s=1, factor=2, longest_s=5)
    endless = pauses(schedule)
    assert [next(endless) for _ in range(5)] == [1, 2, 4, 5, 5]
    assert [*pauses(schedule, 2)] == [1, 2]
