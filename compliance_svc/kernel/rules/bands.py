"""Amounts by age: the youngest band first, the last one for every age above."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from compliance_svc.kernel.amounts import Amount
from compliance_svc.kernel.fields import Fields, PackError
from compliance_svc.kernel.local_time import comes_of_age_us

_ANY_AGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The amount below an age, in each currency that has one."""

    age_below: int | None
    """None: any age."""
    caps: tuple[Amount, ...]

    @property
    def age(self) -> int:
        """The age below which the amount holds, as a number."""
        return _ANY_AGE if self.age_below is None else self.age_below

    def cap(self, currency: str) -> Amount | None:
        """Return the amount in a currency."""
        return next((cap for cap in self.caps if cap.currency == currency), None)


def read_bands(fields: Fields) -> tuple[Band, ...]:
    """Read `bands`: younger players first, the last band without `age_below`."""
    bands = tuple(_read_band(band) for band in fields.mappings("bands"))
    ages = [band.age for band in bands]
    if ages != sorted(set(ages)) or ages[-1] != _ANY_AGE:
        raise fields.error("bands must rise in age_below, and only the last one has none")
    if len({frozenset(cap.currency for cap in band.caps) for band in bands}) > 1:
        raise fields.error("every band must cap the same currencies")
    return _merged(bands)


def lower(one: tuple[Band, ...], two: tuple[Band, ...]) -> tuple[Band, ...]:
    """Return the lower amount at every age, in the currencies that both know."""
    ages = sorted({band.age for band in (*one, *two)})
    return _merged(_lower(_band_at(one, age), _band_at(two, age)) for age in ages)


def minors(bands: tuple[Band, ...], currency: str, exponent: int) -> list[tuple[int, int]]:
    """Return pairs of age and amount in smallest units; none without an amount in the currency."""
    caps = [(band.age, band.cap(currency)) for band in bands]
    return [(age, cap.at_most_minor(exponent)) for age, cap in caps if cap is not None]


def by_age(limits: list[tuple[int, int]], zone: tzinfo) -> Callable[[int | None, int], int]:
    """Return a function from date of birth and instant to the amount; an unknown birth has the lowest."""
    lowest, highest, younger = min(cap for _, cap in limits), limits[-1][1], tuple(limits[:-1])

    def amount(born: int | None, now_us: int) -> int:
        if born is None:
            return lowest
        return next((cap for age, cap in younger if now_us < comes_of_age_us(born, age, zone)), highest)

    return amount


def _read_band(fields: Fields) -> Band:
    band = Band(
        age_below=fields.whole("age_below", at_least=1) if fields.has("age_below") else None,
        caps=tuple(sorted(fields.amounts("caps").values(), key=lambda cap: cap.currency)),
    )
    fields.done()
    return band


def _band_at(bands: tuple[Band, ...], age: int) -> Band:
    return next(band for band in bands if age <= band.age)


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
