"""A numbered case, and the list of all of them."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from provider_adapters._kit.manifest import Capability, Manifest
from tests.conformance.stage import Stage

Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`id` is the number of the scenario in docs/conformance.md; one may have several cases, told apart by a letter."""

    id: str
    title: str
    play: Play
    needs: frozenset[Capability]

    def skipped_because(self, manifest: Manifest) -> str:
        """Why the case is not played with this provider; empty if it is."""
        missing = sorted(self.needs - manifest.capabilities)
        return f"the manifest does not claim {', '.join(missing)}" if missing else ""


_ALL: list[Case] = []


def case(id_: str, title: str, *, needs: tuple[Capability, ...] = ()) -> Callable[[Play], Play]:
    """Register a function as a case."""

    def register(play: Play) -> Play:
        _ALL.append(Case(id=id_, title=title, play=play, needs=frozenset(needs)))
        return play

    return register


def all_cases() -> tuple[Case, ...]:
    """Every case by its number. Two with one number are a mistake of ours."""
    # They register themselves.
    importlib.import_module("tests.conformance.cases")
    found = sorted(_ALL, key=lambda each: each.id)
    assert len({each.id for each in found}) == len(found)
    return tuple(found)
