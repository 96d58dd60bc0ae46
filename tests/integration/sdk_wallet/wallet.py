"""The reference wallet as a process of its own, and callers as the mesh would be one."""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import json_format
from google.protobuf.message import Message

from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.request_signature import HEADER, Signer
from pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from pitboss.type.v1 import money_pb2, outcome_pb2

SERVICE = "/pitboss.licensee.v1.LicenseeWalletService/"


@dataclass(slots=True, kw_only=True)
class Running:
    """A wallet that runs, and its doors."""

    child: Child
    doors: dict[str, int]
    signer: Signer

    def control(self, what: str, **said: Any) -> dict[str, Any]:
        answer = httpx.post(f"http://127.0.0.1:{self.doors['control']}/control/{what}", json=said, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def over_grpc(self, method: str, request: Message, *, signature: str | None = None) -> Any:
        body = request.SerializeToString()
        header = self.signer.header(SERVICE + method, body, int(time.time())) if signature is None else signature
        with grpc.insecure_channel(f"127.0.0.1:{self.doors['grpc']}") as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SERVICE + method)
            answer = call(body, timeout=20, metadata=((HEADER, header),) if header else ())
        return getattr(contract, f"{method}Response").FromString(answer)

    def over_json(self, method: str, request: Message) -> Any:
        answer = self.post(method, json_format.MessageToJson(request).encode())
        answer.raise_for_status()
        return json_format.Parse(answer.content, getattr(contract, f"{method}Response")())

    def post(self, method: str, body: bytes, *, signature: str | None = None) -> httpx.Response:
        header = self.signer.header(SERVICE + method, body, int(time.time())) if signature is None else signature
        headers = {HEADER: header} if header else {}
        return httpx.post(f"http://127.0.0.1:{self.doors['json']}/v1/{method}", content=body, headers=headers)

    def call(self, door: str, method: str, request: Message) -> Any:
        return self.over_grpc(method, request) if door == "grpc" else self.over_json(method, request)


@dataclass(slots=True)
class Maker:
    """Starts the wallet on one database, as often as wanted."""

    folder: Path
    signer: Signer = field(default_factory=lambda: Signer(key_id="k1", key=Ed25519PrivateKey.generate()))
    starts: int = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[Running]:
        public = base64.b64encode(self.signer.key.public_key().public_bytes_raw()).decode()
        keys, self.starts = self.folder / "keys.json", self.starts + 1
        keys.write_text(json.dumps({self.signer.key_id: public}))
        log = self.folder / f"wallet-{self.starts}.log"
        argv = [sys.executable, "-m", "pitboss_reference_wallet", "--database", str(self.folder / "wallet.db"),
                "--keys", str(keys), "--json", "127.0.0.1:0", "--control", "127.0.0.1:0"]  # fmt: skip
        child = spawn(Command(name="reference_wallet", argv=argv, environment={"PYTHONPATH": PYTHON_PATH}, log=log,
                              directory=ROOT))  # fmt: skip
        try:
            yield Running(child=child, doors=_doors(child, log), signer=self.signer)
        finally:
            child.kill()


def _doors(child: Child, log: Path) -> dict[str, int]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        lines = log.read_text().splitlines() if log.exists() else []
        if found := [line for line in lines if line.startswith('{"grpc"')]:
            return dict(json.loads(found[0]))
        assert child.exit_code is None, child.last_lines(20)
        time.sleep(0.02)
    raise AssertionError(f"the wallet does not start:\n{child.last_lines(20)}")


def money(amount: str, currency: str = "EUR") -> money_pb2.Money:
    return money_pb2.Money(currency_code=currency, amount=amount)


def debit(key: str, amount: str = "1.00", *, player: str = "ada", currency: str = "EUR", **more: Any) -> Any:
    return contract.DebitRequest(player_id=player, transaction_key=key, amount=money(amount, currency), **more)


def credit(key: str, amount: str = "1.00", *, player: str = "ada", currency: str = "EUR", **more: Any) -> Any:
    return contract.CreditRequest(player_id=player, transaction_key=key, amount=money(amount, currency), **more)


def cancel(key: str, debit_key: str, player: str = "ada") -> Any:
    return contract.CancelRequest(player_id=player, transaction_key=key, debit_key=debit_key)


def outcome(answer: Any) -> str:
    return outcome_pb2.Outcome.Name(answer.outcome).removeprefix("OUTCOME_")
