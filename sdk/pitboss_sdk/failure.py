"""A failed call, as the wire told it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc


class Trouble(enum.Enum):
    """What is wrong with the connection itself, where that can be told."""

    NONE = enum.auto()
    NOT_GRPC = enum.auto()
    """Something answers, and it does not speak gRPC."""
    CERTIFICATE = enum.auto()
    """The endpoint's certificate is not trusted, or is another host's."""
    PLAINTEXT = enum.auto()
    """The endpoint does not speak TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Code, reason and details of a failed call."""

    code: grpc.StatusCode
    message: str = ""
    reason: str = ""
    """Such as "ERROR_REASON_OVERLOADED". Empty if the failure is not from one of Pitboss's services."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    """Fields that were refused, and why."""
    retry_after_s: float | None = None
    """The server asked to come back after this span."""
    trouble: Trouble = Trouble.NONE
