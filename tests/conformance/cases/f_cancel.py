"""F: cancels. They end a bet for ever, also one that has not come yet."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import Act
from tests.conformance.case import case
from tests.conformance.stage import Player, SkippedError, Stage


async def _staked(stage: Stage, who: Player, stake: Decimal, name: str = "b1") -> Act:
    bet = stage.bet(who, stake, name)
    await stage.say(who, bet, "OK", moved=-stake)
    return bet


@case("F01", "a cancelled bet is given back")
async def simple(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = await _staked(stage, who, stake)
    await stage.say(who, stage.cancel(bet), "OK", moved=stake)


@case("F02", "the same cancel again gives nothing back")
async def twice(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    cancel = stage.cancel(await _staked(stage, who, stake))
    await stage.say(who, cancel, "OK", moved=stake)
    await stage.say(who, cancel, "OK")


@case("F03", "the cancel of a bet that never came moves nothing, and is answered as the provider wants it")
async def unknown(stage: Stage) -> None:
    who = await stage.player()
    await stage.say(who, stage.cancel(stage.bet(who, stage.amount())), "TOMBSTONED")


@case("F04", "a bet that comes after its cancel takes nothing")
async def overtaken(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    await stage.say(who, stage.cancel(bet), "TOMBSTONED")
    await stage.say(who, bet, "ALREADY_ROLLED_BACK")
    await stage.say(who, stage.cancel(bet), "TOMBSTONED")


@case(
    "F05",
    "several cancels overtake their bets, and another bet of the round is played",
    needs=(Capability.SEVERAL_BETS,),
)
async def several_overtaken(stage: Stage) -> None:
    who = await stage.player()
    bets = [stage.bet(who, stage.amount(), f"b{number}") for number in range(3)]
    for bet in bets:
        await stage.say(who, stage.cancel(bet), "TOMBSTONED")
    for bet in bets:
        await stage.say(who, bet, "ALREADY_ROLLED_BACK")
    prize = stage.amount()
    live = await _staked(stage, who, stage.amount(), "live")
    await stage.say(who, stage.win(live, prize), "OK", moved=prize)


@case("F06", "a bet that has its result is not cancelled")
async def after_win(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)
    await stage.say(who, stage.cancel(bet), "ALREADY_SETTLED")


@case("F07", "a cancelled bet wins nothing")
async def win_after(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = await _staked(stage, who, stake)
    await stage.say(who, stage.cancel(bet), "OK", moved=stake)
    await stage.say(who, stage.win(bet, stage.amount()), "ALREADY_ROLLED_BACK")


@case("F08", "one of two bets is cancelled, the other one wins", needs=(Capability.SEVERAL_BETS,))
async def one_of_two(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    first = await _staked(stage, who, stake)
    second = await _staked(stage, who, stage.amount(), "b2")
    await stage.say(who, stage.cancel(first), "OK", moved=stake)
    await stage.say(who, stage.win(second, prize), "OK", moved=prize)


@case("F09", "both bets are cancelled, and nothing is won", needs=(Capability.SEVERAL_BETS,))
async def both(stage: Stage) -> None:
    who = await stage.player()
    bets = [await _staked(stage, who, stage.amount(), name) for name in ("b1", "b2")]
    for bet in bets:
        await stage.say(who, stage.cancel(bet), "OK", moved=bet.amount or 0)
    await stage.say(who, stage.win(bets[1], stage.amount()), "ALREADY_ROLLED_BACK")


@case("F10", "a list undoes a bet and its win together, once", needs=(Capability.ROLLBACK_LIST,))
async def listed(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = await _staked(stage, who, stake)
    win = stage.win(bet, prize)
    await stage.say(who, win, "OK", moved=prize)
    undone = stage.rollback(bet, win)
    await stage.say(who, undone, "OK", moved=stake - prize)
    await stage.say(who, undone, "OK")


@case(
    "F11",
    "a list with something unknown in it undoes the rest, and the unknown never comes",
    needs=(Capability.ROLLBACK_LIST,),
)
async def listed_unknown(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = await _staked(stage, who, stake)
    late = stage.bet(who, stage.amount(), "late")
    await stage.say(who, stage.rollback(bet, late), "OK", moved=stake)
    await stage.say(who, late, "ALREADY_ROLLED_BACK")


@case("F12", "a list touches nothing but what it lists", needs=(Capability.ROLLBACK_LIST,))
async def listed_only(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    listed_bet = await _staked(stage, who, stake)
    other = stage.bet(who, stake, "b2", round_name="r2")
    await stage.say(who, other, "OK", moved=-stake)
    await stage.say(who, stage.rollback(listed_bet), "OK", moved=stake)
    await stage.say(who, stage.win(other, prize, "w2"), "OK", moved=prize)


@case("F13", "the amount of a cancel is not believed: the ledger knows what it took")
async def other_amount(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = await _staked(stage, who, stake)
    cancel = stage.cancel(bet)
    other = replace(cancel, amount=stake + 7)
    stage.must_say(cancel, other, "amount in cancels")
    await stage.say(who, other, "OK", moved=stake)


@case("F14", "a refund that names no round is given back, and one of a bet that never came is remembered")
async def without_round(stage: Stage) -> None:
    if not stage.habits.refunds_may_lack_round:
        raise SkippedError("the dialect's refunds always name the round")
    who = await stage.player()
    stake = stage.amount()
    bare = replace(stage.cancel(await _staked(stage, who, stake)), round_id="", amount=None)
    await stage.say(who, bare, "OK", moved=stake)
    await stage.say(who, bare, "OK")
    late = stage.bet(who, stake, "late", round_name="late")
    await stage.say(who, replace(stage.cancel(late), round_id="", amount=None), "TOMBSTONED")
    await stage.say(who, late, "ALREADY_ROLLED_BACK")


@case("F16", "a win that is listed alone is taken back, once", needs=(Capability.ROLLBACK_LIST,))
async def win_alone(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    win = stage.win(await _staked(stage, who, stage.amount()), prize)
    await stage.say(who, win, "OK", moved=prize)
    undone = stage.rollback(win)
    await stage.say(who, undone, "OK", moved=-prize)
    await stage.say(who, undone, "OK")


@case(
    "F16b",
    "a win that was spent is not taken back: the refusal stays, and the rest is untouched",
    needs=(Capability.ROLLBACK_LIST,),
)
async def spent_win(stage: Stage) -> None:
    who = await stage.player(money="5.00")
    bet, prize = await _staked(stage, who, Decimal("5.00")), stage.amount()
    win = stage.win(bet, prize)
    await stage.say(who, win, "OK", moved=prize)
    await stage.say(who, stage.bet(who, prize, "all", round_name="all"), "OK", moved=-prize)
    undone = stage.rollback(win)
    await stage.say(who, undone, "INSUFFICIENT_FUNDS")
    await stage.deposit(who, "50.00")
    await stage.say(who, undone, "INSUFFICIENT_FUNDS")


@case("F18", "nobody cancels the bet of another player")
async def other_player(stage: Stage) -> None:
    one, other = await stage.player(), await stage.player()
    bet = await _staked(stage, one, stage.amount())
    await stage.say(other, replace(stage.cancel(bet), seat=other.seat), "TOMBSTONED")
    await stage.settled(one)


@case("F20", "the retry of a bet after its cancel gets the first answer and takes nothing")
async def retry_after(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = await _staked(stage, who, stake)
    await stage.say(who, stage.cancel(bet), "OK", moved=stake)
    await stage.say(who, bet, "OK")
