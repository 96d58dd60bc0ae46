"""ReconciliationService."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp

from mesh.errors import RequestInvalidError
from pitboss.session.v1 import reconciliation_service_pb2 as pb
from pitboss.session.v1.reconciliation_service_pb2_grpc import ReconciliationServiceServicer
from pitboss.type.v1.money_pb2 import Money
from session_svc.app.reconciling import Reconciler
from session_svc.domain.reconciling import Case, Span
from session_svc.ports import KnownCase, Run

_DEFAULT_PAGE = 100
_LONGEST = dt.timedelta(days=2)


class ReconciliationServicer(ReconciliationServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    async def ReconcileProvider(
        self, request: pb.ReconcileProviderRequest, context: object
    ) -> pb.ReconcileProviderResponse:
        span = Span(start=request.start_time.ToDatetime(tzinfo=dt.UTC), end=request.end_time.ToDatetime(tzinfo=dt.UTC))
        if not dt.timedelta(0) < span.end - span.start <= _LONGEST:
            raise RequestInvalidError(violations=[("end_time", "must be after start_time, by two days at most")])
        found = await self._reconciler.compare_now(request.provider, span)
        return pb.ReconcileProviderResponse(messages=found.messages, cases=map(_message, found.cases))

    async def ListReconciliationCases(
        self, request: pb.ListReconciliationCasesRequest, context: object
    ) -> pb.ListReconciliationCasesResponse:
        found = await self._reconciler.cases(
            provider=request.provider,
            licensee=request.licensee_id,
            resolved=request.include_resolved,
            limit=request.page_size or _DEFAULT_PAGE,
        )
        return pb.ListReconciliationCasesResponse(cases=map(_known, found))

    async def ListReconciliationRuns(
        self, request: pb.ListReconciliationRunsRequest, context: object
    ) -> pb.ListReconciliationRunsResponse:
        return pb.ListReconciliationRunsResponse(runs=map(_run, await self._reconciler.runs()))


def _message(case: Case) -> pb.ReconciliationCase:
    message = pb.ReconciliationCase(
        provider=case.provider,
        licensee_id=case.key.licensee,
        case_class=pb.CaseClass.Value(f"CASE_CLASS_{case.case_class.upper()}"),
        kind=case.key.kind.value,
        transaction_key=case.key.transaction_key,
        player_id=case.key.player_id,
        round_id=case.round_id,
        state_there=case.state_there,
        state_here=case.state_here,
        outcome_here=case.outcome_here,
        round_here=case.round_here,
        transaction_id=case.transaction_id,
        event_time=_moment(case.at),
    )
    if case.amount_there is not None:
        message.amount_there.CopyFrom(_money(case.amount_there, case.currency))
    if case.amount_here is not None:
        message.amount_here.CopyFrom(_money(case.amount_here, case.currency))
    return message


def _known(known: KnownCase) -> pb.ReconciliationCase:
    message = _message(known.case)
    message.first_seen_time.CopyFrom(_moment(known.first_seen))
    message.last_seen_time.CopyFrom(_moment(known.last_seen))
    if known.resolved is not None:
        message.resolve_time.CopyFrom(_moment(known.resolved))
    return message


def _run(run: Run) -> pb.ReconciliationRun:
    return pb.ReconciliationRun(
        provider=run.provider,
        day=run.day.isoformat() if run.day else "",
        start_time=_moment(run.span.start),
        end_time=_moment(run.span.end),
        run_time=_moment(run.run_at),
        messages=run.messages,
        cases=run.cases,
    )


def _money(amount: Decimal, currency: str) -> Money:
    return Money(currency_code=currency, amount=format(amount, "f"))


def _moment(at: dt.datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(at)
    return made
