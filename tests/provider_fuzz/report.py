"""What a run has shown so far: build/provider_fuzz.json, and a line for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.provider_fuzz.run import Result

AGREES, DISAGREES, UNFINISHED = 0, 1, 2
_LINE_EVERY_S: Final = 30.0


def summary(results: Sequence[Result], *, seconds: float, asked: int | None = None) -> dict[str, Any]:
    """The report. `asked`: sequences over all providers, those too that have not begun."""
    found = [each.as_json() for each in results]
    asked = sum(each.asked for each in results) if asked is None else asked
    complete = all(each.complete for each in results) and sum(each.asked for each in results) == asked
    mismatches = [mismatch for each in found for mismatch in each["mismatches"]]
    return {
        "ok": complete and not mismatches,
        "complete": complete,
        "provider": ",".join(each.provider for each in results),
        "seed": results[0].seed if results else None,
        "asked": asked,
        "sequences": sum(each["sequences"] for each in found),
        "messages": sum(each["messages"] for each in found),
        "players": sum(each["players"] for each in found),
        "seconds": round(seconds, 1),
        "mismatches": mismatches,
        "crashes": [crash for each in found for crash in each["crashes"]],
        "providers": found,
    }


def exit_code(report: dict[str, Any]) -> int:
    """A disagreement is one however much was played; without one, everything must have been played."""
    if report["mismatches"]:
        return DISAGREES
    return AGREES if report["ok"] else UNFINISHED


def write(path: Path, report: dict[str, Any]) -> None:
    """All of it or, if we are killed meanwhile, the last one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(report, indent=1) + "\n")
    new.replace(path)


@dataclass(slots=True, kw_only=True)
class Progress:
    """A line that is written over on a terminal; elsewhere one now and then."""

    began: float
    """On the monotonic clock, when the first sequence of the provider was drawn."""
    told: float = 0.0

    def tell(self, result: Result, *, last: bool = False) -> None:
        """How far it is, how fast, and how long it takes."""
        now = time.monotonic()
        if sys.stdout.isatty():
            print(f"\r{self.line(result, now)}   ", end="\n" if last else "", flush=True)
        elif last or now - self.told >= _LINE_EVERY_S:
            self.told = now
            print(self.line(result, now), flush=True)

    def line(self, result: Result, now: float) -> str:
        """For people."""
        rate = result.sequences / max(now - self.began, 0.001)
        left = max(result.asked - result.sequences, 0) / rate if rate else 0.0
        found = f"{len(result.mismatches)} mismatches" + (f", {len(result.crashes)} crashes" if result.crashes else "")
        done = f"{result.provider}: {result.sequences} of {result.asked}"
        return f"{done}, {rate:.1f}/s, {left / 60:.1f} min left, {found}"
