"""The small programs behind the make targets."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

WANDERER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
raise SystemExit(3)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def gone(process: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_process_that_left_its_parents_does_not_outlive_the_run() -> None:
    done = run("mesh/tooling/leftovers.py", sys.executable, "-c", WANDERER)
    assert done.returncode == 3
    assert gone(int(done.stdout))
    assert "left behind" in done.stderr


def test_a_process_of_somebody_else_is_left_alone() -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=os.environ)
    try:
        done = run("mesh/tooling/leftovers.py", sys.executable, "-c", "pass")
        assert done.returncode == 0
        assert done.stderr == ""
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_tool_that_this_version_lacks_is_not_pretended() -> None:
    done = run("-m", "mesh.tooling.available", "tests.no_such_tool", "--seconds", "1")
    assert done.returncode == 2
    assert "Nothing was run" in done.stderr


def test_a_tool_that_is_there_gets_its_arguments() -> None:
    done = run("-m", "mesh.tooling.available", "json.tool", "--help")
    assert done.returncode == 0
    assert "json" in done.stdout
