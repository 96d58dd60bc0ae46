"""What the audit log has of the messages of the cases: asked when a provider's run is over, for all of its cases at once.

Each message that the ledger stored is one event of its round there, with what was decided, what was moved, and the call that
did it; each stake that was taken is one decision too, whose record has the digest that the event names; and the log has read
the money up to there. What the ledger did not store is in no entry. A second run would show as a second event.
"""

from __future__ import annotations

import asyncio
import collections
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import grpc.aio

from mesh.channels import call_metadata
from mesh.dev.processes import AUDIT
from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from tests.conformance.office import CountingOffice

_STAKES: Final = frozenset({TransactionKind.TRANSACTION_KIND_BET, TransactionKind.TRANSACTION_KIND_TIP})
_WITHIN_S: Final = 120
_AT_ONCE: Final = 8
_PAGE: Final = 500
_Event = dict[str, Any]


@dataclass(slots=True)
class Trail:
    """What one case has said, as the ledger has it."""

    licensee: str
    stored: dict[str, dict[str, Transaction]] = field(default_factory=lambda: collections.defaultdict(dict))
    """What the ledger stored: by player, then by our id."""
    refused: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: collections.defaultdict(set))
    """Kind and key of what it did not store, by player."""

    def note(self, player: str, kind: TransactionKind.ValueType, key: str, found: Transaction) -> None:
        """A message of a player, and what the ledger has under its key."""
        if found.state == TransactionState.TRANSACTION_STATE_UNKNOWN:
            self.refused[player].add((_kind(kind), key))
        else:
            self.stored[player][found.transaction_id] = found

    @property
    def players(self) -> list[str]:
        """Everybody who is spoken of."""
        return sorted({*self.stored, *self.refused})


class AuditReader:
    """Asks the audit log of a stack, as the platform's staff does. A stack without one lacks nothing."""

    def __init__(self, office: CountingOffice) -> None:
        self._is_there = office.stack.options.audit
        self._log = AuditServiceStub(office.channel("platform", office.stack.around.ports.audit))
        self._spans: dict[int, tuple[int, int]] = {}
        """By shard: the next entry to read, and how far the shard is in the log."""
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def missing(self, trails: Sequence[Trail]) -> list[str]:
        """What the log lacks of each trail, or has too much of it; empty where nothing is wrong."""
        if not self._is_there:
            return [""] * len(trails)
        ids = [one for trail in trails for stored in trail.stored.values() for one in stored]
        try:
            await self._until_read(ids)
            return list(await asyncio.gather(*map(self._of_trail, trails)))
        except TimeoutError:
            return [f"{AUDIT} has not read the ledger within {_WITHIN_S} s"] * len(trails)
        except grpc.aio.AioRpcError as error:
            return [f"{AUDIT} answered {error.code().name}: {error.details()}"] * len(trails)

    async def _of_trail(self, trail: Trail) -> str:
        problems = await asyncio.gather(*(self._of_player(trail, player) for player in trail.players))
        return next(filter(None, problems), "")

    async def _of_player(self, trail: Trail, player: str) -> str:
        entries = [one async for one in self._entries(licensee_id=trail.licensee, player_id=player)]
        return next(wrong(entries, trail.stored[player], trail.refused[player]), "")

    async def _until_read(self, ids: Sequence[str]) -> None:
        """Wait until the log has the money of these transactions by reference."""
        wanted: dict[int, int] = collections.defaultdict(int)
        for shard, sequence in (map(int, one.split("-")) for one in ids):
            wanted[shard] = max(wanted[shard], sequence)
        async with asyncio.timeout(_WITHIN_S):
            for shard, sequence in wanted.items():
                while await self._position(shard) < sequence:
                    await asyncio.sleep(0.2)

    async def _position(self, shard: int) -> int:
        index, position = self._spans.get(shard, (0, 0))
        spans = self._entries(source=f"ledger/{shard}", record_classes=[pb.RECORD_CLASS_MONEY], from_index=index)
        async for entry in spans:
            index, position = entry.index + 1, max(position, int(entry.key.removeprefix("span-")))
        self._spans[shard] = (index, position)
        return position

    async def _entries(self, **said: Any) -> Any:
        request = pb.ListEntriesRequest(page_size=_PAGE, **said)
        while True:
            async with self._few:
                page = await self._log.ListEntries(request, timeout=60, wait_for_ready=True, metadata=call_metadata())
            for entry in page.entries:
                yield entry
            if not page.next_index:
                return
            request.from_index = page.next_index


