"""Everything that a run needs: a disk, a server on it, two wallets, and lines between them that can be cut."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from mesh.dev.accounts import reachable, unprivileged
from mesh.dev.paths import ROOT
from mesh.dev.postgres import Database
from mesh.dev.postgres_server import Postgres
from tests.torture import server as servers
from tests.torture.disk import Disk, disk, reason_against
from tests.torture.lines import Line
from tests.torture.processes import Forge
from tests.torture.wallets import COUNT, Wallet, certificates

_DISK_MEGABYTES = 4096


@dataclass(frozen=True)
class Sabotage:
    """How a guarantee is broken from outside, for a control. Empty: not at all."""

    postgres_settings: str = ""
    python_path: str = ""
    """A folder whose modules take the place of ours in the wallets."""
    new_keys: bool = False
    """Clients that get no answer ask again under another key."""


@dataclass
class World:
    """One run's processes."""

    folder: Path
    server: Postgres
    database: Database
    disk: Disk | None
    wallets: list[Wallet]
    database_lines: list[Line]
    call_lines: list[Line]
    platform_tls: Path
    answers: list[int] = field(default_factory=lambda: [0] * COUNT)
    """Calls that each wallet has answered."""


@contextlib.asynccontextmanager
async def world(folder: Path, sabotage: Sabotage, *, own_disk: bool = True) -> AsyncIterator[World]:
    """Build it in a folder that exists, and take it down whatever happens."""
    home = reachable(folder / "home", unprivileged())
    home.chmod(0o711)
    async with contextlib.AsyncExitStack() as stack:
        made = None if reason_against() or not own_disk else stack.enter_context(disk(home, _DISK_MEGABYTES))
        server = servers.make(made.at if made else home, folder, sabotage.postgres_settings)
        stack.callback(server.close)
        servers.prepare(server)
        database = server.database(servers.DATABASE)
        lines = [await _line(stack, server.port, watches=True) for _ in range(COUNT)]
        tls, platform_tls = certificates(folder / "tls")
        forge = Forge(Path(sabotage.python_path) if sabotage.python_path else ROOT, folder / "forge.log")
        stack.callback(forge.close)
        wallets = [
            Wallet(number, folder, tls, platform_tls, _through(line, database.service_url), forge)
            for number, line in enumerate(lines)
        ]
        calls = [await _line(stack, 0, watches=False) for _ in wallets]
        for wallet, line in zip(wallets, calls, strict=True):
            wallet.moved = line.lead_to
            wallet.start()
        yield World(folder, server, database, made, wallets, lines, calls, platform_tls)


async def _line(stack: contextlib.AsyncExitStack, port: int, *, watches: bool) -> Line:
    line = Line(port, watches=watches)
    await line.open()
    stack.callback(line.close)
    return line


def _through(line: Line, url: str) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{line.port}"))
