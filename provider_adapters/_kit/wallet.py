"""The ledger, as an adapter sees it: always an outcome, never an exception.

Every write carries its key, so an answer that was lost is asked for again with the same key,
on the other replica first, for as long as the provider waits.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import grpc

from mesh import logs
from mesh.channels import AffinityStub, Metadata, call_metadata
from mesh.status import read_error
from pitboss.type.v1.outcome_pb2 import Outcome, OutcomeClass
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from pitboss.wallet.v1.ledger_service_pb2 import (
    ExecuteRequest,
    GetBalanceRequest,
    GetRoundRequest,
    GetRoundResponse,
)
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import current_request_id
from provider_adapters._kit.references import PlayerReference

T = TypeVar("T")

if TYPE_CHECKING:
    # Only the stubs have it.
    from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceAsyncStub

    _Ask = Callable[[LedgerServiceAsyncStub, float, Metadata], Awaitable[T]]

_log = logs.get("adapter_wallet")

_STAKES = frozenset({"bet", "bet_and_win", "tip"})
_FIRST_SHARE = 0.6
"""Part of the time left that one attempt may use while there is another replica to ask."""
_PAUSES_S = (0.0, 0.01, 0.03, 0.1)
_LEAST_ATTEMPT_S = 0.005

_ASK_AGAIN = frozenset({Outcome.OUTCOME_IN_PROGRESS, Outcome.OUTCOME_UNAVAILABLE, Outcome.OUTCOME_UNKNOWN})

_BY_REASON: Mapping[str, Outcome.ValueType] = {
    "ERROR_REASON_PLAYER_NOT_FOUND": Outcome.OUTCOME_PLAYER_NOT_FOUND,
    "ERROR_REASON_LICENSEE_NOT_FOUND": Outcome.OUTCOME_PLAYER_NOT_FOUND,
    "ERROR_REASON_LICENSEE_SUSPENDED": Outcome.OUTCOME_PLAYER_BLOCKED,
    "ERROR_REASON_CURRENCY_UNKNOWN": Outcome.OUTCOME_CURRENCY_MISMATCH,
    "ERROR_REASON_OVERLOADED": Outcome.OUTCOME_UNAVAILABLE,
}

_BY_CODE: Mapping[grpc.StatusCode, Outcome.ValueType] = {
    grpc.StatusCode.INVALID_ARGUMENT: Outcome.OUTCOME_REQUEST_INVALID,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Outcome.OUTCOME_UNAVAILABLE,
    grpc.StatusCode.PERMISSION_DENIED: Outcome.OUTCOME_UNAVAILABLE,
    grpc.StatusCode.UNAUTHENTICATED: Outcome.OUTCOME_UNAVAILABLE,
    grpc.StatusCode.FAILED_PRECONDITION: Outcome.OUTCOME_UNAVAILABLE,
    grpc.StatusCode.NOT_FOUND: Outcome.OUTCOME_UNAVAILABLE,
    grpc.StatusCode.UNIMPLEMENTED: Outcome.OUTCOME_UNAVAILABLE,
}
"""Codes that are sent before anything is decided. After any other one, nobody knows."""

_CLASSES: Mapping[Outcome.ValueType, OutcomeClass.ValueType] = {
    Outcome.OUTCOME_UNKNOWN: OutcomeClass.OUTCOME_CLASS_UNCERTAIN,
    Outcome.OUTCOME_UNAVAILABLE: OutcomeClass.OUTCOME_CLASS_RETRY,
    Outcome.OUTCOME_REQUEST_INVALID: OutcomeClass.OUTCOME_CLASS_FATAL,
}


def answer(outcome: Outcome.ValueType) -> Result:
    """A result that no ledger stored."""
    outcome_class = _CLASSES.get(outcome, OutcomeClass.OUTCOME_CLASS_REJECT)
    return Result(outcome=outcome, outcome_class=outcome_class)


def outcome_of_failure(code: grpc.StatusCode, reason: str) -> Outcome.ValueType:
    """What a failed call means for money."""
    by_reason = _BY_REASON.get(reason)
    return _BY_CODE.get(code, Outcome.OUTCOME_UNKNOWN) if by_reason is None else by_reason


def currency_of(found: GetRoundResponse) -> str:
    """Currency of the bet that opened a round. Empty for a round that was never opened."""
    for transaction in found.transactions:
        accepted = transaction.state == TransactionState.TRANSACTION_STATE_APPLIED
        if accepted and transaction.kind == TransactionKind.TRANSACTION_KIND_BET:
            return transaction.amount.currency_code
    return ""


class LedgerWallet:
    """`ports.Wallet` over LedgerService."""

    def __init__(self, ledger: AffinityStub[LedgerServiceAsyncStub], *, may_stake: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._may_stake = may_stake

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        """See `ports.Wallet`."""
        # The games of a provider that is down are hidden; a round begun now could not be finished.
        if action.WhichOneof("kind") in _STAKES and not self._may_stake():
            return answer(Outcome.OUTCOME_UNAVAILABLE)
        action.player_id = player.player_id
        request = ExecuteRequest(action=action)

        async def ask(stub: LedgerServiceAsyncStub, timeout_s: float, metadata: Metadata) -> Result:
            return (await stub.Execute(request, timeout=timeout_s, metadata=metadata)).result

        return await self._until_answered(ask, player, budget)

    async def balance(self, player: PlayerReference, currency_code: str, budget: Budget) -> Balances | Result:
        """See `ports.Wallet`."""
        request = GetBalanceRequest(player_id=player.player_id, currency_code=currency_code)

        async def ask(stub: LedgerServiceAsyncStub, timeout_s: float, metadata: Metadata) -> Balances:
            return (await stub.GetBalance(request, timeout=timeout_s, metadata=metadata)).balances

        return await self._until_answered(ask, player, budget)

    async def round_currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str | Result:
        """See `ports.Wallet`."""
        request = GetRoundRequest(player_id=player.player_id, round_id=round_id)

        async def ask(stub: LedgerServiceAsyncStub, timeout_s: float, metadata: Metadata) -> str:
            return currency_of(await stub.GetRound(request, timeout=timeout_s, metadata=metadata))

        return await self._until_answered(ask, player, budget)

    async def round_transactions(
        self, player: PlayerReference, round_id: str, budget: Budget
    ) -> Sequence[Transaction] | Result:
        """See `ports.Wallet`."""
        request = GetRoundRequest(player_id=player.player_id, round_id=round_id)

        async def ask(stub: LedgerServiceAsyncStub, timeout_s: float, metadata: Metadata) -> Sequence[Transaction]:
            return list((await stub.GetRound(request, timeout=timeout_s, metadata=metadata)).transactions)

        return await self._until_answered(ask, player, budget)

    async def _until_answered(self, ask: _Ask[T], player: PlayerReference, budget: Budget) -> T | Result:
        """Ask one replica after the other until one knows, or the time is over."""
        replicas = list(self._ledger.order(player.licensee, player.player_id))
        metadata = call_metadata(licensee=player.licensee, request_id=current_request_id() or None)
        share = _FIRST_SHARE if len(replicas) > 1 else 1.0
        found: T | Result = answer(Outcome.OUTCOME_UNAVAILABLE)
        maybe_done = False
        for attempt in itertools.count():
            if attempt:
                await asyncio.sleep(budget.capped(_PAUSES_S[min(attempt, len(_PAUSES_S)) - 1]))
            if budget.remaining() < _LEAST_ATTEMPT_S:
                break
            stub = replicas[attempt % len(replicas)]
            found = await _answered(ask(stub, budget.remaining() * share, metadata))
            if not isinstance(found, Result) or found.outcome not in _ASK_AGAIN:
                return found
            maybe_done = maybe_done or found.outcome == Outcome.OUTCOME_UNKNOWN
        # An earlier attempt may have been committed although the last one certainly was not.
        return answer(Outcome.OUTCOME_UNKNOWN) if maybe_done else found


async def _answered(call: Awaitable[T]) -> T | Result:
    try:
        return await call
    except grpc.RpcError as error:
        told = read_error(error)
        outcome = outcome_of_failure(told.code, told.reason)
        _log.warning("ledger call failed", code=told.code.name, reason=told.reason, outcome=Outcome.Name(outcome))
        return answer(outcome)
