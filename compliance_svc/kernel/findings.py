"""What the rules of one decision say while it is made."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from compliance_svc.kernel.codes import ORDER, Code, Obligation
from compliance_svc.kernel.limits import LimitKind
from compliance_svc.kernel.values import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one rule refused, with the numbers that it compared."""

    code: Code
    rule: str
    observed: int | None = None
    limit: int | None = None


@value(kw_only=True)
class Read:
    """One sum that a rule read from the player's usage."""

    kind: LimitKind
    currency: str
    after_us: int
    used: int | None


class Findings:
    """Collects reasons, duties, and the usage that was read."""

    __slots__ = ("changes", "obligations", "reads", "reasons", "until_us")

    def __init__(self) -> None:
        """Start with nothing found."""
        self.reasons: list[Reason] = []
        self.reads: list[Read] = []
        self.obligations: tuple[Obligation, ...] = ()
        self.changes: dict[str, Any] | None = None
        self.until_us: int | None = None

    def refuse(self, code: Code, rule: str, observed: int | None = None, limit: int | None = None) -> None:
        """Add a reason."""
        self.reasons.append(Reason(code=code, rule=rule, observed=observed, limit=limit))

    def oblige(self, obligation: Obligation, until_us: int | None = None, **changes: Any) -> None:  # noqa: ANN401 - fields of `Person`
        """Add a duty that comes with the action if it is allowed, and what changes about the person then."""
        self.obligations = tuple(sorted({*self.obligations, obligation}))
        known = self.changes or {}
        self.changes = known | {name: later(known.get(name), found) for name, found in changes.items()}
        if until_us is not None:
            self.until_us = later(self.until_us, until_us)


def later(known: int | None, found: int) -> int:
    """Return the later of two ends, whichever rule spoke first; a flag that is up stays up."""
    return found if known is None else max(known, found)


def distinct(reads: list[Read]) -> tuple[Read, ...]:
    """Return each sum once, in one order, whatever order the rules ran in."""
    for read, following in pairwise(reads):
        if read.kind >= following.kind:
            break
    else:
        # A player's limits are kept in this order, so that mostly nothing is left to do.
        return tuple(reads)
    by_name = {(read.kind, read.currency, read.after_us): read for read in reads}
    return tuple(by_name[name] for name in sorted(by_name))


def in_order(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Return the reasons in the order of report, whatever order the rules ran in."""
    return tuple(sorted(reasons, key=_rank))


def _rank(reason: Reason) -> tuple[int, str, int, int]:
    return ORDER[reason.code], reason.rule, reason.observed or 0, reason.limit or 0
