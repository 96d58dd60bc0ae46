"""Their messages to our actions. Pure."""

from decimal import Decimal
from typing import Any

from pitboss.wallet.v1.action_pb2 import Action, Bet, Cancel, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import Device, FreeRounds, Game, Launch
from provider_adapters._kit.typed_json import FieldInvalidError
from provider_adapters.swipegames_style import wire
from provider_adapters.swipegames_style.amounts import to_money, to_wire

REGULAR, FREE = "regular", "free"
_BETWEEN = "|"


DEMO_BALANCE = "1000.00"
"""Play money that a demo begins with."""


def session_name(token: str, player: str) -> str:
    """Our `sessionID`. It has the player too, so that wins need no session directory."""
    return f"{token}{_BETWEEN}{player}"


def session_parts(session_id: str) -> tuple[str, str]:
    """Token and player of a `sessionID` of ours."""
    token, between, player = session_id.partition(_BETWEEN)
    if not between or not token:
        raise FieldInvalidError("sessionID")
    return token, player


def bet_action(message: wire.Move, *, currency_code: str, game_id: str, session_id: str) -> Action:
    """A stake of the session that was resolved from the session id."""
    bet = Bet(round_id=message.roundID, game_id=game_id, session_id=session_id)
    bet.amount.CopyFrom(to_money(message.amount, currency_code))
    return Action(transaction_key=message.txID, bet=bet)


def win_action(message: wire.Move, *, currency_code: str, session_id: str) -> Action:
    """A result of all live bets of the round: the wire names no bet, and never says that a round is over."""
    win = Win(round_id=message.roundID, session_id=session_id)
    win.amount.CopyFrom(to_money(message.amount, currency_code))
    return Action(transaction_key=message.txID, win=win)


def free_spin_action(message: wire.Move, *, currency_code: str, session_id: str, is_win: bool) -> Action:
    """One free spin, for information: the total pays. Its bet takes nothing."""
    if not message.frID:
        raise FieldInvalidError("frID")
    amount = to_money(message.amount if is_win else "0", currency_code)
    return gifts.free_spin(message.txID, amount, message.frID, round_id=message.roundID, session_id=session_id)


def free_total_action(message: wire.Move, *, currency_code: str, session_id: str) -> Action:
    """The regular win with the grant's id, which pays the total."""
    amount = to_money(message.amount, currency_code)
    return gifts.free_total(message.txID, amount, message.frID or "", session_id=session_id)


def cancel_action(message: wire.Refund, session_id: str) -> Action:
    """The bet named by `origTxID` undone."""
    cancel = Cancel(bet_key=message.origTxID, round_id=message.roundID or "", session_id=session_id)
    return Action(transaction_key=message.txID, cancel=cancel)


def launch_body(launch: Launch, client_id: str) -> dict[str, Any]:
    """The fields of a new game."""
    fields: dict[str, Any] = {
        "cID": client_id,
        "extCID": launch.player.licensee,
        "gameID": launch.game_id,
        "demo": launch.demo,
        "platform": "mobile" if launch.device is Device.MOBILE else "desktop",
        "currency": launch.currency_code,
        "locale": launch.language,
        "sessionID": session_name(launch.token, str(launch.player)),
        "user": {"id": str(launch.player)},
        **({"initDemoBalance": DEMO_BALANCE} if launch.demo else {}),
    }
    return {**fields, "returnURL": launch.lobby_url} if launch.lobby_url else fields


def free_rounds_body(rounds: FreeRounds, client_id: str) -> dict[str, Any]:
    """The fields of new free rounds."""
    return {
        "cID": client_id,
        "extCID": rounds.player.licensee,
        "extID": rounds.grant_id,
        "currency": rounds.bet.currency_code,
        "quantity": rounds.rounds,
        "betLine": to_wire(Decimal(rounds.bet.amount)),
        "validUntil": rounds.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "gameIDs": list(rounds.game_ids),
        "userIDs": [str(rounds.player)],
    }


def catalog(rows: list[wire.GameRow]) -> tuple[Game, ...]:
    """The games."""
    return tuple(Game(game_id=row.id, title=row.title, category="slot") for row in rows)
