"""A real mesh with an audit log and a witness, some play, and whoever can do anything to the log's database."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import psycopg

from mesh.dev.stack import Stack
from mesh.notes import Signer
from mesh.tls import Tls
from mesh.verify.audit_log import AuditTrust
from mesh.verify.auditing import audit
from mesh.verify.cosignatures import WitnessKey
from mesh.verify.findings import Check
from mesh.verify.notes import Key
from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from pitboss.audit.v1.extract_service_pb2_grpc import ExtractServiceStub
from pitboss.compliance.v1.policy_service_pb2_grpc import PolicyServiceStub
from pitboss_sdk import Client, Money
from tests.integration.mesh.waiting import until_offered

LICENSEE, PLAYER, OTHER = "borealis", "ada", "bea"
PROVIDER, GAME = "hub88_style", "demo_fruit_5"
TABLES = (
    "batch",
    "progress",
    "subject_key",
    "entry",
    "payload",
    "subtree",
    "cosignature",
    "hold",
    "hold_end",
    "keeping",
    "round_place",
    "game_return",
    "extract",
    "extract_seal",
)


@dataclass(frozen=True, slots=True)
class Played:
    """A round that was played."""

    player: str
    round_id: str


class Scene:
    """The mesh, and what one can do to it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.copy = folder / "audit.copy"
        self.log_key: str = stack.mesh["internal"]["audit_key"]
        self.witness_key: str = stack.mesh["internal"]["witness_key"]
        self.kept: list[str] = []
        database = stack.postgres.database("pitboss_audit")
        self.reader_url = database.reader_url
        self.ledger_url = stack.around.ledger_reader_url
        self.witness: str = stack.mesh["internal"]["witness"]

    # -- honest life

    def play(self, player: str, rounds: int, *, licensee: str = LICENSEE) -> list[Played]:
        """Deposit, launch, and play rounds through the studio."""
        mesh = self.stack.mesh
        with Client(mesh["gateway"]["grpc"], token=self.stack.token(licensee), ca_file=mesh["gateway"]["ca"]) as client:
            client.open_account(player, "EUR", born_on=date(1990, 5, 17))
            client.deposit(player, Money(Decimal("50.00"), "EUR"), transaction_key=f"deposit-{player}")
            until_offered(client, PROVIDER, GAME)
            launch = client.create_session(player, provider=PROVIDER, game_id=GAME, currency_code="EUR")
        return [self._round(player, launch.launch_url, f"{player}-{number}") for number in range(rounds)]

    def _round(self, player: str, launch_url: str, name: str) -> Played:
        bet = self._studio(f"/control/bet/{name}", {"launch_url": launch_url, "stake": "1.00"})
        self._studio(f"/control/win/{name}", {"launch_url": launch_url, "amount": "1.50"})
        return Played(player, bet["round_id"])

    def _studio(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        url = self.stack.mesh["providers"][0]["studio_url"]
        request = urllib.request.Request(url + path, data=json.dumps(body).encode())  # noqa: S310 - our own studio
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found

    @contextlib.contextmanager
    def service(self) -> Iterator[AuditServiceStub]:
        """The audit service, as the platform's staff call it."""
        with self._channel(self.stack.mesh["internal"]["audit"]) as channel:
            yield AuditServiceStub(channel)

    @contextlib.contextmanager
    def extracts(self) -> Iterator[ExtractServiceStub]:
        """What makes extracts, likewise."""
        with self._channel(self.stack.mesh["internal"]["audit"]) as channel:
            yield ExtractServiceStub(channel)

    @contextlib.contextmanager
    def policies(self) -> Iterator[PolicyServiceStub]:
        """The packs."""
        with self._channel(self.stack.mesh["internal"]["compliance"]) as channel:
            yield PolicyServiceStub(channel)

    @contextlib.contextmanager
    def _channel(self, address: str) -> Iterator[grpc.Channel]:
        credentials = Tls.load(self.stack.around.tls / "platform").channel_credentials()
        with grpc.secure_channel(address, credentials) as channel:
            yield channel

    def checkpoint(self, cosigned_by: int = 1) -> pb.GetCheckpointResponse:
        """The newest checkpoint."""
        with self.service() as log:
            request = pb.GetCheckpointRequest(cosigned_by=cosigned_by)
            found: pb.GetCheckpointResponse = log.GetCheckpoint(request, timeout=20, wait_for_ready=True)
        return found

    def caught_up(self) -> bool:
        """Whether the log has everything of the ledger, and the witness has cosigned all of it."""
        with contextlib.suppress(grpc.RpcError):
            return self._sound(self.check()) and self.checkpoint(0).tree_size == self.checkpoint().tree_size > 0
        return False

    def _sound(self, checks: list[Check]) -> bool:
        return all(check.ok for check in checks)

    def check(self, *, copy: bool = False, trusted: bool = True) -> list[Check]:
        """Everything that an auditor checks, with what was kept or without."""
        kept = self.kept if trusted else []
        trust = AuditTrust(keys=[Key.parse(self.log_key)], witnesses=[WitnessKey.parse(self.witness_key)], kept=kept)
        return audit(self.reader_url, trust, copy=self.copy if copy else None, ledger_url=self.ledger_url)

    def kept_events(self) -> set[str]:
        """What was done to payloads, as the log has it. What is too old to be read is left out."""
        with self.service() as log:
            entries = log.ListEntries(pb.ListEntriesRequest(source="keeping"), timeout=20).entries
        return {json.loads(entry.payload)["what"] for entry in entries if entry.payload}

    def refusals(self) -> list[str]:
        """What the witness has refused, the oldest first."""
        with contextlib.closing(sqlite3.connect(self.stack.run / "witness" / "state.sqlite", timeout=10)) as state:
            rows = state.execute("SELECT refusal, why FROM refused ORDER BY rowid").fetchall()
        return [f"{refusal}: {why}" for refusal, why in rows]

    # -- whoever can do anything

    @property
    def signer(self) -> Signer:
        """The log's own key, in the wrong hands."""
        return Signer.load("pitboss.localhost/audit", self.stack.vault.audit_keys.signing)

    @contextlib.contextmanager
    def superuser(self) -> Iterator[psycopg.Connection]:
        """Somebody whom nothing in the database stops."""
        url = self.stack.postgres.admin_url.removesuffix("/postgres") + "/pitboss_audit"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    def snapshot(self, name: str) -> None:
        """Remember the whole database."""
        with self.superuser() as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
            for table in TABLES:
                connection.execute(f"CREATE TABLE {name}.{table} AS TABLE public.{table}".encode())

    def restore(self, name: str) -> None:
        """Put back what was remembered."""
        with self.superuser() as connection, connection.transaction():
            connection.execute(f"TRUNCATE {', '.join(f'public.{table}' for table in TABLES)}".encode())
            for table in TABLES:
                connection.execute(f"INSERT INTO public.{table} SELECT * FROM {name}.{table}".encode())  # noqa: S608 - ours
