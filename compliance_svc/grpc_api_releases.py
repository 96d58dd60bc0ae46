"""The wire of PackReleaseService: requests to use cases, results to responses. No rules."""

import json
from collections.abc import Callable

from google.protobuf.timestamp_pb2 import Timestamp

from compliance_svc.app import record_message
from compliance_svc.comparing import Changed, RuleChange, Span
from compliance_svc.kernel.release import Keyring, PackRefusedError, Signature, inferred_rules
from compliance_svc.releases import Docket, Event, Proposal, key_in, since_always
from compliance_svc.releasing import Releasing
from compliance_svc.simulating import Simulating, Source
from mesh import paging
from mesh.clock import Clock
from mesh.errors import RequestInvalidError
from pitboss.compliance.v1 import pack_release_service_pb2 as pb
from pitboss.compliance.v1 import pack_release_service_pb2_grpc
from pitboss.type.v1.pack_signature_pb2 import PackSignature

_MOST_EVENTS = 500
_DEFAULT_PART, _DEFAULT_PAGE = 1_000, 100
_SEQUENCE_BITS = 46
_FIRST = 0


class PackReleaseServicer(pack_release_service_pb2_grpc.PackReleaseServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, releasing: Releasing, simulating: Simulating, keys: Callable[[], Keyring], clock: Clock) -> None:
        self._releasing = releasing
        self._simulating = simulating
        self._keys = keys
        self._clock = clock

    async def ValidatePack(self, request: pb.ValidatePackRequest, context: object) -> pb.ValidatePackResponse:
        try:
            found = await self._releasing.validate(request.licensee_id, request.content)
        except PackRefusedError as why:
            return pb.ValidatePackResponse(refusal=why.refusal.value, detail=why.detail)
        return pb.ValidatePackResponse(
            valid=True, pack=self._told(found, Docket()), content_json=found.document.content
        )

    async def DiffPacks(self, request: pb.DiffPacksRequest, context: object) -> pb.DiffPacksResponse:
        found = await self._simulating.diff(_source(request.base), _source(request.other))
        return pb.DiffPacksResponse(changes=map(_rule_change, found))

    async def SimulatePack(self, request: pb.SimulatePackRequest, context: object) -> pb.SimulatePackResponse:
        span = Span(
            licensee=request.licensee_id,
            start_us=request.start_time.ToMicroseconds(),
            end_us=request.end_time.ToMicroseconds(),
        )
        owner = f"{span.licensee} {span.start_us} {span.end_us}"
        after = divmod(paging.position(request.page_token, owner, empty=_FIRST), 1 << _SEQUENCE_BITS)
        compared, changes, last = await self._simulating.simulate(
            _source(request.pack), span, after, request.page_size or _DEFAULT_PART
        )
        token = "" if last is None else paging.token((last[0] << _SEQUENCE_BITS) + last[1], owner)
        return pb.SimulatePackResponse(compared=compared, changes=map(_changed, changes), next_page_token=token)

    async def ListShadowDifferences(
        self, request: pb.ListShadowDifferencesRequest, context: object
    ) -> pb.ListShadowDifferencesResponse:
        size = request.page_size or _DEFAULT_PAGE
        after = paging.position(request.page_token, request.digest, empty=0)
        found = await self._simulating.shadow_differences(request.digest, after, size)
        token = paging.token(found[-1][0], request.digest) if len(found) == size else ""
        return pb.ListShadowDifferencesResponse(changes=[_changed(one) for _, one in found], next_page_token=token)

    async def ProposePack(self, request: pb.ProposePackRequest, context: object) -> pb.ProposePackResponse:
        signature = read_signature(request.signature)
        found = await self._releasing.propose(request.licensee_id, request.content, signature)
        return pb.ProposePackResponse(release=await self._with_state(found))

    async def ApprovePack(self, request: pb.ApprovePackRequest, context: object) -> pb.ApprovePackResponse:
        signature = read_signature(request.signature)
        found = await self._releasing.approve(request.licensee_id, request.digest, signature)
        return pb.ApprovePackResponse(release=await self._with_state(found))

    async def SchedulePack(self, request: pb.SchedulePackRequest, context: object) -> pb.SchedulePackResponse:
        found = await self._releasing.schedule(request.licensee_id, request.digest)
        return pb.SchedulePackResponse(release=await self._with_state(found))

    async def ShadowPack(self, request: pb.ShadowPackRequest, context: object) -> pb.ShadowPackResponse:
        found = await self._releasing.shadow(request.licensee_id, request.digest, on=request.on)
        return pb.ShadowPackResponse(release=await self._with_state(found))

    async def RollbackPack(self, request: pb.RollbackPackRequest, context: object) -> pb.RollbackPackResponse:
        signatures = [read_signature(one) for one in request.signatures]
        found = await self._releasing.roll_back(request.licensee_id, request.digest, signatures)
        return pb.RollbackPackResponse(release=await self._with_state(found))

    async def ListReleases(self, request: pb.ListReleasesRequest, context: object) -> pb.ListReleasesResponse:
        known = await self._releasing.docket()
        found = sorted(known.proposals.values(), key=lambda one: (one.proposed_us, one.key))
        return pb.ListReleasesResponse(releases=[self._told(one, known) for one in found])

    async def GetRelease(self, request: pb.GetReleaseRequest, context: object) -> pb.GetReleaseResponse:
        found = await self._releasing.get(request.licensee_id, request.digest)
        return pb.GetReleaseResponse(release=await self._with_state(found), content=found.content)

    async def ListReleaseEvents(
        self, request: pb.ListReleaseEventsRequest, context: object
    ) -> pb.ListReleaseEventsResponse:
        events = [event for event in (await self._releasing.docket()).events if event.position > request.after]
        return pb.ListReleaseEventsResponse(events=map(_event, events[:_MOST_EVENTS]))

    async def _with_state(self, found: Proposal) -> pb.Release:
        return self._told(found, await self._releasing.docket())

    def _told(self, one: Proposal, known: Docket) -> pb.Release:
        keys, document = self._keys(), one.document
        told = pb.Release(
            licensee_id=one.licensee,
            name=document.name,
            version=document.version,
            digest=document.digest,
            effective_from=document.effective_from,
            state=known.state(one, self._clock.now_us()) if one.key in known.proposals else 0,  # type: ignore[arg-type]
            shadow=one.shadow,
            inferred_rules=inferred_rules(document),
            propose_time=_time(one.proposed_us),
            schedule_time=_time(one.scheduled_us),
            rollback_time=_time(one.ended_us),
            signers=[
                pb.Signer(key_id=signed.key_id, role=_role(keys, signed.key_id), person=person)
                for signed, person in zip(one.signatures, one.persons, strict=True)
            ],
        )
        if not since_always(one.from_us):
            told.effective_time.FromMicroseconds(one.from_us)
        return told


