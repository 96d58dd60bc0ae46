"""One served call, from its raw request to its raw answer.

This is the only interceptor of a server, and it is not one of gRPC's: methods are wrapped when they are registered, and
a small object per call is the handler. That saves gRPC's chain of coroutines and a second reading of the metadata for
each call. The wrapper parses and serialises messages itself, so a broken message is a clear INVALID_ARGUMENT and a bug
in an answer is an INTERNAL without a stack trace.

What is logged: refusals, failures and slow calls, one line each, at most twenty a second of a kind; an ordinary success
only at level debug, because a line costs as much as the decision it tells of. Numbers about all calls are in the
metrics.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from time import perf_counter
from typing import Any, NoReturn, cast

import grpc
import grpc.aio

from mesh import failures, logs, status
from mesh.desk import Desk
from mesh.errors import DeadlineExceededError, DependencyDownError, Kind, MeshError
from mesh.gate import Metadata, find_request_id
from mesh.identity import Caller, peek_caller, set_current_caller
from mesh.metrics import Histogram
from mesh.validation import decode

_log = logs.get("mesh.calls")
_MOMENT_S = 0.1

Context = Any
"""gRPC's servicer context, possibly inside a tracing proxy."""
Handler = Any
"""gRPC's method handler, as generated code registers it."""
Incoming = Any
"""The bytes of a request, or an asynchronous iterator of them."""
Request = Any
Answer = Any


class Method:
    """One method of one service, with everything about it that does not change from call to call."""

    def __init__(self, desk: Desk, service: str, name: str, handler: Handler) -> None:
        self.desk, self.service, self.name = desk, service, name
        self.path = f"/{service}/{name}"
        self.rule = desk.policy.rule(service, name)
        self.behavior = _behavior(self.path, handler)
        self._parse: Callable[[bytes], Any] = handler.request_deserializer
        self._serialize: Callable[[Any], bytes] = handler.response_serializer
        self._durations: dict[str, Histogram] = {}
        self._ok = self._duration_of(grpc.StatusCode.OK)
        self._default_s = desk.settings.default_deadline_ms / 1000
        self._longest_s = desk.settings.max_deadline_ms / 1000
        self._slow_s = desk.settings.slow_call_ms / 1000
        self._max_bytes = desk.settings.max_message_bytes
        self.call = _CALLS[handler.request_streaming, handler.response_streaming]

    def admit(self, metadata: Metadata, context: Context) -> Caller:
        """Let the caller in, and make it the current one."""
        caller = self.desk.gate.admit(self.rule, metadata, context)
        set_current_caller(caller)
        if caller.deadline_s is not None and caller.deadline_s <= 0:
            raise DeadlineExceededError(method=self.path)
        return caller

    def time_limit(self, deadline_s: float | None) -> float | None:
        """Seconds until we must end the call ourselves; None if gRPC does it at the caller's deadline."""
        if deadline_s is None:
            return self._default_s
        return None if deadline_s <= self._longest_s else self._longest_s

    def decode(self, raw: bytes) -> Request:
        """The request, checked."""
        return decode(raw, self._parse, self._max_bytes)

    def encode(self, answer: Answer) -> bytes:
        """The answer's bytes."""
        return self._serialize(answer)

    def observe(self, code: grpc.StatusCode | None, seconds: float) -> None:
        """Count a call that has ended; no code means OK."""
        (self._ok if code is None else self._duration_of(code)).observe(seconds)

    def _duration_of(self, code: grpc.StatusCode) -> Histogram:
        # The enum computes its own hash, slowly.
        durations = self._durations.get(code.name)
        if durations is None:
            labels = {"rpc.service": self.service, "rpc.method": self.name, "rpc.grpc.status_code": code.name}
            durations = self._durations[code.name] = self.desk.registry.histogram("rpc.server.duration", labels)
        return durations

    def succeed(self, code: grpc.StatusCode | None, started: float) -> None:
        """Account for a call whose servicer returned; it may have set a status code without raising."""
        seconds = perf_counter() - started
        self.observe(code, seconds)
        if seconds > self._slow_s:
            _log.info("slow call", method=self.path, ms=_ms(seconds))
        elif _log.tells_everything:
            _log.debug("call", method=self.path, ms=_ms(seconds))

    async def fail(self, error: BaseException, context: Context, metadata: Metadata, started: float) -> NoReturn:
        """Account for a call that ended with an exception, and tell its caller."""
        if failures.was_cancelled(error) and not (self.desk.draining and isinstance(error, asyncio.CancelledError)):
            # The caller's clock began earlier than ours: it gives up a moment before our time is over.
            remaining = context.time_remaining()
            expired = remaining is not None and remaining < _MOMENT_S
            self.observe(grpc.StatusCode.DEADLINE_EXCEEDED if expired else grpc.StatusCode.CANCELLED, _since(started))
            _log.debug("call cancelled", method=self.path, expired=expired)
            raise error
        if isinstance(error, grpc.aio.AbortError):
            self.observe(context.code() or grpc.StatusCode.UNKNOWN, _since(started))
            raise error
        failure = self._understand(error)
        code = status.CODES[failure.kind]
        self.observe(code, _since(started))
        request_id = find_request_id(peek_caller(), metadata)
        self._report(failure, error, context, request_id, started)
        await context.abort(code, failure.message(), status.trailing_metadata(failure, request_id))
        raise error

    def _understand(self, error: BaseException) -> MeshError:
        if self.desk.draining and isinstance(error, asyncio.CancelledError):
            return DependencyDownError(dependency="this replica", retry_after=0.0)
        return failures.understand(error)

    def _report(
        self, failure: MeshError, error: BaseException, context: Context, request_id: str, started: float
    ) -> None:
        left_out = self.desk.lines.take((self.path, failure.reason))
        if left_out is None:
            return
        fields = {
            "method": self.path,
            "code": failure.kind.name,
            "reason": failure.reason,
            "request_id": request_id,
            "ms": _ms(_since(started)),
            "detail": failure.metadata,
            "left_out": left_out,
        }
        if isinstance(failure, failures.SECURITY):
            _log.security("caller refused", peer=context.peer(), **fields)
        elif failure.kind is Kind.INTERNAL:
            _log.error("call failed", error=error, **fields)
        elif failure.kind in failures.OURS:
            _log.warning("call failed", cause=repr(error), **fields)
        else:
            _log.info("call refused", **fields)


