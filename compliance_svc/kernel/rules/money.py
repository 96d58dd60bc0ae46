"""Rules about the player's money: thresholds with a duty, limits that must exist, withdrawals taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar, Final, Self, TypeAlias

from compliance_svc.kernel.actions import ActionKind, Bet, Check, Deposit
from compliance_svc.kernel.codes import Code, Obligation
from compliance_svc.kernel.counting import counted_minor, used_minor
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.limits import CALENDAR, WINDOWS, LimitKind, Window
from compliance_svc.kernel.local_time import DAY_US, period_end_us, period_start_us
from compliance_svc.kernel.protection import Person
from compliance_svc.kernel.rules.bands import Band, by_age, lower, minors, read_bands
from compliance_svc.kernel.rules.base import Context, Rule

_NO_END_DAYS: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyTrigger:
    """A deposit that leaves a sum at or beyond a threshold stands, and brings a duty."""

    name: ClassVar = "money_trigger"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.DEPOSIT})
    obligation: str
    basis: str
    """`deposit` (gross) or `netdep` (less withdrawals)."""
    window: str
    """Elapsed days such as `30d`, or `day`, `week`, `month` of the calendar."""
    reached: bool
    """True: the sum that equals the threshold counts. False: only one above it."""
    bands: tuple[Band, ...]
    valid_days: int
    """How long a recorded check holds; 0: without end."""

    @property
    def suffix(self) -> str:
        """Tells triggers of one pack apart."""
        return f"{self.obligation}/{self.basis}/{self.window}"

    @property
    def look_back_us(self) -> int:
        """How far back the sum can reach."""
        return 32 * DAY_US if self.window in list(CALENDAR) else _days(self.window) * DAY_US

    @property
    def check(self) -> Check | None:
        """The check that ends the duty."""
        return _CHECK_OF.get(Obligation(self.obligation))

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `obligation`, `basis`, `window`, `op` (gt, ge), `bands` and `valid_days`."""
        trigger = cls(
            obligation=fields.text("obligation", *_EFFECTS),
            basis=fields.text("basis", LimitKind.DEPOSIT, LimitKind.NETDEP),
            window=fields.text("window"),
            reached=fields.text("op", "gt", "ge") == "ge",
            bands=read_bands(fields),
            valid_days=fields.whole("valid_days", default=_NO_END_DAYS),
        )
        if trigger.window not in list(CALENDAR) and not _days(trigger.window):
            raise fields.error(f"window must be days such as 30d, or day, week or month, not {trigger.window!r}")
        if trigger.obligation == Obligation.LATCH_DEPOSIT_BLOCK and trigger.window not in list(CALENDAR):
            raise fields.error("a latch ends with its calendar window")
        return trigger

    def stricter(self, other: Self) -> Self:
        """Return the lower threshold at every age, reached by equality if one of the two wants it."""
        days = [rule.valid_days for rule in (self, other) if rule.valid_days]
        return type(self)(
            obligation=self.obligation,
            basis=self.basis,
            window=self.window,
            reached=self.reached or other.reached,
            bands=lower(self.bands, other.bands),
            valid_days=min(days, default=_NO_END_DAYS),
        )

    def compile(self, label: str, context: Context) -> Rule:
        """Return the check of what the sum will be after the deposit."""
        basis, window, zone = LimitKind(self.basis), self.window, context.zone
        effect, obligation, reached = _EFFECTS[self.obligation], Obligation(self.obligation), self.reached
        threshold = _threshold(self.bands, context)

        def check(facts: Facts, deposit: Deposit, now_us: int, findings: Findings) -> None:
            protection = facts.player.protection
            if protection is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
                return
            counted, limit = counted_minor(facts, deposit, now_us), threshold(facts, now_us)
            before = used_minor(facts, basis, _window_start_us(window, now_us, zone), now_us, findings)
            if before is None and facts.usage is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
            elif counted is None or limit is None or before is None:
                findings.refuse(Code.SYS_FX_STALE, label)
            elif before + counted > limit or (reached and before + counted == limit):
                effect(obligation, protection.person, now_us, zone, window, findings)

        return check


