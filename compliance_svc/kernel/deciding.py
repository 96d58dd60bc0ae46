"""The decision: every applicable rule is asked, and every reason is told.

Measured by `make bench` (`kernel_us_25_rules` in build/bench.json).
"""

import json
from collections.abc import Mapping
from typing import Any

from compliance_svc.kernel import transitions
from compliance_svc.kernel.actions import Action, Bet, CancelWithdrawal, Credit, Deposit, OpenPlay, Protective, Tip
from compliance_svc.kernel.codes import CHALLENGES, Code, Verdict
from compliance_svc.kernel.decision import Decision
from compliance_svc.kernel.evidence import read_facts
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.findings import Findings, Reason, distinct, in_order
from compliance_svc.kernel.pack import NO_PACK, Pack, Plan


def decide(pack: Pack | None, facts: Facts, action: Action, now_us: int) -> Decision:
    """Decide one action under a pack; None means that no pack is known for the place and date.

    Debits are refused when a fact or the law is missing. Of the credits only a withdrawal
    can be refused, by a confirmed hit; a win is at most put aside (`Decision.disposition`).
    """
    pack = pack or NO_PACK
    match action:
        case Bet():
            plan = pack.plan(action.kind, action.category, action.currency, action.exponent)
        case Deposit() | Tip() | CancelWithdrawal():
            plan = pack.plan(action.kind, None, action.currency, action.exponent)
        case Credit():
            plan = pack.plan(action.kind)
        case OpenPlay():
            return _decide_debit(pack.plan(action.kind), pack, facts, action, now_us, until_us=action.until_us)
        case _ if isinstance(action, Protective):
            return _decide_change(pack, facts, action, now_us)
        case _:
            plan = pack.plan(action.kind)
    return _decide_debit(plan, pack, facts, action, now_us)


def replay(pack: Pack | None, facts_json: str, now_us: int) -> Decision:
    """Decide again from the facts of a record. The same pack gives the same record to the byte."""
    facts, action = read_facts(facts_json)
    return decide(pack, facts, action, now_us)


def decide_again(pack: Pack | None, record: Mapping[str, Any]) -> Decision:
    """Decide a record again. ValueError, KeyError or TypeError if it is none."""
    return replay(pack, json.dumps(record["facts"]), int(record["at_us"]))


def _decide_debit(
    plan: Plan, pack: Pack, facts: Facts, action: Action, now_us: int, until_us: int | None = None
) -> Decision:
    findings = Findings()
    for rule in plan:
        try:
            rule(facts, action, now_us, findings)
        except Exception as problem:  # noqa: BLE001 - a rule that cannot be evaluated refuses, whatever went wrong
            findings.refuse(Code.SYS_FACT_MISSING, f"{rule.__qualname__}: {type(problem).__name__}")
    reads = distinct(findings.reads) if findings.reads else ()
    if findings.reasons:
        details = in_order(findings.reasons)
        return Decision(_strictest(details), pack, facts, action, now_us, details, reads)
    if not findings.obligations:
        return Decision(Verdict.ALLOW, pack, facts, action, now_us, (), reads, until_us=until_us)
    protection = facts.player.protection
    return Decision(
        Verdict.ALLOW,
        pack,
        facts,
        action,
        now_us,
        reads=reads,
        obligations=findings.obligations,
        until_us=findings.until_us,
        protection=protection.about(**findings.changes) if findings.changes and protection else None,
    )


def _strictest(details: tuple[Reason, ...]) -> Verdict:
    # Reasons of DENY come first.
    return Verdict.CHALLENGE if details[0].code in CHALLENGES else Verdict.DENY


def _decide_change(pack: Pack, facts: Facts, action: Protective, now_us: int) -> Decision:
    found = transitions.change(pack, facts.player, action, now_us)
    return Decision(
        verdict=found.verdict,
        pack=pack,
        facts=facts,
        action=action,
        now_us=now_us,
        details=() if found.code is None else (Reason(code=found.code, rule=action.kind.value.lower()),),
        obligations=found.obligations,
        effective_us=found.effective_us,
        eligible_us=found.eligible_us,
        until_us=found.until_us,
        protection=found.protection,
    )
