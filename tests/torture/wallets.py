"""The wallet processes of a run: started, killed, stopped and started again."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mesh import clock
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.ready import GrpcHealth
from mesh.dev.secrets import Authority, write_workload
from mesh.failpoints import EXIT_STATUS

COUNT = 2
_READY_S = 30.0


@dataclass
class Wallet:
    """One replica. A spare process stands ready behind it, so that the place is empty for a moment only."""

    number: int
    folder: Path
    tls: Path
    platform_tls: Path
    database_url: str
    directory: Path = ROOT
    """Where it is started. Python looks for `wallet_svc` here before anywhere else."""
    child: Child | None = None
    port: int = 0
    spare: Child | None = None
    spare_port: int = 0
    moved: Callable[[int], None] = lambda _: None
    """Told the port of the process that takes the place."""
    deaths_at_failpoints: int = 0
    unexpected_ends: list[str] = field(default_factory=list)
    wanted: bool = True
    """Whether it should run now: the watch starts it again if it does not."""

    @property
    def name(self) -> str:
        """Stands in every batch that it writes."""
        return f"wallet-{self.number}"

    @property
    def clock_file(self) -> Path:
        """Moves this wallet's time."""
        return self.folder / f"{self.name}.clock"

    def start(self, failpoint: str = "") -> None:
        """Put a process in the place: the spare, or a new one if there is none or it is to die at a moment."""
        if failpoint or self.spare is None or self.spare.exit_code is not None:
            self.child, self.port = self._spawn(failpoint)
        else:
            self.child, self.port = self.spare, self.spare_port
            self.spare = None
        self.moved(self.port)
        if self.spare is None:
            self.spare, self.spare_port = self._spawn("")

    def _spawn(self, failpoint: str) -> tuple[Child, int]:
        if not self.clock_file.exists():
            clock.write_offset(self.clock_file, 0)
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHON_PATH,
            "PITBOSS_LISTEN": f"127.0.0.1:{port}",
            "PITBOSS_ENVIRONMENT": "development",
            "PITBOSS_TLS_DIR": str(self.tls),
            "PITBOSS_DATABASE_URL": self.database_url,
            "PITBOSS_SANDBOX": "1",
            "PITBOSS_REPLICA": self.name,
            "PITBOSS_CLOCK_FILE": str(self.clock_file),
            "PITBOSS_FAILPOINT": failpoint,
            "PITBOSS_LOG_LEVEL": "error",
            "PITBOSS_STATEMENT_TIMEOUT_MS": "2000",
        }
        log = self.folder / f"{self.name}.log"
        argv = [sys.executable, "-m", "wallet_svc"]
        return spawn(
            Command(name=self.name, argv=argv, environment=environment, log=log, directory=self.directory)
        ), port

    def is_up(self) -> bool:
        """Whether it serves now."""
        health = GrpcHealth(address=f"127.0.0.1:{self.port}", tls=self.platform_tls)
        return self.child is not None and self.child.exit_code is None and not health.check(0.5)

    async def up(self, timeout_s: float = _READY_S) -> bool:
        """Wait until it serves."""
        deadline = time.monotonic() + timeout_s
        while not await asyncio.to_thread(self.is_up):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    def kill(self) -> None:
        """SIGKILL, now."""
        if self.child is not None:
            self.child.kill()

    def end(self) -> None:
        """SIGKILL for the spare too, and nothing starts again."""
        self.wanted = False
        self.kill()
        if self.spare is not None:
            self.spare.kill()

    def look(self) -> None:
        """Note how it ended, if it did, and start it again if it should run."""
        if self.child is None or self.child.exit_code is None or not self.wanted:
            return
        if self.child.exit_code == EXIT_STATUS:
            self.deaths_at_failpoints += 1
        else:
            self.unexpected_ends.append(f"{self.name} ended with {self.child.exit_code}: {self.child.last_lines(3)}")
        self.start()

    def restart(self, failpoint: str = "") -> None:
        """Kill it and put another process in its place."""
        self.wanted = False
        self.kill()
        self.start(failpoint)
        self.wanted = True


def certificates(folder: Path) -> tuple[Path, Path]:
    """The folders of the wallets' certificate and of ours."""
    authority = Authority.create("torture")
    return write_workload(folder, authority, "wallet_svc"), write_workload(folder, authority, "platform")
