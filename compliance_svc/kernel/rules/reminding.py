"""What players are reminded of."""

from dataclasses import dataclass
from typing import ClassVar, Self

from compliance_svc.kernel.actions import ActionKind
from compliance_svc.kernel.codes import Obligation
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.local_time import Term
from compliance_svc.kernel.rules.base import Context, Rule
from compliance_svc.kernel.rules.policies import nominal_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReview:
    """Whoever has limits is reminded now and then, at a login, to review them."""

    name: ClassVar = "limit_review"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.LOGIN})
    every: str
    """A term such as `6mo`, from the first limit, then from the last reminder."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `every`."""
        every = fields.text("every")
        fields.check_term("every", every)
        return cls(every=every)

    def stricter(self, other: Self) -> Self:
        """Return the shorter term."""
        return min(self, other, key=lambda rule: (nominal_hours(rule.every), rule.every))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - it refuses nothing, so it gives no reason
        """Return the duty; it comes once, with the login that is allowed."""
        term, zone = Term.parse(self.every), context.zone

        def check(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
            protection = facts.player.protection
            if protection is None or not protection.limits:
                return
            reminded_us = protection.person.reviewed_us
            first_us = min(limit.since_us for limit in protection.limits)
            if now_us >= term.end_us(first_us if reminded_us is None else reminded_us, zone):
                findings.oblige(Obligation.REVIEW_LIMITS, reviewed_us=now_us)

        return check
