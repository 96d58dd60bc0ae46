"""What the ledger and the sessions say, as events of the audit log. Pure."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message

from audit_svc.domain import Draft, RecordClass
from audit_svc.domain.rounds import Papers
from pitboss.compliance.v1 import pack_release_service_pb2, policy_service_pb2, risk_case_service_pb2
from pitboss.session.v1 import session_service_pb2
from pitboss.type.v1 import outcome_pb2
from pitboss.wallet.v1 import ledger_service_pb2, registry_service_pb2
from pitboss.wallet.v1 import transaction_pb2 as tx

PACKS: Final = "packs"
RELEASES: Final = "releases"
_RELEASE_CLASSES: Final = {"key_added": RecordClass.KEY, "key_removed": RecordClass.KEY, "zone_data": RecordClass.PACK}
CASES: Final = "cases"

_STAFF: Final = frozenset({
    tx.TRANSACTION_KIND_ADJUST,
    tx.TRANSACTION_KIND_PROPOSE_ADJUSTMENT,
    tx.TRANSACTION_KIND_APPROVE_ADJUSTMENT,
    tx.TRANSACTION_KIND_SET_BLOCK,
    tx.TRANSACTION_KIND_FREEZE_ACCOUNT,
    tx.TRANSACTION_KIND_UNFREEZE_ACCOUNT,
    tx.TRANSACTION_KIND_CLOSE_ACCOUNT,
    tx.TRANSACTION_KIND_REOPEN_ACCOUNT,
    tx.TRANSACTION_KIND_APPROVE_REINSTATEMENT,
    tx.TRANSACTION_KIND_RECORD_FINDING,
})  # fmt: skip


def ledger_source(shard: int) -> str:
    """Name of a shard's log as a source."""
    return f"ledger/{shard}"


def heads_source(shard: int) -> str:
    """Name of a shard's chain as a source."""
    return f"heads/{shard}"


def sessions_source(licensee: str) -> str:
    """Name of a licensee's sessions as a source."""
    return f"sessions/{licensee}"


def page_drafts(shard: int, after: int, position: int, entries: Iterable[tx.Entry]) -> list[Draft]:
    """The events of one page of a shard's log: its entries, and last the span of money that they are."""
    entries = list(entries)
    drafts = [draft for entry in entries for draft in _entry_drafts(entry)]
    content = {
        "shard": shard,
        "first": after + 1,
        "last": position,
        "entries": len(entries),
        "postings": sum(entry.HasField("moved") for entry in entries),
        "decisions": sum(bool(entry.decision_json) for entry in entries),
    }
    recorded_us = entries[-1].transaction.record_time.ToMicroseconds() if entries else 0
    span = Draft(
        record_class=RecordClass.MONEY,
        source=ledger_source(shard),
        key=f"span-{position}",
        recorded_us=recorded_us,
        content=content,
    )
    return [*drafts, span]


def _entry_drafts(entry: tx.Entry) -> Iterator[Draft]:
    if entry.decision_json:
        yield _of_player(entry, RecordClass.DECISION, "decision", _decision(entry))
    transaction = entry.transaction
    # Only the first row of an operation has its key; further rows are its money.
    if not transaction.transaction_key:
        return
    if transaction.round_id:
        yield _of_player(entry, RecordClass.ROUND, "round", _round(entry))
    if transaction.kind in _STAFF:
        yield _of_player(entry, RecordClass.STAFF, "staff", _common(entry))


def _of_player(entry: tx.Entry, record_class: RecordClass, name: str, content: dict[str, Any]) -> Draft:
    transaction = entry.transaction
    return Draft(
        record_class=record_class,
        source=ledger_source(entry.shard),
        key=f"{name}-{entry.sequence}",
        recorded_us=transaction.record_time.ToMicroseconds(),
        content=content,
        licensee=entry.licensee_id,
        player=transaction.player_id,
    )


def _common(entry: tx.Entry) -> dict[str, Any]:
    transaction = entry.transaction
    found: dict[str, Any] = {
        "id": f"{entry.shard}-{entry.sequence}",
        "licensee": entry.licensee_id,
        "player": transaction.player_id,
        "kind": _name(tx.TransactionKind, transaction.kind),
        "source": transaction.source,
        "key": transaction.transaction_key,
        "outcome": _name(outcome_pb2.Outcome, transaction.outcome),
        "reference": transaction.reference_key,
        "request_id": transaction.request_id,
    }
    if transaction.HasField("amount"):
        found |= {"amount": transaction.amount.amount, "currency": transaction.amount.currency_code}
    return found


