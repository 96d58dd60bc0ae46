"""What a licensee's own wallet has not answered yet, on the wire."""

from pitboss.wallet.v1 import history_service_pb2 as pb
from wallet_svc.domain.state import Registry
from wallet_svc.domain.vocabulary import INTENT_KINDS, Kind
from wallet_svc.grpc_api.results import money, timestamp
from wallet_svc.store.running import Row


def call_of(row: Row, registry: Registry) -> pb.PendingCall:
    """One call."""
    call = pb.PendingCall(
        call_id=f"{row.shard}-{row.sequence}",
        player_id=row.player_name,
        kind=row.kind,
        stuck=row.stuck,
        attempts=row.attempts,
        next_attempt_time=timestamp(row.next_attempt_us),
        create_time=timestamp(row.created_us),
        last_error=row.last_error,
    )
    amount = row.amount if row.kind in _OF_ITS_AMOUNT else row.moved
    if amount is not None and row.asset_id is not None and row.kind != Kind.CLOSE_ROUND:
        call.amount.CopyFrom(money(amount, registry.assets_by_id[row.asset_id]))
    return call


_OF_ITS_AMOUNT = frozenset({*(kind.value for kind in INTENT_KINDS.values()), Kind.ROLLBACK_LIST.value})
"""Calls about the amount of their entry, which moved nothing itself."""
