"""The legal age."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.local_time import comes_of_age_us
from compliance_svc.kernel.rules.base import Context, Rule

_PLAY_AND_PAY: Final = frozenset(
    {ActionKind.BET, ActionKind.TIP, ActionKind.DEPOSIT, ActionKind.OPEN_PLAY, ActionKind.DEMO_PLAY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumAge:
    """Players are at least this old, counted from local midnight of the birthday."""

    name: ClassVar = "minimum_age"
    per_category: ClassVar = False
    actions: ClassVar = _PLAY_AND_PAY
    years: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `years`."""
        return cls(years=fields.whole("years", at_least=1))

    def stricter(self, other: Self) -> Self:
        """Return the higher age."""
        return max(self, other, key=lambda rule: rule.years)

    def compile(self, label: str, context: Context) -> Rule:
        """Return the check; an unknown date of birth is a missing fact."""
        years, zone = self.years, context.zone

        def check(facts: Facts, _action: object, now_us: int, findings: Findings) -> None:
            born = facts.player.born
            if born is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
            elif now_us < comes_of_age_us(born, years, zone):
                findings.refuse(Code.KYC_AGE, label)

        return check
