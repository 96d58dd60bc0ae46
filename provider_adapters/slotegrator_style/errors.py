"""Our outcomes to their codes, and their codes to our errors. Tests prove that all tables are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.outcomes import NEVER_HERE
from provider_adapters._kit.ports import Problem


class Code(enum.StrEnum):
    """The provider knows two codes, and success."""

    OK = "OK"
    """Never written: the answer has a balance instead of a code."""
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """Everything else. The description begins with our own word for it: support staff read it."""


CREDITS: Final[Mapping[Outcome.ValueType, Code]] = {
    **dict.fromkeys(NEVER_HERE, Code.INTERNAL_ERROR),
    Outcome.OUTCOME_UNSPECIFIED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.INSUFFICIENT_FUNDS,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_SESSION_INVALID: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ROUND_CLOSED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_NOT_APPLIED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_IN_PROGRESS: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_UNAVAILABLE: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_UNKNOWN: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_REQUEST_INVALID: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.INTERNAL_ERROR,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.INTERNAL_ERROR,
}
"""Outcomes of wins, refunds and rollbacks."""

OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    **CREDITS,
    # The provider wants to hear success, with the balance as it was.
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.OK,
}
"""Outcomes of bets and balances."""

PROBLEMS: Final[Mapping[Problem, Code]] = dict.fromkeys(Problem, Code.INTERNAL_ERROR)

HTTP_STATUS: Final[Mapping[Problem, int]] = {
    Problem.PATH_UNKNOWN: 404,
    Problem.METHOD_UNKNOWN: 405,
    Problem.TOO_LARGE: 413,
}
"""200 for all others."""

FAILURES: Final[Mapping[Code, type[ProviderFailedError | ProviderRefusedError]]] = {
    Code.OK: ProviderFailedError,
    Code.INSUFFICIENT_FUNDS: ProviderRefusedError,
    Code.INTERNAL_ERROR: ProviderRefusedError,
}
"""What an error of a call to the provider means. Failures of the provider are HTTP 500 and above."""
