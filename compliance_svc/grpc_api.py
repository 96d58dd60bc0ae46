"""The wire: requests to use cases, results to responses. No rules."""

from google.protobuf.timestamp_pb2 import Timestamp

from compliance_svc.app import DecisionLog, DemoPlays, PlayerProtection, Policies, decision_message, record_message
from compliance_svc.domain import LimitView, StoredDecision
from compliance_svc.kernel import LimitKind, Pack
from compliance_svc.kernel.explaining import Line
from mesh import paging
from mesh.clock import from_us
from mesh.identity import require_licensee
from mesh.money import to_text
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1 import (
    compliance_service_pb2_grpc,
    decision_service_pb2_grpc,
    policy_service_pb2_grpc,
)
from pitboss.compliance.v1 import decision_service_pb2 as decisions_pb
from pitboss.compliance.v1 import policy_service_pb2 as policy_pb
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2

_DEFAULT_PAGE = 50
_KINDS = {
    LimitKind.DEPOSIT: action_pb2.LIMIT_KIND_DEPOSIT,
    LimitKind.LOSS: action_pb2.LIMIT_KIND_LOSS,
    LimitKind.STAKE: action_pb2.LIMIT_KIND_STAKE,
    LimitKind.NETDEP: action_pb2.LIMIT_KIND_NETDEP,
    LimitKind.WAGER: action_pb2.LIMIT_KIND_WAGER,
}


