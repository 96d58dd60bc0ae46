"""What a check looked at and what was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MOST_EXAMPLES: Final = 20


@dataclass(slots=True)
class Findings:
    """Grows while a check runs."""

    looked_at: int = 0
    wrong: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """One more thing that is wrong."""
        self.wrong += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(problem)

    def absorb(self, other: Findings) -> None:
        """Take over what was found elsewhere."""
        self.looked_at += other.looked_at
        self.wrong += other.wrong
        self.examples.extend(other.examples[: MOST_EXAMPLES - len(self.examples)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The verdict of one check."""

    name: str
    ok: bool
    detail: str
    problems: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The verdict as a line for people."""
        return f"{'ok   ' if self.ok else 'WRONG'} {self.name} ({self.detail})"


def verdict(name: str, noun: str, parts: Iterable[Findings]) -> Check:
    """Join what a check found everywhere."""
    whole = Findings()
    for part in parts:
        whole.absorb(part)
    detail = f"{whole.looked_at:,} {noun}"
    if whole.wrong:
        detail = f"{whole.wrong:,} wrong of {detail}: {whole.examples[0]}"
    return Check(name=name, ok=not whole.wrong, detail=detail, problems=tuple(whole.examples))
