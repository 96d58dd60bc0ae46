"""Rules that no pack switches off: kill switch, state of our own systems, exclusion, break, freeze, permit."""

from typing import Final

from compliance_svc.kernel.actions import Bet, OpenPlay
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import CALM, Answer, Facts
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.protection import Person

_TROUBLES: Final[tuple[tuple[str, Code], ...]] = (
    ("clock_off", Code.SYS_CLOCK),
    ("zone_changed", Code.SYS_ZONE_DATA),
    ("audit_down", Code.SYS_AUDIT_UNAVAILABLE),
    ("counters_down", Code.SYS_COUNTERS_UNAVAILABLE),
)


def in_order(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse without a licence, while a kill switch holds, or while our own systems cannot be relied on."""
    outside = facts.outside
    if outside is CALM and not facts.suspended and facts.licensed:
        return
    if facts.suspended:
        findings.refuse(Code.SYS_SUSPENDED, "suspension")
    licensed(facts, _action, _now_us, findings)
    for name, code in _TROUBLES:
        if getattr(outside, name):
            findings.refuse(code, "systems")


def free_to_play(facts: Facts, action: object, now_us: int, findings: Findings) -> None:
    """Refuse the excluded, those on a break, and those whose money is frozen."""
    protection = facts.player.protection
    if protection is None or protection.exclusion is not None:
        not_excluded(facts, action, now_us, findings)
    if protection is not None and protection.break_until_us is not None and now_us < protection.break_until_us:
        findings.refuse(Code.SEX_BREAK, "break")
    if protection is not None and protection.person.frozen:
        findings.refuse(Code.AML_FROZEN, "freeze")


def asserted(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Refuse in mode ASSERT without a fresh word of the licensee that was never used before."""
    assertion = facts.assertion
    if assertion is None:
        return
    if assertion.issued_us is None or now_us - assertion.issued_us > assertion.max_age_us:
        findings.refuse(Code.SYS_ASSERTION_STALE, "assertion")
    elif assertion.replayed:
        findings.refuse(Code.SYS_ASSERTION_REPLAY, "assertion")


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


def marketing_allowed(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Refuse marketing to everybody who is excluded here, paused, or listed in a register."""
    protection = facts.player.protection
    if protection is None:
        findings.refuse(Code.SYS_FACT_MISSING, "exclusion")
        return
    listed = facts.outside.register in (Answer.MATCH, Answer.FUZZY)
    if listed or protection.is_excluded(now_us) or protection.is_on_break(now_us):
        findings.refuse(Code.SEX_MARKETING, "exclusion")


def licensed(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse where the licensee has no licence for the player's residence."""
    if not facts.licensed:
        findings.refuse(Code.GEO_NO_LICENCE, "licence")


def not_frozen(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse while a confirmed hit holds everything."""
    protection = facts.player.protection
    if protection is not None and protection.person.frozen:
        findings.refuse(Code.AML_FROZEN, "freeze")


def deposits_open(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Refuse deposits until due diligence is done, after too many that failed, and during a latch."""
    protection = facts.player.protection
    if protection is None:
        return
    person: Person = protection.person
    if person.diligence_due and not person.diligence_done:
        findings.refuse(Code.AML_CDD_DUE, "diligence")
    if person.payments_blocked:
        findings.refuse(Code.PAY_REVIEW, "payments")
    if person.latched_until_us is not None and now_us < person.latched_until_us:
        findings.refuse(Code.LIM_NETDEP_LATCHED, "latch", now_us, person.latched_until_us)


def certified(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse a build without a certificate."""
    if facts.game is not None and not facts.game.certified:
        findings.refuse(Code.GAM_NOT_CERTIFIED, "certificate")


def permitted(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
    """Refuse without a permit in force."""
    session, protection = facts.session, facts.player.protection
    if session is None:
        findings.refuse(Code.SYS_FACT_MISSING, "session")
    elif session.ended or (protection is not None and session.epoch != protection.epoch):
        findings.refuse(Code.SES_ENDED, "session")
    elif session.until_us is not None and now_us >= session.until_us:
        findings.refuse(Code.SES_PERMIT_EXPIRED, "session", now_us, session.until_us)


def fits_session(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
    """Refuse what does not fit the session's own limits."""
    session = facts.session
    if session is None:
        return
    if session.spend_limit_minor is not None and session.spent_minor + bet.amount_minor > session.spend_limit_minor:
        findings.refuse(
            Code.SES_SPEND_LIMIT, "session", session.spent_minor + bet.amount_minor, session.spend_limit_minor
        )
    if session.seconds_limit is not None and now_us >= session.opened_us + session.seconds_limit * 1_000_000:
        findings.refuse(Code.SES_TIME_LIMIT, "session", now_us - session.opened_us, session.seconds_limit * 1_000_000)


def renewable(facts: Facts, action: OpenPlay, _now_us: int, findings: Findings) -> None:
    """Refuse to renew a session that has ended. A permit that ran out may be renewed."""
    if not action.renews:
        return
    session, protection = facts.session, facts.player.protection
    if session is None:
        findings.refuse(Code.SYS_FACT_MISSING, "session")
    elif session.ended or (protection is not None and session.epoch != protection.epoch):
        findings.refuse(Code.SES_ENDED, "session")


def no_pack(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse: nobody knows the law of this place and date."""
    findings.refuse(Code.SYS_NO_PACK, "pack")


def demo_unknown(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse: the pack does not say who may open a game for play money."""
    findings.refuse(Code.SYS_NO_PACK, "demo_play")


def category_known(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
    """Refuse: the pack has rules for some categories, and this game has none."""
    findings.refuse(Code.SYS_FACT_MISSING, "category")