class _Call:
    """A gRPC method handler made for one call. Bytes in, bytes out."""

    __slots__ = ("_metadata", "_method")

    request_deserializer = None
    response_serializer = None
    request_streaming = False
    response_streaming = False
    unary_unary: Any = None
    unary_stream: Any = None
    stream_unary: Any = None
    stream_stream: Any = None

    def __init__(self, method: Method, metadata: Metadata) -> None:
        self._method, self._metadata = method, metadata

    def _read(self, incoming: Incoming) -> Request:
        """What the servicer gets: a checked request, or a stream of them."""
        return self._requests(incoming) if self.request_streaming else self._method.decode(incoming)

    async def unary(self, incoming: Incoming, context: Context) -> bytes:
        method, started = self._method, perf_counter()
        try:
            caller = method.admit(self._metadata, context)
            method.desk.enter_call()
            try:
                limit_s = method.time_limit(caller.deadline_s)
                if limit_s is None:
                    answer = await method.behavior(self._read(incoming), context)
                else:
                    answer = await self._limited(self._read(incoming), context, limit_s)
                raw = method.encode(answer)
            finally:
                method.desk.calls -= 1
        except BaseException as error:  # noqa: BLE001 - every ending is counted and told
            await method.fail(error, context, self._metadata, started)
        method.succeed(context.code(), started)
        return raw

    async def _limited(self, request: Request, context: Context, limit_s: float) -> Answer:
        try:
            async with asyncio.timeout(limit_s) as scope:
                return await self._method.behavior(request, context)
        except TimeoutError:
            if scope.expired():
                raise DeadlineExceededError(method=self._method.path) from None
            raise

    async def stream(self, incoming: Incoming, context: Context) -> AsyncIterator[bytes]:
        method, started = self._method, perf_counter()
        try:
            method.admit(self._metadata, context)
            method.desk.enter_stream()
            try:
                answers = method.behavior(self._read(incoming), context)
                if not self.request_streaming:
                    answers = method.desk.until_drained(answers)
                async with aclosing(answers):
                    async for answer in answers:
                        yield method.encode(answer)
            finally:
                method.desk.streams -= 1
        except BaseException as error:  # noqa: BLE001 - every ending is counted and told
            await method.fail(error, context, self._metadata, started)
        method.observe(context.code(), _since(started))

    async def _requests(self, incoming: AsyncIterator[bytes]) -> AsyncIterator[Request]:
        async for raw in incoming:
            yield self._method.decode(raw)


class _UnaryUnary(_Call):
    __slots__ = ()
    unary_unary = _Call.unary


class _StreamUnary(_Call):
    __slots__ = ()
    request_streaming = True
    stream_unary = _Call.unary


class _UnaryStream(_Call):
    __slots__ = ()
    response_streaming = True
    unary_stream = _Call.stream


class _StreamStream(_Call):
    __slots__ = ()
    request_streaming = True
    response_streaming = True
    stream_stream = _Call.stream


_CALLS: dict[tuple[bool, bool], type[_Call]] = {
    (False, False): _UnaryUnary,
    (True, False): _StreamUnary,
    (False, True): _UnaryStream,
    (True, True): _StreamStream,
}


def _behavior(path: str, handler: Handler) -> Callable[[Request, Context], Any]:
    """The servicer's method. One that is not written for asyncio would block the loop, or get raw bytes."""
    if handler.response_streaming:
        behavior = handler.stream_stream if handler.request_streaming else handler.unary_stream
        fits = inspect.isasyncgenfunction(behavior)
    else:
        behavior = handler.stream_unary if handler.request_streaming else handler.unary_unary
        fits = inspect.iscoroutinefunction(behavior)
    if not fits:
        kind = "an asynchronous generator" if handler.response_streaming else "a coroutine function"
        raise TypeError(f"{path} is not {kind}")
    return cast("Callable[[Request, Context], Any]", behavior)


def _since(started: float) -> float:
    return perf_counter() - started


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
