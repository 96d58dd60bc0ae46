"""The result of a decision."""

from compliance_svc.kernel import evidence
from compliance_svc.kernel.actions import Action
from compliance_svc.kernel.codes import LIMIT_OF, Obligation, Verdict
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.findings import Read, Reason
from compliance_svc.kernel.pack import Pack
from compliance_svc.kernel.protection import Protection
from compliance_svc.kernel.values import value
from compliance_svc.kernel.version import KERNEL_VERSION


@value(kw_only=True)
class Decision:
    """The strictest verdict of all rules, with every reason in the fixed order."""

    verdict: Verdict
    pack: Pack
    facts: Facts
    action: Action
    now_us: int
    details: tuple[Reason, ...] = ()
    reads: tuple[Read, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    effective_us: int | None = None
    """When a change, or a return, takes effect."""
    eligible_us: int | None = None
    """First moment at which an excluded player may ask to return."""
    until_us: int | None = None
    """End of a break."""
    protection: Protection | None = None
    """The player's new protection state; None if it stays as it is."""

    @property
    def allowed(self) -> bool:
        """True when the action may be done now."""
        return self.verdict is Verdict.ALLOW

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes, each once, in the order of report."""
        return tuple(dict.fromkeys(reason.code.value for reason in self.details))

    @property
    def exceeded_limit(self) -> str | None:
        """The kind of player's limit that refused first: `deposit`, `loss`, `stake`, or None."""
        return next((LIMIT_OF[reason.code] for reason in self.details if reason.code in LIMIT_OF), None)

    @property
    def kernel_version(self) -> str:
        """Version of the rules as code."""
        return KERNEL_VERSION

    def facts_json(self) -> str:
        """Return the canonical JSON of every fact that was used; `replay` repeats the decision from it."""
        return evidence.facts_json(self.facts, self.action, self.reads)

    def record(self) -> str:
        """Return the canonical JSON of the whole decision, facts included."""
        member = evidence.member
        parts = (
            member("at_us", self.now_us),
            member("effective_us", self.effective_us),
            member("eligible_us", self.eligible_us),
            '"facts":' + self.facts_json(),
            member("kernel", KERNEL_VERSION),
            member("obligations", [*self.obligations]),
            member("pack", self.pack.label),
            member("pack_digest", self.pack.digest),
            member("reasons", [evidence.reason(reason) for reason in self.details]),
            member("until_us", self.until_us),
            member("verdict", self.verdict.value),
        )
        return "{" + ",".join(part for part in parts if part) + "}"


def apply(protection: Protection, decision: Decision) -> Protection:
    """Return the player's protection after a decision that was committed."""
    return decision.protection if decision.protection is not None else protection
