"""Two tables: our outcomes to their codes, and their codes to our errors. Tests prove that both are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.ports import Problem


class Code(enum.StrEnum):
    """The provider's codes."""

    OK = "OK"
    NO_MONEY = "NO_MONEY"
    LIMIT = "LIMIT"
    NOT_ALLOWED = "NOT_ALLOWED"
    SESSION = "SESSION"
    GAME = "GAME"
    INVALID = "INVALID"
    SIGNATURE = "SIGNATURE"
    CONFLICT = "CONFLICT"
    NOT_FOUND = "NOT_FOUND"
    CANCELLED = "CANCELLED"
    SETTLED = "SETTLED"
    TRY_AGAIN = "TRY_AGAIN"
    """Not known or not now: bets are cancelled, everything else is repeated."""


OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    Outcome.OUTCOME_UNSPECIFIED: Code.TRY_AGAIN,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.NO_MONEY,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.LIMIT,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.SESSION,
    Outcome.OUTCOME_SESSION_INVALID: Code.SESSION,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.SESSION,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.GAME,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.INVALID,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.INVALID,
    Outcome.OUTCOME_ROUND_CLOSED: Code.SETTLED,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.NOT_FOUND,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.CANCELLED,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.SETTLED,
    Outcome.OUTCOME_HOLD_ENDED: Code.TRY_AGAIN,
    Outcome.OUTCOME_HOLD_EXCEEDED: Code.TRY_AGAIN,
    Outcome.OUTCOME_NOT_APPLIED: Code.TRY_AGAIN,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_IN_PROGRESS: Code.TRY_AGAIN,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.TRY_AGAIN,
    Outcome.OUTCOME_UNAVAILABLE: Code.TRY_AGAIN,
    Outcome.OUTCOME_UNKNOWN: Code.TRY_AGAIN,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.CONFLICT,
    Outcome.OUTCOME_REQUEST_INVALID: Code.INVALID,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.NOT_ALLOWED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_ACCOUNT_NOT_EMPTY: Code.INVALID,
    Outcome.OUTCOME_APPROVAL_NEEDED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_APPROVAL_INVALID: Code.INVALID,
    Outcome.OUTCOME_EFFECTIVE_TIME_REFUSED: Code.INVALID,
}

PROBLEMS: Final[Mapping[Problem, Code]] = {
    **dict.fromkeys(Problem, Code.INVALID),
    Problem.SIGNATURE_INVALID: Code.SIGNATURE,
    Problem.CALLER_FORBIDDEN: Code.SIGNATURE,
    Problem.OVERLOADED: Code.TRY_AGAIN,
    Problem.INTERNAL: Code.TRY_AGAIN,
}

FAILURES: Final[Mapping[Code, type[ProviderFailedError | ProviderRefusedError]]] = {
    **dict.fromkeys(Code, ProviderRefusedError),
    Code.OK: ProviderFailedError,
    Code.TRY_AGAIN: ProviderFailedError,
}
"""What an error body of a call to the provider means."""
