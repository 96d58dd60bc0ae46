"""What must be true at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that held, or did not."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, object]:
        """For the result file."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an act."""

    what: str
    ok: bool


def all_of(name: str, steps: Iterable[Step]) -> Check:
    """A check whose detail says what was seen, the failures first."""
    seen = list(steps)
    failed = [f"NOT {step.what}" for step in seen if not step.ok]
    return Check(name=name, ok=not failed and bool(seen), detail="; ".join(failed or [step.what for step in seen]))
