"""Their messages to our actions, and our results to their replies. Pure."""

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, PromoReason, Result, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import Game, Launch, SessionFacts
from provider_adapters.hub88_style import wire
from provider_adapters.hub88_style.amounts import shown_balance, to_money
from provider_adapters.hub88_style.errors import OUTCOMES, Status

CATEGORIES = {
    "video slots": "slot",
    "classic slots": "slot",
    "jackpot slots": "slot",
    "table games": "table",
    "video poker": "table",
    "live games": "live",
    "live dealer": "live",
    "game shows": "live",
}
"""Their categories. Law depends on them, so a game of an unknown category is left out of the catalog."""


def bet_action(message: wire.Bet, session_id: str) -> Action:
    """A stake of the session that was resolved from the token."""
    bet = Bet(
        round_id=message.round,
        amount=to_money(message.amount, message.currency),
        game_id=message.game_code,
        session_id=session_id,
        close=message.round_closed,
    )
    return Action(transaction_key=message.transaction_uuid, bet=bet)


def win_action(message: wire.Win, session_id: str) -> Action:
    """A result of the bet that it names."""
    win = Win(
        round_id=message.round,
        amount=to_money(message.amount, message.currency),
        bet_key=message.reference_transaction_uuid or "",
        game_id=message.game_code,
        session_id=session_id,
        close=message.round_closed,
    )
    if message.jackpot_win:
        win.jackpot_part.CopyFrom(to_money(message.jackpot_win, message.currency))
    return Action(transaction_key=message.transaction_uuid, win=win)


def promo_action(message: wire.Win, session_id: str) -> Action:
    """A promotion that the supplier pays: it needs no bet, no open round and no live session."""
    amount = to_money(message.amount, message.currency)
    reason = PromoReason.PROMO_REASON_OTHER
    key = message.transaction_uuid
    return gifts.promo(key, amount, reason, round_id=message.round, session_id=session_id)


def cancel_action(message: wire.Rollback, session_id: str) -> Action:
    """The bet named by `reference_transaction_uuid` undone."""
    cancel = Cancel(bet_key=message.reference_transaction_uuid, round_id=message.round, session_id=session_id)
    return Action(transaction_key=message.transaction_uuid, cancel=cancel)


def result_reply(message: wire.Bet | wire.Win | wire.Rollback, result: Result) -> wire.Reply:
    """The reply to a money message. The balance goes along whenever the ledger told one."""
    balances = result.balance_now if result.HasField("balance_now") else None
    return _reply(message.user, message.request_uuid, OUTCOMES[result.outcome], balances)


def balance_reply(message: wire.UserBalance, balances: Balances) -> wire.Reply:
    """The present balance."""
    return _reply(message.user, message.request_uuid, Status.OK, balances)


def info_reply(message: wire.UserInfo, facts: SessionFacts) -> wire.Reply:
    """What is known about the player."""
    return wire.Reply(
        status=Status.OK,
        request_uuid=message.request_uuid,
        user=message.user,
        currency=facts.currency_code,
        country=facts.country or None,
        jurisdiction=facts.jurisdiction or None,
    )


def _reply(user: str, request_uuid: str, status: Status, balances: Balances | None) -> wire.Reply:
    if balances is None or not balances.HasField("available"):
        return wire.Reply(status=status, request_uuid=request_uuid, user=user)
    return wire.Reply(
        status=status,
        request_uuid=request_uuid,
        user=user,
        currency=balances.available.currency_code,
        balance=shown_balance(balances.available),
    )


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
        "platform": f"GPL_{launch.device.name}",
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
