"""The golden corpus against two running wallets with a clock that stands."""

from pathlib import Path

import pytest
import yaml

from tests.integration.corpus.test_money_corpus import ROOT, run_corpus

GOLDEN = ROOT / "tests" / "corpus" / "golden"


@pytest.mark.timeout(1250)
def test_every_case_of_the_parts_that_exist_passes_on_real_services(tmp_path: Path) -> None:
    code, summary = run_corpus(tmp_path, *sorted(GOLDEN.glob("*.yaml")))
    cases = summary["cases"]
    assert isinstance(cases, list)
    assert [f"{case['id']}: {case['detail']}" for case in cases if case["result"] == "failed"] == []
    assert [case["id"] for case in cases if case["result"] == "unsupported"] == []
    assert (code, len(cases)) == (0, 99)


@pytest.mark.timeout(120)
def test_a_wrong_expectation_of_the_law_is_reported_as_failed(tmp_path: Path) -> None:
    cases = {case["id"]: case for case in yaml.safe_load((GOLDEN / "limits.yaml").read_text())["cases"]}
    headroom, verdict, instant = cases["GC-001"], cases["GC-002"], cases["GC-007"]
    headroom["steps"][2]["expect"]["headroom"] = "0.01"
    verdict["steps"][3]["expect"] = {"verdict": "ALLOW"}
    instant["steps"][1]["expect"]["effective_at"] = "2026-03-29T14:00:00+01:00"
    broken = tmp_path / "broken.yaml"
    broken.write_text(yaml.safe_dump({"format": 1, "group": "limits", "cases": [headroom, verdict, instant]}))
    code, summary = run_corpus(tmp_path, broken)
    assert (code, summary["failed"]) == (1, 3)


@pytest.mark.timeout(120)
def test_our_own_cases_of_duties_towards_players_and_of_the_log_pass_on_real_services(tmp_path: Path) -> None:
    code, summary = run_corpus(tmp_path, *[Path(__file__).with_name(f"{name}.yaml") for name in ("duties", "log")])
    cases = summary["cases"]
    assert isinstance(cases, list)
    assert [f"{case['id']}: {case['detail']}" for case in cases if case["result"] != "passed"] == []
    assert (code, len(cases)) == (0, 4)


@pytest.mark.timeout(120)
def test_a_pack_that_is_released_while_services_run_decides_in_both_wallets_from_its_instant(tmp_path: Path) -> None:
    code, summary = run_corpus(tmp_path, Path(__file__).with_name("released.yaml"))
    assert summary["cases"][0]["detail"] == ""  # type: ignore[index] # as the runner writes it
    assert (code, summary["passed"]) == (0, 1)
