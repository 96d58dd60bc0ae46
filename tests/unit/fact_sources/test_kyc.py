"""Callbacks of a vendor of identity checks: what is believed, and what it means."""

import hashlib
import hmac
import json
from typing import Any

import grpc
import pytest

from fact_sources.kyc.config import KycSettings
from fact_sources.kyc.reading import Finding, Refusal, RefusedError, check, read
from fact_sources.kyc.serving import Callbacks

SECRET = b"shared"
AGREED = "HMAC_SHA256_HEX"
EVENT: dict[str, Any] = {
    "externalUserId": "aurora/ada",
    "type": "applicantReviewed",
    "correlationId": "e-1",
    "createdAtMs": "1970-01-01 00:00:01.500",
    "reviewResult": {"reviewAnswer": "GREEN"},
}


def body(**changes: Any) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


def signed(raw: bytes, *, secret: bytes = SECRET, hashed: Any = hashlib.sha256, named: str = AGREED) -> dict[str, str]:
    return {"x-payload-digest": hmac.new(secret, raw, hashed).hexdigest(), "x-payload-digest-alg": named}


def refusal(headers: dict[str, str], raw: bytes) -> Refusal | None:
    try:
        check(headers, raw, secret=SECRET, algorithm=AGREED)
        read(raw)
    except RefusedError as error:
        return error.refusal
    return None


def test_the_raw_body_signed_by_the_agreed_algorithm_is_believed() -> None:
    assert refusal(signed(body()), body()) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (signed(body(), secret=b"guessed"), Refusal.UNSIGNED),
        (signed(body() + b" "), Refusal.UNSIGNED),
        ({}, Refusal.UNSIGNED),
        (signed(body(), named="HMAC_SHA1_HEX"), Refusal.OTHER_ALGORITHM),
        (signed(body(), hashed=hashlib.sha1, named="HMAC_SHA1_HEX"), Refusal.OTHER_ALGORITHM),
        (signed(body(), hashed=hashlib.sha1), Refusal.UNSIGNED),
        ({"x-payload-digest": "\N{LATIN SMALL LETTER E WITH ACUTE}", "x-payload-digest-alg": AGREED}, Refusal.UNSIGNED),
    ],
)
def test_everything_else_is_refused(headers: dict[str, str], expected: Refusal) -> None:
    assert refusal(headers, body()) is expected


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        body(externalUserId="nobody"),
        body(externalUserId="aurora/"),
        body(createdAtMs="yesterday"),
        body(reviewResult={"reviewAnswer": "BLUE"}),
        body(reviewResult=None),
    ],
)
def test_what_is_signed_and_not_understood_changes_nothing(raw: bytes) -> None:
    assert refusal(signed(raw), raw) is Refusal.UNREADABLE


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, "VERIFIED"),
        ({"reviewResult": {"reviewAnswer": "RED"}}, "REJECTED"),
        ({"type": "applicantPending", "reviewResult": {}}, "PENDING"),
    ],
)
def test_what_a_callback_means(changes: dict[str, Any], result: str) -> None:
    found = read(body(**changes))
    assert found == Finding(licensee="aurora", player="ada", key="e-1", result=result, event_us=1_500_000)


class CodeError(grpc.RpcError):
    """An answer of the compliance service."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (None, 200),
        (grpc.StatusCode.NOT_FOUND, 404),
        (grpc.StatusCode.ALREADY_EXISTS, 409),
        (grpc.StatusCode.UNAVAILABLE, 503),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 503),
    ],
)
def test_a_vendor_comes_again_only_when_that_can_help(code: grpc.StatusCode | None, status: int) -> None:
    recorded: list[Finding] = []

    def record(finding: Finding) -> None:
        recorded.append(finding)
        if code is not None:
            raise CodeError(code)

    callbacks = Callbacks("sumsub", "shared", AGREED, record)
    assert callbacks.take(signed(body()), body()) == status
    assert callbacks.take(signed(body(), secret=b"guessed"), body()) == 401
    assert [finding.player for finding in recorded] == ["ada"]


def test_sha_1_cannot_be_agreed_on() -> None:
    with pytest.raises(ValueError, match="PITBOSS_KYC_ALGORITHM"):
        KycSettings(
            kyc_listen="127.0.0.1:1", kyc_vendor="sumsub", kyc_secret="s", kyc_algorithm="HMAC_SHA1_HEX",
            compliance_address="127.0.0.1:2", tls_dir="/",  # type: ignore[arg-type]
        )  # fmt: skip
