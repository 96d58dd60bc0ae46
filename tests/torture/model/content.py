"""What a key stands for: two requests with one key are the same if this is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.torture.model.amounts import value
from tests.torture.model.answer import Step


def kind_of(step: Step) -> str:
    """The kind in a step's key."""
    return str(step["do"])


def content_of(step: Step) -> tuple[Any, ...]:
    """The money-relevant fields; whether a round is closed, and when a hold expires, are not among them."""
    return _CONTENT[step["do"]](step)


_CONTENT: dict[str, Callable[[Step], tuple[Any, ...]]] = {
    "bet": lambda step: (value(step["amount"]), step["round"]),
    "win": lambda step: (value(step["amount"]), step["round"], step.get("ref", "")),
    "cancel": lambda step: (step["ref"],),
    "deposit": lambda step: (value(step["amount"]),),
    "hold": lambda step: (value(step["amount"]),),
    "capture": lambda step: (step["ref"], value(step["amount"]) if step.get("amount") else "rest"),
    "release": lambda step: (step["ref"],),
    "set_limit": lambda step: (step["limit"], value(step["amount"])),
}
