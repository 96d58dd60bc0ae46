"""What the rules of one decision say while it is made."""

from dataclasses import dataclass

from compliance_svc.kernel.codes import ORDER, Code
from compliance_svc.kernel.limits import LimitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one rule refused, with the numbers that it compared."""

    code: Code
    rule: str
    observed: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One sum that a rule read from the player's usage."""

    kind: LimitKind
    currency: str
    after_us: int
    used: int | None


class Findings:
    """Collects reasons and the usage that was read."""

    __slots__ = ("reads", "reasons")

    def __init__(self) -> None:
        """Start with nothing found."""
        self.reasons: list[Reason] = []
        self.reads: list[Read] = []

    def refuse(self, code: Code, rule: str, observed: int | None = None, limit: int | None = None) -> None:
        """Add a reason."""
        self.reasons.append(Reason(code=code, rule=rule, observed=observed, limit=limit))


def in_order(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Return the reasons in the order of report, whatever order the rules ran in."""
    return tuple(sorted(reasons, key=_rank))


def _rank(reason: Reason) -> tuple[int, str, int, int]:
    return ORDER[reason.code], reason.rule, reason.observed or 0, reason.limit or 0
