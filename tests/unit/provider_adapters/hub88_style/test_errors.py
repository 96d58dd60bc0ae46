from __future__ import annotations

import pytest

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit import manifest
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.runner import ADAPTERS
from provider_adapters._kit.studio.ports import Reaction
from provider_adapters.hub88_style.errors import FAILURES, OUTCOMES, PROBLEMS, Status
from provider_adapters.hub88_style.studio import BET_REACTIONS, CREDIT_REACTIONS


def test_every_outcome_of_the_ledger_has_a_code() -> None:
    assert set(OUTCOMES) == set(Outcome.values())


def test_every_problem_of_the_kit_has_a_code() -> None:
    assert set(PROBLEMS) == set(Problem)


def test_every_code_of_the_provider_has_a_meaning() -> None:
    assert set(FAILURES) == set(Status)


def test_success_is_said_only_when_the_ledger_said_it() -> None:
    said = {outcome for outcome, status in OUTCOMES.items() if status is Status.OK}
    assert said == {Outcome.OUTCOME_OK, Outcome.OUTCOME_TOMBSTONED}


SHEET = {
    "INSUFFICIENT_FUNDS": "RS_ERROR_NOT_ENOUGH_MONEY",
    "LIMIT_EXCEEDED": "RS_ERROR_LIMIT_REACHED",
    "PLAYER_BLOCKED": "RS_ERROR_USER_DISABLED",
    "COMPLIANCE_DENIED": "RS_ERROR_USER_DISABLED",
    "SESSION_INVALID": "RS_ERROR_INVALID_TOKEN",
    "PLAYER_NOT_FOUND": "RS_ERROR_INVALID_TOKEN",
    "SESSION_EXPIRED": "RS_ERROR_TOKEN_EXPIRED",
    "GAME_NOT_AVAILABLE": "RS_ERROR_INVALID_GAME",
    "CURRENCY_MISMATCH": "RS_ERROR_WRONG_CURRENCY",
    "IDEMPOTENCY_CONFLICT": "RS_ERROR_DUPLICATE_TRANSACTION",
    "ORIGINAL_NOT_FOUND": "RS_ERROR_TRANSACTION_DOES_NOT_EXIST",
    "ALREADY_ROLLED_BACK": "RS_ERROR_TRANSACTION_ROLLED_BACK",
    "ALREADY_SETTLED": "RS_ERROR_TRANSACTION_DOES_NOT_EXIST",
    "AMOUNT_INVALID": "RS_ERROR_WRONG_TYPES",
    "UNKNOWN": "RS_ERROR_TIMEOUT",
    "IN_PROGRESS": "RS_ERROR_UNKNOWN",
    "UNAVAILABLE": "RS_ERROR_UNKNOWN",
}


@pytest.mark.parametrize("outcome", SHEET)
def test_the_code_is_that_of_the_sheet(outcome: str) -> None:
    assert OUTCOMES[Outcome.Value(f"OUTCOME_{outcome}")] == SHEET[outcome]


def test_an_outcome_that_is_not_final_is_said_so_that_wins_are_repeated() -> None:
    open_outcomes = ("IN_PROGRESS", "ORIGINAL_PENDING", "UNAVAILABLE", "UNKNOWN")
    told = {OUTCOMES[Outcome.Value(f"OUTCOME_{name}")] for name in open_outcomes}
    assert {CREDIT_REACTIONS[status] for status in told} == {Reaction.RETRY}


def test_the_manifest_names_exactly_the_codes_after_which_a_bet_is_cancelled() -> None:
    triggers = {status for status, reaction in BET_REACTIONS.items() if reaction is Reaction.CANCEL}
    assert set(manifest.load(ADAPTERS / "hub88_style").cancel_trigger_codes) == triggers
