"""Their messages to our actions, and our results to their replies. Pure."""

from typing import Any

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, Win
from provider_adapters._kit.ports import Game, Launch
from provider_adapters.caleta_style import wire
from provider_adapters.caleta_style.amounts import shown_balance, to_money
from provider_adapters.caleta_style.errors import Code

CATEGORIES = {"slots": "slot", "video bingo": "table", "table games": "table", "live": "live"}
"""Their categories. Law depends on them, so a game of an unknown category is left out of the catalog."""


def bet_action(message: wire.Bet, session_id: str) -> Action:
    """A stake of the session that was resolved from the token."""
    stake = to_money(message.amount, message.currency)
    bet = Bet(round_id=message.round, amount=stake, game_id=message.game_code, session_id=session_id)
    bet.close = message.round_closed
    return Action(transaction_key=message.transaction_uuid, bet=bet)


def win_action(message: wire.Win, session_id: str) -> Action:
    """A result of the bet that it names."""
    paid = to_money(message.amount, message.currency)
    win = Win(round_id=message.round, amount=paid, game_id=message.game_code, session_id=session_id)
    win.bet_key, win.close = message.reference_transaction_uuid, message.round_closed
    if message.jackpot_win:
        win.jackpot_part.CopyFrom(to_money(message.jackpot_win, message.currency))
    return Action(transaction_key=message.transaction_uuid, win=win)


def cancel_action(message: wire.Rollback, session_id: str) -> Action:
    """The bet named by `reference_transaction_uuid` undone."""
    cancel = Cancel(bet_key=message.reference_transaction_uuid, round_id=message.round, session_id=session_id)
    return Action(transaction_key=message.transaction_uuid, cancel=cancel)


def reply(code: Code, request_uuid: object, user: str = "", balances: Balances | None = None) -> dict[str, Any]:
    """Code and request id are always there; the balance whenever the ledger told one."""
    content: dict[str, Any] = {"status": code, "request_uuid": request_uuid if isinstance(request_uuid, str) else ""}
    if user:
        content["user"] = user
    if balances is not None:
        content["currency"] = balances.available.currency_code
        content["balance"] = shown_balance(balances.available)
    return content


def launch_body(launch: Launch, operator_id: str) -> dict[str, str]:
    """The fields of `game/url`."""
    fields = {
        "operator_id": operator_id,
        "user": str(launch.player),
        "token": launch.token,
        "game_code": launch.game_id,
        "currency": launch.currency_code,
        "lang": launch.language,
        "country": launch.country,
        "lobby_url": launch.lobby_url,
        "sub_partner_id": launch.player.licensee,
    }
    return {name: value for name, value in fields.items() if value}


def catalog(rows: list[wire.CatalogRow]) -> tuple[Game, ...]:
    """The games whose category we know."""
    return tuple(
        Game(
            game_id=row.game_code,
            title=row.name,
            category=CATEGORIES[row.category.lower()],
            enabled=row.enabled,
            currency_codes=tuple(row.currencies or ()),
        )
        for row in rows
        if row.category.lower() in CATEGORIES
    )
