"""The wire of RiskCaseService: requests to use cases, results to responses. No rules."""

from google.protobuf.timestamp_pb2 import Timestamp

from compliance_svc.risk.cases import Action, Case, Event
from compliance_svc.risk.desk import CaseDesk
from compliance_svc.risk.reading import text_of
from mesh import paging
from pitboss.compliance.v1 import risk_case_service_pb2 as pb
from pitboss.compliance.v1 import risk_case_service_pb2_grpc
from pitboss.type.v1.money_pb2 import Money

_DEFAULT_PAGE = 50
_MOST_EVENTS = 500


class RiskCaseServicer(risk_case_service_pb2_grpc.RiskCaseServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, desk: CaseDesk) -> None:
        self._desk = desk

    async def ListCases(self, request: pb.ListCasesRequest, context: object) -> pb.ListCasesResponse:
        owner = f"{request.licensee_id} {request.player_id} {request.with_closed}"
        size = request.page_size or _DEFAULT_PAGE
        found = await self._desk.newest(
            request.licensee_id,
            request.player_id,
            paging.position(request.page_token, owner),
            size,
            with_closed=request.with_closed,
        )
        token = paging.token(found[-1][0], owner) if len(found) == size else ""
        return pb.ListCasesResponse(cases=[self._case(case) for _, case in found], next_page_token=token)

    async def GetCase(self, request: pb.GetCaseRequest, context: object) -> pb.GetCaseResponse:
        found = await self._desk.get(request.case_id)
        return pb.GetCaseResponse(case=self._case(found), events=map(_event, found.events))

    async def ProposeCaseAction(
        self, request: pb.ProposeCaseActionRequest, context: object
    ) -> pb.ProposeCaseActionResponse:
        found = await self._desk.propose(request.case_id, Action(request.action), request.person, request.note)
        return pb.ProposeCaseActionResponse(case=self._case(found))

    async def ApproveCaseAction(
        self, request: pb.ApproveCaseActionRequest, context: object
    ) -> pb.ApproveCaseActionResponse:
        found = await self._desk.approve(request.case_id, request.proposal, request.person)
        return pb.ApproveCaseActionResponse(case=self._case(found))

    async def RefuseCaseAction(
        self, request: pb.RefuseCaseActionRequest, context: object
    ) -> pb.RefuseCaseActionResponse:
        found = await self._desk.refuse(request.case_id, request.proposal, request.person, request.note)
        return pb.RefuseCaseActionResponse(case=self._case(found))

    async def ListCaseEvents(self, request: pb.ListCaseEventsRequest, context: object) -> pb.ListCaseEventsResponse:
        return pb.ListCaseEventsResponse(events=map(_event, await self._desk.events(request.after, _MOST_EVENTS)))

    def _case(self, case: Case) -> pb.RiskCase:
        told = pb.RiskCase(
            case_id=case.id,
            licensee_id=case.licensee,
            player_id=case.player,
            rule=case.rule,
            requirement=case.requirement,
            pack=case.pack,
            pack_digest=case.pack_digest,
            found_time=_time(case.found_us),
            observed=Money(currency_code=case.currency, amount=text_of(case.observed)),
            threshold=Money(currency_code=case.currency, amount=text_of(case.threshold)),
            entries=case.entries,
            transaction_ids=case.evidence,
            flag_expire_time=_time(case.flag_until_us),
            state=int(case.state),  # type: ignore[arg-type]
            frozen=case.frozen,
            closed_by=int(case.closed_by or 0),  # type: ignore[arg-type]
            summary=case.summary,
        )
        if case.proposal is not None:
            told.proposal.CopyFrom(self._proposal(case.proposal))
        return told

    def _proposal(self, event: Event) -> pb.CaseProposal:
        return pb.CaseProposal(
            proposal=event.position,
            action=int(event.action or 0),  # type: ignore[arg-type]
            person=event.person,
            note=event.note,
            propose_time=_time(event.recorded_us),
            expire_time=_time(event.recorded_us + self._desk.keep_us),
        )


def _event(event: Event) -> pb.CaseEvent:
    return pb.CaseEvent(
        position=event.position,
        case_id=event.case_id,
        licensee_id=event.licensee,
        player_id=event.player,
        kind=int(event.kind),  # type: ignore[arg-type]
        action=int(event.action or 0),  # type: ignore[arg-type]
        person=event.person,
        note=event.note,
        proposal=event.proposal,
        record_time=_time(event.recorded_us),
    )


def _time(moment_us: int) -> Timestamp:
    told = Timestamp()
    told.FromMicroseconds(moment_us)
    return told
