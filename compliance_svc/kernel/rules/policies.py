"""How players may change their own protection. Read by `transitions`, never compiled."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ENDLESS
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.local_time import Term

_HOURS: Final = {"h": 1, "d": 24, "mo": 30 * 24, "y": 365 * 24}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """A decrease works at once, an increase after a delay and perhaps a confirmation."""

    name: ClassVar = "limit_change"
    per_category: ClassVar = False
    increase_delay_s: int
    confirm_before_use: bool

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `increase_delay_s` and `increase_confirm`."""
        return cls(
            increase_delay_s=fields.whole("increase_delay_s"),
            confirm_before_use=fields.text("increase_confirm", "no", "before_use") == "before_use",
        )

    def stricter(self, other: Self) -> Self:
        """Return the longer delay, with a confirmation if one of the two wants it."""
        return type(self)(
            increase_delay_s=max(self.increase_delay_s, other.increase_delay_s),
            confirm_before_use=self.confirm_before_use or other.confirm_before_use,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfExclusion:
    """Which terms there are, and how an excluded player comes back: on request, after a delay."""

    name: ClassVar = "self_exclusion"
    per_category: ClassVar = False
    terms: tuple[str, ...] | None
    """None: any."""
    minimum: str
    """How long one without end lasts at least."""
    return_delay_s: int
    return_delay_endless_s: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `terms`, `minimum` (of terms without end), and the delays of a return."""
        minimum = fields.text("minimum", default="6mo")
        fields.check_term("minimum", minimum)
        delay = fields.whole("return_delay_s")
        return cls(
            terms=fields.terms("terms", endless=ENDLESS),
            minimum=minimum,
            return_delay_s=delay,
            return_delay_endless_s=fields.whole("return_delay_endless_s", default=delay),
        )

    def stricter(self, other: Self) -> Self:
        """Return the terms that both offer and the longer times."""
        return type(self)(
            terms=_common(self.terms, other.terms),
            minimum=max(other.minimum, self.minimum, key=_nominal_hours),
            return_delay_s=max(self.return_delay_s, other.return_delay_s),
            return_delay_endless_s=max(self.return_delay_endless_s, other.return_delay_endless_s),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerBreak:
    """Which short breaks there are. They end by themselves."""

    name: ClassVar = "player_break"
    per_category: ClassVar = False
    terms: tuple[str, ...] | None
    """None: any."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `terms`."""
        return cls(terms=fields.terms("terms"))

    def stricter(self, other: Self) -> Self:
        """Return the breaks that both offer."""
        return type(self)(terms=_common(self.terms, other.terms))


def _common(one: tuple[str, ...] | None, two: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or two is None:
        return two if one is None else one
    common = tuple(term for term in two if term in one)
    if not common:
        message = f"no common term in {', '.join(one)} and {', '.join(two)}"
        raise PackError(message)
    return common


def _nominal_hours(text: str) -> int:
    term = Term.parse(text)
    return term.count * _HOURS[term.unit]
