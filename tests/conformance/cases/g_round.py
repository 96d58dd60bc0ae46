"""G: rounds."""

from __future__ import annotations

from decimal import Decimal

from pitboss.wallet.v1 import action_pb2
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import Act, ActKind
from tests.conformance.case import case
from tests.conformance.stage import FailedError, SkippedError, Stage


@case("G01", "the last win of a round ends it", needs=(Capability.CLOSE_ROUND,))
async def by_flag(stage: Stage) -> None:
    if not stage.habits.closes_by_flag:
        raise SkippedError("a message of its own ends a round: see G02")
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    if await stage.round_state(who, bet) != action_pb2.ROUND_STATE_OPEN:
        raise FailedError("the round is not open after its bet")
    await stage.say(who, stage.win(bet, Decimal("0.00"), closes=True), "OK")
    if await stage.round_state(who, bet) != action_pb2.ROUND_STATE_CLOSED:
        raise FailedError("the round is not closed after its last win")


@case("G02", "a message of its own ends a round, and may be repeated", needs=(Capability.CLOSE_ROUND,))
async def by_message(stage: Stage) -> None:
    if stage.habits.closes_by_flag:
        raise SkippedError("the last win ends a round: see G01")
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    close = Act(kind=ActKind.CLOSE, seat=who.seat, round_id=bet.round_id, game_id=bet.game_id)
    await stage.say(who, close, "OK")
    await stage.say(who, close, "OK")
    if await stage.round_state(who, bet) != action_pb2.ROUND_STATE_CLOSED:
        raise FailedError("the round is not closed")


@case("G03", "the end of a round that never was is no mistake", needs=(Capability.CLOSE_ROUND,))
async def never_was(stage: Stage) -> None:
    if stage.habits.closes_by_flag:
        raise SkippedError("the last win ends a round: see G01")
    who = await stage.player()
    close = Act(kind=ActKind.CLOSE, seat=who.seat, round_id=stage.id("never"), game_id=who.seat.game_id)
    await stage.say(who, close, "OK")


@case("G05", "a round lasts over two sessions")
async def two_sessions(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.close_session(who)
    await stage.office.launch(stage.provider.name, stage.provider.game_id, who.launched.player)
    await stage.say(who, stage.win(bet, prize, closes=stage.habits.closes_by_flag), "OK", moved=prize)
