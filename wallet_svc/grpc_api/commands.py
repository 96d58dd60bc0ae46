"""Wire actions as commands."""

from collections.abc import Callable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from mesh.errors import RequestInvalidError
from mesh.identity import Caller
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import action_pb2
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import PlayState

_LAST_SECOND = 253_402_300_799
_NANOS = 1_000_000_000

LIMIT_NAMES = {
    action_pb2.LIMIT_KIND_DEPOSIT: "deposit",
    action_pb2.LIMIT_KIND_LOSS: "loss",
    action_pb2.LIMIT_KIND_STAKE: "stake",
}


def command_of(action: action_pb2.Action, caller: Caller, licensee: str) -> c.Command:
    """The command of a caller. The tenant and the source are the caller's, never the message's."""
    kind = action.WhichOneof("kind")
    if kind is None:
        raise RequestInvalidError(violations=[("action.kind", "say what to do")])
    key = action.transaction_key
    if not key and kind != "close_round":
        raise RequestInvalidError(violations=[("action.transaction_key", "every action but close_round needs a key")])
    plain("action.transaction_key", key)
    return c.Command(
        licensee, caller.source, action.player_id, key, _ACTIONS[kind](getattr(action, kind)), caller.request_id
    )


def _money(money: money_pb2.Money) -> c.MoneyText:
    return c.MoneyText(money.currency_code, money.amount)


def _bet(message: action_pb2.Bet) -> c.Bet:
    return c.Bet(
        round=plain("round_id", message.round_id),
        money=_money(message.amount),
        game=plain("game_id", message.game_id),
        session=plain("session_id", message.session_id),
        close=message.close,
        automatic=message.automatic,
        jackpot=_money(message.jackpot_contribution) if message.HasField("jackpot_contribution") else None,
    )


def _win(message: action_pb2.Win) -> c.Win:
    return c.Win(
        round=plain("round_id", message.round_id),
        money=_money(message.amount),
        bet_key=plain("bet_key", message.bet_key),
        game=plain("game_id", message.game_id),
        session=plain("session_id", message.session_id),
        close=message.close,
        jackpot=_money(message.jackpot_part) if message.HasField("jackpot_part") else None,
    )


def _bet_and_win(message: action_pb2.BetAndWin) -> c.BetAndWin:
    return c.BetAndWin(
        bet=_bet(message.bet), win_key=plain("win_key", message.win_key), win_money=_money(message.win_amount)
    )


def _cancel(message: action_pb2.Cancel) -> c.Cancel:
    claimed = _money(message.amount) if message.HasField("amount") else None
    return c.Cancel(
        bet_key=plain("bet_key", message.bet_key), session=plain("session_id", message.session_id), claimed=claimed
    )


def _close_round(message: action_pb2.CloseRound) -> c.CloseRound:
    return c.CloseRound(round=plain("round_id", message.round_id))


def _deposit(message: action_pb2.Deposit) -> c.Deposit:
    return c.Deposit(money=_money(message.amount))


def _hold(message: action_pb2.Hold) -> c.Hold:
    expires = message.expires_in.ToMicroseconds() if message.HasField("expires_in") else None
    return c.Hold(money=_money(message.amount), expires_in_us=expires)


def _capture(message: action_pb2.Capture) -> c.Capture:
    money = _money(message.amount) if message.HasField("amount") else None
    return c.Capture(hold_key=plain("hold_key", message.hold_key), money=money)


def _release(message: action_pb2.Release) -> c.Release:
    return c.Release(hold_key=plain("hold_key", message.hold_key))


def _open_account(message: action_pb2.OpenAccount) -> c.OpenAccount:
    return c.OpenAccount(currency=message.currency_code, jurisdiction=message.jurisdiction, born_on=message.born_on)


def _open_play(message: action_pb2.OpenPlay) -> c.OpenPlay:
    expires = _moment_us("expire_time", message.expire_time) if message.HasField("expire_time") else None
    return c.OpenPlay(
        session=plain("session_id", message.session_id),
        provider=message.provider,
        currency=message.currency_code,
        game=plain("game_id", message.game_id),
        expires_us=expires,
    )


def _end_play(message: action_pb2.EndPlay) -> c.EndPlay:
    return c.EndPlay(session=plain("session_id", message.session_id), end=PlayState(message.end))


def _set_block(message: action_pb2.SetBlock) -> c.SetBlock:
    return c.SetBlock(blocked=message.blocked)


def _set_limit(message: action_pb2.SetLimit) -> c.SetLimit:
    return c.SetLimit(limit=LIMIT_NAMES[message.limit_kind], window=message.window, money=_money(message.amount))


def _confirm_limit(message: action_pb2.ConfirmLimit) -> c.ConfirmLimit:
    return c.ConfirmLimit(limit=LIMIT_NAMES[message.limit_kind], window=message.window)


def _cancel_pending_limit(message: action_pb2.CancelPendingLimit) -> c.CancelPendingLimit:
    return c.CancelPendingLimit(limit=LIMIT_NAMES[message.limit_kind], window=message.window)


def _exclude(message: action_pb2.Exclude) -> c.Exclude:
    return c.Exclude(term=message.term)


def _take_break(message: action_pb2.TakeBreak) -> c.TakeBreak:
    return c.TakeBreak(term=message.term)


def _request_reinstatement(message: action_pb2.RequestReinstatement) -> c.RequestReinstatement:
    del message
    return c.RequestReinstatement()


def _moment_us(field: str, moment: Timestamp) -> int:
    """Microseconds since 1970 of a moment that a calendar has."""
    if not (0 <= moment.seconds <= _LAST_SECOND and 0 <= moment.nanos < _NANOS):
        raise RequestInvalidError(violations=[(field, "must be a moment from 1970 to 9999")])
    return moment.seconds * 1_000_000 + moment.nanos // 1_000


def plain(field: str, text: str) -> str:
    """The text, which must not have NUL: PostgreSQL cannot hold it."""
    if "\x00" in text:
        raise RequestInvalidError(violations=[(field, "must not have a NUL character")])
    return text


_ACTIONS: dict[str, Callable[[Any], c.Action]] = {
    "bet": _bet,
    "win": _win,
    "bet_and_win": _bet_and_win,
    "cancel": _cancel,
    "close_round": _close_round,
    "deposit": _deposit,
    "hold": _hold,
    "capture": _capture,
    "release": _release,
    "open_account": _open_account,
    "open_play": _open_play,
    "end_play": _end_play,
    "set_block": _set_block,
    "set_limit": _set_limit,
    "confirm_limit": _confirm_limit,
    "cancel_pending_limit": _cancel_pending_limit,
    "exclude": _exclude,
    "take_break": _take_break,
    "request_reinstatement": _request_reinstatement,
}
