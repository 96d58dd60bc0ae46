"""The law broken on purpose, one rule at a time: the machine must find every one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from compliance_svc.kernel import Limit, LimitKind, transitions
from compliance_svc.kernel.rules import own_limits
from compliance_svc.kernel.usage import Usage
from tests.law_machine import shard
from wallet_svc.domain import counting
from wallet_svc.domain.vocabulary import Kind

_exclude, _take_break, _increase = transitions.exclude, transitions.take_break, transitions._increase
_request = transitions.request_reinstatement


def _says_yes_and_forgets(*arguments: Any) -> transitions.Change:
    return replace(_exclude(*arguments), protection=None)


def _forgets_breaks(*arguments: Any) -> transitions.Change:
    return replace(_take_break(*arguments), protection=None)


def _returns_any_time(pack: Any, state: Any, now_us: int) -> transitions.Change:
    exclusion = state.exclusion
    early = state if exclusion is None else replace(state, exclusion=replace(exclusion, eligible_us=now_us))
    return _request(pack, early, now_us)


def _raises_at_once(_pack: Any, state: Any, current: Limit, action: Any, now_us: int) -> transitions.Change:
    return transitions._limit_now(state, replace(current, amount_minor=action.amount_minor, pending=None), now_us)


def _counts(kind: Kind, *counted: tuple[LimitKind, int]) -> Any:
    return patch.dict(counting._COUNTS, {kind: counted})


def _closed_at_the_start(self: Usage, after_us: int, until_us: int) -> int:
    return self._total_at(until_us) - self._total_at(after_us - 1)


def _cut_later(state: Any, limit: Limit, now_us: int) -> transitions.Change:
    known = state.limit(limit.kind, limit.window)
    kept = limit if known is None else replace(limit, amount_minor=max(limit.amount_minor, known.in_force(now_us)))
    return transitions.Change(effective_us=now_us, protection=state.with_limit(kept))


def _checks_the_first(limit: Limit, *rest: Any) -> None:
    """Only limits of a day: the others are taken for loose."""
    if limit.window in ("24h", "day"):
        _check(limit, *rest)


_check = own_limits._check

BREAKS: dict[str, Any] = {
    "forgets exclusions": lambda: patch.object(transitions, "exclude", _says_yes_and_forgets),
    "forgets breaks": lambda: patch.object(transitions, "take_break", _forgets_breaks),
    "lets the excluded return early": lambda: patch.object(transitions, "request_reinstatement", _returns_any_time),
    "forgets open stakes": lambda: _counts(Kind.BET, (LimitKind.WAGER, 1)),
    "forgets wins": lambda: _counts(Kind.WIN),
    "keeps cancelled stakes": lambda: _counts(Kind.CANCEL),
    "counts a result when it comes": lambda: patch.object(
        counting, "_counted_us", lambda _player, entry: entry.recorded_us
    ),
    "raises a limit at once": lambda: patch.object(transitions, "_increase", _raises_at_once),
    "does not cut": lambda: patch.object(transitions, "_limit_now", _cut_later),
    "counts what is just over": lambda: patch.object(Usage, "between", _closed_at_the_start),
    "looks at one limit": lambda: patch.object(own_limits, "_check", _checks_the_first),
    "writes on a moved head": lambda: patch.object(shard.Shard, "stands_at", lambda _self, _head: True),
}
"""What is broken, and how."""
