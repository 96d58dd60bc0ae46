"""Run a command and leave no process of it behind, however far it went from its parents.

Every process that the command starts, directly or not, inherits a mark in its environment.
Those that outlive the command are ended, and named.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

MARK = "PITBOSS_RUN_MARK"
GRACE_SECONDS = 5.0


def marked(mark: str) -> Iterator[int]:
    """Processes that carry the mark, but not this one."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found = wanted in (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or another user's
            continue
        if found and int(folder.name) != os.getpid():
            yield int(folder.name)


def name_of(process: int) -> str:
    """The command line, for people."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).decode(errors="replace").strip()[:160]


def end(process: int, with_signal: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    try:
        os.kill(process, with_signal)
    except ProcessLookupError:
        return


def sweep(mark: str) -> list[str]:
    """End what is left, first politely; returns what it was."""
    left = list(marked(mark))
    names = [name_of(process) for process in left]
    for process in left:
        end(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in marked(mark):
        end(process, signal.SIGKILL)
    return names


def main() -> None:
    """Run the command, sweep, pass its exit status on."""
    mark = uuid.uuid4().hex
    command = subprocess.Popen(sys.argv[1:], env={**os.environ, MARK: mark})
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    try:
        code = command.wait()
    except KeyboardInterrupt:
        code = command.wait()
    finally:
        for name in sweep(mark):
            sys.stderr.write(f"left behind, ended: {name}\n")
    raise SystemExit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
