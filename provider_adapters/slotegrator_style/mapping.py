"""Their messages to our actions, and our results to their replies. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.action_pb2 import (
    Action,
    Balances,
    Bet,
    Cancel,
    PromoReason,
    RollbackItem,
    RollbackList,
    Win,
)
from pitboss.wallet.v1.transaction_pb2 import TransactionKind
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import Device, FreeRounds, Launch
from provider_adapters._kit.typed_json import FieldInvalidError
from provider_adapters.slotegrator_style import wire
from provider_adapters.slotegrator_style.amounts import shown, to_money, to_wire

FINISHED = "1"
TIP, FREE_SPIN = "tip", "freespin"
VOUCHER = "voucher-"
PROMOTIONS: Final[Mapping[str, PromoReason.ValueType]] = {
    "bonus": PromoReason.PROMO_REASON_BONUS_WIN,
    "prize_drop": PromoReason.PROMO_REASON_PRIZE_DROP,
    "pragmatic_prize_drop": PromoReason.PROMO_REASON_PRIZE_DROP,
    "promo": PromoReason.PROMO_REASON_OTHER,
    "unaccounted_promo": PromoReason.PROMO_REASON_OTHER,
    "loyalty_win": PromoReason.PROMO_REASON_OTHER,
}
TOURNAMENTS: Final = frozenset({"tournament", "pragmatic_tournament"})
ROLLED_BACK: Final[Mapping[tuple[str, str], TransactionKind.ValueType]] = {
    ("bet", "bet"): TransactionKind.TRANSACTION_KIND_BET,
    ("bet", TIP): TransactionKind.TRANSACTION_KIND_TIP,
    ("win", "win"): TransactionKind.TRANSACTION_KIND_WIN,
}
"""What a list may undo, by action and type."""

_ITEM = re.compile(r"rollback_transactions\[([0-9]{1,4})\]\[([a-z_]{1,32})\]", re.ASCII)
_LONGEST_KEY = 128
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


def gift_action(message: wire.Win, session_id: str) -> Action | None:
    """A credit that no bet stands behind, by its type; None for a type that we do not know."""
    key, amount = message.transaction_id, to_money(message.amount, message.currency)
    round_id = message.round_id or ""
    if message.type in PROMOTIONS:
        paid_by = PromoReason.PROMO_REASON_VOUCHER if message.freevoucher_id else PROMOTIONS[message.type]
        return gifts.promo(key, amount, paid_by, round_id=round_id, session_id=session_id)
    if message.type in TOURNAMENTS:
        return gifts.tournament(key, amount, session_id=session_id)
    if message.type == "jackpot":
        return gifts.jackpot(key, amount, round_id=round_id, session_id=session_id)
    if message.type == FREE_SPIN and message.freespin_id:
        return gifts.free_spin(key, amount, message.freespin_id, round_id=round_id, session_id=session_id)
    return None


def free_bet_action(message: wire.Bet, session_id: str) -> Action:
    """A free spin begins. It takes nothing; what it is worth is told by its win."""
    if message.freespin_id is None:
        raise FieldInvalidError("freespin_id")
    nothing = to_money("0", message.currency)
    key, round_id = message.transaction_id, message.round_id or ""
    return gifts.free_spin(key, nothing, message.freespin_id, round_id=round_id, session_id=session_id)


def tip_action(message: wire.Bet, session_id: str) -> Action:
    """A dealer's tip."""
    amount = to_money(message.amount, message.currency)
    return gifts.tip(message.transaction_id, amount, session_id=session_id, game_id=message.game_uuid)


def rollback_action(message: wire.Rollback) -> Action:
    """Exactly the listed transactions undone, all or none."""
    items = [RollbackItem(kind=_kind(item), transaction_key=_key(item)) for item in message.items]
    if not items:
        raise FieldInvalidError("rollback_transactions")
    return Action(transaction_key=message.transaction_id, rollback_list=RollbackList(items=items))


def _kind(item: Mapping[str, str]) -> TransactionKind.ValueType:
    kind = ROLLED_BACK.get((item.get("action", ""), item.get("type", "")))
    if kind is None:
        raise FieldInvalidError("rollback_transactions")
    return kind


def _key(item: Mapping[str, str]) -> str:
    key = item.get("transaction_id", "")
    if not 0 < len(key) <= _LONGEST_KEY:
        raise FieldInvalidError("rollback_transactions")
    return key


def listed(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """The items of `rollback_transactions[0][action]` and so on, in the order of their numbers."""
    found: dict[int, dict[str, str]] = {}
    for name, value in fields.items():
        match = _ITEM.fullmatch(name)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = value
    return [found[number] for number in sorted(found)]


def cancel_action(message: wire.Refund, session_id: str) -> Action:
    """The bet named by `bet_transaction_id` undone. That of a free spin took nothing: a tombstone, and nothing to give back."""
    cancel = Cancel(bet_key=message.bet_transaction_id, round_id=message.round_id or "", session_id=session_id)
    if message.type == TIP:
        cancel.ref_kind = TransactionKind.TRANSACTION_KIND_TIP
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


def voucher_name(rounds: FreeRounds) -> str:
    """What the provider calls a voucher: another name than that of free spins, so that their cancels are told apart."""
    return f"{VOUCHER}{rounds.grant_id}"


def voucher_fields(rounds: FreeRounds, most: Money, *, now_s: int) -> dict[str, str]:
    """The parameters of a new voucher."""
    return {
        "freevoucher_id": voucher_name(rounds),
        "player_id": str(rounds.player),
        "player_name": rounds.player.player_id,
        "currency": rounds.bet.currency_code,
        "amount": to_wire(Decimal(rounds.bet.amount)),
        "max_winnings": to_wire(Decimal(most.amount)),
        "game_uuid": rounds.game_ids[0],
        "valid_from": str(now_s),
        "valid_until": str(int(rounds.expires_at.timestamp())),
    }


def demo_fields(launch: Launch) -> dict[str, str]:
    """The parameters of a launch for play money: no player, no session, no currency."""
    fields = launch_fields(launch)
    return {name: fields[name] for name in ("game_uuid", "device", "return_url", "language") if name in fields}


def free_spins_fields(rounds: FreeRounds, total_bet_id: str, *, now_s: int) -> dict[str, str]:
    """The parameters of new free spins."""
    return {
        "player_id": str(rounds.player),
        "player_name": rounds.player.player_id,
        "currency": rounds.bet.currency_code,
        "quantity": str(rounds.rounds),
        "valid_from": str(now_s),
        "valid_until": str(int(rounds.expires_at.timestamp())),
        "game_uuid": rounds.game_ids[0],
        "freespin_id": rounds.grant_id,
        "total_bet_id": total_bet_id,
    }
