"""The demo, small: the whole mesh, every studio, every licensee, every act, and the books."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.providers import discover
from pitboss_demo.cast import CURRENCIES

EXPECTED = {
    "books sum to zero per currency",
    "every balance equals its transfers",
    "chain intact",
    "no round left in the middle",
    "each studio's own record equals our ledger to the cent",
    "refused bets moved nothing",
    "excluded player's bet refused and win paid",
    "hidden and restored games",
    "nothing acknowledged lost over the kill",
    "a licensee's own wallet dies and comes back, and nothing is lost",
    "the record of the licensee with its own wallet equals our ledger to the cent",
    "each hosted licensee's own record equals our ledger to the cent",
    "both wallet processes posted",
}


@pytest.mark.timeout(420)
def test_a_small_evening_ends_with_every_check_held(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PITBOSS_BUILD_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pitboss_demo", "--players", "0.05", "--hidden-within", "10", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=400)
    result = json.loads((tmp_path / "demo.json").read_text())
    assert [check for check in result["checks"] if not check["ok"]] == []
    assert (done.returncode, result["ok"]) == (0, True), done.stderr
    assert {check["name"] for check in result["checks"]} >= EXPECTED
    assert json.loads(done.stdout) == result
    assert set(result["providers"]) == {provider.name for provider in discover()}
    assert all(provider["rounds"] > 20 for provider in result["providers"].values())
    assert {each["licensee"] for each in result["licensees"]} == set(CURRENCIES)
