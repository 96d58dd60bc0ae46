"""Our outcomes to their codes, and their codes to our errors. Tests prove that all tables are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.outcomes import NEVER_HERE, for_credits
from provider_adapters._kit.ports import Problem


class Code(enum.IntEnum):
    """The provider's `statusCode`."""

    OK = 0
    NO_USER = 1
    INTERNAL = 2
    """Not known: a reserve is cancelled, everything else comes again."""
    INVALID_CURRENCY = 3
    WRONG_ACCESS_TOKEN = 4
    ACCOUNT_LOCKED = 5
    ACCOUNT_DISABLED = 6
    NOT_ENOUGH_MONEY = 7
    TOO_MANY_CALLS = 8
    """Not now: as INTERNAL."""
    SPENDING_BUDGET_EXCEEDED = 9
    SESSION_EXPIRED = 10
    TIME_BUDGET_EXCEEDED = 11
    SERVICE_UNAVAILABLE = 12
    """Final."""


ONLY_HEARD: Final = frozenset({Code.TIME_BUDGET_EXCEEDED})
"""The ledger has no limit of time."""

OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    **dict.fromkeys(NEVER_HERE, Code.SERVICE_UNAVAILABLE),
    Outcome.OUTCOME_UNSPECIFIED: Code.INTERNAL,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.NOT_ENOUGH_MONEY,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.SPENDING_BUDGET_EXCEEDED,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.SESSION_EXPIRED,
    Outcome.OUTCOME_SESSION_INVALID: Code.SESSION_EXPIRED,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.ACCOUNT_LOCKED,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.NO_USER,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.INVALID_CURRENCY,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_ROUND_CLOSED: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.SERVICE_UNAVAILABLE,
    # A reserve after its cancel: the provider cancels it once more, which does nothing.
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.INTERNAL,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_NOT_APPLIED: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.ACCOUNT_DISABLED,
    Outcome.OUTCOME_IN_PROGRESS: Code.INTERNAL,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.INTERNAL,
    Outcome.OUTCOME_UNAVAILABLE: Code.TOO_MANY_CALLS,
    Outcome.OUTCOME_UNKNOWN: Code.INTERNAL,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_REQUEST_INVALID: Code.SERVICE_UNAVAILABLE,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.ACCOUNT_LOCKED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.ACCOUNT_DISABLED,
}
"""Outcomes of reserves and balances."""

CREDITS: Final[Mapping[Outcome.ValueType, Code]] = {
    **for_credits(OUTCOMES, Code.TOO_MANY_CALLS),
    # Final: not INTERNAL, which would be sent for ever.
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.SERVICE_UNAVAILABLE,
}
"""Outcomes of releases and cancels."""

PROBLEMS: Final[Mapping[Problem, Code]] = {
    **dict.fromkeys(Problem, Code.SERVICE_UNAVAILABLE),
    Problem.SIGNATURE_INVALID: Code.WRONG_ACCESS_TOKEN,
    Problem.CALLER_FORBIDDEN: Code.WRONG_ACCESS_TOKEN,
    Problem.OVERLOADED: Code.TOO_MANY_CALLS,
    Problem.INTERNAL: Code.INTERNAL,
}

HTTP_STATUS: Final[Mapping[Problem, int]] = {
    Problem.PATH_UNKNOWN: 404,
    Problem.METHOD_UNKNOWN: 405,
    Problem.TOO_LARGE: 413,
}
"""200 for all others."""

FAILURES: Final[Mapping[Code, type[ProviderFailedError | ProviderRefusedError]]] = {
    **dict.fromkeys(Code, ProviderRefusedError),
    Code.OK: ProviderFailedError,
    Code.INTERNAL: ProviderFailedError,
    Code.TOO_MANY_CALLS: ProviderFailedError,
}
"""What a status code of the provider's own API means."""
