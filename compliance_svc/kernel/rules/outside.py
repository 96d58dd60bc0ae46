"""Rules about sources outside: exclusion registers, cross-operator limit and activity files."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind, Deposit, OpenPlay
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.counting import counted_minor
from compliance_svc.kernel.facts import Answer, Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.rules.base import Context, Rule

_REGISTER: Final = {
    Answer.MATCH: Code.SEX_REGISTER,
    Answer.FUZZY: Code.SEX_REVIEW,
    Answer.NOT_SET: Code.SEX_UNAVAILABLE,
    Answer.SILENT: Code.SEX_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRegister:
    """An exclusion register is asked at account creation, login, deposit, and opening and renewing of play."""

    name: ClassVar = "exclusion_register"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.REGISTER, ActionKind.LOGIN, ActionKind.DEPOSIT, ActionKind.OPEN_PLAY})
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `sources`: the registers to ask."""
        return cls(sources=tuple(sorted(fields.texts("sources"))))

    def stricter(self, other: Self) -> Self:
        """Return all registers of both."""
        return type(self)(sources=tuple(sorted({*self.sources, *other.sources})))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; no answer is never taken for clear."""

        def check(facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
            code = _REGISTER.get(facts.outside.register)
            if code is not None:
                findings.refuse(code, label)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLimit:
    """A cross-operator limit file is asked at every deposit and at the opening of play."""

    name: ClassVar = "external_limit"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.DEPOSIT, ActionKind.OPEN_PLAY})
    sources: tuple[str, ...]
    required: bool
    """A player without a limit in the file may not play."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `sources` and `required`."""
        return cls(sources=tuple(sorted(fields.texts("sources"))), required=fields.flag("required", default=False))

    def stricter(self, other: Self) -> Self:
        """Return all files of both."""
        return type(self)(
            sources=tuple(sorted({*self.sources, *other.sources})), required=self.required or other.required
        )

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; a file that says nothing stops deposits, not play."""
        required = self.required

        def check(facts: Facts, action: Deposit | OpenPlay, now_us: int, findings: Findings) -> None:
            outside = facts.outside
            if outside.limit_file is Answer.NOT_SET and required:
                findings.refuse(Code.LIM_NOT_SET, label)
            if not isinstance(action, Deposit):
                return
            if outside.limit_file is Answer.SILENT:
                findings.refuse(Code.LIM_EXTERNAL_UNAVAILABLE, label)
            elif outside.limit_left_minor is not None:
                counted = counted_minor(facts, action, now_us)
                if counted is None:
                    findings.refuse(Code.SYS_FX_STALE, label)
                elif counted > outside.limit_left_minor:
                    findings.refuse(Code.LIM_EXTERNAL, label, counted, outside.limit_left_minor)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityFile:
    """A cross-operator activity file is asked at the opening of play: nobody plays at two operators at once."""

    name: ClassVar = "activity_file"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.OPEN_PLAY})
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `sources`."""
        return cls(sources=tuple(sorted(fields.texts("sources"))))

    def stricter(self, other: Self) -> Self:
        """Return all files of both."""
        return type(self)(sources=tuple(sorted({*self.sources, *other.sources})))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; no answer is as if active elsewhere."""
        fine = frozenset({Answer.CLEAR, Answer.LICENSEE})

        def check(facts: Facts, action: OpenPlay, _now_us: int, findings: Findings) -> None:
            if facts.outside.activity not in fine and not action.renews:
                findings.refuse(Code.SES_ACTIVE_ELSEWHERE, label)

        return check
