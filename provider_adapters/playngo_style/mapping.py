"""Their messages to our actions, and our results to their replies. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, PromoReason, Result, Win
from provider_adapters._kit import gifts
from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.ports import Launch, SessionFacts
from provider_adapters._kit.typed_json import FieldInvalidError
from provider_adapters.playngo_style import wire
from provider_adapters.playngo_style.amounts import shown, to_money
from provider_adapters.playngo_style.errors import Code

OPEN, CLOSED = "0", "1"
REAL, PROMOTIONAL = "0", "1"


def bet_action(message: wire.Reserve, session_id: str) -> Action:
    """A stake of the session that was resolved from the session id."""
    bet = Bet(round_id=message.roundId, game_id=message.gameId, session_id=session_id)
    bet.amount.CopyFrom(to_money(message.real, message.currency))
    return Action(transaction_key=message.transactionId, bet=bet)


def free_bet_action(message: wire.Reserve, session_id: str) -> Action:
    """A free game begins. It takes nothing, and one that would take something is refused."""
    if Decimal(to_money(message.real, message.currency).amount):
        # A free game taken as a paid one would charge the player for a present.
        raise FieldInvalidError("real")
    return gifts.free_bet(
        message.transactionId,
        message.currency,
        message.freegameExternalId or "",
        round_id=message.roundId,
        session_id=session_id,
        shared=True,
    )


def release_action(message: wire.Release, session_id: str) -> Action:
    """What a release pays: a free game, a promotion, or the result of its round."""
    if message.state not in {OPEN, CLOSED}:
        raise FieldInvalidError("state")
    if message.type not in {REAL, PROMOTIONAL}:
        raise FieldInvalidError("type")
    key, amount = message.transactionId, to_money(message.real, message.currency)
    if message.freegameExternalId:
        given = message.freegameExternalId
        return gifts.free_spin(key, amount, given, round_id=message.roundId, session_id=session_id)
    if message.type == PROMOTIONAL:
        reason = PromoReason.PROMO_REASON_OTHER
        return gifts.promo(key, amount, reason, round_id=message.roundId, session_id=session_id)
    return win_action(message, session_id)


def win_action(message: wire.Release, session_id: str) -> Action:
    """A result of all live bets of the round: the wire names no bet."""
    win = Win(round_id=message.roundId, game_id=message.gameId, session_id=session_id)
    win.close = message.state == CLOSED
    win.amount.CopyFrom(to_money(message.real, message.currency))
    _attribute_jackpot(win, message)
    return Action(transaction_key=message.transactionId, win=win)


def _attribute_jackpot(win: Win, message: wire.Release) -> None:
    """Note the jackpot's part of the win. It can be told larger than the win: then nothing is noted."""
    try:
        part = to_money(message.jackpotGain or "0", message.currency)
    except AmountError:
        return
    if 0 < Decimal(part.amount) <= Decimal(win.amount.amount):
        win.jackpot_part.CopyFrom(part)


def cancel_action(message: wire.CancelReserve, session_id: str) -> Action:
    """The reserve of the same id undone."""
    cancel = Cancel(bet_key=message.transactionId, round_id=message.roundId or "", session_id=session_id)
    return Action(transaction_key=message.transactionId, cancel=cancel)


def money_reply(result: Result, balances: Balances) -> dict[str, str]:
    """The answer to a reserve, a release or a cancel. A cancel of an unknown reserve has no id of ours."""
    return {"externalTransactionId": result.transaction_id, **balance_reply(balances)}


def balance_reply(balances: Balances) -> dict[str, str]:
    """What there is now."""
    return {"real": shown(balances.available), "currency": balances.available.currency_code}


def player_reply(facts: SessionFacts, balances: Balances) -> dict[str, str]:
    """Who plays. Nothing personal is told beyond what the game needs."""
    return {
        "externalId": str(facts.player),
        "userCurrency": facts.currency_code,
        "nickname": facts.player.player_id,
        "country": facts.country,
        "birthdate": "",
        "registration": "",
        "language": "",
        "affiliateId": facts.player.licensee,
        "real": shown(balances.available),
        "gender": "",
        "externalGameSessionId": facts.token,
    }


def status(code: Code, message: str) -> Mapping[str, str]:
    """The end of every reply."""
    return {"statusCode": str(int(code)), "statusMessage": message}


def launch_fields(launch: Launch) -> dict[str, str]:
    """The elements of a launch."""
    return {
        "externalId": str(launch.player),
        "ticket": launch.token,
        "gameId": launch.game_id,
        "currency": launch.currency_code,
        "language": launch.language,
        "channel": launch.device.value,
        "lobbyUrl": launch.lobby_url,
    }
