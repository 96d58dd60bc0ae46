"""What an exception means to the caller, and to whoever reads the logs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc
import grpc.aio

from mesh.errors import (
    CallerForbiddenError,
    CallerUnknownError,
    DeadlineExceededError,
    DependencyDownError,
    InternalError,
    Kind,
    LicenseeMissingError,
    MeshError,
    OverloadedError,
    ScopeMissingError,
)

SECURITY = (CallerForbiddenError, CallerUnknownError, LicenseeMissingError, ScopeMissingError)
"""Refusals that somebody who watches for attacks wants to see."""

OURS = frozenset({Kind.INTERNAL, Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED})
"""Kinds that are not the caller's doing."""

Translator = Callable[[BaseException], MeshError | None]
_translators: list[Translator] = []


def register(translator: Translator) -> None:
    """Teach this process what a library's exceptions mean. A translator returns None for what it does not know."""
    if translator not in _translators:
        _translators.append(translator)


def understand(error: BaseException) -> MeshError:
    """The failure to tell the caller. What nobody knows is INTERNAL and says nothing."""
    if isinstance(error, MeshError):
        return error
    for translator in (*_translators, _of_a_call):
        if (known := translator(error)) is not None:
            return known
    return InternalError()


def _of_a_call(error: BaseException) -> MeshError | None:
    """A call to another process failed and nobody on the way handled it."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return None
    match error.code():
        case grpc.StatusCode.UNAVAILABLE:
            return DependencyDownError(dependency="rpc", retry_after=1.0)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return OverloadedError(queue="rpc", retry_after=1.0)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceededError()
    return None


def was_cancelled(error: BaseException) -> bool:
    """True if the call itself was cancelled, not merely something that it waited for."""
    if isinstance(error, GeneratorExit):
        return True
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
