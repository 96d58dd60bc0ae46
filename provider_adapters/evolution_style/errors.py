"""Our outcomes to their codes, and their codes to our errors. Tests prove that all tables are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.outcomes import NEVER_HERE, for_credits
from provider_adapters._kit.ports import Problem


class Code(enum.StrEnum):
    """The `status` of our replies."""

    OK = "OK"
    TEMPORARY_ERROR = "TEMPORARY_ERROR"
    OPERATION_IN_PROCESS = "OPERATION_IN_PROCESS"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"
    INVALID_TOKEN_ID = "INVALID_TOKEN_ID"  # noqa: S105 - a code
    INVALID_SID = "INVALID_SID"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    BET_DOES_NOT_EXIST = "BET_DOES_NOT_EXIST"
    BET_ALREADY_SETTLED = "BET_ALREADY_SETTLED"
    BET_ALREADY_EXIST = "BET_ALREADY_EXIST"


ONLY_HEARD: Final = frozenset({Code.BET_ALREADY_EXIST})
"""A repeated debit may be answered so. We answer it with its first answer."""

RETRANSMIT: Final = frozenset({Code.TEMPORARY_ERROR, Code.OPERATION_IN_PROCESS})
"""Replies that ask for the same message again."""

OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    **dict.fromkeys(NEVER_HERE, Code.UNKNOWN_ERROR),
    Outcome.OUTCOME_UNSPECIFIED: Code.TEMPORARY_ERROR,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.BET_DOES_NOT_EXIST,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.INSUFFICIENT_FUNDS,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.UNKNOWN_ERROR,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.INVALID_SID,
    Outcome.OUTCOME_SESSION_INVALID: Code.INVALID_SID,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.UNKNOWN_ERROR,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.INVALID_SID,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.UNKNOWN_ERROR,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.INVALID_PARAMETER,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.INVALID_PARAMETER,
    Outcome.OUTCOME_ROUND_CLOSED: Code.BET_ALREADY_SETTLED,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.BET_DOES_NOT_EXIST,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.BET_ALREADY_SETTLED,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.BET_ALREADY_SETTLED,
    Outcome.OUTCOME_NOT_APPLIED: Code.UNKNOWN_ERROR,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.UNKNOWN_ERROR,
    Outcome.OUTCOME_IN_PROGRESS: Code.OPERATION_IN_PROCESS,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.OPERATION_IN_PROCESS,
    Outcome.OUTCOME_UNAVAILABLE: Code.TEMPORARY_ERROR,
    Outcome.OUTCOME_UNKNOWN: Code.TEMPORARY_ERROR,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.BET_ALREADY_SETTLED,
    Outcome.OUTCOME_REQUEST_INVALID: Code.INVALID_PARAMETER,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.UNKNOWN_ERROR,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.UNKNOWN_ERROR,
}
"""Outcomes of debits and balances."""

CREDITS: Final[Mapping[Outcome.ValueType, Code]] = for_credits(OUTCOMES, Code.TEMPORARY_ERROR)
"""Outcomes of credits and cancels."""

PROBLEMS: Final[Mapping[Problem, Code]] = {
    Problem.SIGNATURE_INVALID: Code.INVALID_TOKEN_ID,
    Problem.CALLER_FORBIDDEN: Code.INVALID_TOKEN_ID,
    Problem.NOT_PARSEABLE: Code.INVALID_PARAMETER,
    Problem.FIELD_INVALID: Code.INVALID_PARAMETER,
    Problem.TOO_LARGE: Code.INVALID_PARAMETER,
    Problem.PATH_UNKNOWN: Code.INVALID_PARAMETER,
    Problem.METHOD_UNKNOWN: Code.INVALID_PARAMETER,
    Problem.NOT_SUPPORTED: Code.INVALID_PARAMETER,
    Problem.OVERLOADED: Code.TEMPORARY_ERROR,
    # Money may have moved: the provider must ask again, and not take it for a refusal.
    Problem.INTERNAL: Code.TEMPORARY_ERROR,
}

HTTP_STATUS: Final[Mapping[Problem, int]] = {
    Problem.SIGNATURE_INVALID: 401,
    Problem.CALLER_FORBIDDEN: 401,
    Problem.PATH_UNKNOWN: 404,
    Problem.METHOD_UNKNOWN: 405,
    Problem.TOO_LARGE: 413,
}
"""200 for all others."""


class Failure(enum.StrEnum):
    """Codes of the provider's own API."""

    SYSTEM = "G.0"
    CONFIGURATION = "G.1"
    CASINO = "G.2"
    PLAYER = "G.3"
    SYSTEM_4 = "G.4"
    SYSTEM_5 = "G.5"
    SYSTEM_6 = "G.6"
    SYSTEM_7 = "G.7"
    WALLET_REFUSED = "G.8"
    ADDRESS = "G.9"
    URL_SCHEME = "G.10"
    TABLE = "G.11"


FAILURES: Final[Mapping[Failure, type[ProviderFailedError | ProviderRefusedError]]] = {
    **dict.fromkeys(Failure, ProviderRefusedError),
    **dict.fromkeys(
        (Failure.SYSTEM, Failure.SYSTEM_4, Failure.SYSTEM_5, Failure.SYSTEM_6, Failure.SYSTEM_7), ProviderFailedError
    ),
}
"""What an error of a call to the provider means."""
