"""Their messages to our actions, and our results to their replies. Pure."""

from typing import Any

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, Result, Win
from provider_adapters._kit.ports import Game, Launch
from provider_adapters.acme_slots import wire
from provider_adapters.acme_slots.amounts import to_money
from provider_adapters.acme_slots.errors import OUTCOMES, Code

CATEGORIES = frozenset({"slot", "table", "live"})


def bet_action(message: wire.Bet, session_id: str) -> Action:
    """A stake of the session that was resolved from the token."""
    amount = to_money(message.amount, message.currency)
    bet = Bet(round_id=message.round, amount=amount, game_id=message.game, session_id=session_id)
    return Action(transaction_key=message.id, bet=bet)


def win_action(message: wire.Win, session_id: str) -> Action:
    """A result of the bet that it names."""
    win = Win(
        round_id=message.round,
        amount=to_money(message.amount, message.currency),
        bet_key=message.bet,
        game_id=message.game,
        session_id=session_id,
        close=message.last,
    )
    return Action(transaction_key=message.id, win=win)


def cancel_action(message: wire.Cancel, session_id: str) -> Action:
    """A bet undone."""
    cancel = Cancel(bet_key=message.bet, round_id=message.round, session_id=session_id)
    return Action(transaction_key=message.id, cancel=cancel)


def result_reply(result: Result) -> dict[str, Any]:
    """The reply to a money message."""
    balances = result.balance_now if result.HasField("balance_now") else None
    return reply(OUTCOMES[result.outcome], balances)


def reply(code: Code, balances: Balances | None = None) -> dict[str, Any]:
    """A code, and the balance whenever the ledger told one."""
    if balances is None or not balances.HasField("available"):
        return {"code": code}
    return {"code": code, "balance": balances.available.amount, "currency": balances.available.currency_code}


def launch_body(launch: Launch, operator_id: str) -> dict[str, str]:
    """The fields of a launch."""
    return {
        "operator": operator_id,
        "player": str(launch.player),
        "token": launch.token,
        "game": launch.game_id,
        "currency": launch.currency_code,
        "language": launch.language,
        "lobby": launch.lobby_url,
    }


def catalog(rows: list[wire.GameRow]) -> tuple[Game, ...]:
    """The games whose category we know: the law depends on it."""
    return tuple(
        Game(game_id=row.id, title=row.name, category=row.category, enabled=row.enabled)
        for row in rows
        if row.category in CATEGORIES
    )
