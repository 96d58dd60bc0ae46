"""Rules of one game category: stake cap, speed, and who starts a cycle."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar, Final, Self

from compliance_svc.kernel.actions import ActionKind, Bet
from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.codes import Code
from compliance_svc.kernel.facts import Facts
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.findings import Findings
from compliance_svc.kernel.local_time import comes_of_age_us
from compliance_svc.kernel.rules.base import Context, Rule

_BETS: Final = frozenset({ActionKind.BET})
_ANY_AGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The cap below an age, in each currency that has one."""

    age_below: int | None
    """None: any age."""
    caps: tuple[Amount, ...]

    @property
    def age(self) -> int:
        """The age below which the cap holds, as a number."""
        return _ANY_AGE if self.age_below is None else self.age_below

    def cap(self, currency: str) -> Amount | None:
        """Return the cap in a currency."""
        return next((cap for cap in self.caps if cap.currency == currency), None)


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
        bands = tuple(_read_band(band) for band in fields.mappings("bands"))
        ages = [band.age for band in bands]
        if ages != sorted(set(ages)) or ages[-1] != _ANY_AGE:
            raise fields.error("bands must rise in age_below, and only the last one has none")
        if len({frozenset(cap.currency for cap in band.caps) for band in bands}) > 1:
            raise fields.error("every band must cap the same currencies")
        return cls(bands=_merged(bands))

    def stricter(self, other: Self) -> Self:
        """Return the lower cap at every age, in the currencies that both know."""
        ages = sorted({band.age for band in (*self.bands, *other.bands)})
        return type(self)(bands=_merged(_lower(self.band_at(age), other.band_at(age)) for age in ages))

    def band_at(self, age: int) -> Band:
        """Return the band that holds up to an age."""
        return next(band for band in self.bands if age <= band.age)

    def compile(self, label: str, context: Context) -> Rule:
        """Return the check; without a cap in the bet's currency a rate would be needed."""
        caps = [(band.age, band.cap(context.currency)) for band in self.bands]
        limits = [(age, cap.at_most_minor(context.exponent)) for age, cap in caps if cap is not None]
        return _stake_cap(label, limits, context.zone) if limits else _no_rate(label)


def _read_band(fields: Fields) -> Band:
    band = Band(
        age_below=fields.whole("age_below", at_least=1) if fields.has("age_below") else None,
        caps=tuple(sorted(fields.amounts("caps").values(), key=lambda cap: cap.currency)),
    )
    fields.done()
    return band


def _lower(one: Band, two: Band) -> Band:
    pairs = [(one.cap(cap.currency), cap) for cap in two.caps]
    caps = tuple(b if b.no_more_than(a) else a for a, b in pairs if a is not None)
    if not caps:
        message = "the caps have no currency in common"
        raise PackError(message)
    return Band(age_below=min(one, two, key=lambda band: band.age).age_below, caps=caps)


def _merged(bands: Iterable[Band]) -> tuple[Band, ...]:
    """Return the bands without those that say the same as the next one."""
    kept: list[Band] = []
    for band in bands:
        if kept and kept[-1].caps == band.caps:
            kept.pop()
        kept.append(band)
    return tuple(kept)


def _stake_cap(label: str, limits: list[tuple[int, int]], zone: tzinfo) -> Rule:
    lowest, highest = min(cap for _, cap in limits), limits[-1][1]
    younger = tuple(limits[:-1])

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

    def cap_of(born: int | None, now_us: int) -> int:
        if born is None:
            return lowest
        return next((cap for age, cap in younger if now_us < comes_of_age_us(born, age, zone)), highest)

    return check


def _no_rate(label: str) -> Rule:
    def check(_facts: Facts, _bet: Bet, _now_us: int, findings: Findings) -> None:
        findings.refuse(Code.SYS_FX_STALE, label)

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
