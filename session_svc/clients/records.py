"""Providers' own records, through their adapters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import grpc
import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from mesh import logs
from mesh.channels import call_metadata
from mesh.errors import DependencyDownError
from mesh.status import read_error
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub
from session_svc.domain.reconciling import Belief, Key, Kind, Line, Span
from session_svc.domain.session import PlayerReference
from session_svc.errors import NoRecordError

_log = logs.get("session_svc.records")

_KINDS: Final[Mapping[pb.ProviderLedgerKind.ValueType, Kind]] = {
    pb.PROVIDER_LEDGER_KIND_BET: Kind.BET,
    pb.PROVIDER_LEDGER_KIND_WIN: Kind.WIN,
    pb.PROVIDER_LEDGER_KIND_CANCEL: Kind.CANCEL,
    pb.PROVIDER_LEDGER_KIND_CLOSE: Kind.CLOSE,
    pb.PROVIDER_LEDGER_KIND_GRANT: Kind.GRANT,
}
_MESSAGES: Final = tuple(number for number, kind in _KINDS.items() if kind is not Kind.GRANT)
_GRANTS: Final = (pb.PROVIDER_LEDGER_KIND_GRANT,)
_BELIEFS: Final[Mapping[int, Belief]] = {
    pb.PROVIDER_BELIEF_ACCEPTED: Belief.ACCEPTED,
    pb.PROVIDER_BELIEF_REFUSED: Belief.REFUSED,
    pb.PROVIDER_BELIEF_CANCELLED: Belief.CANCELLED,
    pb.PROVIDER_BELIEF_PENDING: Belief.PENDING,
    pb.PROVIDER_BELIEF_DISPUTED: Belief.DISPUTED,
}


class AdapterRecords:
    """Implements `ports.ProviderRecords`."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel], *, timeout_s: float) -> None:
        self._stubs = {name: ProviderAdapterServiceStub(channel) for name, channel in channels.items()}
        self._timeout_s = timeout_s

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._stubs)

    async def record(self, provider: str, span: Span) -> list[Line]:
        return await self._fetched(provider, span, _MESSAGES)

    async def grants(self, provider: str, span: Span) -> list[Line]:
        return await self._fetched(provider, span, _GRANTS)

    async def _fetched(self, provider: str, span: Span, kinds: Sequence[pb.ProviderLedgerKind.ValueType]) -> list[Line]:
        request = pb.FetchProviderLedgerRequest(start_time=moment(span.start), end_time=moment(span.end), kinds=kinds)
        call = self._stubs[provider].FetchProviderLedger(request, timeout=self._timeout_s, metadata=call_metadata())
        try:
            return [line async for page in call for line in map(line_of, page.lines) if line is not None]
        except grpc.aio.AioRpcError as error:
            told = read_error(error)
            if told.code is grpc.StatusCode.FAILED_PRECONDITION:
                raise NoRecordError(provider=provider) from error
            _log.warning("no record", provider=provider, code=told.code.name, reason=told.reason)
            raise DependencyDownError(dependency=f"provider_adapters/{provider}") from error


def line_of(line: pb.ProviderLedgerLine) -> Line | None:
    """One message; None if its player cannot be one of ours."""
    player = PlayerReference.parse(line.player_reference)
    if player is None or line.kind not in _KINDS or line.belief not in _BELIEFS:
        return None
    key = Key(
        licensee=player.licensee,
        player_id=player.player_id,
        kind=_KINDS[line.kind],
        transaction_key=line.transaction_key,
    )
    return Line(
        key=key,
        currency=line.currency_code,
        amount=Decimal(line.amount.amount) if line.HasField("amount") else None,
        round_id=line.round_id,
        belief=_BELIEFS[line.belief],
        sent_at=line.send_time.ToDatetime(tzinfo=dt.UTC),
        closes=line.closes,
        code=line.code,
    )


def moment(at: dt.datetime) -> Timestamp:
    """A moment on the wire."""
    made = Timestamp()
    made.FromDatetime(at)
    return made
