"""Comparing an uploaded file with the log: two streams in one order, matched where they meet. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Difference(IntEnum):
    """How a line and a stored action differ. Equal to pitboss.wallet.v1.DifferenceKind."""

    MISSING_HERE = 1
    MISSING_THERE = 2
    AMOUNT = 3
    STATE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One transaction as one side has it."""

    kind: int
    key: str
    player: str = ""
    """Empty: whoever has the key."""
    amount: int | None = None
    """In smallest units. None: not known, and not compared."""
    state: int = 0
    """Zero: not known, and not compared."""
    raw: Any = None
    """What is told about it."""

    @property
    def order(self) -> tuple[int, bytes]:
        return self.kind, self.key.encode()


Found = tuple[Difference, Compared | None, Compared | None]
"""A difference, the line there, what is here."""


@dataclass(slots=True)
class Tally:
    """What was compared so far."""

    lines: int = 0
    transactions: int = 0
    agreeing: int = 0
    found: dict[Difference, int] = field(default_factory=lambda: dict.fromkeys(Difference, 0))


def match(there: Sequence[Compared], here: Sequence[Compared], states: Collection[int], tally: Tally) -> list[Found]:
    """Differences among lines and stored actions of one kind and key. A transaction answers for one line."""
    rest, found = list(here), list[Found]()
    for line in there:
        own = next((one for one in rest if line.player in ("", one.player)), None)
        if own is None:
            found.append((Difference.MISSING_HERE, line, None))
            continue
        rest.remove(own)
        differing = _differences(line, own)
        found += [(difference, line, own) for difference in differing]
        tally.agreeing += not differing
    found += [(Difference.MISSING_THERE, None, one) for one in rest if one.state in states]
    tally.lines += len(there)
    tally.transactions += len(here)
    for difference, _, _ in found:
        tally.found[difference] += 1
    return found


def _differences(line: Compared, own: Compared) -> list[Difference]:
    found = []
    if line.amount is not None and line.amount != (own.amount or 0):
        found.append(Difference.AMOUNT)
    if line.state and line.state != own.state:
        found.append(Difference.STATE)
    return found
