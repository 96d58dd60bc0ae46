"""A simulated limit file with its process, wallets that ask it, and players under the German pack."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fact_sources.limit_file.config import LimitFileSettings
from fact_sources.limit_file.simulator import Book, LimitFile
from fact_sources.limit_file.wiring import build
from fact_sources.simulating import make_file_server
from mesh.clock import open_clock
from mesh.dev.ports import free_port
from pitboss.type.v1 import decision_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, wallet_service_pb2
from tests.integration.wallet_svc.served import PROVIDER, Caller, Served, money, running, serving

LICENSEE, NAME, TOKEN = "rhenania", "LUGAS", "a secret"
_KEY = Ed25519PrivateKey.generate()
PATIENCE_MS = 8_000
"""How long the file is waited for where its silence is not the subject: longer than a busy machine needs."""


class File:
    """The simulated file, which can be gone and come back with what it has counted."""

    def __init__(self, folder: Path, clock_file: Path | None = None) -> None:
        self.port = free_port()
        limits, zone = {"month": "1000.00"}, ZoneInfo("Europe/Berlin")
        self._book = Book(str(folder / "book.sqlite"), limits, zone, open_clock(clock_file))
        self.habits = LimitFile(self._book, currency="EUR", key_id="k1", signing=_KEY.private_bytes_raw())
        self.begin()

    def begin(self) -> None:
        """Answer."""
        self._server = make_file_server(f"127.0.0.1:{self.port}", TOKEN, self.habits)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def order(self, words: str) -> None:
        """As `POST /control/...`."""
        assert self.habits.control(words) == 200, words

    def used(self, player: str) -> str:
        """What counts in this month."""
        return str(self._book.shown(f"{LICENSEE}/{player}")["used"]["month"])

    def states(self, player: str) -> list[str]:
        """What became of each reference of ours."""
        deposits = self._book.shown(f"{LICENSEE}/{player}")["deposits"]
        return [one["state"] for one in deposits if one["operator"] == LICENSEE]


@contextlib.contextmanager
def standing(folder: Path, clock_file: Path | None = None) -> Iterator[File]:
    """A file that is there until the end."""
    file = File(folder, clock_file)
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):
            file.end()


@contextlib.asynccontextmanager
async def asking(file: File, **changes: Any) -> AsyncIterator[str]:
    """The process that asks the file. Gives its address."""
    settings = LimitFileSettings(
        listen="127.0.0.1:0", environment="development", insecure_loopback=True, drain_seconds=0.2, notice_seconds=0,
        limit_file_name=NAME, limit_file_url=f"http://127.0.0.1:{file.port}", limit_file_token=TOKEN,
        limit_file_keys={"k1": b64encode(_KEY.public_key().public_bytes_raw()).decode()},
        **{"limit_file_timeout_ms": PATIENCE_MS, **changes},
    )  # fmt: skip
    async with running(settings, await build(settings)) as address:
        yield address


@dataclass(slots=True)
class House:
    """Wallets of one ledger, and their players."""

    file: File
    address: str
    """Of the process that asks the file."""
    served: list[Served] = field(default_factory=list)

    def cashier(self, number: int = 0) -> Caller:
        """Whoever deposits, at one of the wallets."""
        return self.served[number].caller("platform", LICENSEE, source="cashier")

    async def player(self, name: str = "") -> str:
        """A new player without money."""
        name = name or f"p-{secrets.token_hex(4)}"
        opened = action_pb2.OpenAccount(currency_code="EUR", born_on="1990-01-01")
        assert (await self.cashier().do(name, "open", open_account=opened)).outcome == 1
        return name

    async def deposit(self, player: str, key: str, amount: str, *, number: int = 0, **more: Any) -> action_pb2.Result:
        """As a cashier sends it."""
        asked = action_pb2.Deposit(amount=money(amount), **more)
        return await self.cashier(number).do(player, key, deposit=asked)

    async def at_the_door(self, player: str, key: str, amount: str) -> action_pb2.Result:
        """As a licensee sends it, through the gateway."""
        request = wallet_service_pb2.DepositRequest(player_id=player, transaction_key=key, amount=money(amount))
        caller = self.served[0].caller("gateway", LICENSEE)
        result: action_pb2.Result = (await caller.wallet.Deposit(request)).result
        return result

    async def play(self, player: str) -> None:
        """Open a session, which must be allowed."""
        opened = action_pb2.OpenPlay(session_id="s", provider=PROVIDER, currency_code="EUR", game_id="slot")
        assert (await self.cashier().do(player, "play", open_play=opened)).outcome == 1

    async def settled(self, player: str, used: str) -> None:
        """Wait until exactly so much counts in the file."""
        await until(lambda: self.file.used(player) == used)


def outcome(result: action_pb2.Result) -> str:
    """Its name."""
    return outcome_pb2.Outcome.Name(result.outcome).removeprefix("OUTCOME_")


def reasons(result: action_pb2.Result) -> tuple[str, ...]:
    """What the law said."""
    return tuple(result.decision.reasons)


def outside(decision: decision_pb2.Decision) -> dict[str, Any]:
    """What was known of everything outside."""
    found: dict[str, Any] = json.loads(decision.facts_json).get("outside", {})
    return found


async def until(held: Callable[[], bool], patience_s: float = 60.0) -> None:
    """Wait for it."""
    end = time.monotonic() + patience_s
    while not held():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def house(
    database_url: str, file: File, *, wallets: int = 1, patience_ms: int = PATIENCE_MS, **changes: Any
) -> AsyncIterator[House]:
    """Wallets that ask the file."""
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(asking(file, limit_file_timeout_ms=patience_ms))
        found = House(file, address)
        for number in range(wallets):
            settings = {
                "limit_files": {NAME: address},
                "limit_file_timeout_ms": PATIENCE_MS + 2_000,
                "limit_file_resolve_after_ms": PATIENCE_MS + 4_000,
                **changes,
            }
            served = await stack.enter_async_context(serving(database_url, replica=f"w{number}", **settings))
            found.served.append(served)
        await found.served[0].register(LICENSEE, "de")
        yield found


async def is_up(port: int) -> None:
    """Wait for a process that listens there."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await asyncio.wait_for(channel.channel_ready(), timeout=60)
