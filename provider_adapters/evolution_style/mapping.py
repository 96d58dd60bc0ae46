"""Their messages to our actions, and our results to their replies. Pure."""

from collections.abc import Mapping
from typing import Any

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, PromoReason, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import Device, Game, Launch
from provider_adapters.evolution_style import wire
from provider_adapters.evolution_style.amounts import shown, to_money
from provider_adapters.evolution_style.errors import RETRANSMIT, Code

CATEGORIES = {"rng": "table", "slots": "slot"}
"""Game types that are not live. All others are dealt by people."""


PLAY_MONEY = "play_money"
JACKPOT, FREE_ROUNDS_SPENT, PROMOTION = "JackpotWin", "FreeRoundPlayableSpent", "RealTimeMonetaryReward"
REWARD_GAME = "RewardGame"
"""How the types of reward games begin: they end when they are spent, below the smallest bet, or at the cap of what they win."""
CAP_REACHED = f"{REWARD_GAME}WinCapReached"


def round_id(message: wire.Money) -> str:
    """Where a credit finds its debits: those of the same reference in the same game.

    A player may have several references in one game, and a credit pays one of them.
    """
    return f"{message.game.id}:{message.transaction.refId}"


def game_of(round_name: str) -> str:
    """The provider's game of a round of ours."""
    return round_name.rpartition(":")[0] or round_name


def bet_action(message: wire.Money, session_id: str) -> Action:
    """A stake of the session that was resolved from the sid."""
    bet = Bet(round_id=round_id(message), game_id=message.game.details.table.id, session_id=session_id)
    bet.amount.CopyFrom(to_money(message.transaction.amount, message.currency))
    return Action(transaction_key=message.transaction.id, bet=bet)


def win_action(message: wire.Money, session_id: str) -> Action:
    """The one credit of a reference: it pays all its debits, and there is no other one."""
    win = Win(round_id=round_id(message), game_id=message.game.details.table.id, session_id=session_id, close=True)
    win.amount.CopyFrom(to_money(message.transaction.amount, message.currency))
    return Action(transaction_key=message.transaction.id, win=win)


def promo_action(message: wire.PromoPayout, session_id: str) -> Action:
    """A payout without a debit, by its type. A type that we do not know is a promotion like any other."""
    payout = message.promoTransaction
    amount = to_money(payout.amount, message.currency)
    if payout.type == JACKPOT:
        return gifts.jackpot(payout.id, amount, session_id=session_id)
    if payout.type == FREE_ROUNDS_SPENT and payout.voucherId:
        return gifts.free_total(payout.id, amount, payout.voucherId, session_id=session_id)
    is_voucher = payout.voucherId is not None and payout.type.startswith(REWARD_GAME)
    reason = PromoReason.PROMO_REASON_VOUCHER if is_voucher else PromoReason.PROMO_REASON_OTHER
    return gifts.promo(payout.id, amount, reason, session_id=session_id)


def cancel_action(message: wire.Money, session_id: str) -> Action:
    """The debit of the same id undone. Its amount is not read: the ledger knows what it took."""
    cancel = Cancel(bet_key=message.transaction.id, round_id=round_id(message), session_id=session_id)
    return Action(transaction_key=message.transaction.id, cancel=cancel)


def reply(code: Code, uuid: object, balances: Balances | None = None) -> dict[str, Any]:
    """Status, the request's own id, whether to send it again, and the balance whenever the ledger told one."""
    content: dict[str, Any] = {
        "status": code,
        "uuid": uuid if isinstance(uuid, str) else "",
        "retransmission": code in RETRANSMIT,
    }
    if balances is not None:
        content["balance"] = shown(balances.available)
        content["bonus"] = shown(balances.bonus)
    return content


def launch_body(launch: Launch) -> dict[str, Any]:
    """The body of a launch. The provider wants a name to show: it gets the player's id, and nothing personal."""
    return {
        "uuid": launch.session_id,
        "player": {
            "id": str(launch.player),
            "update": False,
            "nickname": launch.player.player_id,
            "country": launch.country,
            "language": launch.language,
            "currency": launch.currency_code,
            "session": {"id": launch.token},
        },
        "config": {
            "game": {"playMode": PLAY_MONEY if launch.demo else "real_money", "table": {"id": launch.game_id}},
            "channel": {"wrapped": False, "mobile": launch.device is Device.MOBILE},
            "urls": {"lobby": launch.lobby_url},
        },
    }


def catalog(tables: Mapping[str, wire.LobbyTable]) -> tuple[Game, ...]:
    """The tables of the lobby."""
    return tuple(
        Game(game_id=name, title=table.name, category=CATEGORIES.get(table.gameType, "live"), enabled=table.open)
        for name, table in tables.items()
    )
