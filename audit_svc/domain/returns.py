"""What games return to players, against what their papers say. Pure, and exact: nothing is rounded before the verdict.

The method, its assumptions and its error rates are in docs/audit.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from typing import Any, Final

from audit_svc.domain import Draft, RecordClass

SOURCE: Final = "returns"
BANDS: Final = (Decimal(1), Decimal(5), Decimal(25), Decimal(100))
"""Upper ends of the bands of stakes, in main units of the currency. Above the last one there is one more band."""
_MILLION: Final = 1_000_000
_EXACT: Final = Context(prec=200, traps=[Inexact])
_ZERO: Final = Decimal(0)


class Verdict(StrEnum):
    """What a look found."""

    UNJUDGED = "UNJUDGED"
    """The papers name no return or no deviation."""
    INSIDE = "INSIDE"
    WARNING = "WARNING"
    ALARM = "ALARM"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Group:
    """Rounds that are judged together: one build under one certified return, in one currency and band of stakes."""

    provider: str
    game: str
    build: str
    return_ppm: int
    deviation_ppm: int
    currency: str
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a group's rounds add up to."""

    rounds: int = 0
    staked: Decimal = _ZERO
    won: Decimal = _ZERO
    squares: Decimal = _ZERO
    """Of the stake of each round."""
    next_look: int = 0

    def plus(self, stake: Decimal, win: Decimal, count: int) -> "Sums":
        """With one round more, or with `count` -1 without it."""
        sign = Decimal(count)
        return replace(
            self,
            rounds=self.rounds + count,
            staked=_EXACT.add(self.staked, sign * stake),
            won=_EXACT.add(self.won, sign * win),
            squares=_EXACT.add(self.squares, sign * _EXACT.multiply(stake, stake)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """When is looked, and how far from the certified return is too far."""

    first: int = 1_000
    warning: int = 3
    alarm: int = 5


def band_of(stake: Decimal) -> str:
    """The band of a stake, by its upper end."""
    return next((f"to {end}" for end in BANDS if stake <= end), f"above {BANDS[-1]}")


def groups_of(content: Mapping[str, Any]) -> Iterator[tuple[Group, Decimal, Decimal, int]]:
    """What a record or an amendment of a round adds to which groups, and takes from them: (group, stake, win, +1 or -1)."""
    told = ((content.get("stake_before"), content.get("win_before"), -1), (content["stake"], content["win"], 1))
    for stake, win, count in told:
        if stake is None or win is None or "build" not in content or not Decimal(stake):
            continue
        group = Group(
            provider=content["provider"],
            game=content["game"],
            build=content["build"],
            return_ppm=content["return_ppm"],
            deviation_ppm=content["deviation_ppm"],
            currency=content["currency"],
            band=band_of(Decimal(stake)),
        )
        yield group, Decimal(stake), Decimal(win), count


def judge(group: Group, sums: Sums, looks: Looks) -> Verdict:
    """Compare without a root: (won - r * staked)^2 with z^2 * d^2 * the sum of the squares of stakes."""
    if not (group.return_ppm and group.deviation_ppm and sums.staked):
        return Verdict.UNJUDGED
    gap = Fraction(sums.won) * _MILLION - group.return_ppm * Fraction(sums.staked)
    unit = group.deviation_ppm**2 * Fraction(sums.squares)
    if gap**2 > looks.alarm**2 * unit:
        return Verdict.ALARM
    return Verdict.WARNING if gap**2 > looks.warning**2 * unit else Verdict.INSIDE


def observed_ppm(sums: Sums) -> int:
    """The return so far in millionths, rounded down."""
    return int(Fraction(sums.won) * _MILLION / Fraction(sums.staked)) if sums.staked else 0


def sigma_ppm(group: Group, sums: Sums) -> int:
    """One standard deviation of the observed return if the papers are right, in millionths, rounded down."""
    if not sums.staked:
        return 0
    return isqrt(int(group.deviation_ppm**2 * Fraction(sums.squares) / Fraction(sums.staked) ** 2))


def follow(sums: dict[Group, Sums], records: Iterable[tuple[int, Mapping[str, Any]]], looks: Looks) -> Iterator[Draft]:
    """Take records of rounds, each with its time, into `sums`; an alert for each look that finds a group outside."""
    for recorded_us, content in records:
        for group, stake, win, count in groups_of(content):
            before = sums.get(group, Sums(next_look=looks.first))
            after = before.plus(stake, win, count)
            if after.rounds >= after.next_look:
                verdict = judge(group, after, looks)
                if verdict in {Verdict.WARNING, Verdict.ALARM}:
                    yield _alert(group, after, verdict, recorded_us)
                after = replace(after, next_look=2 * after.next_look)
            sums[group] = after


def _alert(group: Group, sums: Sums, verdict: Verdict, recorded_us: int) -> Draft:
    observed = observed_ppm(sums)
    names = (group.provider, group.game, group.build, str(group.return_ppm), str(group.deviation_ppm))
    return Draft(
        record_class=RecordClass.ROUND,
        source=SOURCE,
        key="/".join([*names, group.currency, group.band.replace(" ", "-"), str(sums.next_look)]),
        recorded_us=recorded_us,
        content={
            "verdict": verdict.value,
            "direction": "ABOVE" if observed >= group.return_ppm else "BELOW",
            "provider": group.provider,
            "game": group.game,
            "build": group.build,
            "currency": group.currency,
            "band": group.band,
            "rounds": sums.rounds,
            "staked": format(sums.staked, "f"),
            "won": format(sums.won, "f"),
            "observed_ppm": observed,
            "certified_ppm": group.return_ppm,
            "sigma_ppm": sigma_ppm(group, sums),
        },
    )
