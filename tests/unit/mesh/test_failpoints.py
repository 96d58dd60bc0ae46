from __future__ import annotations

import subprocess
import sys

import pytest

from mesh import failpoints

PROGRAM = """
from mesh import failpoints
failpoints.arm({armed!r}, allowed=True)
try:
    for _ in range(3):
        failpoints.here("other")
        failpoints.here("moment")
        print("passed", flush=True)
finally:
    print("cleaned up", flush=True)
"""


def run(armed: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(armed=armed)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(("armed", "passed"), [("moment", 0), ("moment:1", 0), ("moment:3", 2)])
def test_the_process_dies_at_the_counted_moment_and_cleans_nothing_up(armed: str, passed: int) -> None:
    assert run(armed) == (failpoints.EXIT_STATUS, ["passed"] * passed)


@pytest.mark.parametrize("armed", ["", "elsewhere", "moment:4"])
def test_what_is_not_armed_or_not_reached_does_nothing(armed: str) -> None:
    assert run(armed) == (0, ["passed"] * 3 + ["cleaned up"])


@pytest.mark.parametrize("text", [":1", "moment:0", "moment:x", "moment:-1", "moment:1:2"])
def test_a_text_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(failpoints.FailpointError):
        failpoints.arm(text, allowed=True)


def test_production_refuses_failpoints() -> None:
    with pytest.raises(failpoints.FailpointError):
        failpoints.arm("moment", allowed=False)
