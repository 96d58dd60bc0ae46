from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from provider_adapters._kit.studio.floor import Floor, Outage
from provider_adapters._kit.studio.plan import Order
from provider_adapters._kit.studio.ports import Act, ActKind
from provider_adapters._kit.studio.record import Belief
from tests.unit.provider_adapters._kit.studio.fakes import SEAT, OneWordStudio, WalletLine, teller


def floor(line: WalletLine, path: Path | str = ":memory:", **habits: bool) -> Floor:
    studio = OneWordStudio(**habits)
    return Floor(teller(studio, line, path), studio.habits, studio.games)


def bet(key: str, round_id: str) -> Act:
    return Act(
        kind=ActKind.BET,
        seat=SEAT,
        transaction_key=key,
        round_id=round_id,
        game_id="live",
        amount=Decimal(10),
        sent_at_ms=5,
    )


async def test_a_play_is_told_while_it_runs_and_when_it_ended() -> None:
    opened = floor(WalletLine("1000"))
    play = opened.start(Order(rounds=5), [SEAT])
    assert play.as_json()["running"]
    await asyncio.gather(*play.tasks)
    told = play.as_json()
    assert (told["running"], told["rounds"], told["crashed"], told["not_entered"]) == (False, 5, 0, 0)


@pytest.mark.parametrize("by_flag", [True, False])
async def test_the_next_life_settles_what_the_last_one_left_open(tmp_path: Path, by_flag: bool) -> None:
    line = WalletLine("100")
    first = floor(line, tmp_path / "record", closes_by_flag=by_flag, wins_name_the_bet=by_flag).teller
    for act in (bet("unanswered", "r1"), bet("accepted", "r2"), bet("won", "r3")):
        first.record.intend(act)
        await first.attempt(act)
    for key in ("accepted", "won"):
        first.record.believe(bet(key, ""), Belief.ACCEPTED, "accepted")
    bet_key = "won" if by_flag else ""
    win = Act(
        kind=ActKind.WIN,
        seat=SEAT,
        transaction_key="w",
        bet_key=bet_key,
        round_id="r3",
        amount=Decimal(50),
        closes=by_flag,
    )
    first.record.intend(win)
    first.record.close()

    second = floor(line, tmp_path / "record", closes_by_flag=by_flag, wins_name_the_bet=by_flag)
    second.settle_soon()
    assert second.settling
    await second.settling
    summary = second.teller.record.summary()
    assert (summary["unresolved"], summary["disputed"]) == ([], [])
    assert summary["players"][0]["bets"] == {"cancelled": 1, "accepted": 2}
    assert line.balance == 100 - 20 + 50
    assert line.closed == {"r2", "r3"}
    second.teller.record.close()


async def test_stopping_settles_what_was_under_way() -> None:
    line = WalletLine("1000")
    opened = floor(line)
    play = opened.start(Order(rounds=10_000), [SEAT])
    while "bet" not in line.sent:
        await asyncio.sleep(0.001)
    await opened.stop()
    assert opened.settling
    await opened.settling
    summary = opened.teller.record.summary()
    (row,) = summary["players"]
    assert summary["unresolved"] == []
    assert line.balance == Decimal(1000) - Decimal(row["staked"]) + Decimal(row["won"])
    assert not play.as_json()["running"]


async def test_an_outage_ends_by_time_or_by_command() -> None:
    outage = Outage()
    outage.begin(seconds=3600, hangs=False, plays_on=False)
    assert outage.now
    outage.begin(seconds=0.02, hangs=False, plays_on=False)
    async with asyncio.timeout(30):
        await outage.over()
    outage.begin(seconds=None, hangs=False, plays_on=False)
    waiting = asyncio.create_task(outage.may_play())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    outage.end()
    async with asyncio.timeout(30):
        await waiting


async def test_a_studio_may_play_on_while_its_api_is_down() -> None:
    outage = Outage()
    outage.begin(seconds=None, hangs=False, plays_on=True)
    async with asyncio.timeout(30):
        await outage.may_play()
