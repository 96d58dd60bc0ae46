"""Opening play, by way of the compliance service."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
import grpc.aio

from mesh import logs
from mesh.channels import call_metadata
from mesh.errors import DependencyDownError, InternalError, MeshError, RequestInvalidError
from mesh.status import read_error
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss.type.v1 import decision_pb2
from pitboss.type.v1 import outcome_pb2 as outcomes
from pitboss.wallet.v1 import action_pb2
from session_svc.domain.session import Assertion, LedgerPosition, Order, Session
from session_svc.errors import GameNotAvailableError, PlayDeniedError, PlayerNotFoundError
from session_svc.ports import PlayOpened

_log = logs.get("session_svc.law")

_VIOLATIONS: Mapping[outcomes.Outcome.ValueType, tuple[str, str]] = {
    outcomes.OUTCOME_CURRENCY_MISMATCH: ("currency_code", "is not a currency of an account of the player"),
    outcomes.OUTCOME_AMOUNT_INVALID: ("spend_limit", "is no exact amount of the session's currency"),
}
_PLAYER_UNKNOWN = frozenset({"ERROR_REASON_PLAYER_NOT_FOUND", "ERROR_REASON_LICENSEE_NOT_FOUND"})


class ComplianceLaw:
    """Implements `ports.Law`."""

    def __init__(self, channel: grpc.aio.Channel, *, timeout_s: float) -> None:
        self._stub = ComplianceServiceStub(channel)
        self._timeout_s = timeout_s

    async def open_play(self, session: Session, assertion: Assertion | None) -> PlayOpened:
        order = session.order
        try:
            response = await self._stub.OpenPlay(
                _request(session, assertion), timeout=self._timeout_s, metadata=call_metadata(order.licensee)
            )
        except grpc.aio.AioRpcError as error:
            raise _failure(error, order, session_id=session.session_id) from error
        return _opened(response, session)

    async def end_activity(self, session: Session) -> None:
        order = session.order
        request = pb.EndActivityRequest(player_id=order.player_id, session_id=session.session_id)
        try:
            await self._stub.EndActivity(request, timeout=self._timeout_s, metadata=call_metadata(order.licensee))
        except grpc.aio.AioRpcError as error:
            failure = _failure(error, order, session_id=session.session_id)
            if not isinstance(failure, PlayerNotFoundError):
                raise failure from error

    async def allow_demo(self, order: Order) -> str:
        request = pb.EvaluateDemoPlayRequest(player_id=order.player_id)
        try:
            response = await self._stub.EvaluateDemoPlay(
                request, timeout=self._timeout_s, metadata=call_metadata(order.licensee)
            )
        except grpc.aio.AioRpcError as error:
            raise _failure(error, order) from error
        decision = response.decision
        if decision.verdict != decision_pb2.VERDICT_ALLOW:
            raise PlayDeniedError(reasons=",".join(decision.reasons), pack=decision.pack)
        return decision.pack


def _request(session: Session, assertion: Assertion | None) -> pb.OpenPlayRequest:
    order = session.order
    request = pb.OpenPlayRequest(
        player_id=order.player_id,
        # One session is opened once, however often it is asked for.
        transaction_key=session.session_id,
        open_play=action_pb2.OpenPlay(
            session_id=session.session_id,
            provider=order.provider,
            currency_code=order.currency,
            game_id=order.game_id,
            replaces_older=True,
            order_key=order.client_key,
        ),
    )
    request.open_play.expire_time.FromDatetime(session.expires_at)
    if order.check_every_s is not None:
        request.open_play.reality_check_interval.seconds = order.check_every_s
    if order.spend_limit:
        request.open_play.spend_limit.currency_code = order.currency
        request.open_play.spend_limit.amount = order.spend_limit
    if order.seconds_limit is not None:
        request.open_play.time_limit.seconds = order.seconds_limit
    if assertion is not None:
        request.open_play.assertion.nonce = assertion.nonce
        request.open_play.assertion.signature = assertion.signature
        request.open_play.assertion.issue_time.FromMicroseconds(assertion.issued_us)
    return request


def _failure(error: grpc.aio.AioRpcError, order: Order, **about: str) -> MeshError:
    told = read_error(error)
    if told.code is grpc.StatusCode.NOT_FOUND and told.reason in _PLAYER_UNKNOWN:
        return PlayerNotFoundError(player_id=order.player_id)
    _log.warning("the law did not answer", code=told.code.name, reason=told.reason, **about)
    return DependencyDownError(dependency="compliance_svc", retry_after=told.retry_after or 1.0)


def _opened(response: pb.OpenPlayResponse, session: Session) -> PlayOpened:
    result = response.result
    if result.outcome != outcomes.OUTCOME_OK:
        raise refusal(result, session)
    return PlayOpened(
        position=LedgerPosition.parse(result.transaction_id),
        jurisdiction=response.jurisdiction,
        counted=response.activity_counted,
    )


def refusal(result: action_pb2.Result, session: Session) -> MeshError:
    """Why the ledger did not open play, in our words."""
    order = session.order
    match result.outcome:
        case outcomes.OUTCOME_COMPLIANCE_DENIED | outcomes.OUTCOME_LIMIT_EXCEEDED | outcomes.OUTCOME_PLAYER_BLOCKED:
            return PlayDeniedError(reasons=_reasons(result), pack=result.decision.pack)
        case outcomes.OUTCOME_PLAYER_NOT_FOUND:
            return PlayerNotFoundError(player_id=order.player_id)
        case outcomes.OUTCOME_GAME_NOT_AVAILABLE:
            return GameNotAvailableError(provider=order.provider, game_id=order.game_id)
        case outcomes.OUTCOME_CURRENCY_MISMATCH | outcomes.OUTCOME_AMOUNT_INVALID:
            return RequestInvalidError(violations=[_VIOLATIONS[result.outcome]])
    if result.outcome_class in (outcomes.OUTCOME_CLASS_RETRY, outcomes.OUTCOME_CLASS_UNCERTAIN):
        return DependencyDownError(dependency="wallet_svc", retry_after=1.0)
    _log.error("the ledger refused to open play", session_id=session.session_id, outcome=result.outcome)
    return InternalError()


def _reasons(result: action_pb2.Result) -> str:
    return ",".join(result.decision.reasons) or outcomes.Outcome.Name(result.outcome).removeprefix("OUTCOME_")
