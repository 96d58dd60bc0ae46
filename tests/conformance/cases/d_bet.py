"""D: bets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.studio.ports import ActKind
from tests.conformance.case import case
from tests.conformance.stage import FailedError, SkippedError, Stage

_MANY = 101


@case("D01", "a bet takes its stake")
async def simple(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    await stage.say(who, stage.bet(who, stake), "OK", moved=-stake)


@case("D02", "the same bet again gets the same answer and takes nothing")
async def duplicate(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.say(who, bet, "OK")
    await stage.say(who, bet, "OK")


@case("D03", "the same id with another amount is a conflict")
async def other_amount(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.say(who, replace(bet, amount=stake + 1), "IDEMPOTENCY_CONFLICT", stored="OK")


@case("D04", "the same id of another player is a bet of its own")
async def other_player(stage: Stage) -> None:
    one, other = await stage.player(), await stage.player()
    stake = stage.amount()
    bet = stage.bet(one, stake)
    await stage.say(one, bet, "OK", moved=-stake)
    await stage.say(other, replace(bet, seat=other.seat), "OK", moved=-stake)
    await stage.settled(one)


@case("D05", "the same id in another round is a conflict")
async def other_round(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.say(who, replace(bet, round_id=stage.id("r2")), "IDEMPOTENCY_CONFLICT", stored="OK")


@case("D06", "a bet above the balance is refused")
async def insufficient(stage: Stage) -> None:
    who = await stage.player(money="1.00")
    await stage.say(who, stage.bet(who, Decimal("1.00") + stage.amount()), "INSUFFICIENT_FUNDS")


@case("D07", "a bet of the whole balance is taken, and its retry gets the first answer")
async def everything(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, Decimal("100.00"))
    await stage.say(who, bet, "OK", moved=-100)
    await stage.say(who, bet, "OK")


@case("D08", "one unit more than the balance is refused")
async def one_more(stage: Stage) -> None:
    who = await stage.player()
    await stage.say(who, stage.bet(who, Decimal("100.01")), "INSUFFICIENT_FUNDS")


@case("D09", "a bet of nothing is recorded")
async def nothing(stage: Stage) -> None:
    who = await stage.player()
    await stage.say(who, stage.bet(who, Decimal("0.00")), "OK")


@case("D10", "a bet below zero is refused before the ledger is asked")
async def negative(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, -stage.amount())
    reply = await stage.post(stage.studio.write(bet))
    await stage.untouched(who, bet, reply, Problem.FIELD_INVALID)


@case("D11", "the smallest amount of the wire is exact")
async def smallest(stage: Stage) -> None:
    who = await stage.player()
    unit = Decimal(1).scaleb(-min(stage.provider.manifest.decimals, 6))
    await stage.say(who, stage.bet(who, unit), "OK", moved=-unit)


@case("D12", "an amount finer than the ledger's is refused, and not rounded")
async def too_fine(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, Decimal("1.0000001"))
    try:
        stage.studio.write(bet)
    except AmountError:
        raise SkippedError("the wire cannot say it") from None
    await stage.say(who, bet, "AMOUNT_INVALID")


@case("D13", "another currency than that of the session is refused")
async def other_currency(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    other = replace(bet, seat=replace(who.seat, currency_code="USD"))
    stage.must_say(bet, other, "currency")
    await stage.say(who, other, "CURRENCY_MISMATCH")


@case("D14", "a currency that is none is refused")
async def no_currency(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    other = replace(bet, seat=replace(who.seat, currency_code="QQQ"))
    stage.must_say(bet, other, "currency")
    await stage.say(who, other, "CURRENCY_MISMATCH")


@case("D15", "an unknown game is refused")
async def unknown_game(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    other = replace(bet, game_id="no-such-game")
    stage.must_say(bet, other, "game on bets")
    await stage.say(who, other, "GAME_NOT_AVAILABLE")


@case("D16", "a game that was switched off takes no stakes, and pays and refunds those it has taken")
async def switched_off(stage: Stage) -> None:
    who = await stage.player()
    stakes, prize = [stage.amount() for _ in range(2)], stage.amount()
    won, undone = stage.bet(who, stakes[0], "b0", round_name="r0"), stage.bet(who, stakes[1], "b1")
    await stage.say(who, won, "OK", moved=-stakes[0])
    await stage.say(who, undone, "OK", moved=-stakes[1])
    async with stage.game_off(who):
        await stage.say(who, stage.bet(who, stage.amount(), "b2", round_name="r2"), "GAME_NOT_AVAILABLE")
        await stage.say(who, stage.win(won, prize), "OK", moved=prize)
        await stage.say(who, stage.cancel(undone), "OK", moved=stakes[1])
    await stage.say(who, stage.bet(who, stakes[0], "b3", round_name="r3"), "OK", moved=-stakes[0])


@case("D17", "a blocked player stakes nothing")
async def blocked(stage: Stage) -> None:
    who = await stage.player()
    await stage.block(who)
    await stage.say(who, stage.bet(who, stage.amount()), "PLAYER_BLOCKED")


@case("D18", "a stake above the player's limit is refused, and one within it is taken")
async def limited(stage: Stage) -> None:
    who = await stage.player()
    await stage.limit_stakes(who, "5.00")
    await stage.say(who, stage.bet(who, Decimal("5.01"), "b1"), "LIMIT_EXCEEDED")
    await stage.say(who, stage.bet(who, Decimal("5.00"), "b2", round_name="r2"), "OK", moved=-5)


@case("D20", "a round has several bets", needs=(Capability.SEVERAL_BETS,))
async def several(stage: Stage) -> None:
    who = await stage.player()
    for number in range(3):
        stake = stage.amount()
        await stage.say(who, stage.bet(who, stake, f"b{number}"), "OK", moved=-stake)


@case("D21", "a round has a hundred and one bets", needs=(Capability.SEVERAL_BETS,))
async def many(stage: Stage) -> None:
    who = await stage.player(money="101.00")
    bets = [stage.bet(who, Decimal("1.00"), f"b{number}") for number in range(_MANY)]
    for bet in bets:
        await stage.say(who, bet, "OK", moved=-1)
    await stage.say(who, stage.bet(who, Decimal("1.00"), "one more"), "INSUFFICIENT_FUNDS")


@case("D22", "a bet on a closed round is refused", needs=(Capability.CLOSE_ROUND,))
async def closed(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.close_round(who, bet)
    await stage.say(who, stage.bet(who, stake, "b2"), "ROUND_CLOSED")


@case("D23", "a new round begins before the last one has its result")
async def unsettled(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    first, second = stage.bet(who, stake), stage.bet(who, stake, "b2", round_name="r2")
    await stage.say(who, first, "OK", moved=-stake)
    await stage.say(who, second, "OK", moved=-stake)
    await stage.say(who, stage.win(second, stake, "w2"), "OK", moved=stake)
    await stage.say(who, stage.win(first, stake, "w1"), "OK", moved=stake)


@case("D24", "two rounds at once on one table")
async def parallel(stage: Stage) -> None:
    who = await stage.player()
    bets = [stage.bet(who, stage.amount(), f"b{n}", round_name=f"r{n}") for n in range(2)]
    wins = [stage.win(bet, stage.amount(), f"w{n}") for n, bet in enumerate(bets)]
    for acts, sign in ((bets, -1), (wins, 1)):
        await asyncio.gather(*map(stage.decided, acts))
        who.moved += sign * sum((act.amount or Decimal(0) for act in acts), Decimal(0))
        await stage.settled(who)
        for act in acts:
            await stage.say(who, act, "OK")


@case("D26", "a dealer's tip is taken once, and belongs to no round", needs=(Capability.TIP,))
async def tip(stage: Stage) -> None:
    who = await stage.player()
    amount = stage.amount()
    given = stage.gift(who, ActKind.TIP, amount)
    await stage.say(who, given, "OK", moved=-amount)
    await stage.say(who, given, "OK")
    await stage.block(who)
    await stage.say(who, stage.gift(who, ActKind.TIP, amount, "blocked"), "PLAYER_BLOCKED")


@case(
    "D27", "what of a stake feeds a jackpot is noted, and moves nothing more", needs=(Capability.JACKPOT_CONTRIBUTION,)
)
async def contribution(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    fed = replace(stage.bet(who, stake), jackpot=Decimal("0.00375"))
    await stage.say(who, fed, "OK", moved=-stake)
    await stage.say(who, fed, "OK")
    noted = (await stage.transaction(who, fed)).jackpot_part
    if (noted.currency_code, Decimal(noted.amount or "0")) != ("EUR", fed.jackpot):
        raise FailedError(f"the ledger noted {noted.amount or 'nothing'}")
    plain = stage.bet(who, stake, "plain", round_name="plain")
    await stage.say(who, plain, "OK", moved=-stake)
    if (await stage.transaction(who, plain)).jackpot_part.amount:
        raise FailedError("the ledger noted what nobody said")


@case("D29", "a refused bet stays refused, also when there is money later")
async def sticky(stage: Stage) -> None:
    who = await stage.player(money="1.00")
    bet = stage.bet(who, Decimal("5.00"))
    await stage.say(who, bet, "INSUFFICIENT_FUNDS")
    await stage.deposit(who, "50.00")
    await stage.say(who, bet, "INSUFFICIENT_FUNDS")
    await stage.say(who, stage.bet(who, Decimal("5.00"), "b2", round_name="r2"), "OK", moved=-5)


@case("D31", "an id that is too long is refused before the ledger is asked")
async def long_id(stage: Stage) -> None:
    who = await stage.player()
    bet = replace(stage.bet(who, stage.amount()), round_id="x" * 129)
    reply = await stage.post(stage.studio.write(bet))
    await stage.untouched(who, bet, reply, Problem.FIELD_INVALID)
