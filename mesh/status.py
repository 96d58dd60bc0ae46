"""Errors on the wire: google.rpc.Status with ErrorInfo, BadRequest and RetryInfo, both ways.

A server sends one with `context.abort(code, text, trailing_metadata)`: unlike
`abort_with_status`, that is seen by the tracing interceptor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from mesh.errors import Kind, MeshError

DOMAIN = "pitboss"
DETAILS_KEY = "grpc-status-details-bin"

CODES: Mapping[Kind, grpc.StatusCode] = {kind: grpc.StatusCode[kind.name] for kind in Kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteError:
    """What a failed call told: `reason` is empty when the failure did not come from one of our services."""

    code: grpc.StatusCode
    message: str = ""
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    retry_after: float | None = None


def to_status(error: MeshError, request_id: str = "") -> status_pb2.Status:
    """The google.rpc.Status of an error."""
    status = status_pb2.Status(code=error.kind.value, message=error.message())
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    if request_id:
        info.metadata["request_id"] = request_id
    status.details.add().Pack(info)
    if error.violations:
        bad = error_details_pb2.BadRequest()
        for name, description in error.violations:
            bad.field_violations.add(field=name, description=description)
        status.details.add().Pack(bad)
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(round(error.retry_after * 1_000_000_000))
        status.details.add().Pack(retry)
    return status


def trailing_metadata(error: MeshError, request_id: str = "") -> tuple[tuple[str, bytes], ...]:
    """What carries the status to the caller."""
    return ((DETAILS_KEY, to_status(error, request_id).SerializeToString()),)


def read_error(error: grpc.RpcError) -> RemoteError:
    """What a failed call told, read from its trailing metadata."""
    # Both of gRPC's client stacks raise RpcError objects that are also calls; the stubs do not say so.
    code: grpc.StatusCode = error.code()
    message: str = error.details() or ""
    trailing: Iterable[tuple[str, str | bytes]] = cast("Any", error.trailing_metadata()) or ()
    for key, value in trailing:
        if key == DETAILS_KEY and isinstance(value, bytes):
            return _read_details(code, message, value)
    return RemoteError(code=code, message=message)


def _read_details(code: grpc.StatusCode, message: str, raw: bytes) -> RemoteError:
    status = status_pb2.Status()
    try:
        status.ParseFromString(raw)
        info, bad, retry = _unpack(status.details)
    except (DecodeError, ValueError):
        return RemoteError(code=code, message=message)
    is_ours = info.domain == DOMAIN
    return RemoteError(
        code=code,
        message=message,
        reason=info.reason if is_ours else "",
        metadata=dict(info.metadata) if is_ours else {},
        violations=tuple((item.field, item.description) for item in bad.field_violations),
        retry_after=retry.retry_delay.ToNanoseconds() / 1_000_000_000 if retry.HasField("retry_delay") else None,
    )


def _unpack(
    details: Iterable[any_pb2.Any],
) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo]:
    found = (error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo())
    for detail in details:
        for message in found:
            if detail.Is(message.DESCRIPTOR):
                detail.Unpack(message)
    return found
