"""AuditService and ExtractService: each method decodes, calls one use case, encodes."""

from audit_svc.app.desk import AuditDesk, KeepingDesk
from audit_svc.app.extracting import ExtractDesk
from audit_svc.app.monitoring import ReturnDesk
from audit_svc.app.recording import RoundDesk
from audit_svc.domain import Opened, RecordClass
from audit_svc.domain.returns import Group, Looks, Sums, judge, observed_ppm, sigma_ppm
from audit_svc.domain.rounds import Name
from audit_svc.errors import ExtractNotFoundError
from audit_svc.ports import Filed
from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.audit.v1 import audit_service_pb2_grpc, extract_service_pb2_grpc
from pitboss.audit.v1 import extract_service_pb2 as extract_pb

_DEFAULT_PAGE = 100
_PART_BYTES = 1 << 20


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    """Serves the log."""

    def __init__(
        self, desk: AuditDesk, keeping: KeepingDesk, rounds: RoundDesk, returns: ReturnDesk, verifier_key: str
    ) -> None:
        self._desk = desk
        self._returns = returns
        self._rounds = rounds
        self._keeping = keeping
        self._key = verifier_key

    async def Append(self, request: pb.AppendRequest, context: object) -> pb.AppendResponse:
        opened, replayed = await self._desk.append(
            request.request_id,
            RecordClass(request.record_class),
            licensee=request.licensee_id,
            player=request.player_id,
            event_json=request.event_json,
        )
        return pb.AppendResponse(entry=_entry(opened), replayed=replayed)

    async def GetEntry(self, request: pb.GetEntryRequest, context: object) -> pb.GetEntryResponse:
        return pb.GetEntryResponse(entry=_entry(await self._desk.get(request.index)))

    async def ListEntries(self, request: pb.ListEntriesRequest, context: object) -> pb.ListEntriesResponse:
        limit = request.page_size or _DEFAULT_PAGE
        found = await self._desk.entries(
            licensee=request.licensee_id,
            player=request.player_id,
            source=request.source,
            classes=[RecordClass(each) for each in request.record_classes if each],
            from_index=request.from_index,
            limit=limit,
        )
        more = found[-1].entry.index + 1 if len(found) == limit else 0
        return pb.ListEntriesResponse(entries=[_entry(each) for each in found], next_index=more)

    async def GetRoundRecord(self, request: pb.GetRoundRecordRequest, context: object) -> pb.GetRoundRecordResponse:
        name = Name(
            licensee=request.licensee_id, player=request.player_id, provider=request.provider, round=request.round_id
        )
        records, events = await self._rounds.get(name)
        answer = pb.GetRoundRecordResponse(events=[_entry(each) for each in events])
        for each in records:
            if each.entry.key.startswith("record-"):
                answer.record.CopyFrom(_entry(each))
            else:
                answer.amendments.append(_entry(each))
        return answer

    async def ListReturns(self, request: pb.ListReturnsRequest, context: object) -> pb.ListReturnsResponse:
        found = await self._returns.of(request.provider, request.game_id)
        return pb.ListReturnsResponse(returns=[_return(group, sums, self._returns.looks) for group, sums in found])

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, context: object) -> pb.GetCheckpointResponse:
        found = await self._desk.checkpoint(request.cosigned_by)
        if found is None:
            return pb.GetCheckpointResponse()
        return pb.GetCheckpointResponse(checkpoint=found.note, verifier_key=self._key, tree_size=found.size)

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: object
    ) -> pb.GetInclusionProofResponse:
        opened, proof = await self._desk.inclusion(request.index, request.tree_size)
        return pb.GetInclusionProofResponse(
            entry=_entry(opened),
            path=proof.path,
            checkpoint=proof.note,
            verifier_key=self._key,
            tree_size=proof.size,
        )

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: object
    ) -> pb.GetConsistencyProofResponse:
        proof = await self._desk.consistency(request.from_size, request.to_size)
        return pb.GetConsistencyProofResponse(
            path=proof.path, checkpoint=proof.note, verifier_key=self._key, to_size=proof.size
        )

    async def ErasePlayer(self, request: pb.ErasePlayerRequest, context: object) -> pb.ErasePlayerResponse:
        return pb.ErasePlayerResponse(entries=await self._keeping.erase(request.licensee_id, request.player_id))

    async def PlaceHold(self, request: pb.PlaceHoldRequest, context: object) -> pb.PlaceHoldResponse:
        await self._keeping.place(request.hold_id, request.licensee_id, request.player_id)
        return pb.PlaceHoldResponse()

    async def ReleaseHold(self, request: pb.ReleaseHoldRequest, context: object) -> pb.ReleaseHoldResponse:
        await self._keeping.release(request.hold_id)
        return pb.ReleaseHoldResponse()


