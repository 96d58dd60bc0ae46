"""Their messages to our actions, and our results to their replies. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Cancel, Result, Win
from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.ports import Launch, SessionFacts
from provider_adapters._kit.typed_json import FieldInvalidError
from provider_adapters.playngo_style import wire
from provider_adapters.playngo_style.amounts import shown, to_money
from provider_adapters.playngo_style.errors import Code

OPEN, CLOSED = "0", "1"
REAL = "0"


def bet_action(message: wire.Reserve, session_id: str) -> Action:
    """A stake of the session that was resolved from the session id."""
    bet = Bet(round_id=message.roundId, game_id=message.gameId, session_id=session_id)
    bet.amount.CopyFrom(to_money(message.real, message.currency))
    return Action(transaction_key=message.transactionId, bet=bet)


def win_action(message: wire.Release, session_id: str) -> Action:
    """A result of all live bets of the round: the wire names no bet."""
    if message.state not in {OPEN, CLOSED}:
        raise FieldInvalidError("state")
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
