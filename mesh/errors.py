"""Failures a caller can act on. The class docstring is the message; keyword arguments are its data."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import ClassVar


class Kind(enum.Enum):
    """The canonical gRPC code of a failure."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class MeshError(Exception):
    """A fault of ours."""

    kind: ClassVar[Kind] = Kind.INTERNAL
    reason: ClassVar[str] = "ERROR_REASON_INTERNAL"

    def __init__(
        self, *, violations: Sequence[tuple[str, str]] = (), retry_after: float | None = None, **metadata: str
    ) -> None:
        super().__init__(self.message())
        self.violations = tuple(violations)
        self.retry_after = retry_after
        self.metadata = metadata

    @classmethod
    def message(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or cls.__name__).strip().partition("\n")[0]


class RequestInvalidError(MeshError):
    """A field is missing or out of range."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_REQUEST_INVALID"


class CallerUnknownError(MeshError):
    """The caller is not known."""

    kind = Kind.UNAUTHENTICATED
    reason = "ERROR_REASON_CALLER_UNKNOWN"


class CallerForbiddenError(MeshError):
    """The caller may not use this method."""

    kind = Kind.PERMISSION_DENIED
    reason = "ERROR_REASON_CALLER_FORBIDDEN"


class LicenseeMissingError(MeshError):
    """The call needs a licensee and carries none."""

    kind = Kind.UNAUTHENTICATED
    reason = "ERROR_REASON_LICENSEE_MISSING"


class ScopeMissingError(MeshError):
    """The token lacks the scope that this method needs."""

    kind = Kind.PERMISSION_DENIED
    reason = "ERROR_REASON_SCOPE_MISSING"


class OverloadedError(MeshError):
    """The service has more work than it can finish in time."""

    kind = Kind.RESOURCE_EXHAUSTED
    reason = "ERROR_REASON_OVERLOADED"


class DependencyDownError(MeshError):
    """A part that this call needs does not answer."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_DEPENDENCY_DOWN"


class DeadlineExceededError(MeshError):
    """The deadline was over before an answer was known."""

    kind = Kind.DEADLINE_EXCEEDED
    reason = "ERROR_REASON_DEADLINE_EXCEEDED"


class InternalError(MeshError):
    """A fault of ours. The request id finds it in the logs."""


class PageTokenInvalidError(MeshError):
    """The page token was not made by this method for this filter."""

    kind = Kind.INVALID_ARGUMENT
    reason = "ERROR_REASON_PAGE_TOKEN_INVALID"


class MessageTooLargeError(MeshError):
    """The message is larger than the service accepts."""

    kind = Kind.RESOURCE_EXHAUSTED
    reason = "ERROR_REASON_MESSAGE_TOO_LARGE"
