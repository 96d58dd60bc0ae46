"""Their messages to our actions, and our results to their replies. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, PromoReason, Result, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.ports import FreeRounds, Game, Launch, MarketFacts, SessionFacts
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.hub88_style import wire
from provider_adapters.hub88_style.amounts import shown_balance, to_money, to_units
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

_MOST_PERCENT: Final = 200


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


PLAY_MONEY = "XXX"


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
        "platform": f"GPL_{launch.device.name}",
        "lobby_url": launch.lobby_url,
        "sub_partner_id": launch.player.licensee,
    }
    return {name: value for name, value in fields.items() if value}


def prepaid_for(rows: Sequence[wire.Prepaid], rounds: FreeRounds) -> str | None:
    """The template from which these rounds can be made; None if there is none. What a template leaves open is ours."""
    currency_code, value = rounds.bet.currency_code, to_units(Decimal(rounds.bet.amount))
    for row in rows:
        fits = (
            row.game_code in rounds.game_ids
            and row.currency == currency_code
            and row.bet_count in {None, rounds.rounds}
            and row.bet_value in {None, value}
            and bool(row.bonus_buy) is rounds.bonus_buy
        )
        if fits:
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
    """The games whose category we know. Errors: FieldInvalidError."""
    return tuple(
        Game(
            game_id=row.game_code,
            title=row.name,
            category=CATEGORIES[row.category.lower()],
            enabled=row.enabled,
            currency_codes=tuple(row.currencies or ()),
            refused_countries=tuple(row.blocked_countries or ()),
            return_ppm=_ppm(row.rtp),
            languages=tuple(row.languages or ()),
            markets=tuple(_market(build(wire.Certification, one)) for one in row.certifications or ()),
        )
        for row in rows
        if row.category.lower() in CATEGORIES
    )


def _market(told: wire.Certification) -> MarketFacts:
    return MarketFacts(market=told.market, certificate_id=told.certificate or "", return_ppm=_ppm(told.rtp))


def _ppm(percent: Decimal | None) -> int:
    """Millionths for per cent. What nobody could have meant is as good as not told."""
    if percent is None or not 0 <= percent <= _MOST_PERCENT:
        return 0
    return int(percent * 10_000)
