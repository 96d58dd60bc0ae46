"""Reasons of refusals, and what the ledger's answers become."""

from __future__ import annotations

import inspect

import pytest

from mesh.errors import DependencyDownError, InternalError, MeshError, RequestInvalidError
from pitboss.session.v1.error_reason_pb2 import ErrorReason
from pitboss.type.v1 import decision_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2
from session_svc import errors
from session_svc.clients.law import refusal
from session_svc.errors import GameNotAvailableError, PlayDeniedError, PlayerNotFoundError
from tests.unit.session_svc.values import session

OWN = [
    one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, MeshError) and one is not MeshError
]


def test_the_reasons_of_the_code_are_those_of_the_contract() -> None:
    assert {one.reason for one in OWN} == set(ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}


@pytest.mark.parametrize(
    ("outcome", "outcome_class", "expected"),
    [
        ("COMPLIANCE_DENIED", "REJECT", PlayDeniedError),
        ("PLAYER_BLOCKED", "REJECT", PlayDeniedError),
        ("PLAYER_NOT_FOUND", "REJECT", PlayerNotFoundError),
        ("GAME_NOT_AVAILABLE", "REJECT", GameNotAvailableError),
        ("CURRENCY_MISMATCH", "REJECT", RequestInvalidError),
        ("UNAVAILABLE", "RETRY", DependencyDownError),
        ("IN_PROGRESS", "RETRY", DependencyDownError),
        ("UNKNOWN", "UNCERTAIN", DependencyDownError),
        ("SESSION_INVALID", "REJECT", InternalError),
        ("IDEMPOTENCY_CONFLICT", "FATAL", InternalError),
    ],
)
def test_every_answer_of_the_ledger_becomes_one_of_our_refusals(
    outcome: str, outcome_class: str, expected: type[MeshError]
) -> None:
    result = action_pb2.Result(
        outcome=outcome_pb2.Outcome.Value(f"OUTCOME_{outcome}"),
        outcome_class=outcome_pb2.OutcomeClass.Value(f"OUTCOME_CLASS_{outcome_class}"),
    )
    assert type(refusal(result, session())) is expected


def test_a_denial_carries_the_reasons_and_the_pack() -> None:
    decision = decision_pb2.Decision(reasons=["SEX.SELF", "AGE.MIN"], pack="gb@1")
    result = action_pb2.Result(outcome=outcome_pb2.OUTCOME_COMPLIANCE_DENIED, decision=decision)
    assert refusal(result, session()).metadata == {"reasons": "SEX.SELF,AGE.MIN", "pack": "gb@1"}


def test_a_denial_without_reasons_says_at_least_what_it_was() -> None:
    result = action_pb2.Result(outcome=outcome_pb2.OUTCOME_PLAYER_BLOCKED)
    assert refusal(result, session()).metadata["reasons"] == "PLAYER_BLOCKED"
