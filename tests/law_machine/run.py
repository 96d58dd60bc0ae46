"""Many episodes under one seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.law_machine.breaks import BREAKS
from tests.law_machine.machine import LENGTH, Episode, Violation

CONTROL_STEPS = 30_000
"""Within so many steps every break must be found."""


@dataclass(slots=True)
class Run:
    """What a run has done, and the first difference that it found."""

    steps: int = 0
    episodes: int = 0
    moved: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    violation: str = ""


def run(steps: int, seed: int, say: Callable[[Run], None] = lambda _run: None) -> Run:
    """Take so many steps, or fewer if something is wrong."""
    done = Run()
    while done.steps < steps and not done.violation:
        episode = Episode(f"{seed}/{done.episodes}")
        try:
            episode.run(min(LENGTH, steps - done.steps))
        except Violation as violation:
            done.violation = str(violation)
        done.steps += episode.steps
        done.episodes += 1
        done.moved += episode.shard.moved
        done.counts += episode.counts
        say(done)
    return done


def controls(seed: int) -> dict[str, int | None]:
    """After how many steps each break was found; None if it was not."""
    found: dict[str, int | None] = {}
    for name, break_it in BREAKS.items():
        with break_it():
            broken = run(CONTROL_STEPS, seed)
        found[name] = broken.steps if broken.violation else None
    return found
