"""The ledger, as far as it is compared with providers' records."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import grpc
import grpc.aio

from mesh import logs
from mesh.channels import AffinityStub, call_metadata
from mesh.errors import DeadlineExceededError, DependencyDownError
from mesh.status import read_error
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import history_service_pb2 as history
from pitboss.wallet.v1 import ledger_service_pb2 as ledger
from pitboss.wallet.v1 import transaction_pb2 as pb
from pitboss.wallet.v1.action_pb2 import ROUND_STATE_CLOSED, ROUND_STATE_OPEN
from pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceStub
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from session_svc.clients.records import moment
from session_svc.domain.reconciling import NOTHING, Key, Kind, Line, Own, Span, State

_log = logs.get("session_svc.history")

_KINDS: Final[Mapping[Kind, pb.TransactionKind.ValueType]] = {
    Kind.BET: pb.TRANSACTION_KIND_BET,
    Kind.WIN: pb.TRANSACTION_KIND_WIN,
    Kind.CANCEL: pb.TRANSACTION_KIND_CANCEL,
}
_NAMES: Final = {number: kind for kind, number in _KINDS.items()}
_STATES: Final[Mapping[int, State]] = {
    pb.TRANSACTION_STATE_APPLIED: State.APPLIED,
    pb.TRANSACTION_STATE_REFUSED: State.REFUSED,
    pb.TRANSACTION_STATE_TOMBSTONED: State.TOMBSTONED,
}
_ROUNDS: Final = {ROUND_STATE_OPEN: "open", ROUND_STATE_CLOSED: "closed"}
_NOT_KNOWN: Final = frozenset({
    "ERROR_REASON_CURRENCY_UNKNOWN",
    "ERROR_REASON_PROVIDER_NOT_FOUND",
    "ERROR_REASON_LICENSEE_NOT_FOUND",
    "ERROR_REASON_PLAYER_NOT_FOUND",
})  # fmt: skip
"""The ledger has never seen it, so it has nothing of it."""
_LINES_AT_ONCE: Final = 500


class ComparedLedger:
    """Implements `ports.LedgerHistory`."""

    def __init__(self, channels: Sequence[grpc.aio.Channel], *, timeout_s: float, compare_timeout_s: float) -> None:
        self._ledger = AffinityStub(channels, LedgerServiceStub)
        self._histories = [HistoryServiceStub(channel) for channel in channels]
        self._timeout_s = timeout_s
        self._compare_timeout_s = compare_timeout_s

    async def suspects(
        self, provider: str, licensee: str, currency: str, span: Span, lines: Sequence[Line]
    ) -> tuple[list[Key], list[Key]]:
        differing: list[Key] = []
        unmatched: list[Key] = []
        try:
            async for one in self._differences(provider, licensee, currency, span, lines):
                (differing if one.HasField("there") else unmatched).append(_key(licensee, one))
        except grpc.aio.AioRpcError as error:
            if read_error(error).reason not in _NOT_KNOWN:
                raise _down(error) from error
            return [line.key for line in lines], []
        return differing, unmatched

    async def _differences(
        self, provider: str, licensee: str, currency: str, span: Span, lines: Sequence[Line]
    ) -> AsyncIterator[history.Difference]:
        # The reading is spread over the replicas; nothing of it is cached there.
        stub = self._histories[hash((provider, licensee, currency)) % len(self._histories)]
        scope = history.ComparedScope(
            source=provider,
            currency_code=currency,
            start_time=moment(span.start),
            end_time=moment(span.end),
            kinds=list(_KINDS.values()),
        )
        call: Any = stub.CompareStatement(
            _requests(scope, lines), timeout=self._compare_timeout_s, metadata=call_metadata(licensee)
        )
        try:
            async for answer in call:
                for one in answer.differences:
                    yield one
        finally:
            call.cancel()

    async def own(self, provider: str, key: Key) -> Own:
        request = ledger.GetTransactionRequest(
            player_id=key.player_id, kind=_KINDS[key.kind], transaction_key=key.transaction_key, source=provider
        )
        found = await self._ask("GetTransaction", request, key)
        return NOTHING if found is None else own_of(found.transaction)

    async def round_state(self, provider: str, key: Key, round_id: str) -> str:
        request = ledger.GetRoundRequest(player_id=key.player_id, provider=provider, round_id=round_id)
        found = await self._ask("GetRound", request, key)
        return "" if found is None else _ROUNDS.get(found.state, "")

    async def _ask(self, method: str, request: Any, key: Key) -> Any:  # noqa: ANN401 - as the stub has it
        try:
            return await self._ledger.call(
                method, request, licensee=key.licensee, player=key.player_id, timeout_s=self._timeout_s
            )
        except (grpc.aio.AioRpcError, DeadlineExceededError) as error:
            if isinstance(error, grpc.aio.AioRpcError) and read_error(error).reason in _NOT_KNOWN:
                return None
            raise _down(error) from error


def _requests(scope: history.ComparedScope, lines: Sequence[Line]) -> Iterator[history.CompareStatementRequest]:
    yield history.CompareStatementRequest(scope=scope)
    for first in range(0, len(lines), _LINES_AT_ONCE):
        page = history.ComparedLines(lines=map(_line, lines[first : first + _LINES_AT_ONCE]))
        yield history.CompareStatementRequest(lines=page)


def _line(line: Line) -> history.ComparedLine:
    made = history.ComparedLine(
        transaction_key=line.key.transaction_key, kind=_KINDS[line.key.kind], player_id=line.key.player_id
    )
    if line.key.kind is not Kind.CANCEL:
        made.state = pb.TRANSACTION_STATE_APPLIED
        if line.amount is not None:
            made.amount.CopyFrom(Money(currency_code=line.currency, amount=format(line.amount, "f")))
    return made


def _key(licensee: str, one: history.Difference) -> Key:
    # Ours names the player for certain.
    line = one.here if one.HasField("here") else one.there
    kind = _NAMES[line.kind]
    return Key(licensee=licensee, player_id=line.player_id, kind=kind, transaction_key=line.transaction_key)


def own_of(found: pb.Transaction) -> Own:
    """What the ledger has, as a value."""
    state = _STATES.get(found.state, State.UNKNOWN)
    if state is State.UNKNOWN:
        return NOTHING
    no_bet = found.kind == pb.TRANSACTION_KIND_WIN and found.outcome == Outcome.OUTCOME_ORIGINAL_NOT_FOUND
    return Own(
        state=State.ROLLED_BACK if state is State.APPLIED and found.rolled_back else state,
        currency=found.amount.currency_code,
        amount=Decimal(found.amount.amount) if found.amount.amount else None,
        outcome=Outcome.Name(found.outcome),
        transaction_id=found.transaction_id,
        round_id=found.round_id,
        is_orphan=no_bet or found.opened_case == pb.CASE_ORPHAN_WIN,
        recorded_at=found.record_time.ToDatetime(tzinfo=dt.UTC),
    )


def _down(error: grpc.aio.AioRpcError | DeadlineExceededError) -> DependencyDownError:
    if isinstance(error, grpc.aio.AioRpcError):
        told = read_error(error)
        _log.warning("the ledger could not be compared", code=told.code.name, reason=told.reason)
    return DependencyDownError(dependency="wallet_svc", retry_after=1.0)
