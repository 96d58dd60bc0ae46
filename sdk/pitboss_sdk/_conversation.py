"""What is sent, what is repeated, and when to stop: one set of rules for both clients, without any I/O.

A conversation is a generator. It yields what to do (`Send` or `Sleep`) and is sent what came of it (a response or a
`Failure`). The two clients only differ in how they do it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

import grpc
from google.protobuf.message import Message

from pitboss_sdk._keys import new_request_id
from pitboss_sdk._refusals import call_error
from pitboss_sdk._stub_set import Stubs
from pitboss_sdk.errors import PitbossError
from pitboss_sdk.failure import Failure, Trouble

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0

Method: TypeAlias = Callable[[Stubs], Any]
"""Picks the method of one of the stubs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Make this call and send back its response, or its `Failure`."""

    method: Method
    request: Message
    timeout_s: float = float("inf")
    because: Failure | None = None
    """For a look-up: the failure that made it necessary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Wait."""

    seconds: float


Effect: TypeAlias = Send | Sleep
Answer: TypeAlias = Any
"""A response, or a `Failure`; None after a sleep."""
Value = TypeVar("Value")
Conversation: TypeAlias = Generator[Effect, Answer, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[Value]):
    """This is the answer."""

    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Go on with `send` after at least `after_s`; if there is no time for it, `error` is what is known."""

    send: Send
    error: PitbossError
    after_s: float = 0.0


class Call(Protocol[Value]):
    """One logical call."""

    @property
    def request_id(self) -> str:
        """Names the call in the logs of both sides, through all its attempts."""
        ...

    @property
    def first(self) -> Send:
        """What is sent first."""
        ...

    def judge(self, sent: Send, answer: Answer) -> Done[Value] | Again:
        """What an answer means. Raises what the caller shall see."""
        ...


def converse(call: Call[Value], *, timeout_s: float, now: Callable[[], float]) -> Conversation[Value]:
    """Send, and repeat within the deadline what may be repeated."""
    deadline = now() + timeout_s
    send = call.first
    for pause in pauses():
        left = max(deadline - now(), 0.001)
        step = call.judge(send, (yield replace(send, timeout_s=min(send.timeout_s, left))))
        if isinstance(step, Done):
            return step.value
        wait = max(pause, step.after_s)
        if now() + wait >= deadline:
            raise step.error
        yield Sleep(seconds=wait)
        send = step.send
    raise AssertionError("pauses never end")


def pauses(chance: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """How long to wait before each repetition: longer and longer, and never in step with other callers."""
    longest = FIRST_PAUSE_S
    while True:
        yield chance(longest / 2, longest)
        longest = min(longest * 2, LONGEST_PAUSE_S)


def may_repeat(failure: Failure) -> bool:
    """Whether the same message may simply be sent again."""
    if failure.trouble is not Trouble.NONE:
        return False
    if failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # Without a span it is no queue that empties, such as a message that is too large.
        return failure.retry_after_s is not None
    return failure.code is grpc.StatusCode.UNAVAILABLE


def was_not_let_in(answer: Answer) -> bool:
    """Whether the call ended at the door."""
    return isinstance(answer, Failure) and answer.code is grpc.StatusCode.UNAUTHENTICATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Generic[Value]):
    """A call without an outcome of its own: a read, or a write that is idempotent on its key."""

    first: Send
    read: Callable[[Any], Value]
    """The response as a value. May raise what the caller shall see."""
    transaction_key: str = ""
    request_id: str = field(default_factory=new_request_id)

    def judge(self, sent: Send, answer: Answer) -> Done[Value] | Again:
        """See `Call`."""
        if not isinstance(answer, Failure):
            return Done(value=self.read(answer))
        error = call_error(answer, request_id=self.request_id, transaction_key=self.transaction_key)
        if may_repeat(answer):
            return Again(send=sent, error=error, after_s=answer.retry_after_s or 0.0)
        raise error
