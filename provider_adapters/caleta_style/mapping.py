"""Their messages to our actions, and our results to their replies. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import FreeRounds, Game, Launch
from provider_adapters._kit.typed_json import FieldInvalidError
from provider_adapters.caleta_style import wire
from provider_adapters.caleta_style.amounts import shown_balance, to_money, to_units
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


def free_bet_action(message: wire.Bet, session_id: str) -> Action:
    """A free spin begins. It takes nothing; what it is worth is told by its win."""
    return _free_spin(message, to_money(0, message.currency), session_id)


def free_win_action(message: wire.Win, session_id: str) -> Action:
    """What a free spin has won. The provider account says that spins pay."""
    return _free_spin(message, to_money(message.amount, message.currency), session_id)


def _free_spin(message: wire.Bet | wire.Win, amount: Money, session_id: str) -> Action:
    if not message.reward_uuid:
        raise FieldInvalidError("reward_uuid")
    key = message.transaction_uuid
    return gifts.free_spin(key, amount, message.reward_uuid, round_id=message.round, session_id=session_id)


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


PLAY_MONEY = "FUN"


def launch_body(launch: Launch, operator_id: str) -> dict[str, str]:
    """The fields of `game/url`. For play money there is a currency of its own, and no player."""
    whose = (
        {"currency": PLAY_MONEY}
        if launch.demo
        else {
            "user": str(launch.player),
            "token": launch.token,
            "currency": launch.currency_code,
        }
    )
    fields = {
        "operator_id": operator_id,
        **whose,
        "game_code": launch.game_id,
        "lang": launch.language,
        "country": launch.country,
        "lobby_url": launch.lobby_url,
        "sub_partner_id": launch.player.licensee,
    }
    return {name: value for name, value in fields.items() if value}


def prepaid_for(rows: Sequence[wire.Prepaid], rounds: FreeRounds) -> str | None:
    """The template from which these rounds can be made; None if there is none. What a template leaves open is ours."""
    currency_code, value = rounds.bet.currency_code, to_units(Decimal(rounds.bet.amount))
    for row in rows:
        fits = row.game_code in rounds.game_ids and row.currency == currency_code
        if fits and row.bet_count in {None, rounds.rounds} and row.bet_value in {None, value}:
            return row.prepaid_uuid
    return None


def reward_body(rounds: FreeRounds, prepaid_uuid: str, operator_id: str) -> dict[str, str | int]:
    """The fields of `freebet/rewards/create`."""
    return {
        "operator_id": operator_id,
        "user": str(rounds.player),
        "sub_partner_id": rounds.player.licensee,
        "prepaid_uuid": prepaid_uuid,
        "game_code": rounds.game_ids[0],
        "currency": rounds.bet.currency_code,
        "bet_count": rounds.rounds,
        "bet_value": to_units(Decimal(rounds.bet.amount)),
        "end_time": rounds.expires_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "operator_reference": rounds.grant_id,
    }


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
