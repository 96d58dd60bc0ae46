"""Rules of one game category: stake cap, speed, and who starts a cycle."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind, Bet
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.counting import converted_minor
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.rules.bands import Band, by_age, lower, minors, read_bands
from compliance_svc.kernel.rules.base import Context, Rule

_BETS: Final = frozenset({ActionKind.BET})


@dataclass(frozen=True, slots=True, kw_only=True)
class StakeCap:
    """The most that may be staked in one game cycle, everything counted, by age."""

    name: ClassVar = "stake_cap"
    per_category: ClassVar = True
    actions: ClassVar = _BETS
    bands: tuple[Band, ...]
    """By rising age; the last one is for any age above."""

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `bands`: younger players first, the last band without `age_below`."""
        return cls(bands=read_bands(fields))

    def stricter(self, other: Self) -> Self:
        """Return the lower cap at every age, in the currencies that both know."""
        return type(self)(bands=lower(self.bands, other.bands))

    def compile(self, label: str, context: Context) -> Rule:
        """Return the check; a bet in a currency without a cap is converted into the player's."""
        limits = minors(self.bands, context.currency, context.exponent)
        return _stake_cap(label, limits, context.zone) if limits else _converted_cap(label, self.bands, context)


def _stake_cap(label: str, limits: list[tuple[int, int]], zone: tzinfo) -> Rule:
    lowest, cap_of = min(cap for _, cap in limits), by_age(limits, zone)

    def check(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
        cycle = facts.cycle
        if cycle is None:
            findings.refuse(Code.SYS_FACT_MISSING, label)
            return
        staked = cycle.staked_minor + bet.amount_minor
        if staked <= lowest:
            return
        cap = cap_of(facts.player.born, now_us)
        if staked > cap:
            findings.refuse(Code.GAM_STAKE_CAP, label, staked, cap)

    return check


def _converted_cap(label: str, bands: tuple[Band, ...], context: Context) -> Rule:
    def check(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
        cycle, rate = facts.cycle, facts.rate
        if cycle is None:
            findings.refuse(Code.SYS_FACT_MISSING, label)
            return
        staked = converted_minor(cycle.staked_minor + bet.amount_minor, bet.exponent, rate, now_us)
        limits = [] if rate is None else minors(bands, facts.player.currency, rate.exponent)
        if staked is None or not limits:
            findings.refuse(Code.SYS_FX_STALE, label)
            return
        cap = by_age(limits, context.zone)(facts.player.born, now_us)
        if staked > cap:
            findings.refuse(Code.GAM_STAKE_CAP, label, staked, cap)

    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleInterval:
    """The shortest time from the start of a cycle to the start of the next in a session."""

    name: ClassVar = "cycle_interval"
    per_category: ClassVar = True
    actions: ClassVar = _BETS
    ms: int

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """Read `ms`."""
        return cls(ms=fields.whole("ms", at_least=1))

    def stricter(self, other: Self) -> Self:
        """Return the longer interval."""
        return max(self, other, key=lambda rule: rule.ms)

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check; only the bet that starts a cycle is held to it."""
        shortest_us = self.ms * 1_000

        def check(facts: Facts, bet: Bet, now_us: int, findings: Findings) -> None:
            if not bet.starts_cycle:
                return
            cycle = facts.cycle
            if cycle is None:
                findings.refuse(Code.SYS_FACT_MISSING, label)
            elif cycle.last_start_us is not None and now_us - cycle.last_start_us < shortest_us:
                findings.refuse(Code.GAM_TOO_FAST, label, now_us - cycle.last_start_us, shortest_us)

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerStarts:
    """Every cycle is started by the player: no autoplay, no queued start."""

    name: ClassVar = "player_starts"
    per_category: ClassVar = False
    actions: ClassVar = _BETS

    @classmethod
    def parse(cls, fields: Fields) -> Self:  # noqa: ARG003 - this kind has no parameters
        """Read nothing: the kind has no parameters."""
        return cls()

    def stricter(self, other: Self) -> Self:  # noqa: ARG002 - all such rules are equal
        """Return the rule: all such rules are equal."""
        return self

    def compile(self, label: str, context: Context) -> Rule:  # noqa: ARG002 - the same in every zone and currency
        """Return the check."""

        def check(_facts: Facts, bet: Bet, _now_us: int, findings: Findings) -> None:
            if bet.automatic:
                findings.refuse(Code.GAM_AUTOPLAY, label)

        return check
