"""An audit log with a witness beside the services under test, and the verbs of the format that are about it.

Everything is checked with the verifier, which shares no code with the log: the runner only compares what it says.
"""

import asyncio
import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import psycopg

from audit_svc import migrate as tables
from mesh import merkle
from mesh.channels import channel
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.notes import Cosigner, Signer, new_seed
from mesh.verify.audit_log import AuditTrust
from mesh.verify.audit_rows import AuditDatabase
from mesh.verify.auditing import audit
from mesh.verify.cosignatures import CosignatureError, WitnessKey, cosigners
from mesh.verify.notes import Key, open_checkpoint
from mesh.verify.proofs import ProofError, check_consistency, inclusion_root
from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from tests.corpus_runner.people import Someone
from tests.corpus_runner.service import Service

VERBS: Final = frozenset({
    "fill_log", "tamper", "truncate_log", "verify_audit", "checkpoint", "inclusion_proof", "consistency_proof",
})  # fmt: skip
_LOG, _WITNESS = "pitboss.localhost/audit", "pitboss.localhost/witness"
_PATIENCE_S, _AT_ONCE = 120.0, 256
_ENTRY = re.compile(r"entry (\d+)")


class AuditStack:
    """The processes of the audit log: the service and one witness."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._folder = service.run / "audit"
        self._folder.mkdir()
        self.copy = self._folder / "copy"
        seed, witness_seed, self._sealing = new_seed(), new_seed(), new_seed()
        self.signer, self._witness_seed, self._seed = Signer.load(_LOG, seed), witness_seed, seed
        self._cosigner = Cosigner.load(_WITNESS, witness_seed)
        self.key, self.witness_key = Key.parse(self.signer.verifier_key), WitnessKey.parse(self._cosigner.verifier_key)
        self.database = service.postgres.database("pitboss_audit")
        tables.upgrade(self.database.owner_url)
        self._port, self._witness_port = free_port(), free_port()
        self._witness = self._spawn("witness", "witness", self._of_witness())
        self._log = self._start()
        self._channel = channel(f"127.0.0.1:{self._port}", service.settings)
        self.stub = AuditServiceStub(self._channel)

    def _of_witness(self) -> dict[str, str]:
        return {
            "PITBOSS_WITNESS_LISTEN": f"127.0.0.1:{self._witness_port}",
            "PITBOSS_WITNESS_NAME": _WITNESS,
            "PITBOSS_WITNESS_KEY": self._witness_seed,
            "PITBOSS_WITNESS_STATE": str(self._folder / "witness.sqlite"),
            "PITBOSS_WITNESS_LOGS": self.signer.verifier_key,
        }

    def _start(self) -> Child:
        environment = {
            "PITBOSS_LISTEN": f"127.0.0.1:{self._port}",
            "PITBOSS_ENVIRONMENT": "development",
            "PITBOSS_TLS_DIR": str(self._service.audit_tls),
            "PITBOSS_CLOCK_FILE": str(self._service.clock),
            "PITBOSS_DATABASE_URL": self.database.service_url,
            "PITBOSS_WALLET_ADDRESSES": ",".join(self._service.targets),
            # Nobody opens sessions but the runner itself, so there is no session service to follow.
            "PITBOSS_SESSION_ADDRESS": f"127.0.0.1:{self._witness_port}",
            "PITBOSS_COMPLIANCE_ADDRESS": str(self._service.compliance),
            "PITBOSS_LOG_NAME": _LOG,
            "PITBOSS_SIGNING_KEY": self._seed,
            "PITBOSS_PAYLOAD_KEYS": self._sealing,
            "PITBOSS_WITNESSES": f"http://127.0.0.1:{self._witness_port}",
            "PITBOSS_WITNESS_KEYS": self._cosigner.verifier_key,
        }
        return self._spawn("audit", "audit_svc", environment)

    def _spawn(self, name: str, module: str, own: dict[str, str]) -> Child:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH, **own}
        argv = [sys.executable, "-m", module]
        return spawn(
            Command(name=name, argv=argv, environment=environment, log=self._folder / f"{name}.log", directory=ROOT)
        )

    def stop_log(self) -> None:
        """Stop the service; the witness goes on."""
        self._log.stop()

    def start_log(self) -> None:
        """Start the service again."""
        self._log = self._start()

    async def close(self) -> None:
        await self._channel.close()
        self._log.stop()
        self._witness.stop()

    def refusals(self) -> int:
        """How often the witness has refused the log."""
        with closing(sqlite3.connect(self._folder / "witness.sqlite", timeout=10)) as state:
            return int(state.execute("SELECT count(*) FROM refused").fetchone()[0])

    def superuser(self) -> psycopg.Connection[Any]:
        """Somebody whom nothing in the database stops."""
        url = self._service.postgres.admin_url.removesuffix("/postgres") + "/pitboss_audit"
        connection = psycopg.connect(url)
        connection.execute("SET session_replication_role = replica")
        return connection

    def folder(self) -> Path:
        return self._folder


class Log:
    """The verbs about the audit log."""

    _service: Service
    _labels: dict[str, str]
    _log: AuditStack | None
    _entries: list[int]
    """Positions of the synthetic entries, in their order."""
    _kept: dict[str, str]
    """Checkpoints by their labels."""

    @property
    def _audit(self) -> AuditStack:
        assert self._log is not None
        return self._log

    async def _do_fill_log(self, _person: Someone, step: dict[str, Any]) -> None:
        begin, gate = len(self._entries), asyncio.Semaphore(_AT_ONCE)
        self._entries += await asyncio.gather(*[self._append(begin + one, gate) for one in range(step["entries"])])
        await self._settled()
        # The independent copy follows as it always does.
        await asyncio.to_thread(self._checks)

    async def _append(self, number: int, gate: asyncio.Semaphore) -> int:
        request = pb.AppendRequest(
            request_id=f"entry-{number}", record_class=pb.RECORD_CLASS_STAFF, event_json=f'{{"number":{number}}}'
        )
        async with gate:
            answer = await self._audit.stub.Append(request, timeout=_PATIENCE_S, wait_for_ready=True)
        return int(answer.entry.index)

    async def _settled(self) -> pb.GetCheckpointResponse:
        """Wait until everything is in the log and cosigned; the checkpoint of all of it."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            newest = await self._checkpoint(0)
            cosigned = await self._checkpoint(1)
            if newest.tree_size == cosigned.tree_size > max(self._entries, default=0):
                return cosigned
            if time.monotonic() > end:
                raise TimeoutError("the log is not cosigned")
            await asyncio.sleep(0.1)

    async def _checkpoint(self, cosigned_by: int) -> pb.GetCheckpointResponse:
        request = pb.GetCheckpointRequest(cosigned_by=cosigned_by)
        found: pb.GetCheckpointResponse = await self._audit.stub.GetCheckpoint(
            request, timeout=_PATIENCE_S, wait_for_ready=True
        )
        return found

    def _checks(self) -> list[Any]:
        trust = AuditTrust(keys=[self._audit.key], witnesses=[self._audit.witness_key], kept=list(self._kept.values()))
        ledger = self._service.database.reader_url
        return audit(self._audit.database.reader_url, trust, copy=self._audit.copy, ledger_url=ledger, growing=True)

    async def _do_verify_audit(self, _person: Someone, _step: dict[str, Any]) -> dict[str, Any]:
        wrong = [check for check in await asyncio.to_thread(self._checks) if not check.ok]
        found = {int(index) for check in wrong for text in check.problems for index in _ENTRY.findall(text)}
        names = {index: number for number, index in enumerate(self._entries)}
        return {"valid": not wrong, "bad_entries": sorted(names.get(index, -1 - index) for index in found)}

    async def _do_tamper(self, _person: Someone, step: dict[str, Any]) -> None:
        with self._audit.superuser() as connection:
            changed = connection.execute(
                "UPDATE payload SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE index = %s",
                (self._entries[step["entry"]],),
            )
            assert changed.rowcount == 1

    async def _do_checkpoint(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        found = await self._settled()
        self._kept[step["as"]] = found.checkpoint
        return {"cosigned": self._is_cosigned(found.checkpoint)}

    def _is_cosigned(self, checkpoint: str) -> bool:
        """A witness's line over another text of the same size, from before the log was cut, is none."""
        try:
            return bool(cosigners(checkpoint, [self._audit.witness_key]))
        except CosignatureError:
            return False

    async def _do_truncate_log(self, _person: Someone, step: dict[str, Any]) -> None:
        await asyncio.to_thread(self._audit.stop_log)
        before = self._audit.refusals()
        await asyncio.to_thread(self._cut, step["entries"])
        await asyncio.to_thread(self._audit.start_log)
        # It goes on with what is left, and shows it to the witness, who has seen more.
        await asyncio.to_thread(_until, lambda: self._audit.refusals() > before)

    def _cut(self, count: int) -> None:
        """Take the last entries away, and sign what is left with the log's own key.

        The last ones of what the kept checkpoints saw: the log may have followed the ledger further since.
        """
        known = [open_checkpoint(note, [self._audit.key]).size for note in self._kept.values()]
        with self._audit.superuser() as connection:
            row = connection.execute("SELECT max(index) + 1 FROM entry").fetchone()
            left = min([int(row[0]) if row else 0, *known]) - count
            for table in ("payload", "entry"):
                connection.execute(f"DELETE FROM {table} WHERE index >= %s".encode(), (left,))  # noqa: S608 - ours
        with closing(AuditDatabase(self._audit.database.reader_url)) as database:
            leaves = [row.leaf for row in database.rows()]
        peaks: list[bytes] = []
        size = merkle.extend(peaks, 0, leaves)
        root = merkle.fold(peaks)
        note = self._audit.signer.checkpoint(size, root)
        with self._audit.superuser() as connection:
            connection.execute("DELETE FROM subtree")
            connection.execute("DELETE FROM batch")
            values = (size, root, merkle.pack(peaks), note)
            connection.execute("INSERT INTO batch VALUES (0, %s, %s, %s, %s, 0)", values)

    async def _do_inclusion_proof(self, person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        index = await self._decision_at(person, step) if "decision" in step else self._entries[step["entry"]]
        proof = await self._audit.stub.GetInclusionProof(
            pb.GetInclusionProofRequest(index=index), timeout=_PATIENCE_S, wait_for_ready=True
        )
        checkpoint, entry = open_checkpoint(proof.checkpoint, [self._audit.key]), proof.entry
        leaf = sha256(b"\x00" + entry.leaf).digest()
        try:
            valid = inclusion_root(leaf, index, checkpoint.size, proof.path) == checkpoint.root
        except ProofError:
            valid = False
        opens = sha256(entry.salt + entry.payload.encode()).digest() == entry.commitment
        return {
            "valid": valid and entry.commitment.hex().encode() in entry.leaf.lower(),
            "payload_readable": bool(entry.payload) and opens,
            "cosigned": self._is_cosigned(proof.checkpoint),
        }

    async def _decision_at(self, person: Someone, step: dict[str, Any]) -> int:
        """Where the log has a decision; it follows the ledger from behind."""
        key = "decision-" + self._labels[step["decision"]].rpartition("-")[2]
        request = pb.ListEntriesRequest(
            licensee_id=person.house,
            player_id=person.name,
            record_classes=[pb.RECORD_CLASS_DECISION],
            page_size=500,
        )
        end = time.monotonic() + _PATIENCE_S
        while True:
            answer = await self._audit.stub.ListEntries(request, timeout=_PATIENCE_S, wait_for_ready=True)
            found = [entry.index for entry in answer.entries if entry.key == key]
            if found:
                return int(found[0])
            if time.monotonic() > end:
                raise TimeoutError(f"the log has no {key}")
            await asyncio.sleep(0.1)

    async def _do_consistency_proof(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        old = open_checkpoint(self._kept[step["from"]], [self._audit.key])
        newest = await self._checkpoint(0)
        try:
            proof = await self._audit.stub.GetConsistencyProof(
                pb.GetConsistencyProofRequest(from_size=old.size), timeout=_PATIENCE_S, wait_for_ready=True
            )
            newest_note = proof.checkpoint
            check_consistency(old, open_checkpoint(newest_note, [self._audit.key]), list(proof.path))
        except (grpc.aio.AioRpcError, ProofError) as problem:
            if isinstance(problem, grpc.aio.AioRpcError) and problem.code() is not grpc.StatusCode.INVALID_ARGUMENT:
                raise
            return {"valid": False, "cosigned": self._is_cosigned(newest.checkpoint)}
        if not self._is_cosigned(newest_note):
            newest_note = (await self._settled()).checkpoint
        return {"valid": True, "cosigned": self._is_cosigned(newest_note)}


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain for the witness")
        time.sleep(0.1)
