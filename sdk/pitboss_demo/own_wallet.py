"""The wallet of a licensee that keeps its players' money itself: a process of its own with a database of its own."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_ports
from mesh.dev.registration import own_wallet, put_licensee, put_provider
from mesh.dev.stack import Stack
from mesh.tls import Tls
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from pitboss_demo.cast import OWN_WALLET

_KEY: Final = "demo"
_PACK: Final = "base"
_PATIENCE_S: Final = 60.0


@dataclass(slots=True)
class OwnWallet:
    """The process, its doors, and the switch."""

    stack: Stack
    folder: Path
    grpc_port: int
    control_port: int
    child: Child | None = None

    @classmethod
    def prepare(cls, stack: Stack) -> OwnWallet:
        """A key for us, its public half for them, and a folder for their database."""
        folder = stack.run / OWN_WALLET
        folder.mkdir()
        key = Ed25519PrivateKey.generate()
        stack.around.licensee_keys.mkdir(exist_ok=True)
        (stack.around.licensee_keys / _KEY).write_text(base64.b64encode(key.private_bytes_raw()).decode())
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        (folder / "keys.json").write_text(json.dumps({_KEY: public}))
        grpc_port, control_port = free_ports(2)
        return cls(stack, folder, grpc_port, control_port)

    def open(self) -> None:
        """Start it, and register the licensee and its accounts with every provider."""
        self.start()
        credentials = Tls.load(self.stack.around.tls / "platform").channel_credentials()
        with grpc.secure_channel(f"127.0.0.1:{self.stack.around.ports.wallets[1]}", credentials) as channel:
            stub = RegistryServiceStub(channel)
            put_licensee(stub, OWN_WALLET, _PACK, wallet=own_wallet(f"grpc://127.0.0.1:{self.grpc_port}", _KEY))
            for provider in self.stack.provider_list:
                put_provider(stub, OWN_WALLET, provider)

    def start(self) -> None:
        """Start it, again on the same database; returns when it answers."""
        argv = [sys.executable, "-m", "pitboss_reference_wallet", "--database", str(self.folder / "wallet.db"),
                "--keys", str(self.folder / "keys.json"), "--grpc", f"127.0.0.1:{self.grpc_port}",
                "--control", f"127.0.0.1:{self.control_port}"]  # fmt: skip
        self.child = spawn(
            Command(name="own_wallet", argv=argv, environment={"PYTHONPATH": PYTHON_PATH},
                    log=self.folder / "wallet.log", directory=ROOT)
        )  # fmt: skip
        until(self._answers)

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
        answer = httpx.post(url, json=said, timeout=_PATIENCE_S, trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def record(self) -> list[dict[str, Any]]:
        """Every answer that it has given."""
        answers: list[dict[str, Any]] = self.ask("record")["answers"]
        return answers


def until(holds: Callable[[], bool]) -> None:
    """Return when it holds. TimeoutError if that takes too long."""
    end = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            message = f"it did not come to that within {_PATIENCE_S:.0f} s"
            raise TimeoutError(message)
        time.sleep(0.05)
