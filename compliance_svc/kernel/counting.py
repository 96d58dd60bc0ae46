"""Amounts in the player's main currency, at the rate of the decision."""

from typing import Final

from compliance_svc.kernel.actions import Bet, CancelWithdrawal, Credit, Deposit, Tip
from compliance_svc.kernel.facts import Facts, Rate
from compliance_svc.kernel.findings import Findings, Read
from compliance_svc.kernel.limits import LimitKind

# What the ledger has recorded has happened, also if the clock that recorded it was ahead of this one.
_NO_END: Final = 2**63


def counted_minor(facts: Facts, action: Bet | Tip | Deposit | Credit | CancelWithdrawal, now_us: int) -> int | None:
    """Return what the action counts in the player's currency; None without a rate that is young enough."""
    if action.currency == facts.player.currency:
        return action.amount_minor
    return converted_minor(action.amount_minor, action.exponent, facts.rate, now_us)


def converted_minor(amount_minor: int, exponent: int, rate: Rate | None, now_us: int) -> int | None:
    """Convert, rounded up to the smallest unit: a limit is never stretched by rounding."""
    if rate is None or now_us - rate.observed_us > rate.max_age_us:
        return None
    numerator: int = amount_minor * rate.value * 10**rate.exponent
    denominator: int = 10 ** (rate.decimals + exponent)
    return -(-numerator // denominator)


def used_minor(facts: Facts, kind: LimitKind, after_us: int, now_us: int, findings: Findings) -> int | None:
    """Read a sum of the player's usage, and note that it was read; None if it cannot be told."""
    if facts.usage is None:
        return None
    currency = "" if kind is LimitKind.TIME else facts.player.currency
    amount = facts.usage.used(kind, currency, after_us, now_us if kind is LimitKind.TIME else _NO_END)
    findings.reads.append(Read(kind=kind, currency=currency, after_us=after_us, used=amount))
    return amount
