"""Calls about player protection and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pitboss_sdk import _reading as reading
from pitboss_sdk._conversation import Method, Plain, Send
from pitboss_sdk._keys import new_key, new_request_id
from pitboss_sdk._paging import Page
from pitboss_sdk._stubs.pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss_sdk._stubs.pitboss.compliance.v1 import decision_service_pb2 as decisions
from pitboss_sdk.errors import ProtectionDeniedError
from pitboss_sdk.money import Money
from pitboss_sdk.values import Assertion, Decision, DecisionRecord, Protection
from pitboss_sdk.vocabulary import Duty, EntryPurpose, LimitKind, Verdict

_Change: TypeAlias = (
    pb.SetLimitRequest
    | pb.ConfirmLimitRequest
    | pb.CancelPendingLimitRequest
    | pb.StartExclusionRequest
    | pb.StartBreakRequest
    | pb.RequestReinstatementRequest
    | pb.ApproveReinstatementRequest
    | pb.RecordDutyRequest
    | pb.CheckEntryRequest
    | pb.AcknowledgeRealityCheckRequest
    | pb.RenewAssertionRequest
    | pb.ReportFailedDepositRequest
)


def set_limit(player_id: str, kind: LimitKind, amount: Money, window: str, key: str | None) -> Plain[Decision]:
    """Set or change a limit."""
    request = pb.SetLimitRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        limit_kind=kind.value,  # type: ignore[arg-type]
        window=window,
        amount=reading.money_message(amount),
    )
    return _change(lambda stubs: stubs.compliance.SetLimit, request)


def confirm_limit(player_id: str, kind: LimitKind, window: str, key: str | None) -> Plain[Decision]:
    """Confirm a ripe increase."""
    request = pb.ConfirmLimitRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        limit_kind=kind.value,  # type: ignore[arg-type]
        window=window,
    )
    return _change(lambda stubs: stubs.compliance.ConfirmLimit, request)


def cancel_pending_limit(player_id: str, kind: LimitKind, window: str, key: str | None) -> Plain[Decision]:
    """Withdraw a pending increase."""
    request = pb.CancelPendingLimitRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        limit_kind=kind.value,  # type: ignore[arg-type]
        window=window,
    )
    return _change(lambda stubs: stubs.compliance.CancelPendingLimit, request)


def exclude(player_id: str, term: str, key: str | None) -> Plain[Decision]:
    """Exclude a player on own request."""
    request = pb.StartExclusionRequest(player_id=player_id, transaction_key=key or new_key(), term=term)
    return _change(lambda stubs: stubs.compliance.StartExclusion, request)


def take_break(player_id: str, term: str, key: str | None) -> Plain[Decision]:
    """Start a short break."""
    request = pb.StartBreakRequest(player_id=player_id, transaction_key=key or new_key(), term=term)
    return _change(lambda stubs: stubs.compliance.StartBreak, request)


def request_reinstatement(player_id: str, key: str | None) -> Plain[Decision]:
    """Ask for the end of an exclusion."""
    request = pb.RequestReinstatementRequest(player_id=player_id, transaction_key=key or new_key())
    return _change(lambda stubs: stubs.compliance.RequestReinstatement, request)


def approve_reinstatement(player_id: str, key: str | None) -> Plain[Decision]:
    """Agree to a return."""
    request = pb.ApproveReinstatementRequest(player_id=player_id, transaction_key=key or new_key())
    return _change(lambda stubs: stubs.compliance.ApproveReinstatement, request)


def record_duty(player_id: str, duty: Duty, reference: str, key: str | None) -> Plain[Decision]:
    """Record that a duty is done."""
    request = pb.RecordDutyRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        duty=duty.value,  # type: ignore[arg-type]
        reference=reference,
    )
    return _change(lambda stubs: stubs.compliance.RecordDuty, request)


def check_entry(player_id: str, purpose: EntryPurpose, key: str | None) -> Plain[Decision]:
    """Ask whether a player may log in, or be written to."""
    request = pb.CheckEntryRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        purpose=purpose.value,  # type: ignore[arg-type]
    )
    return _change(lambda stubs: stubs.compliance.CheckEntry, request)


def acknowledge_reality_check(player_id: str, session_id: str, key: str | None) -> Plain[Decision]:
    """Record that the player has seen the reality check."""
    request = pb.AcknowledgeRealityCheckRequest(
        player_id=player_id, transaction_key=key or new_key(), session_id=session_id
    )
    return _change(lambda stubs: stubs.compliance.AcknowledgeRealityCheck, request)


def renew_assertion(player_id: str, session_id: str, assertion: Assertion, key: str | None) -> Plain[Decision]:
    """Vouch anew for the stakes of a session."""
    request = pb.RenewAssertionRequest(
        player_id=player_id,
        transaction_key=key or new_key(),
        session_id=session_id,
        assertion=reading.assertion_message(assertion),
    )
    return _change(lambda stubs: stubs.compliance.RenewAssertion, request)


def report_failed_deposit(player_id: str, key: str | None) -> Plain[Decision]:
    """Record that a deposit did not succeed."""
    request = pb.ReportFailedDepositRequest(player_id=player_id, transaction_key=key or new_key())
    return _change(lambda stubs: stubs.compliance.ReportFailedDeposit, request)


def protection(player_id: str) -> Plain[Protection]:
    """Read limits, exclusion and break."""
    return Plain(
        first=Send(
            method=lambda stubs: stubs.compliance.GetProtection, request=pb.GetProtectionRequest(player_id=player_id)
        ),
        read=reading.protection,
    )


def decision(decision_id: str) -> Plain[DecisionRecord]:
    """Read one decision with every fact that was used."""
    return Plain(
        first=Send(
            method=lambda stubs: stubs.decisions.GetDecision,
            request=decisions.GetDecisionRequest(decision_id=decision_id),
        ),
        read=lambda response: reading.decision_record(response.record),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which decisions."""

    player_id: str
    only_refusals: bool


def decisions_page(scope: Scope, page_size: int, token: str) -> Plain[Page[DecisionRecord]]:
    """One page of a player's decisions."""
    request = decisions.ListDecisionsRequest(
        player_id=scope.player_id, only_refusals=scope.only_refusals, page_size=page_size, page_token=token
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.decisions.ListDecisions, request=request),
        read=lambda response: Page(
            items=tuple(reading.decision_record(each) for each in response.records),
            next_token=response.next_page_token,
        ),
    )


def _change(method: Method, request: _Change) -> Plain[Decision]:
    """A change of protection: the decision if the law allows or schedules it, else an exception."""
    key, request_id = request.transaction_key, new_request_id()

    def read(response: pb.SetLimitResponse) -> Decision:
        told = reading.decision(response.decision)
        if told.verdict not in {Verdict.ALLOW, Verdict.SCHEDULE}:
            raise ProtectionDeniedError(told, request_id=request_id, transaction_key=key)
        return told

    send = Send(method=method, request=request)
    return Plain(first=send, read=read, transaction_key=key, request_id=request_id)
