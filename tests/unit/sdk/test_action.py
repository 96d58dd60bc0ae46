"""What becomes of a payment whose answer is late, lost or doubtful."""

from __future__ import annotations

from decimal import Decimal

import grpc
import pytest

from pitboss_sdk import Money, Outcome, errors
from pitboss_sdk._calls import wallet
from pitboss_sdk._calls.action import Action
from pitboss_sdk._stubs.pitboss.type.v1 import decision_pb2, money_pb2, outcome_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1 import action_pb2, transaction_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1.wallet_service_pb2 import (
    DepositRequest,
    DepositResponse,
    LookUpTransactionRequest,
    LookUpTransactionResponse,
)
from pitboss_sdk.failure import Failure
from tests.unit.sdk.talking import talk, times

LATE = Failure(code=grpc.StatusCode.DEADLINE_EXCEEDED)
DOWN = Failure(code=grpc.StatusCode.UNAVAILABLE)
BROKEN = Failure(code=grpc.StatusCode.INTERNAL)


def deposit() -> Action:
    return wallet.deposit("pl-1", Money(Decimal("12.50"), "EUR"), "dep-1")


def says(
    outcome: outcome_pb2.Outcome.ValueType, outcome_class: outcome_pb2.OutcomeClass.ValueType, **fields: object
) -> DepositResponse:
    result = action_pb2.Result(outcome=outcome, outcome_class=outcome_class, **fields)  # type: ignore[arg-type]
    return DepositResponse(result=result)


DONE = says(outcome_pb2.OUTCOME_OK, outcome_pb2.OUTCOME_CLASS_SUCCESS, transaction_id="3-7")
BUSY = says(outcome_pb2.OUTCOME_IN_PROGRESS, outcome_pb2.OUTCOME_CLASS_RETRY)
DOUBTFUL = says(outcome_pb2.OUTCOME_UNKNOWN, outcome_pb2.OUTCOME_CLASS_UNCERTAIN)


def found(
    state: transaction_pb2.TransactionState.ValueType, outcome: outcome_pb2.Outcome.ValueType = outcome_pb2.OUTCOME_OK
) -> LookUpTransactionResponse:
    return LookUpTransactionResponse(
        transaction=transaction_pb2.Transaction(
            transaction_id="3-7" if state != transaction_pb2.TRANSACTION_STATE_UNKNOWN else "",
            transaction_key="dep-1",
            state=state,
            outcome=outcome,
            balance_at_commit=money_pb2.Money(currency_code="EUR", amount="40.00"),
            reasons=["LIM.DEPOSIT.24H"] if outcome == outcome_pb2.OUTCOME_LIMIT_EXCEEDED else [],
        )
    )


STORED = found(transaction_pb2.TRANSACTION_STATE_APPLIED)
REFUSED = found(transaction_pb2.TRANSACTION_STATE_REFUSED, outcome_pb2.OUTCOME_LIMIT_EXCEEDED)
NEVER_SEEN = found(transaction_pb2.TRANSACTION_STATE_UNKNOWN)


def test_a_receipt_has_the_key_and_the_ledgers_id() -> None:
    receipt = talk(DONE).run(deposit())
    assert (receipt.transaction_key, receipt.transaction_id, receipt.outcome) == ("dep-1", "3-7", Outcome.OK)


def test_an_action_in_progress_is_sent_again_with_the_same_key() -> None:
    line = talk(BUSY, BUSY, DONE)
    assert line.run(deposit()).transaction_id == "3-7"
    assert [request.transaction_key for send in line.sent if isinstance(request := send.request, DepositRequest)] == [
        "dep-1"
    ] * 3


def test_an_action_that_stays_in_progress_is_undecided_at_the_deadline() -> None:
    with pytest.raises(errors.UndecidedError) as caught:
        talk(*times(1000, BUSY), takes_s=0.2).run(deposit(), timeout_s=2)
    assert caught.value.transaction_key == "dep-1"
    assert "IN_PROGRESS" in str(caught.value)


@pytest.mark.parametrize("doubt", [LATE, DOUBTFUL, BROKEN])
def test_a_doubtful_answer_is_looked_up_and_not_sent_again(doubt: object) -> None:
    line = talk(doubt, STORED)
    receipt = line.run(deposit())
    assert (receipt.transaction_id, receipt.replayed) == ("3-7", True)
    assert str(receipt.balance_at_commit) == "40.00 EUR"
    asked = line.sent[1].request
    assert isinstance(asked, LookUpTransactionRequest)
    assert (asked.player_id, asked.kind, asked.transaction_key, asked.source) == ("pl-1", 5, "dep-1", "")


@pytest.mark.parametrize("doubt", [LATE, DOUBTFUL])
def test_an_action_that_the_ledger_never_saw_is_sent_again(doubt: object) -> None:
    line = talk(doubt, NEVER_SEEN, DONE)
    assert line.run(deposit()).transaction_id == "3-7"
    assert [type(send.request).__name__ for send in line.sent] == [
        "DepositRequest",
        "LookUpTransactionRequest",
        "DepositRequest",
    ]


