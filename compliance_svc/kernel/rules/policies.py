"""How players may change their own protection. Read by `transitions`, never compiled."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ENDLESS
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.limits import WINDOWS, LimitKind
from compliance_svc.kernel.local_time import Term
from compliance_svc.kernel.rules.bands import Band, lower, read_bands

_CONFIRMATIONS: Final = ("no", "before_use", "at_login")
_RETURNS: Final = ("request", "decision", "register")
_EFFECTS: Final = ("obligation", "challenge")
_HOURS: Final = {"h": 1, "d": 24, "mo": 30 * 24, "y": 365 * 24}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """A decrease works at once, an increase after a delay and perhaps a confirmation."""

    name: ClassVar = "limit_change"
    per_category: ClassVar = False
    increase_delay_s: int
    increase_confirm: str
    """`no`, `before_use`, or `at_login`: before use, and the login asks for it."""
    increase_period_end: bool = False
    """Not before the calendar period that runs at the request has ended."""

    @property
    def needs_confirmation(self) -> bool:
        """A ripe increase waits for the player's word."""
        return self.increase_confirm != "no"

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `increase_delay_s`, `increase_confirm` and `increase_period_end`."""
        return cls(
            increase_delay_s=fields.whole("increase_delay_s"),
            increase_confirm=fields.text("increase_confirm", *_CONFIRMATIONS),
            increase_period_end=fields.flag("increase_period_end", default=False),
        )

    def stricter(self, other: Self) -> Self:
        """Return the longer delay, with a confirmation if one of the two wants it."""
        return type(self)(
            increase_delay_s=max(self.increase_delay_s, other.increase_delay_s),
            increase_confirm=max(self.increase_confirm, other.increase_confirm, key=_CONFIRMATIONS.index),
            increase_period_end=self.increase_period_end or other.increase_period_end,
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
    shortest: str | None = None
    """The shortest term with an end, where not only some are offered."""
    returns: str = "request"
    """`request` of the player, `decision` of the operator on it, or only by the `register`."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `terms` (absent: any), `shortest`, `minimum` (of terms without end), `returns`, and the delays."""
        minimum = fields.text("minimum", default="6mo")
        fields.check_term("minimum", minimum)
        shortest = fields.text("shortest") if fields.has("shortest") else None
        if shortest is not None:
            fields.check_term("shortest", shortest)
        delay = fields.whole("return_delay_s")
        return cls(
            terms=tuple(sorted(fields.terms("terms", endless=ENDLESS))) if fields.has("terms") else None,
            minimum=minimum,
            return_delay_s=delay,
            return_delay_endless_s=fields.whole("return_delay_endless_s", default=delay),
            shortest=shortest,
            returns=fields.text("returns", *_RETURNS, default="request"),
        )

    def offers(self, term: str) -> bool:
        """Say whether a player may choose a term."""
        if self.terms is not None and term not in self.terms:
            return False
        return term in ENDLESS or self.shortest is None or nominal_hours(term) >= nominal_hours(self.shortest)

    def stricter(self, other: Self) -> Self:
        """Return the terms of both that are long enough for both, the longer times, and the harder way back."""
        shortest = [rule.shortest for rule in (self, other) if rule.shortest is not None]
        return type(self)(
            terms=_common(self.terms, other.terms),
            minimum=max(other.minimum, self.minimum, key=nominal_hours),
            return_delay_s=max(self.return_delay_s, other.return_delay_s),
            return_delay_endless_s=max(self.return_delay_endless_s, other.return_delay_endless_s),
            shortest=max(shortest, key=nominal_hours, default=None),
            returns=max(self.returns, other.returns, key=_RETURNS.index),
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
        """Read `terms` (absent: any)."""
        return cls(terms=tuple(sorted(fields.terms("terms"))) if fields.has("terms") else None)

    def stricter(self, other: Self) -> Self:
        """Return the breaks of both that are long enough for both."""
        return type(self)(terms=_common(self.terms, other.terms))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAbove:
    """A high deposit limit needs somebody who talks to the player."""

    name: ClassVar = "contact_above"
    per_category: ClassVar = False
    window: str
    bands: tuple[Band, ...]
    effect: str
    """`obligation`: staff contact the player. `challenge`: contact comes first, and the limit is not set."""

    @property
    def suffix(self) -> str:
        """One rule per window."""
        return self.window

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `window`, `bands` and `effect`."""
        return cls(
            window=fields.text("window", *sorted(WINDOWS[LimitKind.DEPOSIT])),
            bands=read_bands(fields),
            effect=fields.text("effect", *_EFFECTS),
        )

    def stricter(self, other: Self) -> Self:
        """Return the lower amounts, with the contact first if one of the two wants it."""
        return type(self)(
            window=self.window,
            bands=lower(self.bands, other.bands),
            effect=max(self.effect, other.effect, key=_EFFECTS.index),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDeposits:
    """After so many failed deposits in a window there are none until somebody has investigated."""

    name: ClassVar = "failed_deposits"
    per_category: ClassVar = False
    count: int
    window_s: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `count` and `window_s`."""
        return cls(count=fields.whole("count", at_least=1), window_s=fields.whole("window_s", at_least=1))

    def stricter(self, other: Self) -> Self:
        """Return the smaller number and the longer window."""
        return type(self)(count=min(self.count, other.count), window_s=max(self.window_s, other.window_s))


def _common(one: tuple[str, ...] | None, two: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return what both offer together, without terms that one of the two finds too short.

    Not only the common ones: players of two markets must not lose their way out.
    """
    if one is None or two is None:
        return two if one is None else one
    shortest = max(
        min((nominal_hours(term) for term in terms if term not in ENDLESS), default=0) for terms in (one, two)
    )
    return tuple(sorted(term for term in {*one, *two} if term in ENDLESS or nominal_hours(term) >= shortest))


def nominal_hours(text: str) -> int:
    """Return about how long a term is, to compare two."""
    term = Term.parse(text)
    return term.count * _HOURS[term.unit]
