from __future__ import annotations

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message

from pitboss_sdk import errors
from pitboss_sdk._failures import DETAILS_KEY, failure_of
from pitboss_sdk._refusals import call_error
from pitboss_sdk._stubs.google.rpc import error_details_pb2, status_pb2
from pitboss_sdk.failure import Failure, Trouble

CODE = grpc.StatusCode


def details(*messages: Message) -> tuple[tuple[str, bytes], ...]:
    """As a server sends them: under the public names, not under those of our copies."""
    packed = [
        any_pb2.Any(
            type_url="type.googleapis.com/" + message.DESCRIPTOR.full_name.removeprefix("pitboss_sdk."),
            value=message.SerializeToString(),
        )
        for message in messages
    ]
    return ((DETAILS_KEY, status_pb2.Status(details=packed).SerializeToString()),)


def info(reason: str, domain: str = "pitboss", **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=metadata)


def test_reason_fields_and_span_are_read_from_the_details() -> None:
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="player_id", description="does not match")
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(250)
    failure = failure_of(CODE.INVALID_ARGUMENT, "no", details(info("ERROR_REASON_REQUEST_INVALID", a="b"), bad, retry))
    assert failure == Failure(
        code=CODE.INVALID_ARGUMENT,
        message="no",
        reason="ERROR_REASON_REQUEST_INVALID",
        metadata={"a": "b"},
        violations=(("player_id", "does not match"),),
        retry_after_s=0.25,
    )


def test_a_reason_of_somebody_else_is_not_taken_for_ours() -> None:
    assert failure_of(CODE.UNAVAILABLE, "", details(info("ERROR_REASON_OVERLOADED", "balancer.example"))).reason == ""


@pytest.mark.parametrize("raw", [b"", b"\xff\xff\xff", b"not a message"])
def test_details_that_cannot_be_read_leave_code_and_text(raw: bytes) -> None:
    failure = failure_of(CODE.INTERNAL, "text", ((DETAILS_KEY, raw),))
    assert (failure.code, failure.message, failure.reason) == (CODE.INTERNAL, "text", "")


def test_a_broken_detail_does_not_hide_the_others() -> None:
    broken = any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\xff")
    status = status_pb2.Status(details=[broken])
    status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo",
                       value=info("ERROR_REASON_OVERLOADED").SerializeToString())  # fmt: skip
    failure = failure_of(CODE.RESOURCE_EXHAUSTED, "", ((DETAILS_KEY, status.SerializeToString()),))
    assert (failure.reason, failure.retry_after_s) == ("ERROR_REASON_OVERLOADED", None)


def test_the_gateways_limiter_says_when_its_bucket_is_refilled() -> None:
    empty = (("x-ratelimit-limit", "4"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1"))
    assert failure_of(CODE.RESOURCE_EXHAUSTED, "", empty).retry_after_s == 1
    assert failure_of(CODE.RESOURCE_EXHAUSTED, "", (*empty[:2], ("x-ratelimit-reset", "3600"))).retry_after_s == 2
    left = (("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1"))
    assert failure_of(CODE.RESOURCE_EXHAUSTED, "", left).retry_after_s is None
    # Filled again between the refusal and the count of what is left.
    assert failure_of(CODE.RESOURCE_EXHAUSTED, "local_rate_limited", left).retry_after_s == 1
    assert failure_of(CODE.RESOURCE_EXHAUSTED, "", empty[:2]).retry_after_s is None


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("Trying to connect an http1.x server", Trouble.NOT_GRPC),
        ("Cannot check peer: missing selected ALPN property.", Trouble.NOT_GRPC),
        ("Received http2 header with status: 404", Trouble.NOT_GRPC),
        ("Failed parsing HTTP/2 (Expected SETTINGS frame as the first frame)", Trouble.NOT_GRPC),
        ("Ssl handshake failed: CERTIFICATE_VERIFY_FAILED", Trouble.CERTIFICATE),
        ("Ssl handshake failed: WRONG_VERSION_NUMBER", Trouble.PLAINTEXT),
        ("Connection refused", Trouble.NONE),
    ],
)
def test_a_bad_endpoint_is_recognised_by_grpcs_text(text: str, trouble: Trouble) -> None:
    assert failure_of(CODE.UNAVAILABLE, text, ()).trouble is trouble


def test_a_service_that_quotes_such_a_text_is_no_bad_endpoint() -> None:
    quoting = failure_of(CODE.UNAVAILABLE, "studio is an http1.x server", details(info("ERROR_REASON_DEPENDENCY_DOWN")))
    assert quoting.trouble is Trouble.NONE


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("ERROR_REASON_PLAYER_NOT_FOUND", errors.PlayerNotFoundError),
        ("ERROR_REASON_KEY_CONFLICT", errors.KeyConflictError),
        ("ERROR_REASON_REQUEST_CONFLICT", errors.KeyConflictError),
        ("ERROR_REASON_GAME_NOT_AVAILABLE", errors.GameNotAvailableError),
        ("ERROR_REASON_LAUNCH_FAILED", errors.ServiceDownError),
        ("ERROR_REASON_SCOPE_MISSING", errors.ForbiddenError),
    ],
)
def test_a_reason_has_its_exception(reason: str, expected: type[errors.PitbossError]) -> None:
    failure = Failure(code=CODE.FAILED_PRECONDITION, reason=reason)
    error = call_error(failure, request_id="r-1", transaction_key="k-1")
    assert isinstance(error, expected)
    assert (error.reason, error.request_id, error.transaction_key) == (reason, "r-1", "k-1")


def test_a_denied_session_is_a_denial_with_its_reasons() -> None:
    failure = failure_of(
        CODE.FAILED_PRECONDITION, "", details(info("ERROR_REASON_PLAY_DENIED", reasons="SEX.SELF,KYC.AGE", pack="gb@1"))
    )
    error = call_error(failure, request_id="r-1")
    assert isinstance(error, errors.ComplianceDeniedError)
    assert error.reasons == ("SEX.SELF", "KYC.AGE")


def test_the_request_id_of_the_server_wins() -> None:
    failure = Failure(code=CODE.INTERNAL, metadata={"request_id": "theirs"})
    assert call_error(failure, request_id="ours").request_id == "theirs"


def test_an_error_says_what_happened_what_to_do_and_under_which_names() -> None:
    failure = Failure(
        code=CODE.INVALID_ARGUMENT,
        reason="ERROR_REASON_REQUEST_INVALID",
        violations=(("player_id", "does not match"),),
        metadata={"method": "Deposit", "request_id": "r-1"},
    )
    assert str(call_error(failure, request_id="", transaction_key="k-1")) == (
        "A field is missing or out of range. REQUEST_INVALID - player_id: does not match - method=Deposit. "
        "Correct the fields in `violations`. [transaction_key=k-1, request_id=r-1]"
    )
