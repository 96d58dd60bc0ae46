"""The result of a decision."""

from typing import Final

from compliance_svc.kernel import evidence
from compliance_svc.kernel.actions import Action, ActionKind
from compliance_svc.kernel.codes import LIMIT_OF, Code, Obligation, Verdict
from compliance_svc.kernel.facts import Answer, Facts
from compliance_svc.kernel.findings import Read, Reason
from compliance_svc.kernel.pack import Pack
from compliance_svc.kernel.protection import Identity, Protection
from compliance_svc.kernel.values import value
from compliance_svc.kernel.version import KERNEL_VERSION

_ENDS: Final = frozenset({Code.SES_SPEND_LIMIT, Code.SES_TIME_LIMIT, Code.SES_INACTIVE})


@value()
class Decision:
    """The strictest verdict of all rules, with every reason in the fixed order. Never changed once it is returned."""

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
    """End of the break, the permit or the block that the action made."""
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
    def ends_session(self) -> bool:
        """True if the session is over by this bet: it does not fit what the player fixed, or the player was away for too long."""
        return self.session_end is not None

    @property
    def session_end(self) -> Code | None:
        """The first reason by which the session is over; None if it is not."""
        return next((reason.code for reason in self.details if reason.code in _ENDS), None)

    @property
    def disposition(self) -> str | None:
        """What happens to money that goes to the player: `PAY`, `HOLD` (stays, frozen), `SUSPENSE` (put aside)."""
        protection = self.facts.player.protection
        if self.action.kind is ActionKind.WITHDRAW:
            return "PAY" if self.allowed else "HOLD"
        if self.action.kind is not ActionKind.WIN:
            return None
        aside = protection is not None and (protection.person.frozen or protection.person.identity is Identity.MINOR)
        return "SUSPENSE" if aside else "PAY"

    @property
    def guardrail(self) -> str:
        """How much still works: `G0` everything, `G1` a source behind the play is silent, `G3` a source outside is silent, `G4` no debits."""
        outside = self.facts.outside
        if (
            outside.clock_off
            or outside.zone_changed
            or outside.counters_down
            or outside.audit_down
            or outside.pack_doubted
        ):
            return "G4"
        answers = (outside.register, outside.limit_file, outside.activity)
        if outside.register_silent or outside.geo_silent or outside.limit_file_silent or Answer.SILENT in answers:
            return "G3"
        return "G1" if outside.screening_silent else "G0"

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
            "" if self.guardrail == "G0" else member("guardrail", self.guardrail),
            member("kernel", KERNEL_VERSION),
            member("obligations", [*self.obligations]),
            member("pack", self.pack.label),
            member("pack_digest", self.pack.digest),
            member("reasons", [evidence.reason(reason) for reason in self.details]),
            member("until_us", self.until_us),
            member("verdict", self.verdict.value),
            member("zone_data", self.pack.zone_data or None),
        )
        return "{" + ",".join(part for part in parts if part) + "}"


def apply(protection: Protection, decision: Decision) -> Protection:
    """Return the player's protection after a decision that was committed."""
    return decision.protection if decision.protection is not None else protection