def test_an_action_that_broke_the_server_and_was_never_seen_is_not_sent_again() -> None:
    line = talk(BROKEN, NEVER_SEEN)
    with pytest.raises(errors.InternalError) as caught:
        line.run(deposit())
    assert caught.value.transaction_key == "dep-1"
    assert len(line.sent) == 2


def test_a_look_up_that_finds_a_refusal_raises_it() -> None:
    with pytest.raises(errors.LimitExceededError) as caught:
        talk(LATE, REFUSED).run(deposit())
    assert caught.value.reasons == ("LIM.DEPOSIT.24H",)


def test_a_look_up_that_finds_no_player_means_that_nothing_was_done() -> None:
    nobody = Failure(code=grpc.StatusCode.NOT_FOUND, reason="ERROR_REASON_PLAYER_NOT_FOUND")
    assert talk(LATE, nobody, DONE).run(deposit()).transaction_id == "3-7"


def test_a_look_up_is_repeated_like_any_read() -> None:
    line = talk(LATE, DOWN, LATE, STORED)
    assert line.run(deposit()).transaction_id == "3-7"
    assert sum(isinstance(send.request, DepositRequest) for send in line.sent) == 1


def test_when_nobody_answers_any_more_the_outcome_is_undecided_not_guessed() -> None:
    with pytest.raises(errors.UndecidedError) as caught:
        talk(*times(100, LATE), takes_s=2).run(deposit())
    assert caught.value.cause == LATE
    assert "same call again" in str(caught.value)


def test_one_attempt_leaves_time_to_find_out_what_became_of_it() -> None:
    line = talk(DONE)
    line.run(deposit(), timeout_s=10)
    assert line.sent[0].timeout_s == 4


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (outcome_pb2.OUTCOME_INSUFFICIENT_FUNDS, errors.InsufficientFundsError),
        (outcome_pb2.OUTCOME_PLAYER_BLOCKED, errors.PlayerBlockedError),
        (outcome_pb2.OUTCOME_CURRENCY_MISMATCH, errors.CurrencyMismatchError),
        (outcome_pb2.OUTCOME_AMOUNT_INVALID, errors.AmountInvalidError),
        (outcome_pb2.OUTCOME_ORIGINAL_NOT_FOUND, errors.WithdrawalNotFoundError),
        (outcome_pb2.OUTCOME_HOLD_ENDED, errors.WithdrawalEndedError),
        (outcome_pb2.OUTCOME_HOLD_EXCEEDED, errors.WithdrawalExceededError),
        (outcome_pb2.OUTCOME_NOT_APPLIED, errors.RefusedError),
        (outcome_pb2.OUTCOME_PLAYER_NOT_FOUND, errors.PlayerNotFoundError),
        (outcome_pb2.OUTCOME_IDEMPOTENCY_CONFLICT, errors.KeyConflictError),
    ],
)
def test_every_refusal_has_its_exception(
    outcome: outcome_pb2.Outcome.ValueType, expected: type[errors.PitbossError]
) -> None:
    line = talk(says(outcome, outcome_pb2.OUTCOME_CLASS_REJECT))
    with pytest.raises(expected) as caught:
        line.run(deposit())
    assert isinstance(caught.value, errors.RefusedError)
    assert caught.value.outcome == Outcome(outcome)
    assert caught.value.transaction_key == "dep-1"


def test_a_refusal_of_a_kind_that_is_newer_than_the_library_is_still_a_refusal() -> None:
    with pytest.raises(errors.RefusedError) as caught:
        talk(says(987, outcome_pb2.OUTCOME_CLASS_REJECT)).run(deposit())  # type: ignore[arg-type]
    assert caught.value.outcome.name == "UNRECOGNIZED_987"


def test_a_passed_limit_names_the_limit_and_the_reasons() -> None:
    decision = decision_pb2.Decision(verdict=decision_pb2.VERDICT_DENY, reasons=["LIM.DEPOSIT.24H"])
    answer = says(
        outcome_pb2.OUTCOME_LIMIT_EXCEEDED, outcome_pb2.OUTCOME_CLASS_REJECT, limit="deposit", decision=decision
    )
    with pytest.raises(errors.LimitExceededError) as caught:
        talk(answer).run(deposit())
    assert (caught.value.limit, caught.value.reasons) == ("deposit", ("LIM.DEPOSIT.24H",))


def test_what_the_law_refuses_has_every_reason() -> None:
    decision = decision_pb2.Decision(verdict=decision_pb2.VERDICT_DENY, reasons=["SEX.SELF", "KYC.AGE"])
    answer = says(outcome_pb2.OUTCOME_COMPLIANCE_DENIED, outcome_pb2.OUTCOME_CLASS_REJECT, decision=decision)
    with pytest.raises(errors.ComplianceDeniedError) as caught:
        talk(answer).run(deposit())
    assert caught.value.reasons == ("SEX.SELF", "KYC.AGE")
    assert isinstance(caught.value, errors.RefusedError)
