"""The player's own limits. They hold under every pack, also under one without rules."""

from datetime import tzinfo
from typing import Final

from compliance_svc.kernel.actions import Bet, Deposit, Funding
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.findings import Findings, Read
from compliance_svc.kernel.limits import Limit, LimitKind, Window
from compliance_svc.kernel.rules.base import Rule

_CODES: Final = {
    (LimitKind.DEPOSIT, Window.HOURS_24): Code.LIM_DEPOSIT_24H,
    (LimitKind.DEPOSIT, Window.DAYS_7): Code.LIM_DEPOSIT_7D,
    (LimitKind.DEPOSIT, Window.DAYS_30): Code.LIM_DEPOSIT_30D,
    (LimitKind.DEPOSIT, Window.MONTH_1): Code.LIM_DEPOSIT_1MO,
}
_CODE_OF_KIND: Final = {LimitKind.LOSS: Code.LIM_LOSS, LimitKind.STAKE: Code.LIM_STAKE}


def deposit_limits(zone: tzinfo) -> Rule:
    """Compile the check of gross deposit limits."""

    def check(facts: Facts, deposit: Deposit, now_us: int, findings: Findings) -> None:
        protection = facts.player.protection
        if protection is None or not protection.limits:
            return
        for limit in protection.limits:
            if limit.kind is LimitKind.DEPOSIT:
                _check(limit, facts, deposit, now_us, zone, findings)

    return check


def bet_limits(zone: tzinfo) -> Rule:
    """Compile the check of loss limits, against the worst case of the bet, and of single-stake limits."""

    def check(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
        protection = facts.player.protection
        if protection is None or not protection.limits:
            return
        for limit in protection.limits:
            # A free spin costs the player nothing, so that it cannot be lost.
            if limit.kind is LimitKind.STAKE or (limit.kind is LimitKind.LOSS and bet.funding is not Funding.FREE_SPIN):
                _check(limit, facts, bet, now_us, zone, findings)

    return check


def used(limit: Limit, facts: Facts, now_us: int, zone: tzinfo, findings: Findings) -> int | None:
    """Return what counts against a limit before the action; None after saying why it is not known."""
    if limit.kind is LimitKind.STAKE:
        return 0
    if facts.usage is None:
        findings.refuse(Code.SYS_FACT_MISSING, label(limit))
        return None
    after_us = limit.window_start_us(now_us, zone)
    amount = facts.usage.used(limit.kind, limit.currency, after_us, now_us)
    findings.reads.append(Read(kind=limit.kind, currency=limit.currency, after_us=after_us, used=amount))
    if amount is None:
        findings.refuse(Code.SYS_FX_STALE, label(limit))
    return amount


def label(limit: Limit) -> str:
    """Return the name of a player's limit in reasons."""
    return f"own_limit/{limit.kind.value}/{limit.window.value}".rstrip("/")


def _check(limit: Limit, facts: Facts, action: Bet | Deposit, now_us: int, zone: tzinfo, findings: Findings) -> None:
    if limit.currency != action.currency:
        findings.refuse(Code.SYS_FX_STALE, label(limit))
        return
    before = used(limit, facts, now_us, zone, findings)
    if before is None:
        return
    total, allowed = before + action.amount_minor, limit.in_force(now_us)
    if total <= allowed:
        return
    raised = limit.awaits_confirmation(now_us)
    if raised is not None and total <= raised:
        findings.refuse(Code.LIM_INCREASE_CONFIRM, label(limit), total, raised)
    else:
        findings.refuse(_code(limit), label(limit), total, allowed)


def _code(limit: Limit) -> Code:
    return _CODE_OF_KIND.get(limit.kind) or _CODES[limit.kind, limit.window]