class ExtractServicer(extract_service_pb2_grpc.ExtractServiceServicer):
    """Serves extracts."""

    def __init__(self, desk: ExtractDesk) -> None:
        self._desk = desk

    async def MakeExtract(
        self, request: extract_pb.MakeExtractRequest, context: object
    ) -> extract_pb.MakeExtractResponse:
        filed, replayed = await self._desk.make(
            request.market, request.licensee_id, request.from_local, request.to_local
        )
        return extract_pb.MakeExtractResponse(extract=_extract(filed), replayed=replayed)

    async def ListExtracts(
        self, request: extract_pb.ListExtractsRequest, context: object
    ) -> extract_pb.ListExtractsResponse:
        limit = request.page_size or _DEFAULT_PAGE
        found = await self._desk.page(request.market, request.licensee_id, request.after_sequence, limit)
        return extract_pb.ListExtractsResponse(extracts=[_extract(each) for each in found])

    async def GetExtractFile(
        self, request: extract_pb.GetExtractFileRequest, context: object
    ) -> extract_pb.GetExtractFileResponse:
        filed = await self._desk.get(request.market, request.licensee_id, request.sequence)
        content = {
            extract_pb.EXTRACT_FILE_JSON: filed.extract.json,
            extract_pb.EXTRACT_FILE_XML: filed.extract.xml,
        }.get(request.file, filed.seal)
        if content is None:
            raise ExtractNotFoundError(market=request.market, sequence=str(request.sequence), file="seal")
        part = content[request.offset : request.offset + _PART_BYTES]
        return extract_pb.GetExtractFileResponse(content=part, size=len(content))


def _extract(filed: Filed) -> extract_pb.Extract:
    extract = filed.extract
    message = extract_pb.Extract(
        market=extract.market,
        licensee_id=extract.licensee,
        sequence=extract.sequence,
        number=extract.number,
        schema=extract.schema,
        digest=extract.digest.hex(),
        json_sha256=extract.json_sha256,
        xml_sha256=extract.xml_sha256,
        rounds=extract.rounds,
        sealed=filed.seal is not None,
    )
    message.from_time.FromMicroseconds(extract.from_us)
    message.to_time.FromMicroseconds(extract.to_us)
    message.make_time.FromMicroseconds(extract.recorded_us)
    return message


def _entry(opened: Opened) -> pb.Entry:
    entry = opened.entry
    message = pb.Entry(
        index=entry.index,
        record_class=pb.RecordClass.ValueType(int(entry.record_class)),
        source=entry.source,
        key=entry.key,
        subject=entry.subject,
        commitment=entry.commitment,
        leaf=entry.leaf(),
        payload=opened.payload or "",
        salt=opened.salt or b"",
    )
    message.record_time.FromMicroseconds(entry.recorded_us)
    return message


def _return(group: Group, sums: Sums, looks: Looks) -> pb.GameReturn:
    return pb.GameReturn(
        provider=group.provider,
        game_id=group.game,
        build=group.build,
        currency_code=group.currency,
        band=group.band,
        rounds=sums.rounds,
        staked=format(sums.staked, "f"),
        won=format(sums.won, "f"),
        observed_ppm=observed_ppm(sums),
        certified_ppm=group.return_ppm,
        sigma_ppm=sigma_ppm(group, sums),
        verdict=pb.ReturnVerdict.Value(f"RETURN_VERDICT_{judge(group, sums, looks)}"),
        next_look=sums.next_look,
    )
