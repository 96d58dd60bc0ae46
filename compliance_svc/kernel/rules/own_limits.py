"""The player's own limits. They hold under every pack, also under one without rules."""

from datetime import tzinfo
from typing import Final

from compliance_svc.kernel.actions import Bet, Deposit, Funding
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.counting import counted_minor, used_minor
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.limits import Limit, LimitKind
from compliance_svc.kernel.rules.base import Rule

_DEPOSITS: Final = frozenset({LimitKind.DEPOSIT, LimitKind.NETDEP})
_CODE_OF_KIND: Final = {
    LimitKind.NETDEP: Code.LIM_NETDEP,
    LimitKind.WAGER: Code.LIM_WAGER,
    LimitKind.LOSS: Code.LIM_LOSS,
    LimitKind.STAKE: Code.LIM_STAKE,
    LimitKind.TIME: Code.LIM_TIME,
}


def deposit_limits(zone: tzinfo) -> Rule:
    """Compile the check of gross and net deposit limits."""

    def check(facts: Facts, deposit: Deposit, now_us: int, findings: Findings) -> None:
        protection = facts.player.protection
        if protection is None or not protection.limits:
            return
        for limit in protection.limits:
            if limit.kind in _DEPOSITS:
                _check(limit, facts, deposit, now_us, zone, findings)

    return check


def bet_limits(zone: tzinfo) -> Rule:
    """Compile the check of wager and loss limits (against the worst case of the bet), single stakes and time."""

    def check(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
        protection = facts.player.protection
        if protection is None or not protection.limits:
            return
        for limit in protection.limits:
            if limit.kind is LimitKind.TIME:
                _check_time(limit, facts, now_us, zone, findings)
            # A free spin costs the player nothing, so that it cannot be lost.
            elif limit.kind is LimitKind.STAKE or (
                limit.kind not in _DEPOSITS and bet.funding is not Funding.FREE_SPIN
            ):
                _check(limit, facts, bet, now_us, zone, findings)

    return check


def confirmed_at_login(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Ask at the login for the word that a ripe increase waits for."""
    protection = facts.player.protection
    for limit in () if protection is None else protection.limits:
        raised = limit.awaits_confirmation(now_us)
        if raised is not None:
            findings.refuse(Code.LIM_INCREASE_CONFIRM, label(limit), limit.amount_minor, raised)


def used(limit: Limit, facts: Facts, now_us: int, zone: tzinfo, findings: Findings) -> int | None:
    """Return what counts against a limit before the action; None after saying why it is not known."""
    if limit.kind is LimitKind.STAKE:
        return 0
    if facts.usage is None:
        findings.refuse(Code.SYS_FACT_MISSING, label(limit))
        return None
    amount = used_minor(facts, limit.kind, limit.window_start_us(now_us, zone), now_us, findings)
    if amount is None:
        findings.refuse(Code.SYS_FX_STALE, label(limit))
    return amount


def label(limit: Limit) -> str:
    """Return the name of a player's limit in reasons."""
    return f"own_limit/{limit.kind.value}/{limit.window.value}".rstrip("/")


def _check(limit: Limit, facts: Facts, action: Bet | Deposit, now_us: int, zone: tzinfo, findings: Findings) -> None:
    counted = counted_minor(facts, action, now_us) if limit.currency == facts.player.currency else None
    if counted is None:
        findings.refuse(Code.SYS_FX_STALE, label(limit))
        return
    before = used(limit, facts, now_us, zone, findings)
    if before is None:
        return
    _compare(limit, before + counted, now_us, findings)


def _check_time(limit: Limit, facts: Facts, now_us: int, zone: tzinfo, findings: Findings) -> None:
    played_s = used(limit, facts, now_us, zone, findings)
    if played_s is not None:
        # At the limit the next bet is refused: a second more would be too much.
        _compare(limit, played_s + 1, now_us, findings)


def _compare(limit: Limit, total: int, now_us: int, findings: Findings) -> None:
    allowed = limit.in_force(now_us)
    if total <= allowed:
        return
    raised = limit.awaits_confirmation(now_us)
    if raised is not None and total <= raised:
        findings.refuse(Code.LIM_INCREASE_CONFIRM, label(limit), total, raised)
    else:
        findings.refuse(_code(limit), label(limit), total, allowed)


def _code(limit: Limit) -> Code:
    return _CODE_OF_KIND.get(limit.kind) or Code(f"LIM.DEPOSIT.{limit.window.upper()}")
