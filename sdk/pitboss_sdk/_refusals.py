"""Two tables: outcomes to exceptions, error reasons to exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import grpc

from pitboss_sdk import errors
from pitboss_sdk.failure import Failure, Trouble
from pitboss_sdk.values import Receipt
from pitboss_sdk.vocabulary import Outcome

REFUSALS: Final[Mapping[Outcome, type[errors.RefusedError]]] = {
    Outcome.INSUFFICIENT_FUNDS: errors.InsufficientFundsError,
    Outcome.LIMIT_EXCEEDED: errors.LimitExceededError,
    Outcome.PLAYER_BLOCKED: errors.PlayerBlockedError,
    Outcome.PLAYER_NOT_FOUND: errors.PlayerUnknownError,
    Outcome.CURRENCY_MISMATCH: errors.CurrencyMismatchError,
    Outcome.AMOUNT_INVALID: errors.AmountInvalidError,
    Outcome.ORIGINAL_NOT_FOUND: errors.WithdrawalNotFoundError,
    Outcome.HOLD_ENDED: errors.WithdrawalEndedError,
    Outcome.HOLD_EXCEEDED: errors.WithdrawalExceededError,
    Outcome.COMPLIANCE_DENIED: errors.ActionDeniedError,
    Outcome.ACCOUNT_FROZEN: errors.AccountFrozenError,
    Outcome.ACCOUNT_CLOSED: errors.AccountClosedError,
    Outcome.ACCOUNT_NOT_EMPTY: errors.AccountNotEmptyError,
    Outcome.APPROVAL_NEEDED: errors.ApprovalNeededError,
    Outcome.APPROVAL_INVALID: errors.ApprovalInvalidError,
    Outcome.ALREADY_ROLLED_BACK: errors.AlreadyRolledBackError,
    Outcome.EFFECTIVE_TIME_REFUSED: errors.EffectiveTimeRefusedError,
    Outcome.IDEMPOTENCY_CONFLICT: errors.KeyReusedError,
}

REASONS: Final[Mapping[str, type[errors.CallError]]] = {
    "REQUEST_INVALID": errors.RequestInvalidError,
    "CALLER_UNKNOWN": errors.UnauthenticatedError,
    "CALLER_FORBIDDEN": errors.ForbiddenError,
    "LICENSEE_MISSING": errors.UnauthenticatedError,
    "SCOPE_MISSING": errors.ScopeMissingError,
    "OVERLOADED": errors.OverloadedError,
    "DEPENDENCY_DOWN": errors.ServiceDownError,
    "DEADLINE_EXCEEDED": errors.DeadlineExceededError,
    "INTERNAL": errors.InternalError,
    "PAGE_TOKEN_INVALID": errors.PageTokenInvalidError,
    "MESSAGE_TOO_LARGE": errors.MessageTooLargeError,
    "PLAYER_NOT_FOUND": errors.PlayerNotKnownError,
    "TRANSACTION_NOT_FOUND": errors.TransactionNotFoundError,
    "CURRENCY_UNKNOWN": errors.CurrencyUnknownError,
    "LICENSEE_NOT_FOUND": errors.NotFoundError,
    "LICENSEE_SUSPENDED": errors.LicenseeSuspendedError,
    "SHARD_NOT_FOUND": errors.NotFoundError,
    "ASSET_IN_USE": errors.CallError,
    "PACK_REFUSED": errors.CallError,
    "PACK_UNKNOWN": errors.CallError,
    "PROVIDER_NOT_FOUND": errors.ProviderNotFoundError,
    "MOMENT_NOT_REACHED": errors.MomentNotReachedError,
    "LINES_NOT_SORTED": errors.LinesNotSortedError,
    "WALLET_MODE_FIXED": errors.CallError,
    "PENDING_CALL_NOT_FOUND": errors.NotFoundError,
    "SESSION_NOT_FOUND": errors.SessionNotFoundError,
    "SESSION_ENDED": errors.SessionEndedError,
    "GAME_NOT_AVAILABLE": errors.GameNotAvailableError,
    "LAUNCH_FAILED": errors.LaunchFailedError,
    "GRANT_NOT_FOUND": errors.GrantNotFoundError,
    "GRANT_OVER": errors.GrantOverError,
    "GRANT_REFUSED": errors.GrantRefusedError,
    "GRANT_UNKNOWN": errors.GrantUnknownError,
    "FREE_ROUNDS_NOT_OFFERED": errors.FreeRoundsNotOfferedError,
    "ROUND_NOT_FOUND": errors.RoundNotFoundError,
    "DEMO_NOT_OFFERED": errors.DemoNotOfferedError,
    "DEMO_SESSION": errors.CallError,
    "TOKEN_SWAPPED": errors.CallError,
    "REPLAY_NOT_OFFERED": errors.ReplayNotOfferedError,
    "REPLAY_REFUSED": errors.ReplayRefusedError,
    "RECORD_NOT_TOLD": errors.CallError,
    "PLAY_DENIED": errors.PlayDeniedError,
    "REQUEST_CONFLICT": errors.KeyTakenError,
    "KEY_CONFLICT": errors.KeyTakenError,
    "DECISION_NOT_FOUND": errors.DecisionNotFoundError,
    "PACK_NOT_FOUND": errors.NotFoundError,
    "CASE_NOT_FOUND": errors.NotFoundError,
    "CASE_REFUSED": errors.CallError,
}

CODES: Final[Mapping[grpc.StatusCode, type[errors.CallError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.RequestInvalidError,
    grpc.StatusCode.UNAUTHENTICATED: errors.UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: errors.ForbiddenError,
    grpc.StatusCode.NOT_FOUND: errors.NotFoundError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.OverloadedError,
    grpc.StatusCode.UNAVAILABLE: errors.ServiceDownError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceededError,
    grpc.StatusCode.UNIMPLEMENTED: errors.UnsupportedError,
    grpc.StatusCode.INTERNAL: errors.InternalError,
    grpc.StatusCode.UNKNOWN: errors.InternalError,
    grpc.StatusCode.DATA_LOSS: errors.InternalError,
}
"""For failures without a reason: made by the gateway, a balancer, or this side."""

_TROUBLES: Final[Mapping[Trouble, type[errors.EndpointError]]] = {
    Trouble.NOT_GRPC: errors.NotGrpcError,
    Trouble.CERTIFICATE: errors.CertificateError,
    Trouble.PLAINTEXT: errors.NotTlsError,
}


def refusal(receipt: Receipt) -> errors.RefusedError:
    """The exception of an outcome."""
    return REFUSALS.get(receipt.outcome, errors.RefusedError)(receipt)


def call_error(failure: Failure, *, request_id: str, transaction_key: str = "") -> errors.CallError:
    """The exception of a failed call."""
    kind: type[errors.CallError] | None = _TROUBLES.get(failure.trouble)
    kind = kind or REASONS.get(failure.reason.removeprefix("ERROR_REASON_"))
    kind = kind or CODES.get(failure.code, errors.CallError)
    return kind(failure, request_id=request_id, transaction_key=transaction_key)