class ComplianceServicer(compliance_service_pb2_grpc.ComplianceServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, protection: PlayerProtection, demo_plays: DemoPlays) -> None:
        self._protection = protection
        self._demo_plays = demo_plays

    async def Evaluate(self, request: pb.EvaluateRequest, context: object) -> pb.EvaluateResponse:
        decision = await self._protection.evaluate(require_licensee(), request.action)
        return pb.EvaluateResponse(decision=decision)

    async def OpenPlay(self, request: pb.OpenPlayRequest, context: object) -> pb.OpenPlayResponse:
        action = _action(request, open_play=request.open_play)
        opened = await self._protection.open_play(require_licensee(), action)
        jurisdiction = opened.result.decision.pack.partition("@")[0]
        return pb.OpenPlayResponse(result=opened.result, jurisdiction=jurisdiction, activity_counted=opened.counted)

    async def EndActivity(self, request: pb.EndActivityRequest, context: object) -> pb.EndActivityResponse:
        await self._protection.end_activity(require_licensee(), request.player_id, request.session_id)
        return pb.EndActivityResponse()

    async def EvaluateDemoPlay(
        self, request: pb.EvaluateDemoPlayRequest, context: object
    ) -> pb.EvaluateDemoPlayResponse:
        decision = await self._demo_plays.evaluate(require_licensee(), request.player_id)
        return pb.EvaluateDemoPlayResponse(decision=decision)

    async def SetLimit(self, request: pb.SetLimitRequest, context: object) -> pb.SetLimitResponse:
        limit = action_pb2.SetLimit(
            limit_kind=request.limit_kind, window=request.window, by_licensee=request.by_licensee
        )
        if request.HasField("amount"):
            limit.amount.CopyFrom(request.amount)
        if request.HasField("time"):
            limit.time.CopyFrom(request.time)
        decision = await self._protection.change(require_licensee(), _action(request, set_limit=limit))
        return pb.SetLimitResponse(decision=decision)

    async def ConfirmLimit(self, request: pb.ConfirmLimitRequest, context: object) -> pb.ConfirmLimitResponse:
        limit = action_pb2.ConfirmLimit(
            limit_kind=request.limit_kind, window=request.window, by_licensee=request.by_licensee
        )
        decision = await self._protection.change(require_licensee(), _action(request, confirm_limit=limit))
        return pb.ConfirmLimitResponse(decision=decision)

    async def CancelPendingLimit(
        self, request: pb.CancelPendingLimitRequest, context: object
    ) -> pb.CancelPendingLimitResponse:
        limit = action_pb2.CancelPendingLimit(limit_kind=request.limit_kind, window=request.window)
        decision = await self._protection.change(require_licensee(), _action(request, cancel_pending_limit=limit))
        return pb.CancelPendingLimitResponse(decision=decision)

    async def StartExclusion(self, request: pb.StartExclusionRequest, context: object) -> pb.StartExclusionResponse:
        exclusion = action_pb2.Exclude(term=request.term)
        decision = await self._protection.change(require_licensee(), _action(request, exclude=exclusion))
        return pb.StartExclusionResponse(decision=decision)

    async def StartBreak(self, request: pb.StartBreakRequest, context: object) -> pb.StartBreakResponse:
        pause = action_pb2.TakeBreak(term=request.term)
        decision = await self._protection.change(require_licensee(), _action(request, take_break=pause))
        return pb.StartBreakResponse(decision=decision)

    async def RequestReinstatement(
        self, request: pb.RequestReinstatementRequest, context: object
    ) -> pb.RequestReinstatementResponse:
        action = _action(request, request_reinstatement=action_pb2.RequestReinstatement())
        return pb.RequestReinstatementResponse(decision=await self._protection.change(require_licensee(), action))

    async def ApproveReinstatement(
        self, request: pb.ApproveReinstatementRequest, context: object
    ) -> pb.ApproveReinstatementResponse:
        action = _action(request, approve_reinstatement=protection_pb2.ApproveReinstatement())
        return pb.ApproveReinstatementResponse(decision=await self._protection.change(require_licensee(), action))

    async def RecordDuty(self, request: pb.RecordDutyRequest, context: object) -> pb.RecordDutyResponse:
        finding = protection_pb2.RecordFinding(
            check=protection_pb2.CheckFinding(check=request.duty),
            evidence=protection_pb2.Evidence(source="licensee", reference=request.reference),
        )
        decision = await self._protection.change(require_licensee(), _action(request, record_finding=finding))
        return pb.RecordDutyResponse(decision=decision)

    async def GetProtection(self, request: pb.GetProtectionRequest, context: object) -> pb.GetProtectionResponse:
        view, standing = await self._protection.protection(require_licensee(), request.player_id)
        response = pb.GetProtectionResponse(
            jurisdiction=standing.jurisdiction,
            blocked=standing.blocked,
            limits=[
                _limit(limit, standing.exponents[limit.currency])
                for limit in view.limits
                if limit.kind is not LimitKind.TIME
            ],
            excluded=view.excluded,
            time_limits=[_time_limit(limit, standing) for limit in view.limits if limit.kind is LimitKind.TIME],
        )
        usages = {(usage.limit_kind, usage.window): usage for usage in standing.limit_usages}
        for status in response.limits:
            _fill_usage(status, usages.get((status.limit_kind, status.window)))
        _set_time(response.eligible_time, view.eligible_us)
        _set_time(response.break_until_time, view.break_until_us)
        return response

    async def CheckEntry(self, request: pb.CheckEntryRequest, context: object) -> pb.CheckEntryResponse:
        entry = protection_pb2.Enter(purpose=request.purpose)
        if request.HasField("answers"):
            entry.answers.CopyFrom(request.answers)
        decision = await self._protection.check_entry(require_licensee(), _action(request, enter=entry))
        return pb.CheckEntryResponse(decision=decision)

    async def AcknowledgeRealityCheck(
        self, request: pb.AcknowledgeRealityCheckRequest, context: object
    ) -> pb.AcknowledgeRealityCheckResponse:
        seen = protection_pb2.ChangePlay(session_id=request.session_id, reality_check_seen=True)
        decision = await self._protection.change(require_licensee(), _action(request, change_play=seen))
        return pb.AcknowledgeRealityCheckResponse(decision=decision)

    async def RenewAssertion(self, request: pb.RenewAssertionRequest, context: object) -> pb.RenewAssertionResponse:
        newer = protection_pb2.ChangePlay(session_id=request.session_id, assertion=request.assertion)
        decision = await self._protection.change(require_licensee(), _action(request, change_play=newer))
        return pb.RenewAssertionResponse(decision=decision)

    async def ReportFailedDeposit(
        self, request: pb.ReportFailedDepositRequest, context: object
    ) -> pb.ReportFailedDepositResponse:
        failure = protection_pb2.DepositFailure()
        if request.HasField("event_time"):
            failure.event_time.CopyFrom(request.event_time)
        finding = protection_pb2.RecordFinding(deposit_failure=failure)
        decision = await self._protection.change(require_licensee(), _action(request, record_finding=finding))
        return pb.ReportFailedDepositResponse(decision=decision)

    async def RecordIdentity(self, request: pb.RecordIdentityRequest, context: object) -> pb.RecordIdentityResponse:
        finding = protection_pb2.RecordFinding(identity=request.finding)
        await self._protection.change(require_licensee(), _action(request, record_finding=finding))
        return pb.RecordIdentityResponse()

    async def RecordLocation(self, request: pb.RecordLocationRequest, context: object) -> pb.RecordLocationResponse:
        finding = protection_pb2.RecordFinding(location=request.finding, evidence=request.evidence)
        await self._protection.change(require_licensee(), _action(request, record_finding=finding))
        return pb.RecordLocationResponse()

    async def RecordScreening(self, request: pb.RecordScreeningRequest, context: object) -> pb.RecordScreeningResponse:
        screening = protection_pb2.ScreeningFinding(result=request.result)
        finding = protection_pb2.RecordFinding(screening=screening, evidence=request.evidence)
        await self._protection.change(require_licensee(), _action(request, record_finding=finding))
        return pb.RecordScreeningResponse()


def _action(request: object, **kind: object) -> action_pb2.Action:
    return action_pb2.Action(
        player_id=request.player_id,  # type: ignore[attr-defined]
        transaction_key=request.transaction_key,  # type: ignore[attr-defined]
        **kind,  # type: ignore[arg-type]
    )


