"""Rules that no pack switches off: kill switch, exclusion, break."""

from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.findings import Findings


def not_suspended(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse while a kill switch holds."""
    if facts.suspended:
        findings.refuse(Code.SYS_SUSPENDED, "suspension")


def not_excluded(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Refuse during an exclusion, and after its term until a return takes effect."""
    protection = facts.player.protection
    if protection is None:
        findings.refuse(Code.SYS_FACT_MISSING, "exclusion")
        return
    exclusion = protection.exclusion
    if exclusion is None or not exclusion.in_force(now_us):
        return
    is_over = exclusion.until_us is not None and now_us >= exclusion.until_us
    findings.refuse(Code.SEX_AWAIT_REQUEST if is_over else Code.SEX_SELF, "exclusion")


def not_on_break(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Refuse until the end of a break."""
    protection = facts.player.protection
    if protection is not None and protection.is_on_break(now_us):
        findings.refuse(Code.SEX_BREAK, "break")


def no_pack(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse: nobody knows the law of this place and date."""
    findings.refuse(Code.SYS_NO_PACK, "pack")


def category_known(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse: the pack has rules for some categories, and this game has none."""
    findings.refuse(Code.SYS_FACT_MISSING, "category")
