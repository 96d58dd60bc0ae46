"""The money corpus against two running wallets: the cases pass, and a wrong expectation is seen."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
MONEY = ROOT / "tests" / "corpus" / "money"


def run_corpus(tmp_path: Path, *files: Path) -> tuple[int, dict[str, object]]:
    result = tmp_path / "corpus.json"
    command = [sys.executable, "-m", "tests.corpus_runner", *map(str, files), "--result", str(result)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert result.exists(), run.stdout + run.stderr
    return run.returncode, json.loads(result.read_text())


@pytest.mark.timeout(1250)
def test_every_case_passes_also_when_it_is_sent_again(tmp_path: Path) -> None:
    code, summary = run_corpus(tmp_path, *sorted(MONEY.glob("*.yaml")))
    cases = summary["cases"]
    assert isinstance(cases, list)
    failed = [f"{case['id']}: {case['detail']}" for case in cases if case["result"] == "failed"]
    assert failed == []
    assert code == 0
    assert (summary["passed"], summary["unsupported"]) == (150, 0)


@pytest.mark.timeout(120)
def test_a_wrong_expectation_is_reported_as_failed(tmp_path: Path) -> None:
    content = yaml.safe_load((MONEY / "bets.yaml").read_text())
    first, second, third = content["cases"][:3]
    first["steps"][0]["expect"]["balance"] = "90.01"
    second["steps"][2]["expect"]["replayed"] = False
    third["steps"][1]["expect"]["postings_delta"] = 1
    broken = tmp_path / "broken.yaml"
    broken.write_text(yaml.safe_dump({"format": 1, "group": "bets", "cases": [first, second, third]}))
    code, summary = run_corpus(tmp_path, broken)
    assert code == 1
    assert summary["failed"] == 3


def test_a_file_that_is_no_case_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.yaml"
    nonsense.write_text("format: 2\n")
    command = [sys.executable, "-m", "tests.corpus_runner", str(nonsense)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "not a case file of format 1" in run.stderr