def _limit(limit: LimitView, exponent: int) -> pb.LimitStatus:
    status = pb.LimitStatus(
        limit_kind=_KINDS[limit.kind],
        window=limit.window,
        amount=money_pb2.Money(currency_code=limit.currency, amount=to_text(limit.amount, exponent)),
    )
    if limit.pending is not None:
        status.pending_amount.currency_code = limit.currency
        status.pending_amount.amount = to_text(limit.pending, exponent)
        _set_time(status.effective_time, limit.effective_us)
    return status


def _time_limit(limit: LimitView, standing: ledger_service_pb2.GetPlayerResponse) -> pb.TimeLimitStatus:
    status = pb.TimeLimitStatus(window=limit.window)
    status.time.seconds = limit.amount
    if limit.pending is not None:
        status.pending_time.seconds = limit.pending
        _set_time(status.effective_time, limit.effective_us)
    for usage in standing.time_usages:
        if usage.window == limit.window:
            status.used.CopyFrom(usage.used)
    return status


def _fill_usage(status: pb.LimitStatus, usage: ledger_service_pb2.LimitUsage | None) -> None:
    if usage is None:
        return
    status.headroom.CopyFrom(usage.headroom)
    if usage.HasField("used"):
        status.used.CopyFrom(usage.used)


def _set_time(field: Timestamp, moment_us: int | None) -> None:
    if moment_us is not None:
        field.FromMicroseconds(moment_us)


class DecisionServicer(decision_service_pb2_grpc.DecisionServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, decisions: DecisionLog) -> None:
        self._decisions = decisions

    async def GetDecision(
        self, request: decisions_pb.GetDecisionRequest, context: object
    ) -> decisions_pb.GetDecisionResponse:
        stored = await self._decisions.get(require_licensee(), request.decision_id)
        return decisions_pb.GetDecisionResponse(record=_record(stored))

    async def ListDecisions(
        self, request: decisions_pb.ListDecisionsRequest, context: object
    ) -> decisions_pb.ListDecisionsResponse:
        size = request.page_size or _DEFAULT_PAGE
        found = await self._decisions.of_player(
            require_licensee(),
            request.player_id,
            paging.position(request.page_token, request.player_id),
            size,
            only_refusals=request.only_refusals,
            only_exclusions=request.only_exclusions,
        )
        token = paging.token(found[-1].sequence, request.player_id) if len(found) == size else ""
        return decisions_pb.ListDecisionsResponse(records=[_record(one) for one in found], next_page_token=token)

    async def ExplainDecision(
        self, request: decisions_pb.ExplainDecisionRequest, context: object
    ) -> decisions_pb.ExplainDecisionResponse:
        language = None if request.view == decisions_pb.EXPLANATION_VIEW_STAFF else request.language
        lines = await self._decisions.explain(require_licensee(), request.decision_id, language=language)
        return decisions_pb.ExplainDecisionResponse(lines=map(_line, lines))

    async def ReplayDecision(
        self, request: decisions_pb.ReplayDecisionRequest, context: object
    ) -> decisions_pb.ReplayDecisionResponse:
        found = await self._decisions.replay(require_licensee(), request.decision_id, request.pack)
        return decisions_pb.ReplayDecisionResponse(
            identical=found.identical,
            decision=record_message(found.again.record()),
            zone_data_changed=found.zone_data_changed,
        )


def _line(line: Line) -> decisions_pb.ExplanationLine:
    return decisions_pb.ExplanationLine(code=line.code, text=line.text)


def _record(stored: StoredDecision) -> decisions_pb.DecisionRecord:
    record = decisions_pb.DecisionRecord(
        decision=decision_message(stored),
        player_id=stored.player,
        kind=stored.kind,  # type: ignore[arg-type]
        transaction_key=stored.key,
        source=stored.source,
        outcome=stored.outcome,  # type: ignore[arg-type]
    )
    record.record_time.FromMicroseconds(stored.recorded_us)
    return record


class PolicyServicer(policy_service_pb2_grpc.PolicyServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    async def ListPacks(self, request: policy_pb.ListPacksRequest, context: object) -> policy_pb.ListPacksResponse:
        return policy_pb.ListPacksResponse(packs=[_pack(pack) for pack in await self._policies.all()])

    async def GetPack(self, request: policy_pb.GetPackRequest, context: object) -> policy_pb.GetPackResponse:
        pack = await self._policies.get(request.name, request.digest)
        return policy_pb.GetPackResponse(pack=_pack(pack), content_json=pack.content)


def _pack(pack: Pack) -> policy_pb.Pack:
    since = "" if pack.from_us <= 0 else from_us(pack.from_us).isoformat()
    return policy_pb.Pack(
        name=pack.name, version=pack.version, digest=pack.digest, zone=str(pack.zone), effective_from=since
    )
