"""Both tables are complete, in both directions."""

import pytest

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.ports import Problem
from provider_adapters._kit.studio.ports import Reaction
from provider_adapters.pragmatic_style import errors, studio
from provider_adapters.pragmatic_style.errors import Code


@pytest.mark.parametrize("table", [errors.BET_CODES, errors.CREDIT_CODES])
def test_every_outcome_has_a_code(table: dict[Outcome.ValueType, Code]) -> None:
    assert set(table) == set(Outcome.values())


def test_every_problem_has_a_code() -> None:
    assert set(errors.PROBLEM_CODES) == set(Problem)


def test_every_code_is_the_answer_to_something() -> None:
    used = {*errors.BET_CODES.values(), *errors.CREDIT_CODES.values(), *errors.PROBLEM_CODES.values()}
    assert used == set(Code)


@pytest.mark.parametrize(
    "table", [errors.DESCRIPTIONS, errors.OUTBOUND_ERRORS, studio.BET_REACTIONS, studio.CREDIT_REACTIONS]
)
def test_every_code_has_a_meaning_for_both_sides(table: dict[Code, object]) -> None:
    assert set(table) == set(Code)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.OUTCOME_OK, 0),
        (Outcome.OUTCOME_TOMBSTONED, 0),
        (Outcome.OUTCOME_INSUFFICIENT_FUNDS, 1),
        (Outcome.OUTCOME_PLAYER_NOT_FOUND, 2),
        (Outcome.OUTCOME_COMPLIANCE_DENIED, 3),
        (Outcome.OUTCOME_ROUND_CLOSED, 3),
        (Outcome.OUTCOME_SESSION_INVALID, 4),
        (Outcome.OUTCOME_SESSION_EXPIRED, 4),
        (Outcome.OUTCOME_PLAYER_BLOCKED, 6),
        (Outcome.OUTCOME_CURRENCY_MISMATCH, 7),
        (Outcome.OUTCOME_AMOUNT_INVALID, 7),
        (Outcome.OUTCOME_REQUEST_INVALID, 7),
        (Outcome.OUTCOME_GAME_NOT_AVAILABLE, 8),
        (Outcome.OUTCOME_LIMIT_EXCEEDED, 50),
        (Outcome.OUTCOME_UNKNOWN, 100),
        (Outcome.OUTCOME_IN_PROGRESS, 100),
        (Outcome.OUTCOME_UNAVAILABLE, 100),
        (Outcome.OUTCOME_ORIGINAL_NOT_FOUND, 120),
        (Outcome.OUTCOME_ALREADY_SETTLED, 120),
        (Outcome.OUTCOME_ALREADY_ROLLED_BACK, 120),
        (Outcome.OUTCOME_IDEMPOTENCY_CONFLICT, 120),
    ],
)
def test_a_bet_gets_the_code_of_the_sheet(outcome: Outcome.ValueType, code: int) -> None:
    assert errors.BET_CODES[outcome] == code


def test_a_credit_never_hears_about_sessions_blocks_or_games() -> None:
    assert not {Code.TOKEN_INVALID, Code.PLAYER_FROZEN, Code.GAME_NOT_AVAILABLE, Code.LIMIT_REACHED} & set(
        errors.CREDIT_CODES.values()
    )


def test_a_bet_whose_fate_is_unknown_is_refunded_by_the_provider() -> None:
    for outcome in (Outcome.OUTCOME_UNKNOWN, Outcome.OUTCOME_UNSPECIFIED):
        assert studio.BET_REACTIONS[errors.BET_CODES[outcome]] is Reaction.CANCEL
    assert studio.BET_REACTIONS[errors.PROBLEM_CODES[Problem.INTERNAL]] is Reaction.CANCEL