def wrong(
    entries: Sequence[pb.Entry], stored: Mapping[str, Transaction], refused: set[tuple[str, str]]
) -> Iterator[str]:
    """What is wrong with a player's entries, given what the ledger stored (by our id) and what it did not."""
    events, records = _told(entries, pb.RECORD_CLASS_ROUND), _told(entries, pb.RECORD_CLASS_DECISION)
    for found in stored.values():
        yield from _wrong_event(found, events)
        if found.kind in _STAKES and found.state == TransactionState.TRANSACTION_STATE_APPLIED:
            yield from _wrong_decision(found, events, records)
    for event in events:
        if (event["kind"], event["key"]) in refused:
            yield f"audit log: {event['kind']} {event['key']} was not stored, and is entry {event['id']}"


def _told(entries: Sequence[pb.Entry], record_class: pb.RecordClass.ValueType) -> list[_Event]:
    """What entries of the ledger's log say. Records of rounds come from the audit log itself, and are not among them."""
    return [
        json.loads(one.payload)
        for one in entries
        if one.record_class == record_class and one.source.startswith("ledger/") and one.payload
    ]


def _wrong_event(found: Transaction, events: Sequence[_Event]) -> Iterator[str]:
    if not found.round_id:
        return
    same = [one for one in events if _name(one) == (found.source, _kind(found.kind), found.transaction_key)]
    if [one["id"] for one in same] != [found.transaction_id]:
        yield f"audit log: {found.transaction_id} is the entries {[one['id'] for one in same]}"
        return
    (event,) = same
    wanted = {
        "outcome": Outcome.Name(found.outcome).removeprefix("OUTCOME_").lower(),
        "request_id": found.request_id,
        "round": found.round_id,
        "reference": found.reference_key,
        "applied": found.state == TransactionState.TRANSACTION_STATE_APPLIED,
        "balance": found.balance_at_commit.amount,
    }
    for name, value in wanted.items():
        if event[name] != value:
            yield f"audit log: {name} of {found.transaction_id} is {event[name]} instead of {value}"
    if Decimal(event.get("amount", 0)) != Decimal(found.amount.amount or 0):
        yield f"audit log: amount of {found.transaction_id} is {event.get('amount')} instead of {found.amount.amount}"


def _wrong_decision(found: Transaction, events: Sequence[_Event], records: Sequence[_Event]) -> Iterator[str]:
    """The decision stands beside the stake, or beside the intent that went before it."""
    kinds = {_kind(found.kind), f"intent_{_kind(found.kind)}"}
    of_it = [one for one in records if (one["source"], one["key"]) == (found.source, found.transaction_key)]
    of_it = [one for one in of_it if one["kind"] in kinds]
    if len(of_it) != 1:
        yield f"audit log: {found.transaction_id} has {len(of_it)} decisions"
        return
    digest = hashlib.sha256(of_it[0]["record"].encode()).hexdigest()
    named = [one.get("decision") for one in events if one["id"] == of_it[0]["id"]]
    if found.round_id and named != [digest]:
        yield f"audit log: {of_it[0]['id']} names the decisions {named} instead of {digest}"


def _name(event: _Event) -> tuple[str, str, str]:
    return event["source"], event["kind"], event["key"]


def _kind(kind: TransactionKind.ValueType) -> str:
    return TransactionKind.Name(kind).removeprefix("TRANSACTION_KIND_").lower()
