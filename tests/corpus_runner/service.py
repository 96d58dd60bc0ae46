"""The services under test: PostgreSQL, two wallets, a clock that can be moved."""

import json
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import psycopg
from grpc_health.v1 import health_pb2, health_pb2_grpc

from compliance_svc import migrate as compliance_tables
from mesh.clock import read_offset, write_offset, write_standstill
from mesh.clock_report import Report, write_report
from mesh.dev import postgres
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.runs import new_run
from mesh.dev.secrets import Authority, write_workload
from mesh.pack_signing import ROLES, SigningKey, register
from mesh.settings import ProcessSettings
from mesh.verify.ledger import join, verify_shard
from mesh.verify.reading import Ledger
from tests.corpus_runner.invariants import INVARIANTS, SNAPSHOT
from wallet_svc.migrate import upgrade

REPLICAS = 2
_SERVICE_ROLE = "pitboss_wallet_service"
_DUE = """
SELECT (SELECT count(*) FROM hold WHERE state = 1 AND expires_us <= %s)
     + (SELECT count(*) FROM round WHERE state = 1 AND due_us <= %s)
"""
_READY_S = 30.0


class Service:
    """Two wallets that can be killed, on a database that stays."""

    def __init__(self, *, stands: bool = False, packs: Path | None = None) -> None:
        """With `stands` the clock does not run: it shows the moment it was set to. And decisions are kept and explained.

        `packs` is a folder of law packs in place of the shipped ones.
        """
        self.run = new_run("corpus")
        authority = Authority.create("corpus")
        (self.run / "tls").mkdir()
        self._wallet_tls = write_workload(self.run / "tls", authority, "wallet_svc")
        self.settings = ProcessSettings(
            listen="127.0.0.1:0", tls_dir=write_workload(self.run / "tls", authority, "platform")
        )
        self.clock = self.run / "clock"
        self._report = self.run / "clock-report"
        self._stands, self.packs, self._off_us = stands, packs, 0
        if stands:
            self._compliance_tls = write_workload(self.run / "tls", authority, "compliance_svc")
            self.audit_tls = write_workload(self.run / "tls", authority, "audit_svc")
            self.kyc_tls = write_workload(self.run / "tls", authority, "fact_sources/kyc")
            self.stand_at(time.time_ns() // 1000)
        else:
            write_offset(self.clock, 0)
        self.pack_signers = [
            SigningKey.create(id=f"corpus-{role}", role=role, person=f"corpus, {role}") for role in ROLES
        ]
        self._pack_keys = self.run / "pack_keys.json"
        self._pack_keys.write_text(json.dumps(register(self.pack_signers)))
        self.ports = [free_port() for _ in range(REPLICAS)]
        self.compliance = f"127.0.0.1:{free_port()}" if stands else None
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        self.postgres = postgres.start()
        self.database = self.postgres.database("pitboss_wallet")
        upgrade(self.database.owner_url)
        if self._stands:
            self._decisions = self.postgres.database("pitboss_compliance")
            compliance_tables.upgrade(self._decisions.owner_url)
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in self._children:
            child.stop()
        self.postgres.close()

    @property
    def targets(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in self.ports]

    def restart(self) -> None:
        """Kill every wallet without warning, and start them again."""
        for child in self._children:
            child.kill()
        self._start()

    def advance(self, seconds: int) -> None:
        """Move the clock of every process."""
        write_offset(self.clock, read_offset(self.clock) + seconds * 1_000_000)

    def stand_at(self, moment_us: int) -> None:
        """Set the clock of every process to a moment. It may go back."""
        # The report first: it is never older than the clock that it is about.
        self.clock_is_off_by(self._off_us, moment_us)
        write_standstill(self.clock, moment_us)

    def clock_is_off_by(self, offset_us: int, moment_us: int) -> None:
        """Let the clock check report this offset from now on."""
        self._off_us = offset_us
        write_report(self._report, Report(offset_us=offset_us, measured_us=moment_us, source="corpus"))

    def take_evidence(self, *, taken: bool) -> None:
        """Let the ledger's table of entries be written, or not."""
        change = (
            f"GRANT INSERT ON transfer TO {_SERVICE_ROLE}"
            if taken
            else f"REVOKE INSERT ON transfer FROM {_SERVICE_ROLE}"
        )
        with psycopg.connect(self.database.owner_url, autocommit=True) as connection:
            connection.execute(change.encode())

    def drop_protection(self, licensee: str, player: str) -> None:
        """Lose what protects a player, behind the back of the wallets."""
        with psycopg.connect(self.database.owner_url) as connection:
            connection.execute(
                """
                UPDATE player SET protection = NULL FROM licensee
                WHERE licensee.id = player.licensee_id AND licensee.name = %s AND player.name = %s
                """,
                (licensee, player),
            )
            # What the wallets know of players is read again under a new version.
            connection.execute("UPDATE shard SET registry_version = registry_version + 1")

    def due_work(self) -> int:
        """How many holds wait for their release by time, and rounds for their end."""
        now = time.time_ns() // 1000 + read_offset(self.clock)
        with psycopg.connect(self.database.owner_url) as connection:
            row = connection.execute(_DUE, (now, now)).fetchone()
        return int(row[0]) if row else 0

    def snapshot(self, licensee: str) -> dict[str, list[Any]]:
        """Balances, holds and rounds of a licensee, as the tables have them."""
        with psycopg.connect(self.database.owner_url) as connection:
            return {name: connection.execute(query, (licensee,)).fetchall() for name, query in SNAPSHOT.items()}

    def broken_rules(self, licensee: str) -> list[str]:
        """Invariants of the format that do not hold for a licensee."""
        with psycopg.connect(self.database.owner_url) as connection:
            found = {rule: connection.execute(query, (licensee,)).fetchall() for rule, query in INVARIANTS.items()}
        return [f"{rule}: {rows}" for rule, rows in found.items() if rows]

    def second_opinion(self) -> list[str]:
        """What the verifier, which shares no code with the wallet, finds wrong in the books of all cases together."""
        ledger = Ledger(self.database.owner_url)
        try:
            names = ledger.names()
            shards = [
                verify_shard(ledger.shard(head), ledger.transfers(head), names, still_playing=True)
                for head in ledger.heads()
            ]
        finally:
            ledger.close()
        return [f"{check.name}: {check.detail}" for check in join(shards) if not check.ok]

    def _start(self) -> None:
        self._children = [self._spawn(index) for index in range(REPLICAS)]
        targets = list(self.targets)
        if self.compliance is not None:
            self._children.append(self._spawn_compliance(self.compliance))
            targets.append(self.compliance)
        deadline = time.monotonic() + _READY_S
        for child, target in zip(self._children, targets, strict=True):
            self._await(child, target, deadline)

    def _spawn(self, index: int) -> Child:
        name = f"wallet-{index + 1}"
        own = {
            "PITBOSS_TLS_DIR": str(self._wallet_tls),
            "PITBOSS_DATABASE_URL": self.database.service_url,
            "PITBOSS_REPLICA": name,
            "PITBOSS_SWEEP_INTERVAL_MS": "50",
        }
        if self._stands:
            own["PITBOSS_CLOCK_REPORT"] = str(self._report)
        return self._child(name, "wallet_svc", self.targets[index], own)

    def _spawn_compliance(self, target: str) -> Child:
        own = {
            "PITBOSS_TLS_DIR": str(self._compliance_tls),
            "PITBOSS_DATABASE_URL": self._decisions.service_url,
            "PITBOSS_WALLET_ADDRESSES": ",".join(self.targets),
        }
        return self._child("compliance", "compliance_svc", target, own)

    def _child(self, name: str, module: str, target: str, own: dict[str, str]) -> Child:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHON_PATH,
            "PITBOSS_LISTEN": target,
            "PITBOSS_ENVIRONMENT": "development",
            "PITBOSS_CLOCK_FILE": str(self.clock),
            "PITBOSS_SANDBOX": "1",
            "PITBOSS_PACK_KEYS": str(self._pack_keys),
            **own,
        }
        if self.packs is not None:
            environment["PITBOSS_PACKS"] = str(self.packs)
        return spawn(
            Command(
                name=name,
                argv=[sys.executable, "-m", module],
                environment=environment,
                log=Path(self.run) / f"{name}.log",
                directory=ROOT,
            )
        )

    def _await(self, child: Child, target: str, deadline: float) -> None:
        tls = self.settings.tls_dir
        assert tls is not None
        credentials = grpc.ssl_channel_credentials(
            (tls / "ca.pem").read_bytes(), (tls / "tls.key").read_bytes(), (tls / "tls.pem").read_bytes()
        )
        while time.monotonic() < deadline and child.exit_code is None:
            with grpc.secure_channel(target, credentials) as channel:
                try:
                    health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
                except grpc.RpcError:
                    time.sleep(0.05)
                else:
                    return
        raise RuntimeError(f"{child.name} is not ready:\n{child.last_lines()}")
