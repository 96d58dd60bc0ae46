"""Calls about accounts and payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from google.protobuf.duration_pb2 import Duration

from pitboss_sdk import _reading as reading
from pitboss_sdk._calls.action import ATTEMPT_S, Action
from pitboss_sdk._conversation import Method, Plain, Send
from pitboss_sdk._keys import new_key
from pitboss_sdk._paging import Page
from pitboss_sdk._stubs.pitboss.wallet.v1 import action_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1 import wallet_service_pb2 as pb
from pitboss_sdk.money import Money
from pitboss_sdk.values import Adjustment, Balances, SessionPlay, Transaction
from pitboss_sdk.vocabulary import FreezeDirection, PromoReason, TransactionKind, TransactionState

LARGEST_PAGE: Final = 500

_Request: TypeAlias = (
    pb.OpenAccountRequest
    | pb.DepositRequest
    | pb.TransferInRequest
    | pb.TransferOutRequest
    | pb.RequestWithdrawalRequest
    | pb.CaptureWithdrawalRequest
    | pb.ReleaseWithdrawalRequest
    | pb.BlockPlayerRequest
    | pb.CreditPlayerRequest
    | pb.AdjustTransactionRequest
    | pb.ProposeAdjustmentRequest
    | pb.ApproveAdjustmentRequest
    | pb.FreezeAccountRequest
    | pb.UnfreezeAccountRequest
    | pb.CloseAccountRequest
    | pb.ReopenAccountRequest
)


def open_account(
    player_id: str, currency_code: str, jurisdiction: str, born_on: date | None, person_key: str, key: str | None
) -> Action:
    """Create a player, or add a currency to a known one."""
    request = pb.OpenAccountRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        currency_code=currency_code,
        jurisdiction=jurisdiction,
        born_on=born_on.isoformat() if born_on else "",
        person_key=person_key,
    )
    return _action(lambda stubs: stubs.wallet.OpenAccount, request, TransactionKind.OPEN_ACCOUNT)


def deposit(player_id: str, amount: Money, key: str | None, effective_time: datetime | None = None) -> Action:
    """Book confirmed money."""
    request = pb.DepositRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        amount=_money(amount),
        effective_time=reading.moment_message(effective_time),
    )
    return _action(lambda stubs: stubs.wallet.Deposit, request, TransactionKind.DEPOSIT)


def transfer_in(player_id: str, amount: Money, key: str | None) -> Action:
    """Move money into a game wallet."""
    request = pb.TransferInRequest(player_id=player_id, transaction_key=key or new_key(), amount=_money(amount))
    return _action(lambda stubs: stubs.wallet.TransferIn, request, TransactionKind.TRANSFER_IN)


def transfer_out(player_id: str, what: Money | str, key: str | None) -> Action:
    """Move money out of a game wallet: an amount, or all of a currency."""
    request = pb.TransferOutRequest(player_id=player_id, transaction_key=key or new_key())
    if isinstance(what, str):
        request.all_of = what
    else:
        request.amount.CopyFrom(_money(what))
    return _action(lambda stubs: stubs.wallet.TransferOut, request, TransactionKind.TRANSFER_OUT)


def request_withdrawal(
    player_id: str, amount: Money, expires_in: timedelta | None, key: str | None, tolerance: Money | None = None
) -> Action:
    """Reserve money for a payment to the player."""
    request = pb.RequestWithdrawalRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        amount=_money(amount),
        over_capture_tolerance=None if tolerance is None else _money(tolerance),
    )
    if expires_in is not None:
        span = Duration()
        span.FromTimedelta(expires_in)
        request.expires_in.CopyFrom(span)
    return _action(lambda stubs: stubs.wallet.RequestWithdrawal, request, TransactionKind.HOLD)


def capture_withdrawal(player_id: str, withdrawal_key: str, amount: Money | None, key: str | None) -> Action:
    """Pay out what was reserved, wholly or in part."""
    part = None if amount is None else _money(amount)
    request = pb.CaptureWithdrawalRequest(
        player_id=player_id, transaction_key=key or new_key(), withdrawal_key=withdrawal_key, amount=part
    )
    return _action(lambda stubs: stubs.wallet.CaptureWithdrawal, request, TransactionKind.CAPTURE)


def release_withdrawal(player_id: str, withdrawal_key: str, key: str | None) -> Action:
    """Give the rest back."""
    request = pb.ReleaseWithdrawalRequest(
        player_id=player_id, transaction_key=key or new_key(), withdrawal_key=withdrawal_key
    )
    return _action(lambda stubs: stubs.wallet.ReleaseWithdrawal, request, TransactionKind.RELEASE)


def block(player_id: str, key: str | None, *, blocked: bool) -> Action:
    """Block or unblock stakes."""
    request = pb.BlockPlayerRequest(player_id=player_id, transaction_key=key or new_key(), blocked=blocked)
    return _action(lambda stubs: stubs.wallet.BlockPlayer, request, TransactionKind.SET_BLOCK)


def credit(player_id: str, amount: Money, reason: PromoReason, key: str | None, *, to_bonus: bool) -> Action:
    """Pay a promotional credit."""
    to = action_pb2.CREDIT_TARGET_BONUS if to_bonus else action_pb2.CREDIT_TARGET_CASH
    promo = action_pb2.Promo(amount=_money(amount), reason=reason.value, to=to)  # type: ignore[arg-type]
    request = pb.CreditPlayerRequest(player_id=player_id, transaction_key=key or new_key(), promo=promo)
    return _action(lambda stubs: stubs.wallet.CreditPlayer, request, TransactionKind.PROMO)


def adjust(player_id: str, adjustment: Adjustment, key: str | None) -> Action:
    """Correct a bet or a win."""
    request = pb.AdjustTransactionRequest(
        player_id=player_id, transaction_key=key or new_key(), adjustment=_adjustment(adjustment)
    )
    return _action(lambda stubs: stubs.wallet.AdjustTransaction, request, TransactionKind.ADJUST)


def propose_adjustment(player_id: str, adjustment: Adjustment, proposed_by: str, key: str | None) -> Action:
    """Store a correction that waits for a second person."""
    proposal = action_pb2.ProposeAdjustment(adjustment=_adjustment(adjustment), proposed_by=proposed_by)
    request = pb.ProposeAdjustmentRequest(player_id=player_id, transaction_key=key or new_key(), proposal=proposal)
    return _action(lambda stubs: stubs.wallet.ProposeAdjustment, request, TransactionKind.PROPOSE_ADJUSTMENT)


def approve_adjustment(
    player_id: str, proposal_key: str, payload_hash: str, approved_by: str, key: str | None
) -> Action:
    """Book a proposed correction."""
    approval = action_pb2.ApproveAdjustment(
        proposal_key=proposal_key, payload_hash=payload_hash, approved_by=approved_by
    )
    request = pb.ApproveAdjustmentRequest(player_id=player_id, transaction_key=key or new_key(), approval=approval)
    return _action(lambda stubs: stubs.wallet.ApproveAdjustment, request, TransactionKind.APPROVE_ADJUSTMENT)


def _adjustment(adjustment: Adjustment) -> action_pb2.Adjust:
    return action_pb2.Adjust(
        ref_kind=adjustment.kind.value,  # type: ignore[arg-type]
        ref_key=adjustment.transaction_key,
        amount=_money(adjustment.amount),
        ref_source=adjustment.provider,
        reason=adjustment.reason,
    )


def freeze(player_id: str, currency_code: str, direction: FreezeDirection, reason: str, key: str | None) -> Action:
    """Freeze an account."""
    what = action_pb2.FreezeAccount(
        currency_code=currency_code,
        direction=direction.value,  # type: ignore[arg-type]
        reason=reason,
    )
    request = pb.FreezeAccountRequest(player_id=player_id, transaction_key=key or new_key(), freeze=what)
    return _action(lambda stubs: stubs.wallet.FreezeAccount, request, TransactionKind.FREEZE_ACCOUNT)


def unfreeze(player_id: str, currency_code: str, direction: FreezeDirection, reason: str, key: str | None) -> Action:
    """End a freeze."""
    what = action_pb2.UnfreezeAccount(
        currency_code=currency_code,
        direction=direction.value,  # type: ignore[arg-type]
        reason=reason,
    )
    request = pb.UnfreezeAccountRequest(player_id=player_id, transaction_key=key or new_key(), freeze=what)
    return _action(lambda stubs: stubs.wallet.UnfreezeAccount, request, TransactionKind.UNFREEZE_ACCOUNT)


def close_account(player_id: str, currency_code: str, reason: str, key: str | None) -> Action:
    """Close an empty account."""
    what = action_pb2.CloseAccount(currency_code=currency_code, reason=reason)
    request = pb.CloseAccountRequest(player_id=player_id, transaction_key=key or new_key(), closing=what)
    return _action(lambda stubs: stubs.wallet.CloseAccount, request, TransactionKind.CLOSE_ACCOUNT)


def reopen_account(player_id: str, currency_code: str, reason: str, key: str | None) -> Action:
    """Open a closed account again."""
    what = action_pb2.ReopenAccount(currency_code=currency_code, reason=reason)
    request = pb.ReopenAccountRequest(player_id=player_id, transaction_key=key or new_key(), opening=what)
    return _action(lambda stubs: stubs.wallet.ReopenAccount, request, TransactionKind.REOPEN_ACCOUNT)


def balance(player_id: str, currency_code: str) -> Plain[Balances]:
    """Read balances."""
    request = pb.WalletServiceGetBalanceRequest(player_id=player_id, currency_code=currency_code)
    return Plain(
        first=Send(method=lambda stubs: stubs.wallet.GetBalance, request=request),
        read=lambda response: reading.balances(response.balances),
    )


def session_play(player_id: str, session_id: str) -> Plain[SessionPlay]:
    """Time and money of a session."""
    return Plain(
        first=Send(
            method=lambda stubs: stubs.wallet.GetSessionPlay,
            request=pb.GetSessionPlayRequest(player_id=player_id, session_id=session_id),
        ),
        read=reading.session_play,
    )


def transaction(player_id: str, kind: TransactionKind, key: str, source: str) -> Plain[Transaction]:
    """What the ledger knows about a key."""
    request = pb.LookUpTransactionRequest(
        player_id=player_id,
        kind=kind.value,  # type: ignore[arg-type]
        transaction_key=key,
        source=source,
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.wallet.LookUpTransaction, request=request),
        read=lambda response: reading.transaction(response.transaction),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which transactions are listed, and in which order."""

    player_id: str
    kinds: Sequence[TransactionKind]
    source: str
    round_id: str
    states: Sequence[TransactionState]
    since: datetime | None
    until: datetime | None
    oldest_first: bool


def transactions_page(scope: Scope, page_size: int, token: str) -> Plain[Page[Transaction]]:
    """One page of a player's transactions."""
    request = pb.ListTransactionsRequest(
        player_id=scope.player_id,
        page_size=page_size,
        page_token=token,
        kinds=[kind.value for kind in scope.kinds],  # type: ignore[misc]
        source=scope.source,
        round_id=scope.round_id,
        states=[state.value for state in scope.states],  # type: ignore[misc]
        start_time=reading.moment_message(scope.since),
        end_time=reading.moment_message(scope.until),
        order=pb.LIST_ORDER_OLDEST_FIRST if scope.oldest_first else pb.LIST_ORDER_NEWEST_FIRST,
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.wallet.ListTransactions, request=request),
        read=lambda response: Page(
            items=tuple(reading.transaction(each) for each in response.transactions),
            next_token=response.next_page_token,
        ),
    )


_money = reading.money_message


def _action(method: Method, request: _Request, kind: TransactionKind) -> Action:
    return Action(
        first=Send(method=method, request=request, timeout_s=ATTEMPT_S),
        player_id=request.player_id,
        kind=kind,
        transaction_key=request.transaction_key,
        result=lambda response: response.result,
    )
