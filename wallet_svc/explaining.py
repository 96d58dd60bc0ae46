"""Everything about one transaction, for a person who wants to know where the money is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mesh.identity import ADAPTER_PREFIX, CASHIER, GATEWAY
from mesh.name_digests import LEAST_CHARACTERS, name_digest
from wallet_svc.domain.records import first_of, whole
from wallet_svc.domain.state import Asset, Entry, Registry
from wallet_svc.domain.vocabulary import INTENT_KINDS, HoldState, Kind, Outcome, RoundState
from wallet_svc.errors import TransactionNotFoundError
from wallet_svc.queries import Queries
from wallet_svc.store.reading import Reader, Stored
from wallet_svc.store.rows import entry_of
from wallet_svc.store.running import Row

_MOST_ATTEMPTS = 100
_MOST_RELATED = 200
_HOLD_KINDS = frozenset({Kind.HOLD, Kind.CAPTURE, Kind.RELEASE, Kind.EXPIRE})
_INTERNAL = frozenset({"session_svc", "compliance_svc", "platform"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call with the key of a transaction."""

    at_us: int
    caller: str
    request_id: str
    outcome: Outcome
    replayed: bool
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNow:
    """A hold as it is now, in smallest units of `asset`."""

    key: str
    asset: Asset
    amount: int
    captured: int
    released: int
    state: HoldState
    expires_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one transaction."""

    registry: Registry
    stored: Stored
    attempts: list[Attempt]
    attempt_count: int
    postings: list[Entry]
    accounts: dict[int, Row]
    """What the accounts of the postings are for, by id."""
    related: list[Stored]
    round_state: RoundState
    hold: HoldNow | None
    commitment: Row
    refused: list[Row]
    """Messages that name the key and that nobody believed, oldest first."""
    upstream: list[Row]
    """Calls to the licensee's own wallet, oldest first."""
    pending: list[Row]
    """What it has not answered yet."""


