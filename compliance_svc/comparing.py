"""Two packs rule by rule, and past decisions under another pack. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from compliance_svc.domain import StoredDecision, codes_of
from compliance_svc.kernel import Pack, decide_again
from compliance_svc.kernel.canonical import dumps
from compliance_svc.kernel.document import PackDocument, RuleDocument, plain


class Strictness(IntEnum):
    """Which of two rules refuses more. The numbers are those of the contract."""

    TIGHTER = 1
    LOOSER = 2
    MIXED = 3
    EQUAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One rule in which two packs differ."""

    rule: str
    strictness: Strictness
    before: str
    after: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A decision that would have been another one. Both records are the kernel's."""

    stored: StoredDecision
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Decisions to look at: whose, and from when until when."""

    licensee: str
    """Empty: everybody's."""
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a pack beside the law would have decided otherwise."""

    digest: str
    changed: Changed


def differences(one: PackDocument, two: PackDocument) -> Iterator[RuleChange]:
    """The rules in which two packs differ, by name."""
    before, after = ({rule.label: rule for rule in pack.rules} for pack in (one, two))
    for label in sorted({*before, *after}):
        old, new = before.get(label), after.get(label)
        if old == new:
            continue
        yield RuleChange(
            rule=label,
            strictness=_strictness(old, new),
            before=_params(old),
            after=_params(new),
            source=_source(new or old),
        )


def _strictness(old: RuleDocument | None, new: RuleDocument | None) -> Strictness:
    """Compare as `overlay` does: a rule that is not there refuses nothing."""
    if old is None or new is None:
        return Strictness.TIGHTER if old is None else Strictness.LOOSER
    if old.params == new.params:
        return Strictness.EQUAL
    if type(old.params) is not type(new.params):
        return Strictness.MIXED
    both = old.params.stricter(new.params)  # type: ignore[arg-type] # the same kind, as checked
    if both == new.params:
        return Strictness.TIGHTER
    return Strictness.LOOSER if both == old.params else Strictness.MIXED


def _params(rule: RuleDocument | None) -> str:
    return "" if rule is None else dumps(plain(rule.params))


def _source(rule: RuleDocument | None) -> str:
    return "" if rule is None else f"{rule.source.ref} ({rule.source.evidence}, {rule.source.checked})"


def is_about(stored: StoredDecision, name: str) -> bool:
    """Whether a pack of this name decided."""
    content: dict[str, Any] = json.loads(stored.record)
    return str(content.get("pack", "")).partition("@")[0] == name


def changed_by(stored: StoredDecision, pack: Pack) -> Changed | None:
    """The decision as it would have been under another pack; None if verdict, reasons and duties stay."""
    before: dict[str, Any] = json.loads(stored.record)
    again = decide_again(pack, before)
    after: dict[str, Any] = json.loads(again.record())
    if _answer(before) == _answer(after):
        return None
    return Changed(stored=stored, before=stored.record, after=again.record())


def _answer(record: dict[str, Any]) -> tuple[object, ...]:
    times = [record.get(name) for name in ("effective_us", "eligible_us", "until_us")]
    return record["verdict"], codes_of(record), record.get("obligations", []), times
