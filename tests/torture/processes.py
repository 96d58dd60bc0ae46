"""Processes that a forge makes, and how they ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from mesh.dev.paths import PYTHON_PATH

_PATIENCE_S = 60.0


class Process:
    """One wallet process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        """None while it runs; the negative signal number if a signal ended it."""
        self.ended = threading.Event()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still there."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.send(signal.SIGKILL)
        self.ended.wait(_PATIENCE_S)


class Forge:
    """The process that makes the others."""

    def __init__(self, directory: Path, log: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH}
        with log.open("ab") as errors:
            self._program = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.forge"],
                cwd=directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._made: queue.SimpleQueue[Process | None] = queue.SimpleQueue()
        self._living: dict[int, Process] = {}
        self._one = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def make(self, environment: Mapping[str, str], log: Path) -> Process:
        """A new wallet process."""
        assert self._program.stdin is not None
        with self._one:
            wanted = {"environment": dict(environment), "log": str(log)}
            self._program.stdin.write(json.dumps(wanted).encode() + b"\n")
            self._program.stdin.flush()
            made = self._made.get(timeout=_PATIENCE_S)
        if made is None:
            raise RuntimeError("the forge has ended; see its log")
        return made

    def close(self) -> None:
        """End it, and with it everything that it made."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.close()
        self._program.wait(_PATIENCE_S)
        self._reader.join(_PATIENCE_S)
        self._program.stdout.close()

    def _read(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            told = json.loads(line)
            if "status" in told:
                ended = self._living.pop(told["pid"])
                ended.exit_code = told["status"]
                ended.ended.set()
            elif "pid" in told:
                made = self._living[told["pid"]] = Process(told["pid"])
                self._made.put(made)
        self._made.put(None)
