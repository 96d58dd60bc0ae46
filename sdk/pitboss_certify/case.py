"""A numbered case, and the list of all of them."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from pitboss_certify.stage import Stage, Subject
from pitboss_certify.transport import Transport

Play = Callable[[Stage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`id` is the number of the scenario in docs/conformance; one may have several cases, told apart by a letter."""

    id: str
    title: str
    play: Play
    needs: tuple[str, ...] = ()
    only: str = ""

    def skipped_because(self, subject: Subject, transport: Transport) -> str:
        """Why the case cannot be played here; empty if it can."""
        if self.only and self.only != transport.name:
            return f"only for {self.only}"
        missing = [need for need in self.needs if not getattr(subject, need)]
        return f"the sandbox names no {' and no '.join(missing)}".replace("_", " ") if missing else ""


_ALL: list[Case] = []


def case(id_: str, title: str, *, needs: tuple[str, ...] = (), only: str = "") -> Callable[[Play], Play]:
    """Register a function as a case."""

    def register(play: Play) -> Play:
        _ALL.append(Case(id=id_, title=title, play=play, needs=needs, only=only))
        return play

    return register


def all_cases() -> tuple[Case, ...]:
    """Every case by its number. Two with one number are a mistake of ours."""
    # They register themselves.
    importlib.import_module("pitboss_certify.cases")
    found = sorted(_ALL, key=lambda each: each.id)
    assert len({each.id for each in found}) == len(found)
    return tuple(found)


def digest(found: tuple[Case, ...]) -> str:
    """SHA-256 over what the cases do, so that two reports can be known to mean the same."""
    body = hashlib.sha256()
    for each in found:
        body.update(f"{each.id}\n{each.title}\n{inspect.getsource(each.play)}".encode())
    return body.hexdigest()
