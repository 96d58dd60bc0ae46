"""Rules about screenings against lists of sanctions and of politically exposed persons."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind, Deposit, Screening
from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.rules.base import Context, Rule

_DUTIES: Final = ("diligence", "none")
"""The stricter one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionsScreening:
    """What follows from a screening that is no hit, and from a source of screenings that does not answer."""

    name: ClassVar = "sanctions_screening"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.DEPOSIT})
    possible: str
    """`diligence`: after a possible match deposits wait for due diligence. `none`: they do not."""
    pep: str
    """The same for a politically exposed person."""
    hold_above: tuple[Amount, ...]
    """The largest deposits while the source is silent; none in a currency that is not named. By currency."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `possible` and `pep` (`diligence` or `none`), and `hold_above`."""
        amounts = fields.amounts("hold_above")
        return cls(
            possible=fields.text("possible", *_DUTIES),
            pep=fields.text("pep", *_DUTIES),
            hold_above=tuple(amounts[name] for name in sorted(amounts)),
        )

    def asks_diligence(self, result: Screening) -> bool:
        """Say whether due diligence is due after a result."""
        duty = {Screening.POSSIBLE: self.possible, Screening.PEP: self.pep}.get(result)
        return duty == _DUTIES[0]

    def stricter(self, other: Self) -> Self:
        """Return the duties of both, and the smaller amounts in the currencies that both know."""
        others = {amount.currency: amount for amount in other.hold_above}
        common = [(amount, others[amount.currency]) for amount in self.hold_above if amount.currency in others]
        return type(self)(
            possible=min(self.possible, other.possible, key=_DUTIES.index),
            pep=min(self.pep, other.pep, key=_DUTIES.index),
            hold_above=tuple(two if two.no_more_than(one) else one for one, two in common),
        )

    def compile(self, label: str, context: Context) -> Rule:
        """Return the check."""
        limits = {amount.currency: amount.at_most_minor(context.exponent) for amount in self.hold_above}
        limit = limits.get(context.currency)

        def check(facts: Facts, deposit: Deposit, _now_us: int, findings: Findings) -> None:
            if facts.outside.screening_silent and (limit is None or deposit.amount_minor > limit):
                findings.refuse(Code.AML_SCREENING_UNAVAILABLE, label, deposit.amount_minor, limit)

        return check