class Explainer:
    """Puts together what the log, the notes and the tables know."""

    def __init__(self, reader: Reader, queries: Queries) -> None:
        self._reader = reader
        self._queries = queries

    async def by_id(self, licensee: str, transaction_id: str) -> Explanation:
        """Errors: TransactionNotFoundError, also for another licensee's transaction."""
        return await self._explain(await self._queries.by_id(licensee, transaction_id))

    async def by_key(self, licensee: str, player: str, source: str, kind: Kind | None, key: str) -> Explanation:
        """Errors: PlayerNotFoundError, ProviderNotFoundError, TransactionNotFoundError."""
        stored = None if kind is None else await self._queries.by_key(licensee, player, source, kind, key)
        if stored is None and kind in INTENT_KINDS:
            # A licensee's own wallet has not said yet what becomes of it.
            stored = await self._queries.by_key(licensee, player, source, INTENT_KINDS[kind], key)
        if stored is None:
            raise TransactionNotFoundError(transaction_key=key)
        return await self._explain(stored)

    async def _explain(self, stored: Stored) -> Explanation:
        registry = await self._queries.registry()
        entry = stored.entry
        asked = {"shard": entry.shard, "operation": entry.operation, "player": entry.player_id}
        rows = await self._reader.rows("list_operation", asked)
        await self._tell_decision(entry, next(row for row in rows if row.sequence == entry.sequence))
        postings = [one for row in rows if (one := entry_of(row, registry)).moved]
        ids = sorted({id_ for one in postings for id_ in (one.debit_id, one.credit_id) if id_ is not None})
        attempts, total = await self._attempts(entry, registry)
        place = {"shard": entry.shard, "sequence": entry.sequence}
        about = {"shard": entry.shard, "places": _places(entry), "limit": _MOST_ATTEMPTS}
        return Explanation(
            registry=registry,
            stored=stored,
            attempts=attempts,
            attempt_count=total,
            postings=postings,
            accounts={row.id: row for row in await self._reader.rows("name_accounts", {"accounts": ids})},
            related=await self._related(entry, registry),
            round_state=await self._round_state(entry),
            hold=await self._hold(entry, registry),
            commitment=(await self._reader.rows("read_batch_of", place))[0],
            refused=await self._refused(entry, registry),
            upstream=(await self._reader.rows("list_upstream", about))[::-1],
            pending=await self._reader.rows("list_calls_about", {**about, "player": entry.player_id}),
        )

    async def _refused(self, entry: Entry, registry: Registry) -> list[Row]:
        """Messages of the same provider that name the key, and that its adapter did not believe."""
        if len(entry.key or "") < LEAST_CHARACTERS:
            return []
        asked = {"provider": registry.source_names[entry.source_id], "name": name_digest(entry.key or "")}
        return (await self._reader.rows("list_refused", {**asked, "limit": _MOST_ATTEMPTS}))[::-1]

    async def _tell_decision(self, entry: Entry, row: Row) -> None:
        """Give an entry whose record is short the whole one."""
        first = first_of(row.decision)
        if first is None:
            return
        found = await self._reader.rows("read_records", {"shard": entry.shard, "sequences": [first]})
        entry.decision_json = whole(row.decision, found[0].decision, recorded_us=row.recorded_us, amount=row.amount)

    async def _attempts(self, entry: Entry, registry: Registry) -> tuple[list[Attempt], int]:
        """The call that stored the answer, and the latest ones that were noted. How many there were altogether."""
        values = {
            "player": entry.player_id,
            "source": entry.source_id,
            "kinds": [Kind.BET.value, Kind.LATE_BET.value] if entry.kind is Kind.LATE_BET else [entry.kind.value],
            "key": entry.key or entry.round or "",
            "limit": _MOST_ATTEMPTS,
        }
        rows = await self._reader.rows("list_attempts", values)
        noted = [_attempt(row) for row in reversed(rows)]
        source = registry.source_names[entry.source_id]
        own = next((one for one in noted if one.request_id == entry.request_id and not one.replayed), None)
        first = own or Attempt(
            at_us=entry.recorded_us,
            caller=_usual_caller(source),
            request_id=entry.request_id,
            outcome=entry.outcome,
            replayed=False,
        )
        total = rows[0].total if rows else 0
        return [first, *(one for one in noted if one is not own)], total + (own is None)

    async def _related(self, entry: Entry, registry: Registry) -> list[Stored]:
        values = {
            "player": entry.player_id,
            "sequence": entry.sequence,
            "undoes": entry.undoes,
            "source": entry.source_id,
            "key": entry.key,
            "reference": entry.reference or None,
            "limit": _MOST_RELATED,
        }
        return await self._reader.with_undone(await self._reader.rows("list_related", values), registry)

    async def _round_state(self, entry: Entry) -> RoundState:
        if not entry.round:
            return RoundState.UNKNOWN
        values = {"player": entry.player_id, "source": entry.source_id, "round": entry.round}
        rows = await self._reader.rows("read_round", values)
        return RoundState(rows[0].state) if rows else RoundState.UNKNOWN

    async def _hold(self, entry: Entry, registry: Registry) -> HoldNow | None:
        key = entry.key if entry.kind is Kind.HOLD else entry.reference
        if entry.kind not in _HOLD_KINDS or not key:
            return None
        values = {"players": [entry.player_id], "sources": [entry.source_id], "keys": [key]}
        rows: Sequence[Any] = await self._reader.rows("read_holds", values)
        return _hold_now(rows[0], registry) if rows else None


def _places(entry: Entry) -> list[int]:
    """Positions of the entries whose calls to a licensee's own wallet are about this one: its own, and its intent's."""
    intent = (entry.details or {}).get("intent")
    intended = entry.kind in INTENT_KINDS or entry.kind is Kind.CONCLUDE
    return [entry.sequence, intent] if intended and intent is not None else [entry.sequence]


def _attempt(row: Row) -> Attempt:
    return Attempt(
        at_us=row.at_us,
        caller=row.caller,
        request_id=row.request_id,
        outcome=Outcome(row.outcome),
        replayed=row.replayed,
        content=row.content,
    )


def _hold_now(row: Row, registry: Registry) -> HoldNow:
    return HoldNow(
        key=row.key,
        asset=registry.assets_by_id[row.asset_id],
        amount=row.amount,
        captured=row.captured,
        released=row.released,
        state=HoldState(row.state),
        expires_us=row.expires_us,
    )


def _usual_caller(source: str) -> str:
    """The workload that speaks as a source. What the platform did in another's name is noted."""
    if source == CASHIER:
        return GATEWAY
    return source if source in _INTERNAL else ADAPTER_PREFIX + source
