"""Our outcomes to their codes, and their codes to our errors. Tests prove that all tables are total."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit import json_rpc
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.outcomes import NEVER_HERE, for_credits
from provider_adapters._kit.ports import Problem


class Code(enum.IntEnum):
    """What an answer says: `data.code` of a refusal, or (below zero) the error code of JSON-RPC itself."""

    OK = 0
    """A result."""
    SERVER = 14000
    """Not known, or not now."""
    BALANCE_TOO_LOW = 14001
    NOT_AUTHENTICATED = 14002
    NOT_FOUND = 14003
    NOT_ALLOWED = 14005
    IDENTIFICATION = 15001
    PARSE_ERROR = json_rpc.PARSE_ERROR
    INVALID_REQUEST = json_rpc.INVALID_REQUEST
    METHOD_NOT_FOUND = json_rpc.METHOD_NOT_FOUND
    INVALID_PARAMS = json_rpc.INVALID_PARAMS


MESSAGES: Final[Mapping[Code, str]] = {
    Code.OK: "",
    Code.SERVER: "Not now",
    Code.BALANCE_TOO_LOW: "Balance too low",
    Code.NOT_AUTHENTICATED: "Player is not authenticated",
    Code.NOT_FOUND: "Not found",
    Code.NOT_ALLOWED: "Not allowed",
    Code.IDENTIFICATION: "Identification is not valid",
    Code.PARSE_ERROR: "",
    Code.INVALID_REQUEST: "",
    Code.METHOD_NOT_FOUND: "",
    Code.INVALID_PARAMS: "",
}
"""Messages of refusals; those of JSON-RPC itself are in the kit."""

OUTCOMES: Final[Mapping[Outcome.ValueType, Code]] = {
    **dict.fromkeys(NEVER_HERE, Code.SERVER),
    Outcome.OUTCOME_UNSPECIFIED: Code.SERVER,
    Outcome.OUTCOME_OK: Code.OK,
    Outcome.OUTCOME_TOMBSTONED: Code.NOT_FOUND,
    Outcome.OUTCOME_INSUFFICIENT_FUNDS: Code.BALANCE_TOO_LOW,
    Outcome.OUTCOME_LIMIT_EXCEEDED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_SESSION_EXPIRED: Code.NOT_AUTHENTICATED,
    Outcome.OUTCOME_SESSION_INVALID: Code.NOT_AUTHENTICATED,
    Outcome.OUTCOME_PLAYER_BLOCKED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_PLAYER_NOT_FOUND: Code.NOT_FOUND,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE: Code.NOT_ALLOWED,
    Outcome.OUTCOME_CURRENCY_MISMATCH: Code.NOT_ALLOWED,
    Outcome.OUTCOME_AMOUNT_INVALID: Code.INVALID_PARAMS,
    # Not SERVER: what is refused for good must not be sent for ever.
    Outcome.OUTCOME_ROUND_CLOSED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_ORIGINAL_NOT_FOUND: Code.NOT_FOUND,
    Outcome.OUTCOME_ALREADY_ROLLED_BACK: Code.NOT_ALLOWED,
    Outcome.OUTCOME_ALREADY_SETTLED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_NOT_APPLIED: Code.SERVER,
    Outcome.OUTCOME_COMPLIANCE_DENIED: Code.NOT_ALLOWED,
    Outcome.OUTCOME_IN_PROGRESS: Code.SERVER,
    Outcome.OUTCOME_ORIGINAL_PENDING: Code.SERVER,
    Outcome.OUTCOME_UNAVAILABLE: Code.SERVER,
    Outcome.OUTCOME_UNKNOWN: Code.SERVER,
    Outcome.OUTCOME_IDEMPOTENCY_CONFLICT: Code.NOT_ALLOWED,
    Outcome.OUTCOME_REQUEST_INVALID: Code.INVALID_PARAMS,
    Outcome.OUTCOME_ACCOUNT_FROZEN: Code.NOT_ALLOWED,
    Outcome.OUTCOME_ACCOUNT_CLOSED: Code.NOT_ALLOWED,
}
"""Outcomes of withdraws and balances."""

CREDITS: Final[Mapping[Outcome.ValueType, Code]] = for_credits(OUTCOMES, Code.SERVER)
"""Outcomes of deposits and rollbacks."""

PROBLEMS: Final[Mapping[Problem, Code]] = {
    Problem.SIGNATURE_INVALID: Code.IDENTIFICATION,
    Problem.CALLER_FORBIDDEN: Code.IDENTIFICATION,
    Problem.NOT_PARSEABLE: Code.PARSE_ERROR,
    Problem.FIELD_INVALID: Code.INVALID_PARAMS,
    Problem.TOO_LARGE: Code.INVALID_REQUEST,
    Problem.PATH_UNKNOWN: Code.INVALID_REQUEST,
    Problem.METHOD_UNKNOWN: Code.INVALID_REQUEST,
    Problem.NOT_SUPPORTED: Code.METHOD_NOT_FOUND,
    Problem.OVERLOADED: Code.SERVER,
    Problem.INTERNAL: Code.SERVER,
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
    Code.SERVER: ProviderFailedError,
}
"""What an error of a call to the provider means."""
