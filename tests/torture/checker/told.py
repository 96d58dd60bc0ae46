"""The history, read back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Step = dict[str, Any]
Key = tuple[str, str, str, str]
"""Player, source, kind, key: what happens once at most."""


class Answer(NamedTuple):
    """What a client was told about one step."""

    outcome: str
    transaction: str
    replayed: bool
    available: int | None


class Read(NamedTuple):
    """Available money, as a client read it."""

    before: int
    after: int
    player: str
    units: int


@dataclass
class Operation:
    """What a client wanted, and what it learnt."""

    number: int
    player: str
    steps: list[Step]
    atomic: bool
    first_sent: int | None = None
    first_answered: int | None = None
    sends: int = 0
    answers: list[list[Answer]] = field(default_factory=list)
    resolved: list[tuple[str, str, str]] | None = None

    def key(self, number: int) -> Key:
        """The key of one of its steps."""
        step = self.steps[number]
        return self.player, step["by"], step["do"], step["key"]


@dataclass
class Told:
    """Everything in a history."""

    operations: dict[int, Operation] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, line: list[Any]) -> None:
        """The next line."""
        _HANDLERS[line[0]](self, *line[1:])

    def _op(self, number: int, player: str, steps: list[Step], atomic: bool) -> None:
        self.operations[number] = Operation(number, player, steps, atomic)

    def _send(self, at: int, numbers: list[int], _wallet: int) -> None:
        for number in numbers:
            operation = self.operations[number]
            operation.sends += 1
            if operation.first_sent is None:
                operation.first_sent = at

    def _ok(self, at: int, answers: list[tuple[int, list[list[Any]]]]) -> None:
        for number, parts in answers:
            operation = self.operations[number]
            operation.answers.append([Answer(*part) for part in parts])
            if operation.first_answered is None:
                operation.first_answered = at

    def _unknown(self, _at: int, _numbers: list[int], code: str) -> None:
        self.codes[code] += 1

    def _read(self, before: int, after: int, player: str, units: int) -> None:
        self.reads.append(Read(before, after, player, units))

    def _resolved(self, _at: int, number: int, found: list[list[str]]) -> None:
        self.operations[number].resolved = [(state, outcome, transaction) for state, outcome, transaction in found]


_HANDLERS: dict[str, Callable[..., None]] = {
    "op": Told._op,
    "send": Told._send,
    "ok": Told._ok,
    "unknown": Told._unknown,
    "read": Told._read,
    "resolved": Told._resolved,
}


def read_history(lines: Iterable[bytes]) -> Told:
    """A whole history."""
    told = Told()
    for line in lines:
        told.add(json.loads(line))
    return told
