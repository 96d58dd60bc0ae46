"""Two tables: our outcomes to their codes, and their codes to our errors. Tests hold both complete."""

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.ports import Problem


class Code(enum.IntEnum):
    """The provider's `error`: a number in our replies, the same number as text in its own."""

    OK = 0
    INSUFFICIENT_BALANCE = 1
    PLAYER_NOT_FOUND = 2
    BET_NOT_ALLOWED = 3
    TOKEN_INVALID = 4
    HASH_INVALID = 5
    PLAYER_FROZEN = 6
    BAD_PARAMETERS = 7
    GAME_NOT_AVAILABLE = 8
    LIMIT_REACHED = 50
    TRY_AGAIN = 100
    """The provider repeats results, refunds and ends of rounds, and refunds bets."""
    REFUSED = 120
    """Final: the provider neither repeats nor refunds."""


DESCRIPTIONS: Final[Mapping[Code, str]] = {
    Code.OK: "Success",
    Code.INSUFFICIENT_BALANCE: "Insufficient balance",
    Code.PLAYER_NOT_FOUND: "Player not found",
    Code.BET_NOT_ALLOWED: "Bet is not allowed",
    Code.TOKEN_INVALID: "Token is unknown or expired",
    Code.HASH_INVALID: "Hash is not valid",
    Code.PLAYER_FROZEN: "Player is frozen",
    Code.BAD_PARAMETERS: "Bad parameters",
    Code.GAME_NOT_AVAILABLE: "Game is not available",
    Code.LIMIT_REACHED: "Limit reached",
    Code.TRY_AGAIN: "Not now, try again",
    Code.REFUSED: "Refused for good",
}

BET_CODES: Final[Mapping[Outcome.ValueType, Code]] = {
    Outcome.OUTCOME_UNSPECIFIED: Code.TRY_AGAIN,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.INSUFFICIENT_BALANCE,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.LIMIT_REACHED,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.TOKEN_INVALID,
    Outcome.OUTCOME_SESSION_INVALID: Code.TOKEN_INVALID,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.PLAYER_FROZEN,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.PLAYER_NOT_FOUND,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.GAME_NOT_AVAILABLE,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.BAD_PARAMETERS,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.BAD_PARAMETERS,
    Outcome.OUTCOME_ROUND_CLOSED: Code.BET_NOT_ALLOWED,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.REFUSED,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.REFUSED,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.REFUSED,
    Outcome.OUTCOME_HOLD_ENDED: Code.REFUSED,
    Outcome.OUTCOME_HOLD_EXCEEDED: Code.REFUSED,
    Outcome.OUTCOME_NOT_APPLIED: Code.REFUSED,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.BET_NOT_ALLOWED,
    Outcome.OUTCOME_IN_PROGRESS: Code.TRY_AGAIN,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.TRY_AGAIN,
    Outcome.OUTCOME_UNAVAILABLE: Code.TRY_AGAIN,
    Outcome.OUTCOME_UNKNOWN: Code.TRY_AGAIN,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.REFUSED,
    Outcome.OUTCOME_REQUEST_INVALID: Code.BAD_PARAMETERS,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.PLAYER_FROZEN,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.PLAYER_FROZEN,
    Outcome.OUTCOME_ACCOUNT_NOT_EMPTY: Code.REFUSED,
    Outcome.OUTCOME_APPROVAL_NEEDED: Code.REFUSED,
    Outcome.OUTCOME_APPROVAL_INVALID: Code.REFUSED,
    Outcome.OUTCOME_EFFECTIVE_TIME_REFUSED: Code.REFUSED,
}
"""Outcomes of bets and balances."""

CREDIT_CODES: Final[Mapping[Outcome.ValueType, Code]] = {
    **BET_CODES,
    # The ledger never refuses a credit for these. Should it happen, the player's money must be asked for again.
    Outcome.OUTCOME_SESSION_EXPIRED: Code.TRY_AGAIN,
    Outcome.OUTCOME_SESSION_INVALID: Code.TRY_AGAIN,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.TRY_AGAIN,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.TRY_AGAIN,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.TRY_AGAIN,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.TRY_AGAIN,
    # "Bet is not allowed" would be no answer to a result.
    Outcome.OUTCOME_ROUND_CLOSED: Code.REFUSED,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.REFUSED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.REFUSED,
}
"""Outcomes of results, refunds and ends of rounds."""

PROBLEM_CODES: Final[Mapping[Problem, Code]] = {
    Problem.SIGNATURE_INVALID: Code.HASH_INVALID,
    Problem.CALLER_FORBIDDEN: Code.BAD_PARAMETERS,
    Problem.NOT_PARSEABLE: Code.BAD_PARAMETERS,
    Problem.FIELD_INVALID: Code.BAD_PARAMETERS,
    Problem.TOO_LARGE: Code.BAD_PARAMETERS,
    Problem.PATH_UNKNOWN: Code.BAD_PARAMETERS,
    Problem.METHOD_UNKNOWN: Code.BAD_PARAMETERS,
    Problem.NOT_SUPPORTED: Code.REFUSED,
    Problem.OVERLOADED: Code.TRY_AGAIN,
    Problem.INTERNAL: Code.TRY_AGAIN,
}
"""What went wrong before the ledger was asked."""

PROBLEM_STATUS: Final[Mapping[Problem, int]] = {Problem.PATH_UNKNOWN: 404, Problem.METHOD_UNKNOWN: 405}
"""HTTP status; 200 for all others, as the provider wants it."""

OUTBOUND_ERRORS: Final[Mapping[Code, type[ProviderRefusedError] | type[ProviderFailedError] | None]] = {
    Code.OK: None,
    Code.INSUFFICIENT_BALANCE: ProviderRefusedError,
    Code.PLAYER_NOT_FOUND: ProviderRefusedError,
    Code.BET_NOT_ALLOWED: ProviderRefusedError,
    Code.TOKEN_INVALID: ProviderRefusedError,
    Code.HASH_INVALID: ProviderRefusedError,
    Code.PLAYER_FROZEN: ProviderRefusedError,
    Code.BAD_PARAMETERS: ProviderRefusedError,
    Code.GAME_NOT_AVAILABLE: ProviderRefusedError,
    Code.LIMIT_REACHED: ProviderRefusedError,
    Code.TRY_AGAIN: ProviderFailedError,
    Code.REFUSED: ProviderRefusedError,
}
"""The provider's own answers. A code that is not here is a refusal in words we do not know."""
