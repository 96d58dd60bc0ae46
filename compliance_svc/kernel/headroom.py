"""What is left of a player's limits, for showing it."""

from dataclasses import dataclass

from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.limits import Limit, LimitKind, PendingIncrease, Window
from compliance_svc.kernel.pack import Pack
from compliance_svc.kernel.rules.own_limits import used


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStatus:
    """One limit as it stands at an instant."""

    limit: Limit
    amount_minor: int
    """The amount in force."""
    used_minor: int | None
    """None if the usage is not known."""
    pending: PendingIncrease | None
    """An increase that is not in force yet."""

    @property
    def headroom_minor(self) -> int:
        """What is left, never below zero; zero if the usage is not known."""
        return 0 if self.used_minor is None else max(0, self.amount_minor - self.used_minor)


def limit_statuses(pack: Pack, facts: Facts, now_us: int) -> tuple[LimitStatus, ...]:
    """Return every limit of the player. A player whose state is not known has none to show."""
    protection = facts.player.protection
    limits = () if protection is None else protection.limits
    return tuple(_status(pack, facts, limit, now_us) for limit in limits)


def limit_status(pack: Pack, facts: Facts, kind: LimitKind, window: Window, now_us: int) -> LimitStatus | None:
    """Return one limit of the player."""
    protection = facts.player.protection
    limit = None if protection is None else protection.limit(kind, window)
    return None if limit is None else _status(pack, facts, limit, now_us)


def headroom_minor(pack: Pack, facts: Facts, kinds: frozenset[LimitKind], now_us: int) -> int | None:
    """Return the lowest headroom of the limits of these kinds; None without such a limit."""
    left = [status.headroom_minor for status in limit_statuses(pack, facts, now_us) if status.limit.kind in kinds]
    return min(left, default=None)


def _status(pack: Pack, facts: Facts, limit: Limit, now_us: int) -> LimitStatus:
    in_force = limit.in_force(now_us)
    is_ripe = limit.pending is not None and in_force == limit.pending.amount_minor
    return LimitStatus(
        limit=limit,
        amount_minor=in_force,
        used_minor=used(limit, facts, now_us, pack.zone, Findings()),
        pending=None if is_ripe else limit.pending,
    )
