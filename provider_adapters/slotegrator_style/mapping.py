"""Their messages to our actions, and our results to their replies. Pure."""

from decimal import Decimal
from typing import Any

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, Win
from provider_adapters._kit.ports import Device, Launch
from provider_adapters._kit.typed_json import FieldInvalidError
from provider_adapters.slotegrator_style import wire
from provider_adapters.slotegrator_style.amounts import shown, to_money

FINISHED = "1"
CATEGORIES = {
    "slots": "slot",
    "video slots": "slot",
    "table": "table",
    "roulette": "table",
    "blackjack": "table",
    "live dealer": "live",
    "live": "live",
}
"""Their types. Law depends on them, so a game of an unknown type is left out of the catalog."""


def bet_action(message: wire.Bet, session_id: str) -> Action:
    """A stake of the session that was resolved from the token."""
    bet = Bet(round_id=_round(message.round_id), game_id=message.game_uuid, session_id=session_id)
    bet.close = message.finished == FINISHED
    bet.amount.CopyFrom(to_money(message.amount, message.currency))
    return Action(transaction_key=message.transaction_id, bet=bet)


def win_action(message: wire.Win, session_id: str) -> Action:
    """A result of all live bets of the round: the wire names no bet."""
    win = Win(round_id=_round(message.round_id), game_id=message.game_uuid, session_id=session_id)
    win.close = message.finished == FINISHED
    win.amount.CopyFrom(to_money(message.amount, message.currency))
    return Action(transaction_key=message.transaction_id, win=win)


def cancel_action(message: wire.Refund, session_id: str) -> Action:
    """The bet named by `bet_transaction_id` undone."""
    cancel = Cancel(bet_key=message.bet_transaction_id, round_id=message.round_id or "", session_id=session_id)
    return Action(transaction_key=message.transaction_id, cancel=cancel)


def _round(round_id: str | None) -> str:
    """Only results of free spins may lack a round."""
    if round_id is None:
        raise FieldInvalidError("round_id")
    return round_id


def balance_reply(balances: Balances) -> dict[str, Decimal]:
    """What there is now, as a number."""
    return {"balance": shown(balances.available)}


def money_reply(balances: Balances, transaction_id: str) -> dict[str, Any]:
    """The answer to a money message, with our id, which is the same in every repetition."""
    return {**balance_reply(balances), "transaction_id": transaction_id}


def launch_fields(launch: Launch) -> dict[str, str]:
    """The parameters of a launch."""
    fields = {
        "game_uuid": launch.game_id,
        "player_id": str(launch.player),
        "player_name": launch.player.player_id,
        "currency": launch.currency_code,
        "session_id": launch.token,
        "device": "mobile" if launch.device is Device.MOBILE else "desktop",
        "return_url": launch.lobby_url,
        "language": launch.language,
    }
    return {name: value for name, value in fields.items() if value}
