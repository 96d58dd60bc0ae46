"""What is watched behind the money, and what a flag does. Read by `compliance_svc.risk`; only `RiskFlag` is asked by decisions.

Amounts stand in each currency that is watched; in others the rule sees nothing. Windows are elapsed spans, or the `day` of the
pack's zone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self, TypeAlias, TypeVar

from compliance_svc.kernel.actions import ActionKind, Deposit
from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.local_time import DAY_US, HOUR_US
from compliance_svc.kernel.rules.base import Context, Rule

SINGLE: Final = "single"
DAY: Final = "day"
_UNITS: Final = {"h": HOUR_US, "d": DAY_US}
_BASES: Final = ("deposit", "withdrawal", "stake", "winning")

Amounts: TypeAlias = tuple[Amount, ...]
"""By currency."""
_Watch = TypeVar("_Watch")


def span_us(window: str) -> int:
    """Return the length of a window such as `24h` or `30d`; 0 for anything else."""
    number, unit = window[:-1], window[-1:]
    return int(number) * _UNITS[unit] if unit in _UNITS and number.isascii() and number.isdecimal() else 0


def amount_in(amounts: Amounts, currency: str) -> Amount | None:
    """Return the amount in a currency."""
    return next((amount for amount in amounts if amount.currency == currency), None)


def _amounts(fields: Fields, name: str) -> Amounts:
    found = fields.amounts(name)
    return tuple(found[currency] for currency in sorted(found))


def _window(fields: Fields, name: str = "window") -> str:
    window = fields.text(name)
    if not span_us(window):
        raise fields.error(f"{name} must be hours or days such as 24h or 30d, not {window!r}")
    return window


def _lower(one: Amounts, two: Amounts) -> Amounts:
    """Return the smaller amount in each currency that one of the two knows."""
    found = {amount.currency: amount for amount in one}
    for amount in two:
        known = found.get(amount.currency)
        found[amount.currency] = known if known is not None and known.no_more_than(amount) else amount
    if {name: str(found[name]) for name in found} == {amount.currency: str(amount) for amount in two}:
        return two
    return tuple(found[currency] for currency in sorted(found))


def _higher(one: Amounts, two: Amounts) -> Amounts:
    found = {amount.currency: amount for amount in one}
    for amount in two:
        known = found.get(amount.currency)
        found[amount.currency] = amount if known is None or known.no_more_than(amount) else known
    return tuple(found[currency] for currency in sorted(found))


def _longer(one: str, two: str) -> str:
    return two if span_us(one) <= span_us(two) else one


_Choice: TypeAlias = Callable[[Any, Any], Any]


def _stricter(one: _Watch, two: Any, choices: Mapping[str, _Choice]) -> _Watch:  # noqa: ANN401 - the same kind
    """Return parameters that find whatever one of the two finds; flags hold as long as the longer ones."""
    every: dict[str, _Choice] = {"flag_days": max, **choices}
    return type(one)(**{name: choose(getattr(one, name), getattr(two, name)) for name, choose in every.items()})


def _same(one: Any, _two: Any) -> Any:  # noqa: ANN401 - equal, as part of the rule's label
    return one


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyWatch:
    """A sum that reaches a threshold."""

    name: ClassVar = "money_watch"
    per_category: ClassVar = False
    basis: str
    """`deposit`, `withdrawal`, `stake` or `winning`."""
    window: str
    """`single`, `day`, or for deposits and withdrawals a span such as `24h`."""
    reached: bool
    """True: the sum that equals the threshold counts. False: only one above it."""
    amounts: Amounts
    flag_days: int

    @property
    def suffix(self) -> str:
        """Tells watches of one pack apart."""
        return f"{self.basis}/{self.window}"

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `basis`, `window`, `op` (gt, ge), `amounts` and `flag_days`."""
        basis, window = fields.text("basis", *_BASES), fields.text("window")
        if window not in (SINGLE, DAY) and (basis in _BASES[2:] or not span_us(window)):
            raise fields.error(
                f"window must be single, day, or for deposits and withdrawals such as 24h, not {window!r}"
            )
        return cls(
            basis=basis,
            window=window,
            reached=fields.text("op", "gt", "ge") == "ge",
            amounts=_amounts(fields, "amounts"),
            flag_days=fields.whole("flag_days", at_least=1),
        )

    def stricter(self, other: Self) -> Self:
        """Return the lower threshold, reached by equality if one of the two wants it."""
        return _stricter(self, other, {"basis": _same, "window": _same, "reached": max, "amounts": _lower})


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuringWatch:
    """Several deposits that each stay just below an amount."""

    name: ClassVar = "structuring_watch"
    per_category: ClassVar = False
    window: str
    count: int
    at_least: Amounts
    """The smallest deposit that counts, below the amount that it stays below."""
    below: Amounts
    flag_days: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `window`, `count`, `at_least`, `below` and `flag_days`."""
        found = cls(
            window=_window(fields),
            count=fields.whole("count", at_least=2),
            at_least=_amounts(fields, "at_least"),
            below=_amounts(fields, "below"),
            flag_days=fields.whole("flag_days", at_least=1),
        )
        if [one.currency for one in found.at_least] != [one.currency for one in found.below]:
            raise fields.error("at_least and below must name the same currencies")
        return found

    def stricter(self, other: Self) -> Self:
        """Return the longer window, fewer deposits, and the wider band."""
        choices: dict[str, _Choice] = {"window": _longer, "count": min, "at_least": _lower, "below": _higher}
        return _stricter(self, other, choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassThroughWatch:
    """Money that comes in and goes out again with little play."""

    name: ClassVar = "pass_through_watch"
    per_category: ClassVar = False
    window: str
    deposited: Amounts
    """The least sum of deposits that matters."""
    back_percent: int
    """At least this much of the deposits is withdrawn."""
    played_percent: int
    """Less than this much of the deposits was staked."""
    flag_days: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `window`, `deposited`, `back_percent`, `played_percent` and `flag_days`."""
        return cls(
            window=_window(fields),
            deposited=_amounts(fields, "deposited"),
            back_percent=fields.whole("back_percent", at_least=1),
            played_percent=fields.whole("played_percent", at_least=1),
            flag_days=fields.whole("flag_days", at_least=1),
        )

    def stricter(self, other: Self) -> Self:
        """Return the longer window, the smaller sum and part, and more play."""
        choices: dict[str, _Choice] = {
            "window": _longer, "deposited": _lower, "back_percent": min, "played_percent": max,
        }  # fmt: skip
        return _stricter(self, other, choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class RapidMovementWatch:
    """Withdrawals that follow on deposits at once, again and again."""

    name: ClassVar = "rapid_movement_watch"
    per_category: ClassVar = False
    window: str
    within: str
    """The longest time from a deposit to the withdrawal that is the next movement of money after it."""
    count: int
    withdrawn: Amounts
    """The least sum of such withdrawals that matters."""
    flag_days: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `window`, `within`, `count`, `withdrawn` and `flag_days`."""
        return cls(
            window=_window(fields),
            within=_window(fields, "within"),
            count=fields.whole("count", at_least=1),
            withdrawn=_amounts(fields, "withdrawn"),
            flag_days=fields.whole("flag_days", at_least=1),
        )

    def stricter(self, other: Self) -> Self:
        """Return the longer times, and fewer and smaller withdrawals."""
        choices: dict[str, _Choice] = {"window": _longer, "within": _longer, "count": min, "withdrawn": _lower}
        return _stricter(self, other, choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimalRiskWatch:
    """Much play that neither wins nor loses, and then a withdrawal: stakes on every outcome, or on nearly safe ones."""

    name: ClassVar = "minimal_risk_watch"
    per_category: ClassVar = False
    window: str
    staked: Amounts
    """The least sum of stakes that matters, since the first deposit of the window."""
    difference_ppm: int
    """Stakes and winnings differ by no more than this part of the stakes."""
    flag_days: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `window`, `staked`, `difference_ppm` and `flag_days`."""
        return cls(
            window=_window(fields),
            staked=_amounts(fields, "staked"),
            difference_ppm=fields.whole("difference_ppm"),
            flag_days=fields.whole("flag_days", at_least=1),
        )

    def stricter(self, other: Self) -> Self:
        """Return the longer window, the smaller sum, and the larger difference."""
        return _stricter(self, other, {"window": _longer, "staked": _lower, "difference_ppm": max})


@dataclass(frozen=True, slots=True, kw_only=True)
class DormantWatch:
    """A large deposit after a long time without any movement or play."""

    name: ClassVar = "dormant_watch"
    per_category: ClassVar = False
    idle_days: int
    deposited: Amounts
    flag_days: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `idle_days`, `deposited` and `flag_days`."""
        return cls(
            idle_days=fields.whole("idle_days", at_least=1),
            deposited=_amounts(fields, "deposited"),
            flag_days=fields.whole("flag_days", at_least=1),
        )

    def stricter(self, other: Self) -> Self:
        """Return the shorter time and the smaller deposit."""
        return _stricter(self, other, {"idle_days": min, "deposited": _lower})


Watch: TypeAlias = (
    MoneyWatch | StructuringWatch | PassThroughWatch | RapidMovementWatch | MinimalRiskWatch | DormantWatch
)
"""Kinds that are read behind the money and never decide anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFlag:
    """While a flag of risk monitoring holds, larger deposits wait for a person."""

    name: ClassVar = "risk_flag"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.DEPOSIT})
    hold_above: Amounts
    """The largest deposits while a flag holds; none in a currency that is not named."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `hold_above`."""
        return cls(hold_above=_amounts(fields, "hold_above"))

    def stricter(self, other: Self) -> Self:
        """Return the smaller amounts in the currencies that both know."""
        pairs = [(amount, amount_in(other.hold_above, amount.currency)) for amount in self.hold_above]
        return type(self)(
            hold_above=tuple(two if two.no_more_than(one) else one for one, two in pairs if two is not None)
        )

    def compile(self, label: str, context: Context) -> Rule:
        """Return the check."""
        amount = amount_in(self.hold_above, context.currency)
        limit = None if amount is None else amount.at_most_minor(context.exponent)

        def check(facts: Facts, deposit: Deposit, now_us: int, findings: Findings) -> None:
            protection = facts.player.protection
            if protection is None or not protection.person.flags or not protection.person.is_flagged(now_us):
                return
            if limit is None or deposit.amount_minor > limit:
                findings.refuse(Code.AML_REVIEW, label, deposit.amount_minor, limit)

        return check
