"""Children end with their parent, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH
from mesh.dev.running import is_alive

# A parent that starts a child, which starts a child of its own; both tell their ids.
PARENT = """
import sys, time
from pathlib import Path
from mesh.dev.child import Command, spawn
grandchild = "import os,subprocess,sys,time; p = subprocess.Popen(['sleep', '300']); print(os.getpid(), p.pid, flush=True); time.sleep(300)"
child = spawn(Command(name="child", argv=[sys.executable, "-c", grandchild], environment={"PATH": "/usr/bin:/bin"},
                      log=Path(sys.argv[1]), directory=Path("/")))
time.sleep(300)
"""


def until(condition: Callable[[], object], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def sleeper(tmp_path: Path, script: str = "import time; time.sleep(300)") -> Child:
    return spawn(Command(name="sleeper", argv=[sys.executable, "-c", script], environment={}, log=tmp_path / "log",
                         directory=tmp_path))  # fmt: skip


def state_of(process: int) -> str:
    """One letter; T is stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_and_their_children_die_with_the_parent(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(log)], env=environment)
    assert until(lambda: log.exists() and len(log.read_text().split()) == 2)
    child, grandchild = map(int, log.read_text().split())
    assert is_alive(child)
    assert is_alive(grandchild)
    parent.send_signal(number)
    parent.wait(30)
    assert until(lambda: not is_alive(child) and not is_alive(grandchild))


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    made: list[Child] = []
    thread = threading.Thread(target=lambda: made.append(sleeper(tmp_path)))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert made[0].exit_code is None
    made[0].kill()


def test_a_killed_child_is_gone_when_the_call_returns(tmp_path: Path) -> None:
    child = sleeper(tmp_path)
    child.kill()
    assert child.exit_code == -signal.SIGKILL


def test_a_child_that_ignores_the_request_to_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    script = (
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
    )
    child = sleeper(tmp_path, script)
    assert until(lambda: "deaf" in child.last_lines())
    child.stop(grace_s=0.3)
    assert child.exit_code == -signal.SIGKILL


def test_a_frozen_child_goes_on_when_it_is_thawed(tmp_path: Path) -> None:
    child = sleeper(tmp_path, "import time\nwhile True: print('x', flush=True); time.sleep(0.02)")
    assert until(child.last_lines)
    child.freeze()
    # What it was writing when it was told to stop, it still writes.
    assert until(lambda: state_of(child.pid) == "T")
    size = child.command.log.stat().st_size
    time.sleep(0.2)
    assert child.command.log.stat().st_size == size
    child.thaw()
    assert until(lambda: child.command.log.stat().st_size > size)
    child.kill()


def test_the_log_of_a_restarted_program_goes_on_where_it_was(tmp_path: Path) -> None:
    for word in ("first", "second"):
        assert sleeper(tmp_path, f"print('{word}')").wait(30)
    assert (tmp_path / "log").read_text().split() == ["first", "second"]


def test_a_child_carries_the_mark_of_the_run_it_belongs_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITBOSS_RUN_MARK", "this-run")
    child = sleeper(tmp_path)
    assert until(lambda: b"PITBOSS_RUN_MARK=this-run" in Path(f"/proc/{child.pid}/environ").read_bytes())
    child.kill()
