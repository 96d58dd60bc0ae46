"""What is the same in every provider's table of outcomes."""

from collections.abc import Mapping
from typing import Final, TypeVar

from pitboss.type.v1.outcome_pb2 import Outcome

C = TypeVar("C")

NEVER_FOR_CREDITS: Final = (
    Outcome.OUTCOME_SESSION_EXPIRED,
    Outcome.OUTCOME_SESSION_INVALID,
    Outcome.OUTCOME_PLAYER_BLOCKED,
    Outcome.OUTCOME_GAME_NOT_AVAILABLE,
    Outcome.OUTCOME_LIMIT_EXCEEDED,
    Outcome.OUTCOME_COMPLIANCE_DENIED,
    Outcome.OUTCOME_ACCOUNT_FROZEN,
    Outcome.OUTCOME_ACCOUNT_CLOSED,
)
"""The ledger refuses no win and no cancel for these; a promotional credit only for the last two, and it can wait."""

NEVER_HERE: Final = (
    Outcome.OUTCOME_HOLD_ENDED,
    Outcome.OUTCOME_HOLD_EXCEEDED,
    Outcome.OUTCOME_ACCOUNT_NOT_EMPTY,
    Outcome.OUTCOME_APPROVAL_NEEDED,
    Outcome.OUTCOME_APPROVAL_INVALID,
    Outcome.OUTCOME_EFFECTIVE_TIME_REFUSED,
)
"""Outcomes of actions that no provider can ask for."""


def for_credits(stakes: Mapping[Outcome.ValueType, C], again: C) -> Mapping[Outcome.ValueType, C]:
    """The table of wins, cancels and closes, from that of bets.

    Should the ledger ever refuse a credit for a reason that is about stakes, the player's money must be
    asked for again, and not be given up.
    """
    return {**stakes, **dict.fromkeys(NEVER_FOR_CREDITS, again)}
