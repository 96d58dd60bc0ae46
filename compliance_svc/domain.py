"""What the compliance service makes of the ledger's words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compliance_svc.kernel import LimitKind, Protection

EXCLUSIONS = (37, 38, 39, 62, 67)
"""Kinds of the record of exclusions, by the numbers of the contract: EXCLUDE, TAKE_BREAK, REQUEST_ and APPROVE_REINSTATEMENT,
LEAVE_FOR_GOOD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """One decision as the ledger recorded it. `record` is the kernel's canonical JSON."""

    shard: int
    sequence: int
    licensee: str
    player: str
    kind: int
    key: str
    source: str
    outcome: int
    allowed: bool
    record: str
    recorded_us: int

    @property
    def id(self) -> str:
        return f"{self.shard}-{self.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """A limit as a player may see it, amounts in smallest units."""

    kind: LimitKind
    window: str
    currency: str
    amount: int
    pending: int | None = None
    effective_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionView:
    """What protects a player now."""

    limits: tuple[LimitView, ...] = ()
    excluded: bool = False
    eligible_us: int | None = None
    break_until_us: int | None = None


def codes_of(record: Mapping[str, Any]) -> list[str]:
    """The reasons of a kernel's record in their order, each once: details may name one more than once."""
    return list(dict.fromkeys(reason["code"] for reason in record.get("reasons", [])))


def plainly_allowed(record: str) -> bool:
    """True for a decision that let the action pass without a word.

    `record` is canonical: after its verdict comes nothing but the data of its zone. Asked for every bet, so it is
    not read as JSON; no text can hold a name in quotes.
    """
    return record.startswith('"verdict":"ALLOW"', record.rfind('"verdict":')) and '"obligations":' not in record


def view(protection_json: str, now_us: int) -> ProtectionView:
    """The protection at a moment, from the ledger's state."""
    if not protection_json:
        return ProtectionView()
    protection = Protection.from_json(protection_json)
    excluded = protection.is_excluded(now_us)
    return ProtectionView(
        limits=tuple(
            LimitView(
                kind=limit.kind,
                window=limit.window.value,
                currency=limit.currency,
                amount=limit.in_force(now_us),
                pending=_pending(limit.pending.amount_minor, limit.in_force(now_us)) if limit.pending else None,
                effective_us=limit.pending.effective_us if limit.pending else None,
            )
            for limit in protection.limits
        ),
        excluded=excluded,
        eligible_us=protection.exclusion.eligible_us if excluded and protection.exclusion else None,
        break_until_us=protection.break_until_us if protection.is_on_break(now_us) else None,
    )


def _pending(amount: int, in_force: int) -> int | None:
    """A ripe increase that needs no word from the player is no longer pending."""
    return None if amount == in_force else amount
