"""Two tables: our outcomes to their codes, and their codes to our errors. Tests prove that both are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.ports import Problem


class Status(enum.StrEnum):
    """The provider's codes."""

    OK = "RS_OK"
    UNKNOWN = "RS_ERROR_UNKNOWN"
    TIMEOUT = "RS_ERROR_TIMEOUT"
    INVALID_PARTNER = "RS_ERROR_INVALID_PARTNER"
    INVALID_TOKEN = "RS_ERROR_INVALID_TOKEN"  # noqa: S105 - a code
    TOKEN_EXPIRED = "RS_ERROR_TOKEN_EXPIRED"  # noqa: S105 - a code
    INVALID_GAME = "RS_ERROR_INVALID_GAME"
    WRONG_CURRENCY = "RS_ERROR_WRONG_CURRENCY"
    NOT_ENOUGH_MONEY = "RS_ERROR_NOT_ENOUGH_MONEY"
    USER_DISABLED = "RS_ERROR_USER_DISABLED"
    INVALID_SIGNATURE = "RS_ERROR_INVALID_SIGNATURE"
    WRONG_SYNTAX = "RS_ERROR_WRONG_SYNTAX"
    WRONG_TYPES = "RS_ERROR_WRONG_TYPES"
    DUPLICATE_TRANSACTION = "RS_ERROR_DUPLICATE_TRANSACTION"
    TRANSACTION_DOES_NOT_EXIST = "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"
    TRANSACTION_ROLLED_BACK = "RS_ERROR_TRANSACTION_ROLLED_BACK"
    LIMIT_REACHED = "RS_ERROR_LIMIT_REACHED"


OUTCOMES: Final[Mapping[Outcome.ValueType, Status]] = {
    Outcome.OUTCOME_UNSPECIFIED: Status.UNKNOWN,
    Outcome.OUTCOME_OK: Status.OK,
    Outcome.OUTCOME_TOMBSTONED: Status.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Status.NOT_ENOUGH_MONEY,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Status.LIMIT_REACHED,
    Outcome.OUTCOME_SESSION_EXPIRED: Status.TOKEN_EXPIRED,
    Outcome.OUTCOME_SESSION_INVALID: Status.INVALID_TOKEN,
    Outcome.OUTCOME_PLAYER_BLOCKED: Status.USER_DISABLED,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Status.INVALID_TOKEN,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Status.INVALID_GAME,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Status.WRONG_CURRENCY,
    Outcome.OUTCOME_AMOUNT_INVALID: Status.WRONG_TYPES,
    # Not UNKNOWN: a win or a cancel that is refused for good must not be sent for ever.
    Outcome.OUTCOME_ROUND_CLOSED: Status.TRANSACTION_DOES_NOT_EXIST,
    Outcome.OUTCOME_ALREADY_SETTLED: Status.TRANSACTION_DOES_NOT_EXIST,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Status.TRANSACTION_DOES_NOT_EXIST,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Status.TRANSACTION_ROLLED_BACK,
    Outcome.OUTCOME_HOLD_ENDED: Status.UNKNOWN,
    Outcome.OUTCOME_HOLD_EXCEEDED: Status.UNKNOWN,
    Outcome.OUTCOME_NOT_APPLIED: Status.UNKNOWN,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Status.USER_DISABLED,
    Outcome.OUTCOME_IN_PROGRESS: Status.UNKNOWN,
    Outcome.OUTCOME_ORIGINAL_PENDING: Status.UNKNOWN,
    Outcome.OUTCOME_UNAVAILABLE: Status.UNKNOWN,
    Outcome.OUTCOME_UNKNOWN: Status.TIMEOUT,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Status.DUPLICATE_TRANSACTION,
    Outcome.OUTCOME_REQUEST_INVALID: Status.WRONG_TYPES,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Status.USER_DISABLED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Status.USER_DISABLED,
    Outcome.OUTCOME_ACCOUNT_NOT_EMPTY: Status.UNKNOWN,
    Outcome.OUTCOME_APPROVAL_NEEDED: Status.UNKNOWN,
    Outcome.OUTCOME_APPROVAL_INVALID: Status.UNKNOWN,
    Outcome.OUTCOME_EFFECTIVE_TIME_REFUSED: Status.UNKNOWN,
}

PROBLEMS: Final[Mapping[Problem, Status]] = {
    Problem.SIGNATURE_INVALID: Status.INVALID_SIGNATURE,
    Problem.CALLER_FORBIDDEN: Status.INVALID_PARTNER,
    Problem.NOT_PARSEABLE: Status.WRONG_SYNTAX,
    Problem.FIELD_INVALID: Status.WRONG_TYPES,
    Problem.TOO_LARGE: Status.WRONG_SYNTAX,
    Problem.PATH_UNKNOWN: Status.WRONG_SYNTAX,
    Problem.METHOD_UNKNOWN: Status.WRONG_SYNTAX,
    Problem.NOT_SUPPORTED: Status.WRONG_TYPES,
    Problem.OVERLOADED: Status.UNKNOWN,
    Problem.INTERNAL: Status.TIMEOUT,
}

FAILURES: Final[Mapping[Status, type[ProviderFailedError | ProviderRefusedError]]] = {
    Status.OK: ProviderFailedError,
    Status.UNKNOWN: ProviderFailedError,
    Status.TIMEOUT: ProviderFailedError,
    Status.INVALID_PARTNER: ProviderRefusedError,
    Status.INVALID_TOKEN: ProviderRefusedError,
    Status.TOKEN_EXPIRED: ProviderRefusedError,
    Status.INVALID_GAME: ProviderRefusedError,
    Status.WRONG_CURRENCY: ProviderRefusedError,
    Status.NOT_ENOUGH_MONEY: ProviderRefusedError,
    Status.USER_DISABLED: ProviderRefusedError,
    Status.INVALID_SIGNATURE: ProviderRefusedError,
    Status.WRONG_SYNTAX: ProviderRefusedError,
    Status.WRONG_TYPES: ProviderRefusedError,
    Status.DUPLICATE_TRANSACTION: ProviderRefusedError,
    Status.TRANSACTION_DOES_NOT_EXIST: ProviderRefusedError,
    Status.TRANSACTION_ROLLED_BACK: ProviderRefusedError,
    Status.LIMIT_REACHED: ProviderRefusedError,
}
"""What an error body of a call to the provider means. A success code in an error body is nonsense: failed."""
