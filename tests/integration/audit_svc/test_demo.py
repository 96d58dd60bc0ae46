"""The demonstration, as everybody can run it: each falsification is caught and named, and a player is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit_demo.__main__ import run

pytestmark = pytest.mark.timeout(240)

NAMED = {
    "a changed byte of an entry": "entry 20: changed",
    "the same, and its hash made to fit": "every entry is the one of the copy: entry 20: changed",
    "a changed byte of an event": "another payload than in the copy",
    "a removed record": "entry 20: removed",
    "a removed record, and the whole log signed anew": "entries that were signed once were others",
    "a round record that became something else": "the ledger settled a round here, and the log has no record of it",
    "a round record that was never written, in a log that is sound": "every settled round has one record",
    "a truncated and re-signed log, to whoever kept a checkpoint": "cut off",
    "the same, to the witness": "rolled_back",
    "a split view": "split_view",
    "a rolled-back database, to whoever kept a checkpoint": "cut off",
    "a changed byte of a sealed batch": "changed: the files are not those that were sealed",
    "a round left out of a batch": "missing_in_extract",
    "a falsified bundle": "its event is not the one that was committed to",
}


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    return {step["what"]: step for step in run()}


def test_every_step_holds(steps: dict[str, dict[str, Any]]) -> None:
    assert [step for step in steps.values() if not step["ok"]] == []


@pytest.mark.parametrize("what", NAMED)
def test_a_falsification_is_named(steps: dict[str, dict[str, Any]], what: str) -> None:
    assert NAMED[what] in steps[what]["seen"]
