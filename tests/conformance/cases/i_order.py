"""I: many messages at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from mesh.dev.providers import discover
from pitboss.wallet.v1 import action_pb2
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Reaction
from tests.conformance.case import case
from tests.conformance.provider import Provider, provider
from tests.conformance.stage import FailedError, SkippedError, Stage

_AT_ONCE = 10
_RACES = 12


@case("I01", "ten bets at once, money for five: five are taken")
async def half(stage: Stage) -> None:
    who = await stage.player(money="5.00")
    bets = [stage.bet(who, Decimal("1.00"), f"b{n}", round_name=f"r{n}") for n in range(_AT_ONCE)]
    answers = await asyncio.gather(*[_taken_or_not(stage, bet) for bet in bets])
    taken = sum(answer.reaction is Reaction.ACCEPTED for answer in answers)
    who.moved -= taken
    if taken != _AT_ONCE // 2:
        raise FailedError(f"{taken} were taken")
    await stage.settled(who)
    for bet, answer in zip(bets, answers, strict=True):
        await stage.say(who, bet, "OK" if answer.reaction is Reaction.ACCEPTED else "INSUFFICIENT_FUNDS")


async def _taken_or_not(stage: Stage, bet: Act) -> Answer:
    return await stage.decided(bet, stage.provider.code(ActKind.BET, "INSUFFICIENT_FUNDS"))


@case("I02", "the same bet ten times at once takes one stake")
async def same_bet(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await asyncio.gather(*[stage.decided(bet) for _ in range(_AT_ONCE)])
    who.moved -= stake
    await stage.settled(who)
    await stage.say(who, bet, "OK")


@case("I03", "the same win ten times at once pays once")
async def same_win(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    win = stage.win(bet, prize)
    await asyncio.gather(*[stage.decided(win) for _ in range(_AT_ONCE)])
    who.moved += prize
    await stage.settled(who)
    await stage.say(who, win, "OK")


@case("I04", "the same id of two players at once is two bets")
async def two_players(stage: Stage) -> None:
    one, other = await stage.player(), await stage.player()
    stake = stage.amount()
    bet = stage.bet(one, stake)
    twin = replace(bet, seat=other.seat)
    await asyncio.gather(stage.decided(bet), stage.decided(twin))
    for who, act in ((one, bet), (other, twin)):
        who.moved -= stake
        await stage.settled(who)
        await stage.say(who, act, "OK")


@case("I05", "a bet and its cancel at once: whichever is first, nothing stays taken")
async def race(stage: Stage) -> None:
    who = await stage.player()
    for number in range(_RACES):
        bet = stage.bet(who, stage.amount(), f"b{number}", round_name=f"r{number}")
        pair = [bet, stage.cancel(bet)]
        stage.random.shuffle(pair)
        await asyncio.gather(*map(stage.decided, pair))
        await stage.decided(stage.cancel(bet))
        await stage.settled(who)


@case("I06", "a win and the cancel of its bet at once: one of them, never both")
async def settle_race(stage: Stage) -> None:
    who = await stage.player()
    for number in range(_RACES):
        stake, prize = stage.amount(), Decimal("9.00")
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        before = await stage.cash(who)
        await stage.say(who, bet, "OK", moved=-stake)
        win, cancel = stage.win(bet, prize, f"w{number}"), stage.cancel(bet)
        await asyncio.gather(stage.decided(win), stage.decided(cancel))
        difference = await stage.cash(who) - before
        if difference not in {Decimal(0), prize - stake}:
            raise FailedError(f"the balance moved by {difference}")
        won = difference != 0
        who.moved += prize if won else stake
        await stage.say(who, win, "OK" if won else "ALREADY_ROLLED_BACK")
        await stage.say(who, cancel, "ALREADY_SETTLED" if won else "OK")


@case("I07", "two providers at once, one player, money for half: the one balance never goes below zero")
async def two_providers(stage: Stage) -> None:
    other = stage.beside(_another(stage))
    here = await stage.player(money="5.00")
    # The other's own cases are played meanwhile, and one of them switches off the game that they play.
    game = max(one.game_id for one in other.studio.games if not one.currency_codes or "EUR" in one.currency_codes)
    there = await other.player(player=here.launched.player, game_id=game)
    bets = [
        (at, at.bet(who, Decimal("1.00"), f"b{n}", round_name=f"r{n}"), who)
        for n in range(5)
        for at, who in ((stage, here), (other, there))
    ]
    answers = await asyncio.gather(*[_taken_or_not(at, bet) for at, bet, _ in bets])
    taken = sum(answer.reaction is Reaction.ACCEPTED for answer in answers)
    if taken != len(bets) // 2 or await stage.cash(here) != 0:
        raise FailedError(f"{taken} were taken, and {await stage.cash(here)} is left")
    for (at, bet, who), answer in zip(bets, answers, strict=True):
        await at.say(who, bet, "OK" if answer.reaction is Reaction.ACCEPTED else "INSUFFICIENT_FUNDS")


@case(
    "I08",
    "the end of a round and its win at once: the win is paid, and the round ends",
    needs=(Capability.CLOSE_ROUND,),
)
async def close_race(stage: Stage) -> None:
    if stage.provider.one_credit:
        raise SkippedError("the one credit of a reference ends it: see E06")
    who = await stage.player()
    for number in range(_RACES):
        stake, prize = stage.amount(), stage.amount()
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        await stage.say(who, bet, "OK", moved=-stake)
        win, close = stage.win(bet, prize, f"w{number}"), stage.closing(who, bet)
        pair = [win, close]
        stage.random.shuffle(pair)
        await asyncio.gather(*map(stage.decided, pair))
        who.moved += prize
        await stage.settled(who)
        await stage.say(who, win, "OK")
        await stage.say(who, close, "OK")
        if await stage.round_state(who, bet) != action_pb2.ROUND_STATE_CLOSED:
            raise FailedError("the round is not closed")


def _another(stage: Stage) -> Provider:
    """Another provider of the same mesh, of the seed's choice."""
    names = [one.name for one in discover() if one.name in stage.office.stack.around.ports.adapters]
    others = sorted(set(names) - {stage.provider.name})
    if not others:
        raise SkippedError("no other provider runs here")
    return provider(stage.office.stack, stage.random.choice(others))
