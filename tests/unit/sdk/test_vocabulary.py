"""The lists of the SDK are those of the contracts."""

from __future__ import annotations

import enum

import pytest
from google.protobuf.descriptor import EnumDescriptor

from pitboss_sdk import vocabulary
from pitboss_sdk._refusals import REASONS
from pitboss_sdk._stubs.pitboss.compliance.v1 import error_reason_pb2 as compliance_reasons
from pitboss_sdk._stubs.pitboss.session.v1 import catalog_service_pb2, session_service_pb2
from pitboss_sdk._stubs.pitboss.session.v1 import error_reason_pb2 as session_reasons
from pitboss_sdk._stubs.pitboss.type.v1 import decision_pb2, outcome_pb2
from pitboss_sdk._stubs.pitboss.type.v1 import error_reason_pb2 as shared_reasons
from pitboss_sdk._stubs.pitboss.wallet.v1 import action_pb2, history_service_pb2, transaction_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1 import error_reason_pb2 as wallet_reasons

LISTS = [
    (vocabulary.Outcome, outcome_pb2.Outcome.DESCRIPTOR, "OUTCOME_"),
    (vocabulary.OutcomeClass, outcome_pb2.OutcomeClass.DESCRIPTOR, "OUTCOME_CLASS_"),
    (vocabulary.TransactionKind, transaction_pb2.TransactionKind.DESCRIPTOR, "TRANSACTION_KIND_"),
    (vocabulary.TransactionState, transaction_pb2.TransactionState.DESCRIPTOR, "TRANSACTION_STATE_"),
    (vocabulary.FreezeDirection, action_pb2.FreezeDirection.DESCRIPTOR, "FREEZE_DIRECTION_"),
    (vocabulary.PromoReason, action_pb2.PromoReason.DESCRIPTOR, "PROMO_REASON_"),
    (vocabulary.HoldState, action_pb2.HoldState.DESCRIPTOR, "HOLD_STATE_"),
    (vocabulary.AttemptProof, history_service_pb2.AttemptProof.DESCRIPTOR, "ATTEMPT_PROOF_"),
    (vocabulary.BookAccountClass, history_service_pb2.BookAccountClass.DESCRIPTOR, "BOOK_ACCOUNT_CLASS_"),
    (vocabulary.DifferenceKind, history_service_pb2.DifferenceKind.DESCRIPTOR, "DIFFERENCE_KIND_"),
    (vocabulary.LimitKind, action_pb2.LimitKind.DESCRIPTOR, "LIMIT_KIND_"),
    (vocabulary.SessionState, session_service_pb2.SessionState.DESCRIPTOR, "SESSION_STATE_"),
    (vocabulary.Device, session_service_pb2.Device.DESCRIPTOR, "DEVICE_"),
    (vocabulary.Category, catalog_service_pb2.Category.DESCRIPTOR, "CATEGORY_"),
    (vocabulary.Verdict, decision_pb2.Verdict.DESCRIPTOR, "VERDICT_"),
]


@pytest.mark.parametrize(("ours", "contract", "prefix"), LISTS, ids=lambda value: getattr(value, "__name__", ""))
def test_names_and_numbers_are_those_of_the_contract(
    ours: type[enum.IntEnum], contract: EnumDescriptor, prefix: str
) -> None:
    expected = {value.name.removeprefix(prefix): value.number for value in contract.values}
    assert {member.name: member.value for member in ours.__members__.values()} == expected


def test_review_cases_are_those_of_the_contract() -> None:
    expected = {value.number for value in transaction_pb2.Case.DESCRIPTOR.values}
    assert {case.value for case in vocabulary.ReviewCase.__members__.values()} == expected


def test_a_value_that_is_newer_than_the_library_is_kept() -> None:
    newer = vocabulary.Outcome(987)
    assert (newer.value, newer.name) == (987, "UNRECOGNIZED_987")
    assert newer is vocabulary.Outcome(987)
    assert newer != vocabulary.Outcome.OK


def test_what_is_no_number_is_no_value() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        vocabulary.Outcome("nonsense")  # type: ignore[arg-type]


@pytest.mark.parametrize("module", [shared_reasons, wallet_reasons, session_reasons, compliance_reasons])
def test_every_error_reason_of_the_contracts_has_an_exception(module: object) -> None:
    values = module.ErrorReason.DESCRIPTOR.values  # type: ignore[attr-defined]
    names = {value.name.removeprefix("ERROR_REASON_") for value in values if value.number}
    assert names <= set(REASONS)