_Effect: TypeAlias = Callable[[Obligation, Person, int, tzinfo, str, Findings], None]


def _vulnerability(
    obligation: Obligation, person: Person, now_us: int, _zone: tzinfo, _window: str, findings: Findings
) -> None:
    if person.checked_until_us is None or now_us >= person.checked_until_us:
        findings.oblige(obligation)


def _diligence(
    obligation: Obligation, person: Person, _now_us: int, _zone: tzinfo, _window: str, findings: Findings
) -> None:
    if not person.diligence_done:
        findings.oblige(obligation, diligence_due=True)


def _latch(obligation: Obligation, _person: Person, now_us: int, zone: tzinfo, window: str, findings: Findings) -> None:
    until_us = period_end_us(now_us, window, zone)
    findings.oblige(obligation, until_us, latched_until_us=until_us)


_EFFECTS: Final[dict[str, _Effect]] = {
    Obligation.RUN_FVC: _vulnerability,
    Obligation.CDD_DUE: _diligence,
    Obligation.LATCH_DEPOSIT_BLOCK: _latch,
}
_CHECK_OF: Final = {Obligation.RUN_FVC: Check.VULNERABILITY, Obligation.CDD_DUE: Check.DUE_DILIGENCE}


def _threshold(bands: tuple[Band, ...], context: Context) -> Callable[[Facts, int], int | None]:
    """Return the threshold in the player's currency; None where the pack has none in it."""

    def of_player(facts: Facts, now_us: int) -> int | None:
        same = facts.player.currency == context.currency
        exponent = context.exponent if same or facts.rate is None else facts.rate.exponent
        limits = minors(bands, facts.player.currency, exponent)
        return by_age(limits, context.zone)(facts.player.born, now_us) if limits else None

    return of_player


def _window_start_us(window: str, now_us: int, zone: tzinfo) -> int:
    days = _days(window)
    return now_us - days * DAY_US if days else period_start_us(now_us, window, zone) - 1


def _days(window: str) -> int:
    """Return the number of days of `30d`; 0 for anything else."""
    number = window.removesuffix("d")
    return int(number) if window != number and number.isascii() and number.isdecimal() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredLimits:
    """Without these limits of the player there is no bet."""

    name: ClassVar = "required_limits"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.BET, ActionKind.TIP})
    limits: tuple[str, ...]
    """Such as `deposit/month`."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `limits`."""
        limits = tuple(sorted(fields.texts("limits")))
        for limit in limits:
            kind, _, window = limit.partition("/")
            if kind not in list(LimitKind) or window not in WINDOWS[LimitKind(kind)]:
                raise fields.error(f"limits: {limit!r} is no kind and window")
        return cls(limits=limits)

    def stricter(self, other: Self) -> Self:
        """Return the limits that one of the two requires."""
        return type(self)(limits=tuple(sorted({*self.limits, *other.limits})))

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check."""
        pairs = [limit.partition("/") for limit in self.limits]
        required = frozenset((LimitKind(kind), Window(window)) for kind, _, window in pairs)

        def check(facts: Facts, _action: Bet, _now_us: int, findings: Findings) -> None:
            protection = facts.player.protection
            if protection is None or not required <= protection.limit_names:
                findings.refuse(Code.LIM_NOT_SET, label)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWithdrawalReversal:
    """The player may not take a requested withdrawal back."""

    name: ClassVar = "no_withdrawal_reversal"
    per_category: ClassVar = False
    actions: ClassVar = frozenset({ActionKind.CANCEL_WITHDRAWAL})

    @classmethod
    def parse(cls, fields: Fields) -> Self:  # noqa: ARG003 - this kind has no parameters
        """Read nothing: the kind has no parameters."""
        return cls()

    def stricter(self, other: Self) -> Self:  # noqa: ARG002 - all such rules are equal
        """Return the rule: all such rules are equal."""
        return self

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check."""

        def check(_facts: Facts, _action: object, _now_us: int, findings: Findings) -> None:
            findings.refuse(Code.PAY_NO_REVERSAL, label)

        return check
