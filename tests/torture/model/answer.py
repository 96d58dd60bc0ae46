"""What the model says about one step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Step = dict[str, Any]
"""What is sent: `do`, `key`, `by` (who sends it) and the fields of the action. Amounts as text, "12.50"."""

Account = tuple[str, str]
"""Class and, for accounts of the house, the source: ("cash", ""), ("gaming", "acme")."""

SUCCESS = frozenset({"OK", "TOMBSTONED"})
CONFLICT = "IDEMPOTENCY_CONFLICT"
INVALID = "REQUEST_INVALID"
"""An answer that is never stored: the request cannot be meant for this player."""


@dataclass(frozen=True)
class Posting:
    """Money that moves, in smallest units."""

    debit: Account
    credit: Account
    amount: int


@dataclass(frozen=True)
class Line:
    """One row that the log gains."""

    kind: str
    key: str
    outcome: str
    posting: Posting | None = None


@dataclass
class Answer:
    """The outcome of a step, the rows that it adds, and whether it was an old answer."""

    outcome: str
    lines: list[Line] = field(default_factory=list)
    replayed: bool = False

    @property
    def refused(self) -> bool:
        """A final refusal."""
        return self.outcome not in SUCCESS and self.outcome != CONFLICT


def alone(step: Step, outcome: str, kind: str = "") -> Answer:
    """An answer with one row that moves nothing."""
    return Answer(outcome, [Line(kind or step["do"], step["key"], outcome)])
