"""The drills, as everybody can run them: every row of the failure table that is tried holds."""

from __future__ import annotations

import pytest

from tests.drills.__main__ import run


@pytest.mark.timeout(1200)
def test_every_row_holds() -> None:
    rows = list(run())
    assert [row for row in rows if not row.ok] == []
    assert {row.source for row in rows} >= {
        "register down",
        "register slow",
        "register contradictory",
        "compliance service down",
        "evidence unwritable",
        "pack signature broken",
        "clock 250 ms ahead",
        "clock 250 ms behind",
        "time server silent",
        "measurer killed",
        "audit log back",
        "location replayed after a kill",
        "location down",
        "screening hit",
        "screening honest again",
        "screening's process down",
        "location's process down",
        "limit file replayed",
        "limit file's process down",
        "limit file's process down no more",
        "active at another operator",
        "activity file replayed",
        "activity file's process down",
        "activity file's process down no more",
    }
