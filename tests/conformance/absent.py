"""Numbers that no case plays, because none of the wires here can say them. They stand in the report, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tests.conformance.run import Verdict

_ONE_MESSAGE: Final = "no wire here puts several bets, or a bet and its win, into one message"

ABSENT: Final[Mapping[str, tuple[str, str]]] = {
    "B12": ("a token for reconciliation pays and never stakes", "no wire here has tokens of two kinds"),
    "C05": ("a list without actions tells the balance", "no wire here has lists of actions"),
    "D25": ("several bets in one message are taken together or not at all", _ONE_MESSAGE),
    "E16": ("a bet and its win in one message", _ONE_MESSAGE),
    "E17": ("a bet and its win in one message, and the bet is refused: no win", _ONE_MESSAGE),
    "F17": ("a cancel is undone", "no wire here undoes cancels"),
}
"""Title and reason."""


def absent(names: Sequence[str]) -> list[Verdict]:
    """What was left out with each of these providers."""
    return [
        Verdict(id=number, title=title, kind="provider", subject=name, ok=False, skipped_because=reason)
        for number, (title, reason) in ABSENT.items()
        for name in names
    ]
