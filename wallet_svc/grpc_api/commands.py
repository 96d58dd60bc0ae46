"""Wire actions as commands."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.errors import RequestInvalidError
from mesh.identity import Caller
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import action_pb2
from wallet_svc.domain import commands as c
from wallet_svc.domain.backdating import may_be_backdated
from wallet_svc.domain.vocabulary import AccountClass, Kind, PlayState, Standing
from wallet_svc.grpc_api.standing import answers_of, assertion_of, change_play, enter, record_finding, seconds_of

_LAST_SECOND = 253_402_300_799
_NANOS = 1_000_000_000

LIMIT_NAMES = {
    action_pb2.LIMIT_KIND_DEPOSIT: "deposit",
    action_pb2.LIMIT_KIND_LOSS: "loss",
    action_pb2.LIMIT_KIND_STAKE: "stake",
    action_pb2.LIMIT_KIND_NETDEP: "netdep",
    action_pb2.LIMIT_KIND_WAGER: "wager",
    action_pb2.LIMIT_KIND_TIME: "time",
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
    command = _ACTIONS[kind](getattr(action, kind))
    effective = effective_of(action.effective_time, command) if action.HasField("effective_time") else None
    return c.Command(
        licensee, caller.source, action.player_id, key, command, caller.request_id, effective, caller.workload
    )


def effective_of(moment: Timestamp, action: c.Action) -> int:
    """When a back-dated action took effect. RequestInvalidError for one that cannot be back-dated."""
    if not may_be_backdated(action):
        told = "only a deposit, adjustment, promotional credit, tournament prize or jackpot can be back-dated"
        raise RequestInvalidError(violations=[("effective_time", told)])
    return moment_us("effective_time", moment)


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
        free=message.free_spin,
        assertion=assertion_of(message),
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
        bet_key=plain("bet_key", message.bet_key),
        session=plain("session_id", message.session_id),
        claimed=claimed,
        of=Kind(message.ref_kind or Kind.BET),
    )


def _close_round(message: action_pb2.CloseRound) -> c.CloseRound:
    return c.CloseRound(round=plain("round_id", message.round_id))


def _deposit(message: action_pb2.Deposit) -> c.Deposit:
    return c.Deposit(money=_money(message.amount), answers=answers_of(message))


def _hold(message: action_pb2.Hold) -> c.Hold:
    expires = message.expires_in.ToMicroseconds() if message.HasField("expires_in") else None
    tolerance = _money(message.over_capture_tolerance) if message.HasField("over_capture_tolerance") else None
    return c.Hold(money=_money(message.amount), expires_in_us=expires, tolerance=tolerance)


def _capture(message: action_pb2.Capture) -> c.Capture:
    money = _money(message.amount) if message.HasField("amount") else None
    return c.Capture(hold_key=plain("hold_key", message.hold_key), money=money)


def _release(message: action_pb2.Release) -> c.Release:
    return c.Release(hold_key=plain("hold_key", message.hold_key), by_player=message.by_player)


def _open_account(message: action_pb2.OpenAccount) -> c.OpenAccount:
    return c.OpenAccount(
        currency=message.currency_code,
        jurisdiction=message.jurisdiction,
        born_on=message.born_on,
        person=message.person_key,
        answers=answers_of(message) if message.HasField("answers") else None,
    )


def _open_play(message: action_pb2.OpenPlay) -> c.OpenPlay:
    expires = moment_us("expire_time", message.expire_time) if message.HasField("expire_time") else None
    return c.OpenPlay(
        session=plain("session_id", message.session_id),
        provider=message.provider,
        currency=message.currency_code,
        game=plain("game_id", message.game_id),
        expires_us=expires,
        check_every_s=seconds_of(message, "reality_check_interval"),
        spend_limit=_money(message.spend_limit) if message.HasField("spend_limit") else None,
        seconds_limit=seconds_of(message, "time_limit"),
        answers=answers_of(message),
        replaces=message.replaces_older,
        assertion=assertion_of(message),
        order=plain("order_key", message.order_key),
    )


def _end_play(message: action_pb2.EndPlay) -> c.EndPlay:
    return c.EndPlay(session=plain("session_id", message.session_id), end=PlayState(message.end))


def _set_block(message: action_pb2.SetBlock) -> c.SetBlock:
    return c.SetBlock(blocked=message.blocked)


def _set_limit(message: action_pb2.SetLimit) -> c.SetLimit:
    limit, of_time = LIMIT_NAMES[message.limit_kind], message.limit_kind == action_pb2.LIMIT_KIND_TIME
    wanted = "time" if of_time else "amount"
    if (message.HasField("time"), message.HasField("amount")) != (of_time, not of_time):
        raise RequestInvalidError(violations=[(f"set_limit.{wanted}", "is what a limit of this kind has")])
    if of_time:
        amount: dict[str, Any] = {"seconds": message.time.seconds}
    else:
        amount = {"money": _money(message.amount)}
    return c.SetLimit(limit=limit, window=message.window, by_licensee=message.by_licensee, **amount)


def _confirm_limit(message: action_pb2.ConfirmLimit) -> c.ConfirmLimit:
    limit = LIMIT_NAMES[message.limit_kind]
    return c.ConfirmLimit(limit=limit, window=message.window, by_licensee=message.by_licensee)


def _cancel_pending_limit(message: action_pb2.CancelPendingLimit) -> c.CancelPendingLimit:
    return c.CancelPendingLimit(limit=LIMIT_NAMES[message.limit_kind], window=message.window)


def _exclude(message: action_pb2.Exclude) -> c.Exclude:
    return c.Exclude(term=message.term)


def _take_break(message: action_pb2.TakeBreak) -> c.TakeBreak:
    return c.TakeBreak(term=message.term)


def _request_reinstatement(message: action_pb2.RequestReinstatement) -> c.RequestReinstatement:
    del message
    return c.RequestReinstatement()


def _tip(message: action_pb2.Tip) -> c.Tip:
    return c.Tip(
        money=_money(message.amount),
        session=plain("session_id", message.session_id),
        round=plain("round_id", message.round_id),
        game=plain("game_id", message.game_id),
    )


def _rollback_list(message: action_pb2.RollbackList) -> c.RollbackList:
    items = [(Kind(item.kind), plain("transaction_key", item.transaction_key)) for item in message.items]
    return c.RollbackList(items=tuple(items))


def _reverse_win(message: action_pb2.ReverseWin) -> c.ReverseWin:
    return c.ReverseWin(win_key=plain("win_key", message.win_key))


def _undo_rollback(message: action_pb2.UndoRollback) -> c.UndoRollback:
    return c.UndoRollback(cancel_key=plain("cancel_key", message.cancel_key))


def target_of(to: action_pb2.CreditTarget.ValueType) -> AccountClass:
    """The sub-balance of a credit."""
    return AccountClass.BONUS if to == action_pb2.CREDIT_TARGET_BONUS else AccountClass.CASH


def reason_of(reason: action_pb2.PromoReason.ValueType) -> str:
    """What a promotional credit is for, "cashback"."""
    name = action_pb2.PromoReason.Name(reason or action_pb2.PROMO_REASON_OTHER)
    return name.removeprefix("PROMO_REASON_").lower()


def _credit(kind: Kind) -> Callable[[action_pb2.Tournament | action_pb2.Jackpot | action_pb2.Promo], c.Credit]:
    def credit(message: action_pb2.Tournament | action_pb2.Jackpot | action_pb2.Promo) -> c.Credit:
        return c.Credit(
            kind=kind,
            money=_money(message.amount),
            to=target_of(message.to),
            round=plain("round_id", message.round_id),
            session=plain("session_id", message.session_id),
            reason=reason_of(message.reason) if isinstance(message, action_pb2.Promo) else "",
        )

    return credit


def _free_round(kind: Kind) -> Callable[[action_pb2.FreeRoundSpin | action_pb2.FreeRoundTotal], c.FreeRound]:
    def free_round(message: action_pb2.FreeRoundSpin | action_pb2.FreeRoundTotal) -> c.FreeRound:
        return c.FreeRound(
            kind=kind,
            grant=plain("grant_id", message.grant_id),
            money=_money(message.amount),
            to=target_of(message.to),
            round=plain("round_id", message.round_id) if isinstance(message, action_pb2.FreeRoundSpin) else "",
            session=plain("session_id", message.session_id),
        )

    return free_round


def adjust_of(message: action_pb2.Adjust) -> c.Adjust:
    """A correction."""
    return c.Adjust(
        ref_kind=Kind(message.ref_kind),
        ref_key=plain("ref_key", message.ref_key),
        money=_money(message.amount),
        ref_source=message.ref_source,
        reason=plain("reason", message.reason),
    )


def _propose_adjustment(message: action_pb2.ProposeAdjustment) -> c.ProposeAdjustment:
    person = plain("proposed_by", message.proposed_by)
    return c.ProposeAdjustment(adjustment=adjust_of(message.adjustment), proposed_by=person)


def _approve_adjustment(message: action_pb2.ApproveAdjustment) -> c.ApproveAdjustment:
    return c.ApproveAdjustment(
        proposal_key=plain("proposal_key", message.proposal_key),
        payload_hash=message.payload_hash,
        approved_by=plain("approved_by", message.approved_by),
    )


_DIRECTIONS = {
    action_pb2.FREEZE_DIRECTION_IN: Standing.FROZEN_IN,
    action_pb2.FREEZE_DIRECTION_OUT: Standing.FROZEN_OUT,
}


def _freeze(kind: Kind) -> Callable[[action_pb2.FreezeAccount | action_pb2.UnfreezeAccount], c.SetStanding]:
    def freeze(message: action_pb2.FreezeAccount | action_pb2.UnfreezeAccount) -> c.SetStanding:
        what, reason = _DIRECTIONS[message.direction], plain("reason", message.reason)
        return c.SetStanding(kind=kind, currency=message.currency_code, what=what, reason=reason)

    return freeze


def _closing(kind: Kind) -> Callable[[action_pb2.CloseAccount | action_pb2.ReopenAccount], c.SetStanding]:
    def closing(message: action_pb2.CloseAccount | action_pb2.ReopenAccount) -> c.SetStanding:
        reason = plain("reason", message.reason)
        return c.SetStanding(kind=kind, currency=message.currency_code, what=Standing.CLOSED, reason=reason)

    return closing


def _resume_play(message: action_pb2.ResumePlay) -> c.ResumePlay:
    return c.ResumePlay(session=plain("session_id", message.session_id))


def moment_us(field: str, moment: Timestamp) -> int:
    """Microseconds since 1970 of a moment that a calendar has."""
    if not (0 <= moment.seconds <= _LAST_SECOND and 0 <= moment.nanos < _NANOS):
        raise RequestInvalidError(violations=[(field, "must be a moment from 1970 to 9999")])
    return moment.seconds * 1_000_000 + moment.nanos // 1_000


def plain(field: str, text: str) -> str:
    """The text, which must not have NUL: PostgreSQL cannot hold it."""
    if "\x00" in text:
        raise RequestInvalidError(violations=[(field, "must not have a NUL character")])
    return text


def action_of(kind: str, message: Message) -> c.Action:
    """The action of a message, by its name in `Action.kind`."""
    return _ACTIONS[kind](message)


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
    "approve_reinstatement": lambda _message: c.ApproveReinstatement(),
    "enter": enter,
    "change_play": change_play,
    "record_finding": record_finding,
    "leave_for_good": lambda _message: c.LeaveForGood(),
    "tip": _tip,
    "rollback_list": _rollback_list,
    "reverse_win": _reverse_win,
    "undo_rollback": _undo_rollback,
    "promo": _credit(Kind.PROMO),
    "tournament": _credit(Kind.TOURNAMENT),
    "jackpot": _credit(Kind.JACKPOT),
    "free_round_spin": _free_round(Kind.FREE_ROUND_SPIN),
    "free_round_total": _free_round(Kind.FREE_ROUND_TOTAL),
    "adjust": adjust_of,
    "propose_adjustment": _propose_adjustment,
    "approve_adjustment": _approve_adjustment,
    "freeze_account": _freeze(Kind.FREEZE_ACCOUNT),
    "unfreeze_account": _freeze(Kind.UNFREEZE_ACCOUNT),
    "close_account": _closing(Kind.CLOSE_ACCOUNT),
    "reopen_account": _closing(Kind.REOPEN_ACCOUNT),
    "resume_play": _resume_play,
}
