"""A licensee that keeps its players' money itself: its wallet dies while results are due, and comes back."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import grpc
import httpx
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_ports
from mesh.dev.registration import own_wallet, put_licensee, put_provider
from mesh.dev.stack import Stack
from mesh.tls import Tls
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import House
from pitboss_sdk import AsyncClient, Launch

NAME: Final = "the record of the licensee with its own wallet equals our ledger to the cent"
LICENSEE: Final = "cygnus"
_PROVIDER, _GAME, _CURRENCY, _KEY = "hub88_style", "demo_live_roulette", "EUR", "demo"
_PLAYERS: Final = 4
_PATIENCE_S: Final = 60.0


@dataclass(slots=True)
class OwnWallet:
    """The licensee's wallet: a process of its own with a database of its own."""

    folder: Path
    grpc_port: int
    control_port: int
    child: Child | None = None

    def start(self) -> None:
        """Start it, again on the same database."""
        argv = [sys.executable, "-m", "pitboss_reference_wallet", "--database", str(self.folder / "wallet.db"),
                "--keys", str(self.folder / "keys.json"), "--grpc", f"127.0.0.1:{self.grpc_port}",
                "--control", f"127.0.0.1:{self.control_port}"]  # fmt: skip
        self.child = spawn(
            Command(name="own_wallet", argv=argv, environment={"PYTHONPATH": PYTHON_PATH},
                    log=self.folder / "wallet.log", directory=ROOT)
        )  # fmt: skip
        _until(self._answers)

    def _answers(self) -> bool:
        try:
            self.ask("totals")
        except httpx.HTTPError:
            return False
        return True

    def kill(self) -> None:
        """Kill -9."""
        if self.child is not None:
            self.child.kill()

    def ask(self, what: str, **said: str) -> dict[str, Any]:
        """Its control door."""
        url = f"http://127.0.0.1:{self.control_port}/control/{what}"
        answer = httpx.post(url, json=said, timeout=10, trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def record(self) -> list[dict[str, Any]]:
        """Every answer that it has given."""
        answers: list[dict[str, Any]] = self.ask("record")["answers"]
        return answers


async def play(house: House) -> list[Check]:
    """Bets, a dead wallet, wins that wait, and both records beside each other."""
    wallet = await asyncio.to_thread(_open, house.stack)
    # What the studio has no answer to is asked again until the evening is over.
    house.closers.append(wallet.kill)
    return [await _play(house, wallet)]


def _open(stack: Stack) -> OwnWallet:
    """A key for us, its public half for them, their wallet, and their entry in our registry."""
    folder = stack.run / LICENSEE
    folder.mkdir()
    key = Ed25519PrivateKey.generate()
    stack.around.licensee_keys.mkdir(exist_ok=True)
    (stack.around.licensee_keys / _KEY).write_text(base64.b64encode(key.private_bytes_raw()).decode())
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    (folder / "keys.json").write_text(json.dumps({_KEY: public}))
    grpc_port, control_port = free_ports(2)
    wallet = OwnWallet(folder, grpc_port, control_port)
    wallet.start()
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"127.0.0.1:{stack.around.ports.wallets[1]}", credentials) as channel:
        stub = RegistryServiceStub(channel)
        put_licensee(stub, LICENSEE, "base", wallet=own_wallet(f"grpc://127.0.0.1:{wallet.grpc_port}", _KEY))
        for provider in stack.provider_list:
            put_provider(stub, LICENSEE, provider)
    return wallet


async def _play(house: House, wallet: OwnWallet) -> Check:
    studio, gateway = house.studios[_PROVIDER], house.stack.mesh["gateway"]
    async with AsyncClient(gateway["grpc"], token=house.stack.token(LICENSEE), ca_file=gateway["ca"]) as client:
        launches = [await _seat(client, wallet, number) for number in range(_PLAYERS)]
    urls = [launch.launch_url for launch in launches]
    seats = list(enumerate(urls))
    before = [await studio.bet(url, f"first-{number}", "1.00") for number, url in seats]
    await asyncio.to_thread(wallet.kill)
    house.tell(f"kill -9 the own wallet of {LICENSEE}; results are due")
    during = [await studio.win(url, f"first-{number}", "1.00", "2.50") for number, url in seats]
    refused = [await studio.bet(url, f"second-{number}", "1.00") for number, url in seats[:2]]
    await asyncio.to_thread(wallet.start)
    house.tell(f"the own wallet of {LICENSEE} is back")
    await asyncio.to_thread(_until, lambda: _credits(wallet) >= _PLAYERS)
    await asyncio.to_thread(_until, lambda: not _waiting(house.stack))
    after = [await studio.bet(url, f"third-{number}", "1.00") for number, url in seats]
    last = [await studio.win(url, f"third-{number}", "1.00", "0.30") for number, url in seats]
    same, told = await asyncio.to_thread(_compare, house.stack, wallet)
    return all_of(
        NAME,
        [
            Step(what=f"{len(before)} bets taken by its wallet", ok=_accepted(before)),
            Step(what=f"{len(during)} wins accepted while it was dead", ok=_accepted(during)),
            Step(what="no bet accepted while it was dead", ok=not any(map(_is_accepted, refused))),
            Step(what="bets and wins as before when it was back", ok=_accepted(after) and _accepted(last)),
            Step(what=told, ok=same),
        ],
    )


def _compare(stack: Stack, wallet: OwnWallet) -> tuple[bool, str]:
    """Both records beside each other, when nothing is on the way between them."""
    end, same = time.monotonic() + _PATIENCE_S, False
    while not same and time.monotonic() < end:
        theirs, sums = wallet.record(), Counter[str]()
        for answer in theirs:
            sums[answer["player"]] += answer["moved_minor"]
        ours = _ledger(stack)
        same = not _waiting(stack) and len(ours) == _PLAYERS and dict(sums) == ours
        time.sleep(0.1)
    return same, f"{len(theirs)} answers there, {sum(sums.values()) / 100:.2f} {_CURRENCY}, the same here"


async def _seat(client: AsyncClient, wallet: OwnWallet, number: int) -> Launch:
    player = f"keeper-{number}"
    await asyncio.to_thread(lambda: wallet.ask("players", id=player, currency=_CURRENCY, cash="20.00"))
    await client.open_account(player, _CURRENCY, born_on=date(1980, 3, 2))
    return await client.create_session(player, provider=_PROVIDER, game_id=_GAME, currency_code=_CURRENCY)


def _is_accepted(answer: dict[str, Any]) -> bool:
    return bool(answer["belief"] == "accepted")


def _accepted(answers: list[dict[str, Any]]) -> bool:
    return all(map(_is_accepted, answers))


def _credits(wallet: OwnWallet) -> int:
    return sum(answer["method"] == "credit" for answer in wallet.record())


def _rows(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    url = stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def _waiting(stack: Stack) -> bool:
    return bool(_rows(stack, "SELECT FROM pending_call"))


def _ledger(stack: Stack) -> dict[str, int]:
    """What went to the licensee's wallet less what came from it, in cents, by player."""
    asked = (
        "SELECT player.name, sum(CASE transfer.kind WHEN 65 THEN moved ELSE -moved END) / 10000 "
        "FROM transfer JOIN player ON player.id = transfer.player_id "
        "WHERE transfer.kind IN (64, 65) AND moved IS NOT NULL GROUP BY player.name"
    )
    return {name: int(cents) for name, cents in _rows(stack, asked)}


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            message = f"it did not come to that within {_PATIENCE_S:.0f} s"
            raise TimeoutError(message)
        time.sleep(0.05)
