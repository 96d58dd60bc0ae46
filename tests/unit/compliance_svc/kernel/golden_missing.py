"""What a golden case needs and the kernel alone does not have."""

from typing import Any, Final

from compliance_svc.kernel import Code, LimitKind, Window
from tests.unit.compliance_svc.kernel.golden_packs import UnsupportedError, case_packs

READS: Final = frozenset({"evaluate", "limit_status", "get_decision", "replay", "drop_fact"})
"""Verbs that decide nothing which counts."""

_ACTIONS: Final = frozenset(
    [
        "bet",
        "login",
        "deposit",
        "withdraw",
        "win",
        "feature_spin",
        "rollback",
        "open_session",
        "set_limit",
        "confirm_limit",
        "cancel_pending_limit",
        "exclude",
        "take_break",
        "request_reinstatement",
    ]
)
_CODES: Final = frozenset(code.value for code in Code)
_PLAYER_FIELDS: Final = frozenset({"pack", "born", "kyc", "currency", "limits"})
_GIVEN: Final = frozenset({"players", "packs", "games"})
_EXPECTED: Final = frozenset(
    [
        "verdict",
        "reasons",
        "reasons_exact",
        "headroom",
        "effective_at",
        "eligible_from",
        "until",
        "pack_version",
        "disposition",
        "amount",
        "usage",
        "pending",
        "label",
        "identical",
        "same_decision_as",
    ]
)


def missing(case: dict[str, Any]) -> str | None:
    """Return the first thing that the kernel does not have for a case."""
    given = case["given"]
    for name in given:
        if name not in _GIVEN:
            return f"given {name}"
    for player in given["players"].values():
        if wanted := _missing_of_player(player):
            return wanted
    for step in case["steps"]:
        if wanted := _missing_of_step(step):
            return wanted
    try:
        case_packs(given)
    except UnsupportedError as problem:
        return str(problem)
    return None


def _missing_of_player(player: dict[str, Any]) -> str | None:
    for name in player:
        if name not in _PLAYER_FIELDS:
            return f"player {name}"
    if player.get("kyc", "VERIFIED") != "VERIFIED":
        return "player kyc"
    for limit in player.get("limits", []):
        if wanted := _missing_of_limit(limit):
            return wanted
    return None


def _missing_of_limit(limit: dict[str, Any]) -> str | None:
    if limit["kind"] not in list(LimitKind):
        return f"limit {limit['kind']}"
    return None if limit["window"] in list(Window) else f"window {limit['window']}"


def _missing_of_step(step: dict[str, Any]) -> str | None:
    verb = step["do"]
    inner = step.get("action", {}).get("do", "bet")
    known = _ACTIONS | READS
    for wanted in (verb, inner):
        if wanted not in known:
            return f"verb {wanted}"
    for name in ("demo", "assertion", "brand", "node"):
        if name in step:
            return f"argument {name}"
    if "kind" in step and (wanted_limit := _missing_of_limit(step)):
        return wanted_limit
    return _missing_of_expectation(step.get("expect", {}))


def _missing_of_expectation(expect: dict[str, Any]) -> str | None:
    for name in expect:
        if name not in _EXPECTED:
            return f"expectation {name}"
    for code in (*expect.get("reasons", ()), *expect.get("reasons_exact", ())):
        if code not in _CODES:
            return f"reason {code}"
    return None
