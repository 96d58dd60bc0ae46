"""What the ledger and the logs know about one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from mesh.cli.output import CommandError
from mesh.cli.platform import adapter_channel, call, wallet_channel
from mesh.dev import running
from pitboss.provider.v1.provider_adapter_service_pb2 import GetDeliveryPolicyRequest
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub
from pitboss.wallet.v1 import history_service_pb2 as history
from pitboss.wallet.v1 import ledger_service_pb2 as ledger
from pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceStub
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which transaction is meant."""

    transaction: str
    licensee: str
    player: str
    kind: str
    source: str


def answer(asked: Question) -> dict[str, Any]:
    """The transaction, the round and the balances it belongs to, and every log line of its request."""
    owner, found = _find(asked)
    told = _explanation(owner, found)
    return {
        "licensee": owner,
        "transaction": _fields_of(found),
        "decision": told.get("decision"),
        "attempts": told.get("attempts", []),
        "attempt_count": int(told.get("attempt_count", 0)),
        "refused_messages": told.get("refused_messages", []),
        "upstream_attempts": told.get("upstream_attempts", []),
        "pending_calls": told.get("pending_calls", []),
        "deliveries": deliveries(found.source),
        "postings": told.get("postings", []),
        "related": told.get("related", []),
        "hold": told.get("hold"),
        "commitment": told.get("commitment"),
        "round": _round(owner, found),
        "balances": _balances(owner, found),
        "log": list(_log_lines(found.request_id)),
    }


def _find(asked: Question) -> tuple[str, Transaction]:
    request = _request(asked)
    owners = [asked.licensee] if asked.licensee else [each["id"] for each in running.read_mesh()["licensees"]]
    for owner in owners:
        found = _ledger(owner, "GetTransaction", request)
        if found is not None and found.transaction.state != TransactionState.TRANSACTION_STATE_UNKNOWN:
            return owner, found.transaction
    message = (
        f"{', '.join(owners)} has no transaction {asked.transaction!r}; "
        "name its licensee, or with the caller's key its player, kind and source"
    )
    raise CommandError(message)


def _request(asked: Question) -> ledger.GetTransactionRequest:
    if not asked.player:
        return ledger.GetTransactionRequest(transaction_id=asked.transaction)
    return ledger.GetTransactionRequest(
        player_id=asked.player, kind=_kind(asked.kind), source=asked.source, transaction_key=asked.transaction
    )


def _kind(name: str) -> TransactionKind.ValueType:
    try:
        return TransactionKind.Value(f"TRANSACTION_KIND_{name.upper()}")
    except ValueError:
        known = ", ".join(key.removeprefix("TRANSACTION_KIND_").lower() for key in list(TransactionKind.keys())[1:])
        message = f"{name!r} is no kind of transaction; there are: {known}"
        raise CommandError(message) from None


def _ledger(owner: str, method: str, request: Message) -> Any:  # noqa: ANN401 - the method decides
    """Call the ledger for a licensee; None if it knows nothing by this name."""
    with wallet_channel() as channel:
        try:
            return call(getattr(LedgerServiceStub(channel), method), request, licensee=owner)
        except CommandError as error:
            if "NOT_FOUND" in str(error):
                return None
            raise


def _explanation(owner: str, found: Transaction) -> dict[str, Any]:
    request = history.ExplainTransactionRequest(transaction_id=found.transaction_id)
    with wallet_channel() as channel:
        return _fields_of(call(HistoryServiceStub(channel).ExplainTransaction, request, licensee=owner))


def deliveries(source: str) -> list[dict[str, Any]]:
    """How the provider sends again what it has no clear answer to, if a provider sent it and its adapter answers."""
    if source not in running.read_mesh()["internal"]["adapters"]:
        return []
    with adapter_channel(source) as channel:
        try:
            told = call(ProviderAdapterServiceStub(channel).GetDeliveryPolicy, GetDeliveryPolicyRequest())
        except CommandError:
            return []
    return [_fields_of(each) for each in told.deliveries]


def _round(owner: str, found: Transaction) -> dict[str, Any] | None:
    if not found.round_id:
        return None
    request = ledger.GetRoundRequest(player_id=found.player_id, provider=found.source, round_id=found.round_id)
    reply = _ledger(owner, "GetRound", request)
    return _fields_of(reply) if reply else None


def _balances(owner: str, found: Transaction) -> dict[str, Any] | None:
    reply = _ledger(owner, "GetBalance", ledger.GetBalanceRequest(player_id=found.player_id))
    return _fields_of(reply.balances) if reply else None


def _fields_of(message: Message) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def _log_lines(request_id: str) -> Iterator[dict[str, Any]]:
    """What each process wrote about the request."""
    for process in running.read_mesh()["processes"] if request_id else ():
        for line in Path(process["log"]).read_text(errors="replace").splitlines():
            if request_id in line:
                yield {"process": process["name"], **_parsed(line)}


def _parsed(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        return {"line": line}
    return fields if isinstance(fields, dict) else {"line": line}
