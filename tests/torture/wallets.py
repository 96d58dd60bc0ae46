"""The wallet processes of a run: started, killed, stopped and started again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mesh import clock
from mesh.dev.ports import free_port
from mesh.dev.ready import GrpcHealth
from mesh.dev.secrets import Authority, write_workload
from mesh.failpoints import EXIT_STATUS
from tests.torture.processes import Forge, Process

COUNT = 2
_READY_S = 30.0


@dataclass
class Wallet:
    """One replica: a place with a port of its own for each process that takes it."""

    number: int
    folder: Path
    tls: Path
    platform_tls: Path
    database_url: str
    forge: Forge
    process: Process | None = None
    port: int = 0
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

    @property
    def log(self) -> Path:
        """What its processes say."""
        return self.folder / f"{self.name}.log"

    def start(self, failpoint: str = "") -> None:
        """Put a new process in the place; does not wait."""
        if not self.clock_file.exists():
            clock.write_offset(self.clock_file, 0)
        self.port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "PITBOSS_LISTEN": f"127.0.0.1:{self.port}",
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
        self.process = self.forge.make(environment, self.log)
        self.moved(self.port)

    def is_up(self) -> bool:
        """Whether it serves now."""
        health = GrpcHealth(address=f"127.0.0.1:{self.port}", tls=self.platform_tls)
        return self.process is not None and self.process.exit_code is None and not health.check(0.5)

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
        if self.process is not None:
            self.process.kill()

    def look(self) -> None:
        """Note how it ended, if it did, and start it again if it should run."""
        if self.process is None or self.process.exit_code is None or not self.wanted:
            return
        if self.process.exit_code == EXIT_STATUS:
            self.deaths_at_failpoints += 1
        else:
            last = self.log.read_text(errors="replace").splitlines()[-3:]
            self.unexpected_ends.append(f"{self.name} ended with {self.process.exit_code}: {last}")
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
