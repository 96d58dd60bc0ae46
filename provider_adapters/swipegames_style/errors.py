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
    """The `code` of a refusal, or its HTTP status where it has none."""

    OK = "ok"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    BET_LIMIT = "bet_limit"
    LOSS_LIMIT = "loss_limit"
    TIME_LIMIT = "time_limit"
    ACCOUNT_BLOCKED = "account_blocked"
    GAME_NOT_FOUND = "game_not_found"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    SESSION_EXPIRED = "session_expired"
    SESSION_NOT_FOUND = "session_not_found"
    BAD_REQUEST = "http_400"
    UNAUTHORIZED = "http_401"
    NOT_FOUND = "http_404"
    NOT_ALLOWED = "http_405"
    CONFLICT = "http_409"
    """Refused for good by what happened before."""
    TOO_LARGE = "http_413"
    SERVER_ERROR = "http_500"
    """Not known, or not now: a bet is refunded, everything else comes again."""


HTTP_STATUS: Final[Mapping[Code, int]] = {
    Code.OK: 200,
    Code.INSUFFICIENT_FUNDS: 400,
    Code.BET_LIMIT: 400,
    Code.LOSS_LIMIT: 400,
    Code.TIME_LIMIT: 400,
    Code.ACCOUNT_BLOCKED: 400,
    Code.GAME_NOT_FOUND: 400,
    Code.CURRENCY_NOT_SUPPORTED: 400,
    Code.SESSION_EXPIRED: 401,
    Code.SESSION_NOT_FOUND: 404,
    Code.BAD_REQUEST: 400,
    Code.UNAUTHORIZED: 401,
    Code.NOT_FOUND: 404,
    Code.NOT_ALLOWED: 405,
    Code.CONFLICT: 409,
    Code.TOO_LARGE: 413,
    Code.SERVER_ERROR: 500,
}

ONLY_HEARD: Final = frozenset({Code.TIME_LIMIT})
"""The ledger has no limit of time."""

OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    **dict.fromkeys(NEVER_HERE, Code.CONFLICT),
    Outcome.OUTCOME_UNSPECIFIED: Code.SERVER_ERROR,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.OK,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.INSUFFICIENT_FUNDS,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.BET_LIMIT,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.SESSION_EXPIRED,
    Outcome.OUTCOME_SESSION_INVALID: Code.SESSION_NOT_FOUND,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.ACCOUNT_BLOCKED,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.SESSION_NOT_FOUND,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.GAME_NOT_FOUND,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.CURRENCY_NOT_SUPPORTED,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.BAD_REQUEST,
    Outcome.OUTCOME_ROUND_CLOSED: Code.CONFLICT,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.CONFLICT,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.CONFLICT,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.CONFLICT,
    Outcome.OUTCOME_NOT_APPLIED: Code.CONFLICT,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.ACCOUNT_BLOCKED,
    Outcome.OUTCOME_IN_PROGRESS: Code.SERVER_ERROR,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.SERVER_ERROR,
    Outcome.OUTCOME_UNAVAILABLE: Code.SERVER_ERROR,
    Outcome.OUTCOME_UNKNOWN: Code.SERVER_ERROR,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.CONFLICT,
    Outcome.OUTCOME_REQUEST_INVALID: Code.BAD_REQUEST,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.ACCOUNT_BLOCKED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.ACCOUNT_BLOCKED,
}
"""Outcomes of bets and balances."""

LIMITS: Final[Mapping[str, Code]] = {"stake": Code.BET_LIMIT, "loss": Code.LOSS_LIMIT}
"""By the kind of limit that a result names; BET_LIMIT for any other."""

CREDITS: Final[Mapping[Outcome.ValueType, Code]] = for_credits(OUTCOMES, Code.SERVER_ERROR)
"""Outcomes of wins and refunds."""

PROBLEMS: Final[Mapping[Problem, Code]] = {
    Problem.SIGNATURE_INVALID: Code.UNAUTHORIZED,
    Problem.CALLER_FORBIDDEN: Code.UNAUTHORIZED,
    Problem.NOT_PARSEABLE: Code.BAD_REQUEST,
    Problem.FIELD_INVALID: Code.BAD_REQUEST,
    Problem.TOO_LARGE: Code.TOO_LARGE,
    Problem.PATH_UNKNOWN: Code.NOT_FOUND,
    Problem.METHOD_UNKNOWN: Code.NOT_ALLOWED,
    Problem.NOT_SUPPORTED: Code.BAD_REQUEST,
    Problem.OVERLOADED: Code.SERVER_ERROR,
    Problem.INTERNAL: Code.SERVER_ERROR,
}

FAILURES: Final[Mapping[Code, type[ProviderFailedError | ProviderRefusedError]]] = {
    **dict.fromkeys(Code, ProviderRefusedError),
    Code.OK: ProviderFailedError,
    Code.SERVER_ERROR: ProviderFailedError,
}
"""What an error of a call to the provider means."""
