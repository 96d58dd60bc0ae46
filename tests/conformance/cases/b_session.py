"""B: sessions and tokens. Stakes need a live session of the right player; results and cancels need none."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from decimal import Decimal

import grpc.aio

from mesh.status import read_error
from pitboss.session.v1 import session_service_pb2
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import Act, ActKind, Seat
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, SkippedError, Stage

_AT_ONCE = 10
_A_LITTLE_S = 0.2


def _ask(who: Player, kind: ActKind) -> Act:
    return Act(kind=kind, seat=who.seat, game_id=who.seat.game_id)


@case("B01", "a fresh token opens the game and tells the balance")
async def fresh(stage: Stage) -> None:
    who = await stage.player()
    await stage.say(who, _ask(who, ActKind.ENTER), "OK")
    answer = await stage.say(who, _ask(who, ActKind.BALANCE), "OK")
    if answer.balance != Decimal("100.00"):
        raise FailedError(f"the balance on the wire is {answer.balance}")


@case("B02", "a token that nobody has stakes nothing")
async def unknown(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    strange = replace(bet, seat=replace(who.seat, token="token-of-nobody-at-all"))
    stage.must_say(bet, strange, "token on bets")
    await stage.say(who, strange, "SESSION_INVALID")


@case("B03", "before there is a session the game neither opens nor shows a balance, and afterwards it does")
async def too_early(stage: Stage) -> None:
    player = await stage.office.player()
    seat = Seat(
        launch_id=stage.id("seat"),
        user=f"{stage.office.licensee}.{player}",
        token="token-before-any-launch",
        currency_code="EUR",
        game_id=stage.provider.game_id,
    )
    for kind in (ActKind.ENTER, ActKind.BALANCE):
        act = Act(kind=kind, seat=seat, game_id=seat.game_id)
        refused = {stage.provider.code(kind, outcome) for outcome in ("SESSION_INVALID", "PLAYER_NOT_FOUND")}
        answer = await stage.decided(act, *refused)
        if answer.code not in refused:
            raise FailedError(f"{kind} before the launch was answered {answer.code}")
    who = await stage.player(player=player)
    for kind in (ActKind.ENTER, ActKind.BALANCE):
        await stage.say(who, _ask(who, kind), "OK")


@case(
    "B04",
    "the game swaps the token of its launch: the new one stakes, the old one stakes no more, and what it staked is paid and "
    "given back",
    needs=(Capability.TOKEN_SWAP,),
)
async def swapped(stage: Stage) -> None:
    who = await stage.player()
    old, stakes, prize = who.seat, [stage.amount() for _ in range(3)], stage.amount()
    paid, refunded = stage.bet(who, stakes[0], "b0", round_name="r0"), stage.bet(who, stakes[1], "b1")
    await stage.say(who, paid, "OK", moved=-stakes[0])
    await stage.say(who, refunded, "OK", moved=-stakes[1])
    await stage.say(who, _ask(who, ActKind.ENTER), "OK")
    if who.seat.token == old.token:
        raise FailedError("the token was not swapped")
    await stage.say(who, stage.bet(who, stakes[2], "b2", round_name="r2"), "OK", moved=-stakes[2])
    await _grace_over(stage)
    late = replace(stage.bet(who, stakes[2], "b3", round_name="r3"), seat=old)
    # The ledger decides, and keeps what it has decided.
    await stage.say(who, late, "SESSION_INVALID", "SESSION_EXPIRED", stored="SESSION_INVALID")
    await stage.say(who, stage.win(paid, prize), "OK", moved=prize)
    await stage.say(who, stage.cancel(refunded), "OK", moved=stakes[1])


@case(
    "B04b",
    "a swap that is retried, or comes ten times at once, gives one token; another message finds the old token swapped, or gets "
    "the same one",
    needs=(Capability.TOKEN_SWAP,),
)
async def swapped_once(stage: Stage) -> None:
    who = await stage.player()
    enter = _ask(who, ActKind.ENTER)
    answers = await asyncio.gather(*(stage.decided(enter) for _ in range(_AT_ONCE)))
    first = await stage.say(who, enter, "OK")
    if {answer.token for answer in answers} != {first.token}:
        raise FailedError("one launch token was swapped for several")
    # A game that is opened a second time is another message; not every dialect can tell it from a retry.
    again = replace(enter, seat=replace(enter.seat, launch_id=stage.id("second window")))
    refused = stage.provider.code(ActKind.ENTER, "SESSION_INVALID")
    answer = await stage.decided(again, refused)
    if answer.token != first.token and answer.code != refused:
        raise FailedError(f"a second opening was answered {answer.code} with another token")
    # What came from a swap is not swapped again.
    if (kept := (await stage.decided(_ask(who, ActKind.ENTER))).token) not in {"", who.seat.token}:
        raise FailedError(f"the new token was swapped again, {len(kept)} characters")


@case(
    "B04c",
    "two adapter processes agree about swapped tokens, whatever they have remembered, and a swap whose answer is lost in one is "
    "retried in the other",
    needs=(Capability.TOKEN_SWAP,),
)
async def swapped_elsewhere(stage: Stage) -> None:
    who = await stage.player()
    stakes = [stage.amount() for _ in range(3)]
    by_other = functools.partial(stage.send_by, stage.second_adapter())
    early = stage.bet(who, stakes[0], "b0", round_name="r0")
    if (code := (await stage.decided(early, by=by_other)).code) != stage.provider.code(ActKind.BET, "OK"):
        raise FailedError(f"the second adapter answered {code} to a bet with the token of the launch")
    await stage.say(who, early, "OK")
    who.moved -= stakes[0]
    enter = _ask(who, ActKind.ENTER)
    lost = await stage.decided(enter, by=by_other)
    await stage.say(who, enter, "OK")
    if who.seat.token != lost.token:
        raise FailedError("the two adapters swapped one token for two")
    await _grace_over(stage)
    late = replace(stage.bet(who, stakes[1], "b1", round_name="r1"), seat=early.seat)
    refused = await stage.say(who, late, "SESSION_INVALID", "SESSION_EXPIRED", stored="SESSION_INVALID")
    fine = {stage.provider.code(ActKind.BET, one) for one in ("SESSION_INVALID", "SESSION_EXPIRED")}
    for answer in (await stage.decided(late, *fine, by=by_other), refused):
        if answer.code not in fine:
            raise FailedError(f"{answer.code} was answered to a bet with a token that was swapped elsewhere")
    await stage.settled(who)
    await stage.say(who, stage.bet(who, stakes[2], "b2", round_name="r2"), "OK", moved=-stakes[2])


async def _grace_over(stage: Stage) -> None:
    await asyncio.sleep(stage.provider.manifest.token_grace_ms / 1000 + _A_LITTLE_S)


@case("B05", "an ended session stakes nothing")
async def ended_bet(stage: Stage) -> None:
    who = await stage.player()
    await stage.close_session(who)
    await stage.say(who, stage.bet(who, stage.amount()), "SESSION_EXPIRED", "SESSION_INVALID")


@case("B06", "an ended session is still paid")
async def ended_win(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.close_session(who)
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)


@case("B07", "an ended session is still refunded")
async def ended_cancel(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.close_session(who)
    await stage.say(who, stage.cancel(bet), "OK", moved=stake)


@case(
    "B08",
    "a player goes on on another device: the newer session stakes, and the older one's bets are paid and refunded",
)
async def two_devices(stage: Stage) -> None:
    desk = await stage.player(device=session_service_pb2.DEVICE_DESKTOP)
    stakes, prize = [stage.amount() for _ in range(3)], stage.amount()
    paid, refunded = stage.bet(desk, stakes[0], "b0", round_name="r0"), stage.bet(desk, stakes[1], "b1")
    await stage.say(desk, paid, "OK", moved=-stakes[0])
    await stage.say(desk, refunded, "OK", moved=-stakes[1])
    phone = await stage.player(player=desk.launched.player, device=session_service_pb2.DEVICE_MOBILE)
    await stage.say(phone, stage.bet(phone, stakes[2], "b2", round_name="r2"), "OK", moved=-stakes[2])
    await stage.say(desk, stage.win(paid, prize), "OK", moved=prize)
    await stage.say(desk, stage.cancel(refunded), "OK", moved=stakes[1])
    shown = (await stage.say(phone, _ask(phone, ActKind.BALANCE), "OK")).balance
    if shown != Decimal("100.00") - stakes[0] - stakes[2] + prize:
        raise FailedError(f"the balance on the wire is {shown}")


@case("B09", "the token of one player stakes nothing of another")
async def other_player(stage: Stage) -> None:
    one, other = await stage.player(), await stage.player()
    bet = stage.bet(one, stage.amount())
    mixed = replace(bet, seat=replace(one.seat, token=other.seat.token))
    stage.must_say(bet, mixed, "token on bets")
    await stage.say(one, mixed, "SESSION_INVALID")
    await stage.settled(other)


@case("B10", "another game inside the same session may be played")
async def other_game(stage: Stage) -> None:
    who = await stage.player()
    games = sorted(game.game_id for game in stage.studio.games)
    stake = stage.amount()
    bet = stage.bet(who, stake)
    moved = replace(bet, game_id=games[-1])
    stage.must_say(bet, moved, "game on bets")
    await stage.say(who, moved, "OK", moved=-stake)


@case("B11", "a bet in one session is won in the next one")
async def next_session(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    later = await stage.office.launch(stage.provider.name, stage.provider.game_id, who.launched.player)
    win = stage.win(bet, prize)
    await stage.say(who, replace(win, seat=replace(who.seat, token=later.token)), "OK", moved=prize)


@case(
    "B14",
    "a game for play money is launched, the ledger hears nothing of it, and a stake with its token is refused",
    needs=(Capability.DEMO,),
)
async def play_money(stage: Stage) -> None:
    who = await stage.player()
    before = await stage.token_of(who), await stage.statement(who)
    address, again = [await stage.demo(who.launched.player, "window") for _ in range(2)]
    if address != again:
        raise FailedError("the retry of a launch got another address")
    if (await stage.token_of(who), await stage.statement(who)) != before:
        raise FailedError("a session of money or an entry of the ledger came of play money")
    told = (await stage.office.control(stage.provider.name, "GET", "demos"))["demos"]
    visitor = told[address.rpartition("/")[2]]
    if visitor["user"] == who.seat.user:
        raise FailedError("the provider heard the name of the player")
    # Without a token there is nothing to stake with.
    for user in sorted({visitor["user"], who.seat.user}) if visitor["token"] else ():
        real = stage.bet(who, stage.amount(), f"b/{user}")
        bet = replace(real, seat=replace(who.seat, user=user, token=visitor["token"]))
        if stage.studio.write(bet) == stage.studio.write(real):
            # Where bets name the player alone, this is a bet of money like any other.
            continue
        await stage.say(who, bet, "SESSION_INVALID", "PLAYER_NOT_FOUND")
    await stage.settled(who)


@case(
    "B14b",
    "a game for play money is not launched where the law does not say who may play, nor by a provider that has none",
)
async def no_play_money(stage: Stage) -> None:
    if Capability.DEMO not in stage.provider.manifest.capabilities:
        await _not_launched(stage, await stage.office.player(money="0"), "ERROR_REASON_DEMO_NOT_OFFERED")
    elsewhere = await stage.office.player(money="0", jurisdiction="base")
    await _not_launched(stage, elsewhere, "ERROR_REASON_PLAY_DENIED")


async def _not_launched(stage: Stage, player: str, reason: str) -> None:
    try:
        await stage.demo(player, reason)
    except grpc.aio.AioRpcError as error:
        if (told := read_error(error).reason) != reason:
            raise FailedError(f"{told} was answered instead of {reason}") from error
        return
    raise FailedError("a game for play money was launched")


@case("B15", "a new login ends the stakes of the older session")
async def new_login(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    later = await stage.office.launch(stage.provider.name, stage.provider.game_id, who.launched.player)
    stage.must_say(bet, replace(bet, seat=replace(who.seat, token=later.token)), "token on bets")
    await stage.say(who, bet, "SESSION_EXPIRED", "SESSION_INVALID")


@case("B16", "a player without our prefix, or of nobody, is refused on every message")
async def nobody(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.bet(who, stage.amount())
    strange = replace(bet, seat=replace(who.seat, user="borealis.nobody-at-all"))
    if stage.studio.write(bet).body == stage.studio.write(strange).body:
        raise SkippedError("the dialect says no player")
    win = replace(strange, kind=ActKind.WIN, transaction_key=stage.id("w"), bet_key="")
    if stage.habits.wins_name_the_bet:
        win = replace(win, bet_key=bet.transaction_key)
    await stage.say(who, strange, "SESSION_INVALID", "PLAYER_NOT_FOUND", stored=None)
    await stage.say(who, win, "PLAYER_NOT_FOUND", stored=None)


@case(
    "B17",
    "the provider tells that its session is over: nothing moves, and what was staked is paid",
    needs=(Capability.SESSION_NEWS,),
)
async def left(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.say(who, _ask(who, ActKind.LEAVE), "OK")
    await stage.say(who, stage.win(bet, prize), "OK", moved=prize)
