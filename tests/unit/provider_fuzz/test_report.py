"""The report says what was played and what was not, and so does the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.provider_fuzz import report
from tests.provider_fuzz.run import Crash, Finding, Result


def result(
    *, complete: bool = True, asked: int = 10, mismatches: tuple[Finding, ...] = (), crashes: tuple[Crash, ...] = ()
) -> Result:
    return Result(
        provider="acme",
        seed=7,
        asked=asked,
        sequences=asked,
        messages={"bet": 3},
        mismatches=list(mismatches),
        crashes=list(crashes),
        complete=complete,
    )


WRONG = Finding(part=4, why="the ledger has it not", failures=2)
CRASH = Crash(part=5, story=None, why="OSError")


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result()], report.AGREES),
        ([result(mismatches=(WRONG,))], report.DISAGREES),
        ([result(complete=False, mismatches=(WRONG,))], report.DISAGREES),
        ([result(complete=False, crashes=(CRASH,))], report.UNFINISHED),
        ([result(complete=False)], report.UNFINISHED),
        ([result(asked=9)], report.UNFINISHED),
        ([], report.UNFINISHED),
    ],
)
def test_the_exit_code_says_what_was_found_or_that_not_all_was_played(results: list[Result], code: int) -> None:
    made = report.summary(results, seconds=1.0, asked=10)
    assert report.exit_code(made) == code
    assert made["ok"] is (code == report.AGREES)


def test_mismatches_and_crashes_name_seed_and_part(tmp_path: Path) -> None:
    made = report.summary([result(complete=False, mismatches=(WRONG,), crashes=(CRASH,))], seconds=1.0)
    report.write(tmp_path / "deep" / "fuzz.json", made)
    read = json.loads((tmp_path / "deep" / "fuzz.json").read_text())
    assert (read["seed"], read["mismatches"][0]["part"], read["crashes"][0]["part"]) == (7, 4, 5)
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["fuzz.json"]


def test_progress_has_the_rate_and_what_is_left() -> None:
    line = report.Progress(began=100.0).line(result(asked=600), now=110.0)
    assert line == "acme: 600 of 600, 60.0/s, 0.0 min left, 0 mismatches"
