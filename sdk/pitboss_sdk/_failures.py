"""What a failed call told, read from its status, its trailing metadata and its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, cast

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message

from pitboss_sdk._stubs.google.rpc import error_details_pb2, status_pb2
from pitboss_sdk.failure import Failure, Trouble

DOMAIN: Final = "pitboss"
DETAILS_KEY: Final = "grpc-status-details-bin"

# The gateway's own limiter speaks in headers: it is no service and sends no details.
REMAINING_KEY: Final = "x-ratelimit-remaining"
RESET_KEY: Final = "x-ratelimit-reset"
_LONGEST_RESET_S: Final = 2.0
_REFUSED_FOR_RATE: Final = "local_rate_limited"
"""What Envoy says to a call above its caller's rate."""

# gRPC tells of a bad endpoint in the text alone.
_TROUBLES: Final[Mapping[str, Trouble]] = {
    "http1.x server": Trouble.NOT_GRPC,
    "missing selected ALPN": Trouble.NOT_GRPC,
    "Failed parsing HTTP/2": Trouble.NOT_GRPC,
    "http2 header with status": Trouble.NOT_GRPC,
    "invalid content-type": Trouble.NOT_GRPC,
    "CERTIFICATE_VERIFY_FAILED": Trouble.CERTIFICATE,
    "certificate verify failed": Trouble.CERTIFICATE,
    "Hostname Verification Check failed": Trouble.CERTIFICATE,
    "WRONG_VERSION_NUMBER": Trouble.PLAINTEXT,
}

Metadata = Iterable[tuple[str, str | bytes]]
Detail = TypeVar("Detail", bound=Message)


def read_failure(error: grpc.RpcError) -> Failure:
    """From the exception that gRPC raised."""
    # Both of gRPC's client stacks raise errors that are calls too; the types do not say so.
    call = cast("Any", error)
    both = [*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())]
    return failure_of(call.code(), call.details() or "", both)


def failure_of(code: grpc.StatusCode, message: str, metadata: Metadata) -> Failure:
    """From status, text and metadata."""
    found = dict(metadata)
    raw = found.get(DETAILS_KEY)
    details = _details(raw) if isinstance(raw, bytes) else []
    info = _detail(details, error_details_pb2.ErrorInfo)
    bad = _detail(details, error_details_pb2.BadRequest)
    retry = _detail(details, error_details_pb2.RetryInfo)
    is_ours = info is not None and info.domain == DOMAIN
    return Failure(
        code=code,
        message=message,
        reason=info.reason if info and is_ours else "",
        metadata=dict(info.metadata) if info and is_ours else {},
        violations=tuple((field.field, field.description) for field in bad.field_violations) if bad else (),
        retry_after_s=retry.retry_delay.ToMicroseconds() / 1_000_000 if retry else _reset_s(found, message),
        trouble=Trouble.NONE if details else _trouble(message),
    )


def _details(raw: bytes) -> list[any_pb2.Any]:
    try:
        return list(status_pb2.Status.FromString(raw).details)
    except DecodeError:
        return []


def _detail(details: Iterable[any_pb2.Any], kind: type[Detail]) -> Detail | None:
    # Our copies of these messages have private names; the wire has the public ones.
    name = kind.DESCRIPTOR.full_name.removeprefix("pitboss_sdk.")
    for detail in details:
        if detail.type_url.rpartition("/")[2] == name:
            try:
                return kind.FromString(detail.value)
            except DecodeError:
                return None
    return None


def _reset_s(metadata: Mapping[str, str | bytes], message: str) -> float | None:
    seconds = str(metadata.get(RESET_KEY, ""))
    # The allowance may have been filled again between the refusal and the count of what is left.
    is_refused = message == _REFUSED_FOR_RATE or metadata.get(REMAINING_KEY) == "0"
    if not is_refused or not seconds.isdigit():
        return None
    return min(float(seconds), _LONGEST_RESET_S)


def _trouble(message: str) -> Trouble:
    return next((trouble for sign, trouble in _TROUBLES.items() if sign in message), Trouble.NONE)