def _source(sent: pb.PackSource) -> Source:
    if bool(sent.known) is bool(sent.content):
        raise RequestInvalidError(violations=[("known", "name a pack or send one: exactly one of known and content")])
    return Source(known=sent.known, content=sent.content)


def _rule_change(change: RuleChange) -> pb.RuleChange:
    return pb.RuleChange(
        rule=change.rule,
        strictness=int(change.strictness),  # type: ignore[arg-type]
        before_json=change.before,
        after_json=change.after,
        source=change.source,
    )


def _changed(changed: Changed) -> pb.ChangedDecision:
    stored = changed.stored
    before, after = record_message(changed.before), record_message(changed.after)
    action = json.loads(before.facts_json)["action"]
    told = pb.ChangedDecision(
        decision_id=stored.id,
        licensee_id=stored.licensee,
        player_id=stored.player,
        action=action["kind"],
        before=before.verdict,
        after=after.verdict,
        reasons=after.reasons,
        amount_minor=int(action.get("amount_minor", 0)),
        currency_code=action.get("currency", ""),
        exponent=action.get("exponent", 0),
    )
    told.decide_time.FromMicroseconds(int(json.loads(changed.before)["at_us"]))
    return told


def read_signature(sent: PackSignature) -> Signature:
    """A signature that was sent."""
    return Signature(key_id=sent.key_id, signature=sent.signature, inferred=tuple(sent.inferred_rules))


def _role(keys: Keyring, key_id: str) -> str:
    return keys[key_id].role.value if key_id in keys else ""


def _time(moment_us: int | None) -> Timestamp | None:
    if moment_us is None:
        return None
    told = Timestamp()
    told.FromMicroseconds(moment_us)
    return told


def _event(event: Event) -> pb.ReleaseEvent:
    key = key_in(event)
    return pb.ReleaseEvent(
        position=event.position,
        kind=int(event.kind),  # type: ignore[arg-type]
        licensee_id=event.licensee,
        name=event.name,
        version=event.version,
        digest=event.digest,
        key_ids=[one.key_id for one in event.signatures] if key is None else [key],
        persons=event.persons,
        refusal=event.refusal,
        detail=event.detail,
        record_time=_time(event.recorded_us),
    )
