"""The law packs of a case: as files that processes load, and as packs that are signed while they run."""

import json
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import grpc.aio
import yaml

from compliance_svc.kernel.document import PackDocument, start_us
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.parameters import file_content, with_parameters
from compliance_svc.kernel.release import inferred_rules
from mesh.clock import to_us
from mesh.pack_signing import ACTIVATE
from mesh.status import read_error
from pitboss.compliance.v1 import pack_release_service_pb2 as pb
from pitboss.type.v1.pack_signature_pb2 import PackSignature
from pitboss.wallet.v1 import registry_service_pb2
from tests.corpus_runner.client import Client
from tests.corpus_runner.people import Someone
from tests.corpus_runner.service import Service


def write_packs(packs: dict[str, list[dict[str, Any]]], folder: str) -> Path | None:
    """Write the shipped packs, with those of a case in their place. None if a case has none of its own."""
    if not packs:
        return None
    shipped = load_documents()
    # Of several shipped versions the first is the one that a case changes.
    first = {document.name: document for document in reversed(shipped)}
    for document in shipped:
        versions = packs.get(document.name)
        if versions is not None and document is not first[document.name]:
            continue
        for one in [document] if versions is None else [_version(document, version) for version in versions]:
            path = Path(folder) / one.name / f"{one.version}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(file_content(one), sort_keys=False))
    return Path(folder)


def _own_rules(document: PackDocument, changed: PackDocument) -> PackDocument:
    """A licensee's own rules: those in which the changed pack differs."""
    before = {rule.label: rule for rule in document.rules}
    return replace(changed, rules=tuple(rule for rule in changed.rules if rule != before.get(rule.label)))


class Releases:
    """The verb that releases a pack while services run."""

    _client: Client
    _service: Service
    _documents: dict[str, PackDocument]
    _houses: dict[str, str]

    async def _do_load_pack(self, _person: Someone, step: dict[str, Any]) -> dict[str, Any]:
        market, licensee = self._documents[step["pack"]], self._houses.get(step.get("overlay_for", ""), "")
        document = _version(market, step)
        if licensee:
            document = _own_rules(market, document)
        signatures = self._signatures(document, licensee, good=step["signature"] == "good")
        before = await self._refusals()
        state = "ACCEPTED" if await self._released(document, licensee, signatures) else "REFUSED"
        if state == "REFUSED" and await self._wallet_takes(document, licensee, signatures):
            state = "refused by the compliance service, and taken by a wallet"
        return {"pack_state": state, "alarm": await self._refusals() > before}

    def _signatures(self, document: PackDocument, licensee: str, *, good: bool) -> list[PackSignature]:
        """Those of two people; the second one's has one bit that is wrong, if it is not to be good."""
        signed = []
        for person in self._service.pack_signers:
            legal = person.role == "legal"
            inferred = inferred_rules(document) if legal else ()
            signature = bytearray(
                person.sign(
                    purpose=ACTIVATE,
                    pack=document.name,
                    version=document.version,
                    digest=document.digest,
                    licensee=licensee,
                    inferred=inferred,
                )
            )
            if legal and not good:
                signature[0] ^= 1
            signed.append(PackSignature(key_id=person.id, signature=bytes(signature), inferred_rules=inferred))
        return signed

    async def _released(self, document: PackDocument, licensee: str, signatures: list[PackSignature]) -> bool:
        one, two = signatures
        named = {"licensee_id": licensee, "digest": document.digest}
        propose = pb.ProposePackRequest(licensee_id=licensee, content=_text(document), signature=one)
        return (
            await self._accepted(self._client.release("ProposePack", propose))
            and await self._accepted(self._client.release("ApprovePack", pb.ApprovePackRequest(**named, signature=two)))
            and await self._accepted(self._client.release("SchedulePack", pb.SchedulePackRequest(**named)))
        )

    async def _wallet_takes(self, document: PackDocument, licensee: str, signatures: list[PackSignature]) -> bool:
        """Whether a wallet makes law of it, when it is asked past the compliance service."""
        request = registry_service_pb2.PutPackRequest(
            licensee_id=licensee, content=_text(document), signatures=signatures
        )
        return await self._accepted(self._client.registry("PutPack", request))

    async def _accepted(self, call: Awaitable[Any]) -> bool:
        try:
            await call
        except grpc.aio.AioRpcError as error:
            if read_error(error).reason != "ERROR_REASON_PACK_REFUSED":
                raise
            return False
        return True

    async def _refusals(self) -> int:
        events = (await self._client.release("ListReleaseEvents", pb.ListReleaseEventsRequest())).events
        return sum(event.kind == pb.RELEASE_EVENT_KIND_REFUSED for event in events)


def _text(document: PackDocument) -> str:
    return json.dumps(file_content(document))


def _version(document: PackDocument, version: dict[str, Any]) -> PackDocument:
    changed = with_parameters(document, version["set"])
    return replace(changed, version=version["version"], effective_from=_wall_time(version["from"], document.zone))


def _wall_time(moment: str, zone: str) -> str:
    """An instant as packs write it. ValueError for one that the clock of the zone shows twice and means the first."""
    instant = datetime.fromisoformat(moment)
    written = f"{instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()}[{zone}]"
    if start_us(written) != to_us(instant):
        raise ValueError(f"{moment} cannot be written as a wall time of {zone}")
    return written
