"""Case files, and what this version of the ledger does not offer yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SUPPORTED_VERBS = frozenset({
    "bet", "win", "bet_and_win", "batch", "cancel", "close_round", "deposit", "withdraw_request", "hold",
    "withdraw_capture", "capture", "withdraw_release", "release", "balance", "round", "transaction", "set_player",
    "set_session", "set_game", "set_limit", "advance_clock", "restart_service", "repeat", "parallel",
})  # fmt: skip
SUPPORTED_FLAGS = frozenset({"win_without_bet", "one_credit_per_ref", "late_win_window"})
KEYED = frozenset({
    "bet", "win", "bet_and_win", "batch", "cancel", "deposit", "withdraw_request", "hold", "withdraw_capture",
    "capture", "withdraw_release", "release",
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
    """What a case uses that is not built yet; empty if it can run."""
    missing = {verb for verb in _verbs(case.steps) if verb not in SUPPORTED_VERBS}
    for flags in (case.given.get("providers") or {}).values():
        missing |= {flag for flag in flags or {} if flag not in SUPPORTED_FLAGS}
    for balances in (case.given.get("players") or {}).values():
        if any(isinstance(amount, dict) and float(amount.get("bonus", 0)) for amount in (balances or {}).values()):
            missing.add("bonus")
    for step in _flat(case.steps):
        args = step.get("args") or {}
        if args.get("ref_kind", "bet") != "bet":
            missing.add(f"cancel of {args['ref_kind']}")
        if step["do"] == "set_session" and args.get("state") == "active":
            missing.add("set_session active")
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
