"""The machine in small: the product agrees with the model, and each rule that is broken on purpose is found."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.law_machine.breaks import BREAKS
from tests.law_machine.markets import DAY, HOUR, instant, term_end, window_start
from tests.law_machine.run import CONTROL_STEPS, run

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("seed", [1, 2])
def test_product_and_model_agree_at_every_step(seed: int) -> None:
    done = run(3_000, seed)
    assert done.violation == ""
    assert done.steps == 3_000


def test_the_steps_are_about_everything() -> None:
    """What is not tried cannot be found wrong."""
    done = run(3_000, 1)
    wanted = ["excluded", "break", "loss limit", "wager limit", "stake limit", "deposit limit", "session ended"]
    assert [name for name in wanted if not done.counts[f"refused: {name}"]] == []
    verbs = ["Bet", "Win", "Cancel", "Deposit", "Hold", "Release", "SetLimit", "ConfirmLimit", "CancelPendingLimit"]
    verbs += ["Exclude", "TakeBreak", "RequestReinstatement", "OpenPlay"]
    assert [verb for verb in verbs if not done.counts[f"{verb} accepted"]] == []
    assert done.counts["edges"] > 100
    assert done.counts["retries"] > 50
    assert done.moved > 500


def test_the_same_seed_takes_the_same_steps() -> None:
    assert run(600, 7).counts == run(600, 7).counts
    assert run(600, 7).counts != run(600, 8).counts


@pytest.mark.parametrize("name", BREAKS)
def test_a_rule_that_is_broken_is_found(name: str) -> None:
    with BREAKS[name]():
        broken = run(CONTROL_STEPS, 1)
    assert broken.violation


def moment(text: str) -> int:
    return instant(datetime.fromisoformat(text), BERLIN, 0)


def test_the_model_reckons_with_clock_changes() -> None:
    """Its own reckoning, checked against dates that everybody can look up: 29 March and 25 October 2026."""
    assert moment("2026-03-30T00:00:00") - moment("2026-03-29T00:00:00") == 23 * HOUR
    assert moment("2026-03-29T02:30:00") == moment("2026-03-29T03:00:00")
    assert instant(datetime.fromisoformat("2026-10-25T02:30:00"), BERLIN, 1) - moment("2026-10-25T02:30:00") == HOUR
    assert term_end("1d", moment("2026-03-28T12:00:00"), BERLIN) == moment("2026-03-29T12:00:00")
    assert term_end("24h", moment("2026-03-28T12:00:00"), BERLIN) == moment("2026-03-29T13:00:00")
    assert term_end("6mo", moment("2026-08-31T12:00:00"), BERLIN) == moment("2027-03-01T12:00:00")
    assert window_start("1mo", moment("2026-03-31T12:00:00"), BERLIN) == moment("2026-02-28T12:00:00")
    assert window_start("week", moment("2026-11-26T12:00:00"), BERLIN) == moment("2026-11-23T00:00:00") - 1
    assert window_start("7d", moment("2026-11-26T12:00:00"), BERLIN) == moment("2026-11-26T12:00:00") - 7 * DAY
