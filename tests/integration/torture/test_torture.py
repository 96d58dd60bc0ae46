"""The torture of the ledger, small: the long runs are `make torture`, `make torture-controls` and `make power-cut`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.torture.controls.__main__ import colour_of
from tests.torture.controls.list import CONTROLS
from tests.torture.disk import reason_against
from tests.torture.power_cut import cut_often
from tests.torture.run import Plan, run

_QUICK = ("unique_key_dropped", "row_removed", "limit_check_fails_open")

pytestmark = pytest.mark.timeout(300)


def test_a_short_storm_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    verdict: dict[str, Any] = run(Plan(10, 1, tmp_path, crowds=2))
    assert verdict["violations"] == []
    assert verdict["ok"]
    assert verdict["kills"] >= 2
    assert verdict["acknowledged"] > 200


@pytest.mark.parametrize("name", _QUICK)
def test_a_guarantee_that_is_broken_on_purpose_is_found(name: str) -> None:
    control = next(control for control in CONTROLS if control.name == name)
    assert colour_of(control) == "red"


@pytest.mark.skipif(bool(reason_against()), reason=reason_against() or "there is a disk")
@pytest.mark.parametrize("fsync", [True, False], ids=["fsync on", "fsync off"])
def test_a_power_cut_loses_what_was_not_flushed_and_nothing_else(fsync: bool) -> None:
    found = cut_often(2, 1, fsync=fsync)
    assert found["acknowledged"] > 0
    assert (found["lost"] == 0) is fsync
