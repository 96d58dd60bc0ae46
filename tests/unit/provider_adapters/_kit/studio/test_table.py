from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from provider_adapters._kit.studio.plan import Mishap, Order
from provider_adapters._kit.studio.ports import ActKind
from provider_adapters._kit.studio.record import Belief
from provider_adapters._kit.studio.table import Table
from tests.unit.provider_adapters._kit.studio.fakes import SEAT, OneWordStudio, WalletLine, teller

CHAOS: dict[Mishap, float] = dict.fromkeys((mishap for mishap in Mishap if mishap is not Mishap.NONE), 0.1)
DIALECTS = {
    "wins by bet, closes by flag": {},
    "one win by round, closes by message": {
        "wins_name_the_bet": False,
        "closes_by_flag": False,
        "cancel_shares_key": True,
    },
}


async def at_once() -> None:
    return


@pytest.fixture(params=DIALECTS)
def studio(request: pytest.FixtureRequest) -> OneWordStudio:
    return OneWordStudio(**DIALECTS[request.param])


def table(studio: OneWordStudio, line: WalletLine, order: Order) -> Table:
    return Table(
        teller=teller(studio, line), habits=studio.habits, seat=SEAT, play_id="p", order=order, several_bets=True
    )


async def test_after_a_wild_play_the_books_agree_with_the_wallet(studio: OneWordStudio) -> None:
    line = WalletLine("100000")
    played = table(studio, line, Order(rounds=300, seed=3, chaos=CHAOS))
    await played.play(at_once)
    summary = played._teller.record.summary()
    (row,) = summary["players"]
    assert line.balance == Decimal(100000) - Decimal(row["staked"]) + Decimal(row["won"])
    assert (summary["unresolved"], summary["disputed"]) == ([], [])
    assert row["bets"]["cancelled"] > 50


async def test_every_round_with_a_live_bet_is_closed(studio: OneWordStudio) -> None:
    line = WalletLine("100000")
    played = table(studio, line, Order(rounds=100, seed=3, chaos=CHAOS))
    await played.play(at_once)
    lines = played._teller.record.lines(after=0, limit=10_000)
    alive = {each.act.round_id for each in lines if each.act.kind is ActKind.BET and each.belief is Belief.ACCEPTED}
    assert alive
    assert alive == line.closed
    assert played._teller.record.unfinished() == []


async def test_a_player_without_money_is_refused_and_wins_nothing(studio: OneWordStudio) -> None:
    line = WalletLine("0")
    played = table(studio, line, Order(rounds=10))
    await played.play(at_once)
    assert set(line.sent) == {"enter", "bet"}
    assert played.progress.rounds == 10


async def test_rounds_keep_their_distance_from_the_last_bet(studio: OneWordStudio) -> None:
    line = WalletLine("1000")
    played = table(studio, line, Order(rounds=3, interval_s=0.05))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await played.play(at_once)
    # A timer may be some milliseconds early.
    assert loop.time() - began >= 0.14


async def test_no_round_begins_before_it_may(studio: OneWordStudio) -> None:
    line = WalletLine()
    played = table(studio, line, Order(rounds=3))
    task = asyncio.create_task(played.play(asyncio.Event().wait))  # type: ignore[arg-type]
    while not line.sent:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert line.sent == ["enter"]
    task.cancel()
