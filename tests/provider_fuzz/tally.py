"""How much was played with one provider."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts that only grow."""

    provider: str
    sequences: int = 0
    """That were played, those too of the search for the smallest one."""
    messages: Counter[str] = field(default_factory=Counter)
    """By kind, each attempt."""
    players: int = 0
    """Whose books were compared once more after the last sequence."""