def _decision(entry: tx.Entry) -> dict[str, Any]:
    # The record as it is, to the byte: it is what a replay is compared with.
    return {**_common(entry), "pack": entry.pack, "pack_digest": entry.pack_digest, "record": entry.decision_json}


def _round(entry: tx.Entry) -> dict[str, Any]:
    transaction = entry.transaction
    found = {
        **_common(entry),
        "round": transaction.round_id,
        "game": transaction.game_id,
        "session": transaction.session_id,
        "moved": entry.HasField("moved"),
        "balance": transaction.balance_at_commit.amount,
        "applied": transaction.state == tx.TRANSACTION_STATE_APPLIED,
        "closes": transaction.closes_round,
    }
    if transaction.HasField("bonus_part"):
        found["bonus"] = transaction.bonus_part.amount
    if transaction.HasField("jackpot_part"):
        found["jackpot"] = transaction.jackpot_part.amount
    if entry.decision_json:
        digest = hashlib.sha256(entry.decision_json.encode()).hexdigest()
        found |= {"decision": digest, "pack": entry.pack, "pack_digest": entry.pack_digest}
    return found


def _name(enum: Any, number: int) -> str:  # noqa: ANN401 - generated enums have no common type
    """A value of an enum without the enum's own name before it; the number if this process is older than the value."""
    try:
        name: str = enum.Name(number)
    except ValueError:
        return str(number)
    return name.removeprefix("TRANSACTION_KIND_").removeprefix("OUTCOME_").lower()


def head_draft(head: ledger_service_pb2.Head, now_us: int) -> Draft:
    """How far a shard's chain went, and its digest there."""
    return Draft(
        record_class=RecordClass.MONEY,
        source=heads_source(head.shard),
        key=f"head-{head.sequence}",
        recorded_us=now_us,
        content={"shard": head.shard, "sequence": head.sequence, "digest": head.digest.hex()},
    )


def session_draft(licensee: str, change: session_service_pb2.WatchSessionsResponse, now_us: int) -> Draft:
    """A session that changed."""
    return Draft(
        record_class=RecordClass.SESSION,
        source=sessions_source(licensee),
        key=str(change.cursor),
        recorded_us=now_us,
        content={"licensee": licensee, "cursor": change.cursor, "session": _plain(change.session)},
        licensee=licensee,
        player=change.session.player_id,
    )


def pack_draft(pack: policy_service_pb2.Pack, now_us: int) -> Draft:
    """A law pack that is loaded."""
    return Draft(
        record_class=RecordClass.PACK,
        source=PACKS,
        key=f"{pack.name}@{pack.version}/{pack.digest}",
        recorded_us=now_us,
        content=_plain(pack),
    )


def release_draft(event: pack_release_service_pb2.ReleaseEvent) -> Draft:
    """What was done about a law pack or a key that signs them, and by whom."""
    content = _plain(event)
    kind = pack_release_service_pb2.ReleaseEventKind.Name(event.kind).removeprefix("RELEASE_EVENT_KIND_").lower()
    return Draft(
        record_class=_RELEASE_CLASSES.get(kind, RecordClass.STAFF),
        source=RELEASES,
        key=str(event.position),
        recorded_us=event.record_time.ToMicroseconds(),
        content={**content, "kind": kind},
        licensee=event.licensee_id,
    )


def case_draft(event: risk_case_service_pb2.CaseEvent) -> Draft:
    """A step about a case of risk monitoring."""
    return Draft(
        record_class=RecordClass.STAFF,
        source=CASES,
        key=str(event.position),
        recorded_us=event.record_time.ToMicroseconds(),
        content=_plain(event),
        licensee=event.licensee_id,
        player=event.player_id,
    )


def papers_of(shown: registry_service_pb2.ShownPapers) -> Papers:
    """Papers of a game."""
    papers = shown.papers
    return Papers(
        licensee=shown.licensee_id,
        provider=shown.provider,
        game=shown.game_id,
        since_us=shown.since_time.ToMicroseconds(),
        build=papers.build,
        certified=papers.build in papers.certified_builds,
        certificate=papers.certificate_id,
        return_ppm=papers.return_ppm,
        deviation_ppm=papers.deviation_ppm,
    )


def level_name(account: registry_service_pb2.ProviderAccount) -> str:
    """A level as "R0" to "R3"."""
    name = registry_service_pb2.ReproductionLevel.Name(account.reproduction_level)
    return name.removeprefix("REPRODUCTION_LEVEL_")


def _plain(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json_format.MessageToJson(message, preserving_proto_field_name=True))
    return found
