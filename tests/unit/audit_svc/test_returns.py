"""What games return, against their papers: exact sums, looks at doublings, alarms for what is off and none for what is not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from audit_svc.domain import Draft
from audit_svc.domain.returns import Group, Looks, Sums, Verdict, band_of, follow, groups_of, judge, sigma_ppm

PAYS = ((Decimal(0), 70), (Decimal("1.2"), 20), (Decimal(4), 8), (Decimal(20), 2))
"""Of one stake, with weights in hundredths: a return of 0.96 and a variance of 8.6464."""
RETURN_PPM = 960_000
DEVIATION_PPM = 2_940_476


def record(stake: str, win: str, **more: Any) -> dict[str, Any]:
    return {
        "provider": "acme_slots",
        "game": "g1",
        "build": "b1",
        "return_ppm": RETURN_PPM,
        "deviation_ppm": DEVIATION_PPM,
        "currency": "EUR",
        "stake": stake,
        "win": win,
        **more,
    }


def rounds(count: int, seed: int, *, factor: str = "1") -> Iterator[tuple[int, dict[str, Any]]]:
    """Rounds as an honest game deals them, each win times a factor."""
    dice = random.Random(seed)
    pays, weights = [pay for pay, _ in PAYS], [weight for _, weight in PAYS]
    for number in range(count):
        stake = dice.choice(("0.20", "0.50", "1.00"))
        (pay,) = dice.choices(pays, weights)
        yield number, record(stake, str(Decimal(stake) * pay * Decimal(factor)))


def alerts(count: int, seed: int, *, factor: str = "1") -> list[Draft]:
    return list(follow({}, rounds(count, seed, factor=factor), Looks()))


def test_the_game_of_this_test_is_what_its_papers_say() -> None:
    mean = sum((Fraction(pay) * weight for pay, weight in PAYS), Fraction()) / 100
    variance = sum((Fraction(pay) * Fraction(pay) * weight for pay, weight in PAYS), Fraction()) / 100 - mean * mean
    assert mean == Fraction(RETURN_PPM, 1_000_000)
    assert abs(variance - Fraction(DEVIATION_PPM, 1_000_000) ** 2) < Fraction(1, 100_000)


def test_honest_games_raise_no_alarm_and_few_warnings() -> None:
    found = [alert for seed in range(40) for alert in alerts(4_000, seed)]
    assert [alert for alert in found if alert.content["verdict"] == "ALARM"] == []
    assert len(found) <= 4


@pytest.mark.parametrize(("factor", "direction"), [("0.7", "BELOW"), ("1.35", "ABOVE")])
def test_a_game_that_pays_otherwise_is_alarmed_in_both_directions(factor: str, direction: str) -> None:
    found = alerts(16_000, 7, factor=factor)
    assert found[-1].content["verdict"] == "ALARM"
    assert {alert.content["direction"] for alert in found} == {direction}
    assert found[-1].content["rounds"] == 16_000
    assert found[-1].key == f"acme_slots/g1/b1/{RETURN_PPM}/{DEVIATION_PPM}/EUR/to-1/16000"


def test_however_the_records_are_cut_into_pages_the_alerts_and_sums_are_the_same() -> None:
    told = list(rounds(5_000, 3, factor="0.5"))
    whole: dict[Group, Sums] = {}
    expected = list(follow(whole, told, Looks()))
    for cut in (1, 999, 1_000, 1_001, 2_500):
        sums: dict[Group, Sums] = {}
        parts = [*follow(sums, told[:cut], Looks()), *follow(sums, told[cut:], Looks())]
        assert (parts, sums) == (expected, whole)
    (only,) = whole.values()
    assert only.staked == sum(Decimal(each["stake"]) for _, each in told)
    assert only.won == sum(Decimal(each["win"]) for _, each in told)
    assert only.next_look == 8_000


def test_an_amendment_takes_out_what_was_and_puts_in_what_is_also_into_another_band() -> None:
    sums: dict[Group, Sums] = {}
    later = record("6.00", "3.00", stake_before="1.00", win_before="2.00")
    undone = record("0", "0", stake_before="6.00", win_before="3.00")
    assert not list(follow(sums, [(1, record("1.00", "2.00")), (2, later)], Looks()))
    by_band = {group.band: [found.rounds, *map(int, (found.staked, found.won, found.squares))]
               for group, found in sums.items()}  # fmt: skip
    assert by_band == {"to 1": [0, 0, 0, 0], "to 25": [1, 6, 3, 36]}
    assert not list(follow(sums, [(3, undone)], Looks()))
    assert {found.rounds for found in sums.values()} == {0}


def test_rounds_without_a_stake_are_in_no_group() -> None:
    assert list(groups_of(record("0", "5.00"))) == []


@pytest.mark.parametrize("missing", ["return_ppm", "deviation_ppm"])
def test_without_papers_nothing_is_judged(missing: str) -> None:
    sums: dict[Group, Sums] = {}
    told = [(n, record("1.00", "9.00", **{missing: 0})) for n in range(1_000)]
    assert list(follow(sums, told, Looks())) == []
    ((group, found),) = sums.items()
    assert judge(group, found, Looks()) is Verdict.UNJUDGED


def test_the_border_is_exact() -> None:
    group = Group(
        provider="p", game="g", build="b", return_ppm=1_000_000, deviation_ppm=1_000_000, currency="EUR", band="to 1"
    )
    at = Sums(rounds=100, staked=Decimal(100), won=Decimal(130), squares=Decimal(100))
    assert sigma_ppm(group, at) == 100_000
    assert judge(group, at, Looks()) is Verdict.INSIDE
    beyond = Sums(rounds=100, staked=Decimal(100), won=Decimal("130.000000000000000001"), squares=Decimal(100))
    assert judge(group, beyond, Looks()) is Verdict.WARNING


@pytest.mark.parametrize(("stake", "band"), [("0.01", "to 1"), ("1", "to 1"), ("1.01", "to 5"), ("100.5", "above 100")])
def test_bands(stake: str, band: str) -> None:
    assert band_of(Decimal(stake)) == band
