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
    "cancel": lambda step: (step["ref"], step.get("of", "bet")),
    "tip": lambda step: (value(step["amount"]), step.get("round", "")),
    "reverse_win": lambda step: (step["ref"],),
    "undo_rollback": lambda step: (step["ref"],),
    "rollback_list": lambda step: tuple(sorted({tuple(item) for item in step["items"]})),
    "promo": lambda step: (value(step["amount"]), step["to"]),
    "tournament": lambda step: (value(step["amount"]), step["to"]),
    "jackpot": lambda step: (value(step["amount"]), step["to"]),
    "free_round_spin": lambda step: (value(step["amount"]), step["to"], step["grant"]),
    "free_round_total": lambda step: (value(step["amount"]), step["to"], step["grant"]),
    "adjust": lambda step: (value(step["amount"]), step["of"], step["ref"]),
    "deposit": lambda step: (value(step["amount"]),),
    "transfer_in": lambda step: (value(step["amount"]),),
    "transfer_out": lambda step: (value(step["amount"]) if step["amount"] else "all",),
    "hold": lambda step: (value(step["amount"]),),
    "capture": lambda step: (step["ref"], value(step["amount"]) if step.get("amount") else "rest"),
    "release": lambda step: (step["ref"],),
    "set_limit": lambda step: (step["limit"], value(step["amount"])),
}
