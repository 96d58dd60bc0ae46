"""Two tables: our outcomes to their codes, and their codes to our errors. Tests prove that both are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.outcomes import NEVER_HERE, for_credits
from provider_adapters._kit.ports import Problem


class Code(enum.StrEnum):
    """The provider's codes."""

    OK = "RS_OK"
    UNKNOWN = "RS_ERROR_UNKNOWN"
    TIMEOUT = "RS_ERROR_TIMEOUT"
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
    BET_LIMIT_EXCEEDED = "RS_ERROR_BET_LIMIT_EXCEEDED"


OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    **dict.fromkeys(NEVER_HERE, Code.UNKNOWN),
    Outcome.OUTCOME_UNSPECIFIED: Code.UNKNOWN,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.NOT_ENOUGH_MONEY,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.BET_LIMIT_EXCEEDED,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.TOKEN_EXPIRED,
    Outcome.OUTCOME_SESSION_INVALID: Code.INVALID_TOKEN,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.USER_DISABLED,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.INVALID_TOKEN,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.INVALID_GAME,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.WRONG_CURRENCY,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.WRONG_TYPES,
    # Not UNKNOWN: what is refused for good must not be sent for ever.
    Outcome.OUTCOME_ROUND_CLOSED: Code.TRANSACTION_DOES_NOT_EXIST,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.TRANSACTION_DOES_NOT_EXIST,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.TRANSACTION_DOES_NOT_EXIST,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.TRANSACTION_ROLLED_BACK,
    Outcome.OUTCOME_NOT_APPLIED: Code.UNKNOWN,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.USER_DISABLED,
    Outcome.OUTCOME_IN_PROGRESS: Code.UNKNOWN,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.UNKNOWN,
    Outcome.OUTCOME_UNAVAILABLE: Code.UNKNOWN,
    Outcome.OUTCOME_UNKNOWN: Code.TIMEOUT,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.DUPLICATE_TRANSACTION,
    Outcome.OUTCOME_REQUEST_INVALID: Code.WRONG_TYPES,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.USER_DISABLED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.USER_DISABLED,
}
"""Outcomes of bets and balances."""

CREDITS: Final[Mapping[Outcome.ValueType, Code]] = {
    **for_credits(OUTCOMES, Code.UNKNOWN),
    # After this code the provider gives a win up for ever. A player's money is rather asked for again.
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.UNKNOWN,
}
"""Outcomes of wins and rollbacks."""

PROBLEMS: Final[Mapping[Problem, Code]] = {
    Problem.SIGNATURE_INVALID: Code.INVALID_SIGNATURE,
    Problem.CALLER_FORBIDDEN: Code.INVALID_SIGNATURE,
    Problem.NOT_PARSEABLE: Code.WRONG_SYNTAX,
    Problem.FIELD_INVALID: Code.WRONG_TYPES,
    Problem.TOO_LARGE: Code.WRONG_SYNTAX,
    Problem.PATH_UNKNOWN: Code.WRONG_SYNTAX,
    Problem.METHOD_UNKNOWN: Code.WRONG_SYNTAX,
    Problem.NOT_SUPPORTED: Code.WRONG_TYPES,
    Problem.OVERLOADED: Code.UNKNOWN,
    Problem.INTERNAL: Code.TIMEOUT,
}

FAILURES: Final[Mapping[Code, type[ProviderFailedError | ProviderRefusedError]]] = {
    **dict.fromkeys(Code, ProviderRefusedError),
    Code.OK: ProviderFailedError,
    Code.UNKNOWN: ProviderFailedError,
    Code.TIMEOUT: ProviderFailedError,
}
"""What an error body of a call to the provider means. A success code in an error body is nonsense: failed."""
