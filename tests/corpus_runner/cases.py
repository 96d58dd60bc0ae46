"""Case files, and the words of the format."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VERBS = frozenset({
    "bet", "win", "bet_and_win", "batch", "cancel", "rollback_list", "reverse_win", "undo_rollback", "close_round",
    "promo", "tournament", "jackpot", "free_round_spin", "free_round_total", "tip", "adjust", "deposit",
    "withdraw_request", "hold", "withdraw_capture", "capture", "withdraw_release", "release", "balance", "round",
    "transaction", "statement", "set_player", "set_session", "set_game", "set_limit", "advance_clock",
    "restart_service", "repeat", "parallel",
})  # fmt: skip
FLAGS = frozenset({
    "win_without_bet", "one_credit_per_ref", "late_win_window", "bet_window", "auto_close_after",
    "free_round_settlement",
})  # fmt: skip
KEYED = frozenset({
    "bet", "win", "bet_and_win", "batch", "cancel", "rollback_list", "reverse_win", "undo_rollback", "promo",
    "tournament", "jackpot", "free_round_spin", "free_round_total", "tip", "adjust", "deposit", "withdraw_request",
    "hold", "withdraw_capture", "capture", "withdraw_release", "release",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of a file."""

    id: str
    title: str
    given: dict[str, Any]
    steps: list[dict[str, Any]]


def load(path: Path) -> list[Case]:
    """The cases of a file. ValueError if it is no money file of format 1."""
    content = yaml.safe_load(path.read_text())
    if not isinstance(content, dict) or content.get("format") != 1 or "cases" not in content:
        raise ValueError(f"{path}: not a case file of format 1")
    return [
        Case(id=case["id"], title=case["title"], given=case.get("given") or {}, steps=case["steps"])
        for case in content["cases"]
    ]


def unsupported(case: Case) -> list[str]:
    """What a case uses that this runner has never heard of; empty if it can run."""
    missing = {verb for verb in _verbs(case.steps) if verb not in VERBS}
    for flags in (case.given.get("providers") or {}).values():
        missing |= {flag for flag in flags or {} if flag not in FLAGS}
    return sorted(missing)


def _verbs(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in _flat(steps):
        yield step["do"]


def _flat(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        args = step.get("args") or {}
        if step["do"] == "repeat":
            yield from _flat([args["step"]])
        elif step["do"] == "parallel":
            yield from _flat(args["branches"])
        elif step["do"] == "batch":
            yield from _flat(args["items"])
