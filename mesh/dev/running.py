"""The mesh that is up, seen from outside. Imports little, so that commands answer at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import signal
import time
from pathlib import Path
from typing import Any

from mesh.dev.errors import NotUpError, StackError
from mesh.dev.paths import LOCK_FILE, MESH_FILE

STOP_S = 30.0


def is_up() -> bool:
    """Whether a supervisor holds the lock now."""
    with contextlib.suppress(OSError), LOCK_FILE.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def supervisor_pid() -> int:
    """The process that keeps the mesh up."""
    with contextlib.suppress(OSError, ValueError):
        if is_up():
            return int(LOCK_FILE.read_text())
    raise NotUpError


def read_mesh() -> dict[str, Any]:
    """The description of the mesh that is up."""
    supervisor_pid()
    try:
        found: dict[str, Any] = json.loads(MESH_FILE.read_text())
    except OSError:
        message = "the mesh is still starting, or stopping; try again in a moment"
        raise StackError(message) from None
    return found


def age_s() -> float:
    """How long ago the mesh was ready and wrote its description."""
    with contextlib.suppress(OSError):
        return time.time() - MESH_FILE.stat().st_mtime
    return math.inf


def stop() -> float:
    """Stop the mesh and wait for its end; returns how long that took."""
    began, pid = time.monotonic(), supervisor_pid()
    os.kill(pid, signal.SIGTERM)
    if not _ended(pid, STOP_S):
        # Its children die with it.
        os.kill(pid, signal.SIGKILL)
        _ended(pid, 5.0)
    MESH_FILE.unlink(missing_ok=True)
    return time.monotonic() - began


def _ended(pid: int, within_s: float) -> bool:
    """Wait for the end of a process that is not our child."""
    end = time.monotonic() + within_s
    while is_alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that has ended and was not yet waited for does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
