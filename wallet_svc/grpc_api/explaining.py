"""An explanation on the wire."""

from google.protobuf.duration_pb2 import Duration

from mesh.identity import ADAPTER_PREFIX, GATEWAY
from pitboss.wallet.v1 import history_service_pb2 as pb
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import AccountClass
from wallet_svc.explaining import Attempt, Explanation, HoldNow
from wallet_svc.grpc_api.pending import call_of
from wallet_svc.grpc_api.results import decision_of, money, timestamp, transaction_of
from wallet_svc.store.running import Row


def explanation_of(found: Explanation) -> pb.ExplainTransactionResponse:
    """Everything about one transaction."""
    entry, registry = found.stored.entry, found.registry
    stored, commitment = [found.stored, *found.related], found.commitment
    transactions = [transaction_of(one.entry, one.player, registry, rolled_back=one.rolled_back) for one in stored]
    return pb.ExplainTransactionResponse(
        transaction=transactions[0],
        attempts=[_attempt(one) for one in found.attempts],
        attempt_count=found.attempt_count,
        decision=decision_of(entry) if entry.decision_json else None,
        postings=[_posting(one, found) for one in found.postings],
        related=transactions[1:],
        round_state=found.round_state.value,  # type: ignore[arg-type]
        hold=_hold(found.hold) if found.hold is not None else None,
        commitment=pb.Commitment(
            writer=commitment.writer,
            record_time=timestamp(commitment.recorded_us),
            first_sequence=commitment.first_sequence,
            count=commitment.count,
            digest=bytes(commitment.digest),
        ),
        refused_messages=[_refused(one) for one in found.refused],
        upstream_attempts=[_upstream(one, entry.shard) for one in found.upstream],
        pending_calls=[call_of(one, registry) for one in found.pending],
    )


def _attempt(one: Attempt) -> pb.Attempt:
    return pb.Attempt(
        time=timestamp(one.at_us),
        caller=one.caller,
        request_id=one.request_id,
        outcome=one.outcome.value,  # type: ignore[arg-type]
        replayed=one.replayed,
        content_json=one.content or "",
        proof=_proof(one.caller),
    )


def _proof(caller: str) -> pb.AttemptProof.ValueType:
    if caller.startswith(ADAPTER_PREFIX):
        return pb.ATTEMPT_PROOF_SIGNATURE
    return pb.ATTEMPT_PROOF_TOKEN if caller == GATEWAY else pb.ATTEMPT_PROOF_WORKLOAD


def _refused(row: Row) -> pb.RefusedMessage:
    return pb.RefusedMessage(
        time=timestamp(row.at_us),
        event=row.event,
        request_id=row.request_id,
        path=row.path,
        body_bytes=row.body_bytes,
    )


def _upstream(row: Row, shard: int) -> pb.UpstreamAttempt:
    latency = Duration()
    latency.FromMicroseconds(row.took_us)
    return pb.UpstreamAttempt(
        time=timestamp(row.at_us),
        method=row.method,
        call_key=f"{shard}-{row.sequence}",
        latency=latency,
        answer=row.answered,
        outcome=row.outcome or 0,  # type: ignore[arg-type]
    )


def _posting(entry: Entry, found: Explanation) -> pb.Posting:
    posting = pb.Posting(
        posting_id=f"{entry.shard}-{entry.sequence}",
        debit=_account(entry.debit_id, entry.debit_after, entry, found),
        credit=_account(entry.credit_id, entry.credit_after, entry, found),
    )
    if entry.asset is not None:
        posting.amount.CopyFrom(money(entry.moved, entry.asset))
    return posting


def _account(id_: int | None, after: int | None, entry: Entry, found: Explanation) -> pb.BookAccount:
    row = found.accounts[id_ or 0]
    account = pb.BookAccount(
        account_id=row.id,
        account_class=row.account_class,
        player_id=row.player or "",
        source=found.registry.source_names[row.source_id] if row.account_class > AccountClass.HOUSE else "",
    )
    if after is not None and entry.asset is not None:
        account.balance.CopyFrom(money(after, entry.asset))
    return account


def _hold(hold: HoldNow) -> pb.HoldView:
    view = pb.HoldView(
        hold_key=hold.key,
        state=hold.state.value,  # type: ignore[arg-type]
        amount=money(hold.amount, hold.asset),
        captured=money(hold.captured, hold.asset),
        released=money(hold.released, hold.asset),
    )
    if hold.expires_us is not None:
        view.expire_time.CopyFrom(timestamp(hold.expires_us))
    return view
