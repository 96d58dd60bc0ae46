"""What makes the demo fail."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from mesh.verify.findings import Check as Found
from mesh.verify.report import Report
from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.result import Evening, as_json, broken_off, checks_of, refusals, show
from pitboss_demo.studio import Progress
from pitboss_demo.tally import summary

CALL = {"count": 3, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0}
TOTALS: dict[str, Any] = {
    "licensees": [{"licensee": "aurora", "currency_code": "GBP", "deposited": "9.00", "staked": "3.00",
                   "cancelled": "0.00", "won": "2.00", "withdrawn": "1.00"}],
    "rounds": {"aurora/hub88_style": 5, "borealis/hub88_style": 4, "aurora/pragmatic_style": 7},
    "refusals": [{"source": "hub88_style", "kind": 1, "outcome": 3, "count": 2},
                 {"source": "hub88_style", "kind": 101, "outcome": 14, "count": 1}],
    "reasons": {"SEX.SELF": 1},
    "writers": {"wallet_svc-1": 3, "wallet_svc-2": 4, "wallet_svc-1 sweeper": 1},
}  # fmt: skip
BOOKS = (
    Found(name="chain intact", ok=True, detail="9 batches"),
    Found(name="refused actions moved nothing", ok=True, detail="3 refusals"),
    Found(name="studio hub88_style equals our ledger to the cent", ok=True, detail="9 bets and wins"),
    Found(name="studio pragmatic_style equals our ledger to the cent", ok=True, detail="8 bets and wins"),
)
REPORT = Report(checks=BOOKS, totals=TOTALS, seconds=0.5)
DONE = Progress(planned=9, rounds=9, bets=12, accepted=11)
EVENING = Evening(
    studios={"hub88_style": DONE, "pragmatic_style": DONE},
    stats={"hub88_style": {"bet": CALL}, "pragmatic_style": {"bet": CALL}},
    calls={"deposit": CALL},
    checks=[Check(name="an act", ok=True, detail="seen")],
    played_s=20.0,
)


def spoil(name: str, detail: str = "1 wrong") -> Report:
    checks = tuple(replace(check, ok=False, detail=detail) if check.name == name else check for check in BOOKS)
    return replace(REPORT, checks=checks)


def red(evening: Evening, report: Report) -> set[str]:
    return {check.name for check in checks_of(evening, report) if not check.ok}


def test_an_evening_where_everything_held() -> None:
    assert red(EVENING, REPORT) == set()
    result = as_json(EVENING, REPORT, checks_of(EVENING, REPORT), 31.234)
    assert (result["ok"], result["seconds"], result["rounds"]) == (True, 31.23, 16)
    assert result["providers"]["hub88_style"]["rounds"] == 9
    assert {"name", "ok", "detail"} == set(result["checks"][0])


def test_an_act_that_failed() -> None:
    failed = replace(EVENING, checks=[Check(name="an act", ok=False, detail="not seen")])
    assert red(failed, REPORT) == {"an act"}
    assert not as_json(failed, REPORT, checks_of(failed, REPORT), 1)["ok"]


def test_books_that_are_wrong() -> None:
    assert red(EVENING, spoil("chain intact")) == {"chain intact"}


def test_a_studio_that_disagrees_fails_both_its_own_check_and_the_joint_one() -> None:
    name = "studio pragmatic_style equals our ledger to the cent"
    assert red(EVENING, spoil(name)) == {name, "each studio's own record equals our ledger to the cent"}


def test_studios_that_were_not_compared_at_all() -> None:
    nobody = replace(REPORT, checks=BOOKS[:2])
    assert red(EVENING, nobody) == {"each studio's own record equals our ledger to the cent"}


def test_a_refusal_that_moved_money_and_an_evening_without_refusals() -> None:
    assert "refused bets moved nothing" in red(EVENING, spoil("refused actions moved nothing"))
    quiet = replace(REPORT, totals={**TOTALS, "refusals": []})
    assert red(EVENING, quiet) == {"refused bets moved nothing"}


def test_a_wallet_that_never_wrote() -> None:
    alone = replace(REPORT, totals={**TOTALS, "writers": {"wallet_svc-1": 9, "wallet_svc-1 sweeper": 1}})
    sweeping = replace(REPORT, totals={**TOTALS, "writers": {"wallet_svc-1": 9, "wallet_svc-2 sweeper": 1}})
    assert red(EVENING, alone) == red(EVENING, sweeping) == {"both wallet processes posted"}


@pytest.mark.parametrize("fields", [{"rounds": 8}, {"crashed": 1}, {"not_entered": 1}])
def test_a_round_that_was_not_played(fields: dict[str, int]) -> None:
    short = replace(EVENING, studios={**EVENING.studios, "hub88_style": replace(DONE, **fields)})  # type: ignore[arg-type]
    assert red(short, REPORT) == {"every round was played"}


def test_a_late_bet_counts_as_a_bet() -> None:
    assert refusals(REPORT) == {"BET INSUFFICIENT_FUNDS": 2, "BET ALREADY_ROLLED_BACK": 1}


def test_a_demo_that_breaks_off_is_a_result_too() -> None:
    result = broken_off(RuntimeError("no mesh"), 3)
    assert (result["ok"], result["checks"][0]["detail"]) == (False, "RuntimeError: no mesh")


@pytest.mark.parametrize("ok", [True, False])
def test_people_see_the_verdict_and_every_check(ok: bool) -> None:
    report = REPORT if ok else spoil("chain intact", "shard 3: 7 comes after 5")
    checks = checks_of(EVENING, report)
    page = io.StringIO()
    show(Console(file=page, width=140), as_json(EVENING, report, checks, 31))
    text = page.getvalue()
    assert ("every check held" in text) is ok
    assert all(check.name in text for check in checks)
    assert ("7 comes after 5" in text) is not ok


def test_an_act_without_steps_is_not_a_success() -> None:
    assert not all_of("nothing", []).ok
    half = all_of("half", [Step(what="this", ok=True), Step(what="that", ok=False)])
    assert (half.ok, half.detail) == (False, "NOT that")


def test_percentiles_are_of_real_calls() -> None:
    assert summary([float(number) for number in range(100, 0, -1)]) == {
        "count": 100, "p50_ms": 51, "p95_ms": 96, "p99_ms": 100,
    }  # fmt: skip
    assert summary([7.0])["p99_ms"] == 7
