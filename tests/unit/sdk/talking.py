"""Drives conversations by hand: no clock, no network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pitboss_sdk._conversation import Call, Send, Sleep, converse

Value = TypeVar("Value")


@dataclass
class Talk:
    """What was sent, how long was waited, and a clock that only moves when it is told to."""

    answers: list[Any]
    takes_s: float = 0.0
    sent: list[Send] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    at_s: float = 100.0

    def run(self, call: Call[Value], *, timeout_s: float = 10.0) -> Value:
        """The value of the conversation, answered from the list."""
        conversation = converse(call, timeout_s=timeout_s, now=lambda: self.at_s)
        answer: Any = None
        while True:
            try:
                effect = conversation.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = self._do(effect)

    def _do(self, effect: Send | Sleep) -> Any:
        if isinstance(effect, Sleep):
            self.slept.append(effect.seconds)
            self.at_s += effect.seconds
            return None
        self.sent.append(effect)
        self.at_s += self.takes_s
        return self.answers.pop(0)


def talk(*answers: Any, takes_s: float = 0.0) -> Talk:
    """A talk with these answers."""
    return Talk(answers=list(answers), takes_s=takes_s)


def times(count: int, answer: Any) -> Iterable[Any]:
    """The same answer again and again."""
    return [answer] * count
