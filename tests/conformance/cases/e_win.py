"""E: wins. They are paid whatever has become of session, player and limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.studio.ports import Act, ActKind, Reaction
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, SkippedError, Stage

_RACES = 12


async def _staked(stage: Stage, who: Player, stake: Decimal, name: str = "b1") -> Act:
    bet = stage.bet(who, stake, name)
    await stage.say(who, bet, "OK", moved=-stake)
    return bet


@case("E01", "a win is paid")
async def simple(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)


@case("E02", "a win of nothing is recorded")
async def nothing(stage: Stage) -> None:
    who = await stage.player()
    bet = await _staked(stage, who, stage.amount())
    await stage.say(who, stage.win(bet, Decimal("0.00")), "OK")


@case("E03", "the same win again gets the same answer and pays nothing")
async def duplicate(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    win = stage.win(bet, prize)
    await stage.say(who, win, "OK", moved=prize)
    await stage.say(who, win, "OK")


@case("E04", "the same id with another amount is a conflict")
async def other_amount(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    win = stage.win(bet, prize)
    await stage.say(who, win, "OK", moved=prize)
    await stage.say(who, replace(win, amount=prize + 1), "IDEMPOTENCY_CONFLICT", stored="OK")


@case("E05", "a win without a bet is refused, or paid where the provider's rules want it")
async def without_bet(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    win = stage.win(stage.bet(who, prize), prize)
    if stage.habits.win_without_bet_paid:
        await stage.say(who, win, "OK", moved=prize)
    else:
        await stage.say(who, win, "ORIGINAL_NOT_FOUND")


@case("E06", "a second win of a bet is paid, or refused where the provider has one for each bet")
async def second(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)
    if stage.provider.one_credit:
        await stage.say(who, stage.win(bet, prize, "w2"), "ALREADY_SETTLED", "ROUND_CLOSED")
    else:
        await stage.say(who, stage.win(bet, prize, "w2"), "OK", moved=prize)


@case("E07", "a very large win is paid, and can be staked at once")
async def large(stage: Stage) -> None:
    who = await stage.player()
    bet = await _staked(stage, who, Decimal("1.00"))
    prize = Decimal("12345678.90")
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)
    everything = prize + 99
    await stage.say(who, stage.bet(who, everything, "b2", round_name="r2"), "OK", moved=-everything)


@case("E08", "a win below zero is refused before the ledger is asked")
async def negative(stage: Stage) -> None:
    who = await stage.player()
    bet = await _staked(stage, who, stage.amount())
    win = stage.win(bet, -stage.amount())
    await stage.untouched(who, win, await stage.post(stage.studio.write(win)), Problem.FIELD_INVALID)


@case("E09", "a win in another currency than its bet is not paid")
async def other_currency(stage: Stage) -> None:
    who = await stage.player()
    bet = await _staked(stage, who, stage.amount())
    win = stage.win(bet, stage.amount())
    other = replace(win, seat=replace(who.seat, currency_code="USD"))
    stage.must_say(win, other, "currency")
    await stage.say(who, other, "CURRENCY_MISMATCH")


@case("E10", "a blocked player is paid")
async def blocked(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    await stage.block(who)
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)


@case("E11", "a win is paid whatever the limits")
async def limited(stage: Stage) -> None:
    who = await stage.player()
    bet = await _staked(stage, who, Decimal("2.00"))
    await stage.limit_stakes(who, "0.01")
    await stage.say(who, stage.win(bet, Decimal("50.00")), "OK", moved=50)


@case("E12", "what of a win is a jackpot is noted, and pays nothing beside it", needs=(Capability.JACKPOT_PART,))
async def jackpot_part(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    won = replace(stage.win(bet, prize), jackpot=Decimal("1.00"))
    await stage.say(who, won, "OK", moved=prize)
    await stage.say(who, won, "OK")
    noted = (await stage.transaction(who, won)).jackpot_part
    if (noted.currency_code, Decimal(noted.amount or "0")) != ("EUR", won.jackpot):
        raise FailedError(f"the ledger noted {noted.amount or 'nothing'}")


@case("E13", "one win settles all bets of its round", needs=(Capability.SEVERAL_BETS,))
async def several(stage: Stage) -> None:
    if stage.habits.wins_name_the_bet:
        raise SkippedError("each win names its bet")
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    await _staked(stage, who, stage.amount(), "b2")
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)
    await stage.say(who, stage.cancel(bet), "ALREADY_SETTLED")


@case("E14a", "of two bets the first is paid and the second refunded", needs=(Capability.SEVERAL_BETS,))
async def paid_then_refunded(stage: Stage) -> None:
    who = await stage.player()
    first, second = await _two(stage, who)
    prize = stage.amount()
    await stage.say(who, stage.win(first, prize), "OK", moved=prize)
    await stage.say(who, stage.cancel(second), "OK", moved=second.amount or 0)


@case("E14b", "of two bets the first is refunded and the second paid", needs=(Capability.SEVERAL_BETS,))
async def refunded_then_paid(stage: Stage) -> None:
    who = await stage.player()
    first, second = await _two(stage, who)
    prize = stage.amount()
    await stage.say(who, stage.cancel(first), "OK", moved=first.amount or 0)
    await stage.say(who, stage.win(second, prize), "OK", moved=prize)


async def _two(stage: Stage, who: Player) -> tuple[Act, Act]:
    if not stage.habits.wins_name_the_bet:
        raise SkippedError("a win pays its whole round")
    first = await _staked(stage, who, stage.amount())
    return first, await _staked(stage, who, stage.amount(), "b2")


@case("E15", "of fifteen bets some are paid and the others refunded, in any order")
async def mixed(stage: Stage) -> None:
    who = await stage.player()
    several = Capability.SEVERAL_BETS in stage.provider.manifest.capabilities
    one_round = several and stage.habits.wins_name_the_bet
    bets = []
    for number in range(15):
        stake = stage.amount()
        bets.append(stage.bet(who, stake, f"b{number}", round_name="r1" if one_round else f"r{number}"))
        await stage.say(who, bets[-1], "OK", moved=-stake)
    stage.random.shuffle(bets)
    for number, bet in enumerate(bets):
        if stage.random.random() < 0.5:
            prize = stage.amount()
            await stage.say(who, stage.win(bet, prize, f"w{number}"), "OK", moved=prize)
        else:
            await stage.say(who, stage.cancel(bet), "OK", moved=bet.amount or 0)


@case("E18", "a win after the end of its round is paid within the provider's time", needs=(Capability.CLOSE_ROUND,))
async def late(stage: Stage) -> None:
    if stage.provider.one_credit:
        raise SkippedError("the one credit of a reference ends it: see E06")
    who = await stage.player()
    prize = stage.amount()
    bet = await _staked(stage, who, stage.amount())
    await stage.close_round(who, bet)
    await stage.say(who, stage.win(bet, prize, "late"), "OK", moved=prize)


@case("E20", "a bet and its win at once: the stake is taken once, and the win is paid once or refused for good")
async def in_flight(stage: Stage) -> None:
    who = await stage.player()
    for number in range(_RACES):
        stake, prize = stage.amount(), Decimal("9.00")
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        win = stage.win(bet, prize, f"w{number}")
        pair = [bet, win]
        stage.random.shuffle(pair)
        before = await stage.cash(who)
        answers = dict(zip([act.kind for act in pair], await asyncio.gather(*map(stage.decided, pair)), strict=True))
        difference = await stage.cash(who) - before
        paid = answers[ActKind.WIN].reaction is Reaction.ACCEPTED
        if difference != (prize if paid else 0) - stake:
            raise FailedError(
                f"the balance moved by {difference}, and the win was answered {answers[ActKind.WIN].code}"
            )
        who.moved += difference
        await stage.say(who, bet, "OK")
        await stage.say(who, win, "OK" if paid else "ORIGINAL_NOT_FOUND")


@case(
    "E21",
    "a correction after the result is booked once, up and down; one that cannot be paid, or is of a round that never was, takes "
    "nothing",
    needs=(Capability.ADJUST,),
)
async def corrected(stage: Stage) -> None:
    who = await stage.player()
    prize, more, less = stage.amount(), stage.amount(), stage.amount()
    bet = await _staked(stage, who, stage.amount())
    early = stage.adjustment(bet, more, "a0")
    await stage.say(who, early, "OK", moved=more)
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)
    for name, amount in (("up", more), ("down", -less)):
        await stage.say(who, stage.adjustment(bet, amount, name), "OK", moved=amount)
    # The first one was of the bet, and its repetition is still of the bet.
    await stage.say(who, early, "OK")
    await stage.say(who, replace(early, amount=more + 1), "IDEMPOTENCY_CONFLICT", stored="OK")
    await stage.say(who, stage.adjustment(bet, Decimal("-100000.00"), "too much"), "INSUFFICIENT_FUNDS")
    await stage.say(who, stage.adjustment(bet, Decimal("0.00"), "nothing"), "AMOUNT_INVALID")
    nowhere = stage.bet(who, more, "b9", round_name="r9")
    await stage.say(who, stage.adjustment(nowhere, more, "nowhere"), "ORIGINAL_NOT_FOUND", stored=None)


@case(
    "E22",
    "a correction of a round whose bet was given back is refused, and one that comes ten times at once is booked once",
    needs=(Capability.ADJUST,),
)
async def corrected_at_once(stage: Stage) -> None:
    who = await stage.player()
    stake, more = stage.amount(), stage.amount()
    undone = stage.bet(who, stake, "b0", round_name="r0")
    await stage.say(who, undone, "OK", moved=-stake)
    await stage.say(who, stage.cancel(undone), "OK", moved=stake)
    await stage.say(who, stage.adjustment(undone, more, "a0"), "ORIGINAL_NOT_FOUND", stored=None)
    bet = await _staked(stage, who, stake)
    twice = stage.adjustment(bet, more)
    answers = await asyncio.gather(*(stage.decided(twice) for _ in range(10)))
    if {answer.reaction for answer in answers} != {Reaction.ACCEPTED}:
        raise FailedError(f"{sorted(answer.code for answer in answers)} was answered to one correction")
    who.moved += more
    await stage.settled(who)
    await stage.say(who, twice, "OK")
