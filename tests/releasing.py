"""Brings a pack into force through the service, as two people do it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import grpc

from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.parameters import file_content
from mesh.dev.stack import Stack
from mesh.pack_signing import ACTIVATE, ROLES, SigningKey
from mesh.tls import Tls
from pitboss.compliance.v1 import pack_release_service_pb2 as pb
from pitboss.compliance.v1.pack_release_service_pb2_grpc import PackReleaseServiceStub
from pitboss.type.v1.pack_signature_pb2 import PackSignature

_TIMEOUT_S = 60.0


def people(folder: Path) -> list[SigningKey]:
    """The two of a sandbox, in the order in which they sign."""
    return [SigningKey.load(folder / f"{role}.json") for role in ROLES]


def signed(document: PackDocument, person: SigningKey, purpose: str = ACTIVATE) -> PackSignature:
    """Somebody's signature for a market's pack."""
    legal = person.role == "legal" and purpose == ACTIVATE
    inferred = sorted(rule.label for rule in document.rules if legal and rule.source.evidence == "I")
    signature = person.sign(
        purpose=purpose,
        pack=document.name,
        version=document.version,
        digest=document.digest,
        licensee="",
        inferred=inferred,
    )
    return PackSignature(key_id=person.id, signature=signature, inferred_rules=inferred)


def approved(packs: PackReleaseServiceStub, document: PackDocument, who: Sequence[SigningKey]) -> None:
    """Propose and approve."""
    content = json.dumps(file_content(document))
    packs.ProposePack(pb.ProposePackRequest(content=content, signature=signed(document, who[0])), timeout=_TIMEOUT_S)
    request = pb.ApprovePackRequest(digest=document.digest, signature=signed(document, who[1]))
    packs.ApprovePack(request, timeout=_TIMEOUT_S)


def release(stack: Stack, document: PackDocument) -> None:
    """Propose, approve and schedule on a running mesh."""
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"127.0.0.1:{stack.around.ports.compliance}", credentials) as channel:
        packs = PackReleaseServiceStub(channel)
        approved(packs, document, people(stack.vault.pack_signers))
        packs.SchedulePack(pb.SchedulePackRequest(digest=document.digest), timeout=_TIMEOUT_S)
