from __future__ import annotations

from itertools import islice

import grpc
import pytest

from pitboss_sdk import Balances, Verdict, errors
from pitboss_sdk._calls import compliance, wallet
from pitboss_sdk._conversation import FIRST_PAUSE_S, LONGEST_PAUSE_S, Plain, pauses
from pitboss_sdk._stubs.pitboss.compliance.v1.compliance_service_pb2 import (
    StartExclusionRequest,
    StartExclusionResponse,
)
from pitboss_sdk._stubs.pitboss.type.v1 import decision_pb2
from pitboss_sdk._stubs.pitboss.type.v1.money_pb2 import Money
from pitboss_sdk._stubs.pitboss.wallet.v1 import action_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1.wallet_service_pb2 import WalletServiceGetBalanceResponse
from pitboss_sdk.failure import Failure, Trouble
from tests.unit.sdk.talking import talk, times

DOWN = Failure(code=grpc.StatusCode.UNAVAILABLE)
FOUND = WalletServiceGetBalanceResponse(
    balances=action_pb2.Balances(available=Money(currency_code="EUR", amount="12.50"))
)


def read() -> Plain[Balances]:
    return wallet.balance("pl-1", "EUR")


def test_a_read_returns_what_the_first_answer_says() -> None:
    line = talk(FOUND)
    assert str(line.run(read()).available) == "12.50 EUR"
    assert len(line.sent) == 1


def test_a_service_that_is_down_is_asked_again_until_it_answers() -> None:
    line = talk(DOWN, DOWN, FOUND)
    assert str(line.run(read()).available) == "12.50 EUR"
    assert len(line.sent) == 3
    assert all(pause > 0 for pause in line.slept)


def test_the_deadline_ends_all_retries_and_shortens_every_attempt() -> None:
    line = talk(*times(1000, DOWN), takes_s=0.3)
    with pytest.raises(errors.ServiceDownError):
        line.run(read(), timeout_s=3)
    assert line.at_s < 103.5
    assert len(line.sent) > 3
    limits = [send.timeout_s for send in line.sent]
    assert limits[0] == 3
    assert limits == sorted(limits, reverse=True)


def test_the_server_says_when_to_come_back() -> None:
    busy = Failure(code=grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=1.5)
    line = talk(busy, FOUND)
    line.run(read())
    assert line.slept == [1.5]


def test_a_server_that_wants_us_back_after_the_deadline_is_not_asked_again() -> None:
    busy = Failure(code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="ERROR_REASON_OVERLOADED", retry_after_s=60)
    line = talk(busy)
    with pytest.raises(errors.OverloadedError) as caught:
        line.run(read())
    assert caught.value.retry_after_s == 60
    assert line.slept == []


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(code=grpc.StatusCode.RESOURCE_EXHAUSTED), errors.OverloadedError),
        (Failure(code=grpc.StatusCode.INTERNAL), errors.InternalError),
        (Failure(code=grpc.StatusCode.UNKNOWN), errors.InternalError),
        (Failure(code=grpc.StatusCode.DEADLINE_EXCEEDED), errors.DeadlineExceededError),
        (Failure(code=grpc.StatusCode.UNAUTHENTICATED), errors.UnauthenticatedError),
        (Failure(code=grpc.StatusCode.INVALID_ARGUMENT), errors.RequestInvalidError),
        (Failure(code=grpc.StatusCode.UNIMPLEMENTED), errors.UnsupportedError),
        (Failure(code=grpc.StatusCode.ABORTED), errors.CallError),
        (Failure(code=grpc.StatusCode.UNAVAILABLE, trouble=Trouble.NOT_GRPC), errors.NotGrpcError),
        (Failure(code=grpc.StatusCode.UNAVAILABLE, trouble=Trouble.CERTIFICATE), errors.CertificateError),
        (Failure(code=grpc.StatusCode.UNAVAILABLE, trouble=Trouble.PLAINTEXT), errors.NotTlsError),
    ],
)
def test_nothing_else_is_asked_twice(failure: Failure, expected: type[errors.CallError]) -> None:
    line = talk(failure)
    with pytest.raises(expected) as caught:
        line.run(read())
    assert type(caught.value) is expected
    assert len(line.sent) == 1


def test_a_retry_is_the_same_message_with_the_same_key() -> None:
    call = compliance.exclude("pl-1", "6mo", None)
    allowed = StartExclusionResponse(decision=decision_pb2.Decision(verdict=decision_pb2.VERDICT_ALLOW))
    line = talk(DOWN, DOWN, allowed)
    assert line.run(call).verdict is Verdict.ALLOW
    first, second, third = (send.request for send in line.sent)
    assert first == second == third
    assert isinstance(first, StartExclusionRequest)
    assert first.transaction_key == call.transaction_key != ""


def test_two_calls_never_share_a_key_or_a_request_id() -> None:
    one, other = compliance.exclude("pl-1", "6mo", None), compliance.exclude("pl-1", "6mo", None)
    assert one.transaction_key != other.transaction_key
    assert one.request_id != other.request_id


def test_a_key_of_the_callers_own_is_kept() -> None:
    assert compliance.exclude("pl-1", "6mo", "my-key").transaction_key == "my-key"


@pytest.mark.parametrize("verdict", [decision_pb2.VERDICT_DENY, decision_pb2.VERDICT_CHALLENGE])
def test_a_change_of_protection_that_the_law_refuses_is_an_exception(verdict: decision_pb2.Verdict.ValueType) -> None:
    decision = decision_pb2.Decision(verdict=verdict, reasons=["SEX.TERM"], pack="gb@1")
    with pytest.raises(errors.ComplianceDeniedError) as caught:
        talk(StartExclusionResponse(decision=decision)).run(compliance.exclude("pl-1", "1d", "my-key"))
    assert caught.value.reasons == ("SEX.TERM",)
    assert caught.value.transaction_key == "my-key"


def test_pauses_grow_to_a_limit() -> None:
    longest = list(islice(pauses(lambda _least, most: most), 8))
    assert longest == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert (longest[0], longest[-1]) == (FIRST_PAUSE_S, LONGEST_PAUSE_S)


def test_callers_that_fail_together_do_not_come_back_together() -> None:
    assert len({next(pauses()) for _ in range(50)}) > 40
