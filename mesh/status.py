"""Errors on the wire: google.rpc.Status with ErrorInfo, BadRequest and RetryInfo, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.rpc import status_pb2

from mesh.errors import MeshError

DOMAIN = "pitboss"
DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteError:
    """What a failed call told: `reason` is empty when the failure did not come from one of our services."""

    code: grpc.StatusCode
    message: str = ""
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    retry_after: float | None = None


def to_status(error: MeshError, request_id: str) -> status_pb2.Status:
    """The google.rpc.Status of an error."""
    raise NotImplementedError


def read_error(error: grpc.RpcError) -> RemoteError:
    """What a failed call told, read from its trailing metadata."""
    raise NotImplementedError
