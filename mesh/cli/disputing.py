"""Makes dispute bundles, and checks audit logs, of the mesh that is up."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from mesh.cli.output import CommandError
from mesh.cli.platform import call
from mesh.dev import running
from mesh.tls import Tls
from mesh.verify.audit_log import AuditTrust
from mesh.verify.auditing import audit
from mesh.verify.cosignatures import WitnessKey
from mesh.verify.dispute import FORMAT, VERSION
from mesh.verify.findings import Check
from mesh.verify.notes import Key
from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from pitboss.compliance.v1 import policy_service_pb2 as policies
from pitboss.compliance.v1.policy_service_pb2_grpc import PolicyServiceStub

LOG_KEYS, WITNESS_KEYS = "audit.keys", "witness.keys"
"""Names of the files with public keys."""

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A bundle, and the keys that check it."""

    content: dict[str, Any]
    log_key: str
    witness_key: str


@contextlib.contextmanager
def channel_of(name: str) -> Iterator[grpc.Channel]:
    """A channel to a process of the mesh that is up."""
    mesh = running.read_mesh()
    address = mesh["internal"].get(name)
    if not address:
        message = f"this mesh has no {name}"
        raise CommandError(message)
    credentials = Tls.load(Path(mesh["internal"]["tls"])).channel_credentials()
    with grpc.secure_channel(address, credentials) as channel:
        yield channel


def bundle_of(licensee: str, player: str, round_id: str) -> Made:
    """The bundle of a round. Errors: CommandError if the log has no such round."""
    with channel_of("audit") as log, channel_of("compliance") as compliance:
        return make_bundle(
            AuditServiceStub(log),
            PolicyServiceStub(compliance),
            licensee,
            player,
            round_id,
            witness_key=running.read_mesh()["internal"]["witness_key"],
        )


def make_bundle(
    log: AuditServiceStub,
    compliance: PolicyServiceStub,
    licensee: str,
    player: str,
    round_id: str,
    *,
    witness_key: str,
) -> Made:
    """As `bundle_of`, from two services."""
    signed = call(log.GetCheckpoint, pb.GetCheckpointRequest(cosigned_by=1))
    if not signed.tree_size:
        raise CommandError("no witness has cosigned the audit log yet; try again in a moment")
    wanted = [each for each in _of_round(log, licensee, player, round_id) if each.index < signed.tree_size]
    if not wanted:
        raise CommandError(f"the audit log has no round {round_id!r} of this player, or no witness has cosigned it yet")
    decided_by = _packs_of(wanted)
    keys = {f"{label}/{digest}" for label, digest in decided_by.items()}
    packs = [each for each in _listed(log, pb.ListEntriesRequest(source="packs")) if each.key in keys]
    entries = sorted([*wanted, *packs], key=lambda each: each.index)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "round": round_id,
        "checkpoint": signed.checkpoint,
        "entries": [_proved(log, each.index, signed.tree_size) for each in entries],
        "packs": {label: _content(compliance, licensee, label, digest) for label, digest in sorted(decided_by.items())},
    }
    return Made(content=content, log_key=signed.verifier_key, witness_key=witness_key)


def _packs_of(entries: Sequence[pb.Entry]) -> dict[str, str]:
    """The packs that decided, by label, with their digests: other versions may hold by now."""
    decisions = [json.loads(each.payload) for each in entries if each.key.startswith("decision-")]
    return {each["pack"]: each["pack_digest"] for each in decisions if each["pack"]}


def _of_round(log: AuditServiceStub, licensee: str, player: str, round_id: str) -> list[pb.Entry]:
    """Events of the round, and the decisions about the same transactions."""
    entries = list(_listed(log, pb.ListEntriesRequest(licensee_id=licensee, player_id=player)))
    events = {each.index: json.loads(each.payload) for each in entries if each.payload}
    ids = {event["id"] for event in events.values() if event.get("round") == round_id}
    return [each for each in entries if events.get(each.index, {}).get("id") in ids]


def _listed(log: AuditServiceStub, request: pb.ListEntriesRequest) -> Iterator[pb.Entry]:
    request.page_size = _PAGE
    while True:
        page = call(log.ListEntries, request)
        yield from page.entries
        request.from_index = page.next_index
        if not page.next_index:
            return


def _proved(log: AuditServiceStub, index: int, size: int) -> dict[str, Any]:
    found = call(log.GetInclusionProof, pb.GetInclusionProofRequest(index=index, tree_size=size))
    return {
        "leaf": found.entry.leaf.decode(),
        "payload": found.entry.payload or None,
        "salt": _text(found.entry.salt),
        "path": [_text(step) for step in found.path],
    }


def _content(compliance: PolicyServiceStub, licensee: str, label: str, digest: str) -> str:
    name = label.partition("@")[0]
    found = call(compliance.GetPack, policies.GetPackRequest(name=name, digest=digest), licensee=licensee)
    return str(found.content_json)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def write_bundle(made: Made, to: Path, keys: Path) -> int:
    """Write the bundle and the keys beside it; returns how many entries it has."""
    keys.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(made.content, indent=1, ensure_ascii=False) + "\n")
    (keys / LOG_KEYS).write_text(f"{made.log_key}\n")
    (keys / WITNESS_KEYS).write_text(f"{made.witness_key}\n")
    return len(made.content["entries"])


def audit_mesh(*, copy: Path | None, kept: Sequence[Path]) -> list[Check]:
    """All checks of the audit log of the mesh that is up, against its ledger too."""
    mesh = running.read_mesh()
    databases = mesh["postgres"]["databases"]
    if not mesh["internal"]["audit"]:
        raise CommandError("this mesh has no audit log")
    trust = AuditTrust(
        keys=[Key.parse(mesh["internal"]["audit_key"])],
        witnesses=[WitnessKey.parse(mesh["internal"]["witness_key"])],
        kept=[path.read_text() for path in kept],
    )
    ledger = databases["wallet_svc"]["reader_url"]
    return audit(databases["audit_svc"]["reader_url"], trust, copy=copy, ledger_url=ledger, growing=True)
