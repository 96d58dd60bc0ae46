"""B: sessions and tokens. Stakes need a live session of the right player; results and cancels need none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pitboss.session.v1 import session_service_pb2
from provider_adapters._kit.studio.ports import Act, ActKind, Seat
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, SkippedError, Stage


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
        answer = await stage.send(act)
        refused = {stage.provider.code(kind, outcome) for outcome in ("SESSION_INVALID", "PLAYER_NOT_FOUND")}
        if answer.code not in refused:
            raise FailedError(f"{kind} before the launch was answered {answer.code}")
    who = await stage.player(player=player)
    for kind in (ActKind.ENTER, ActKind.BALANCE):
        await stage.say(who, _ask(who, kind), "OK")


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
