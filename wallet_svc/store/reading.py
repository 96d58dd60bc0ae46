"""Reads for queries: always from the primary, never from a cache."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow

from mesh.database import connect, is_outage
from mesh.errors import DependencyDownError
from wallet_svc.domain.state import Asset, Entry, Registry
from wallet_svc.domain.vocabulary import AccountClass, Kind
from wallet_svc.store.registry import read_registry
from wallet_svc.store.rows import entry_of
from wallet_svc.store.running import fetch_named
from wallet_svc.store.statements import STATEMENTS, Statement

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRow:
    """A player as it is stored, with balances by (asset id, account class)."""

    id: int
    licensee: str
    name: str
    pack: str
    born_on: str
    main_asset_id: int
    blocked: bool
    protection: str | None
    balances: dict[tuple[int, int], int]
    mirror: str | None
    """What is known of a player whose licensee keeps the money itself."""
    classes: dict[int, AccountClass]
    """What each of the player's accounts holds, by account id."""

    def amounts(self, asset: Asset) -> tuple[int, int, int, int]:
        """Available, held, bonus, and what the player owes, in one asset."""
        cash, held, bonus, owed = (
            self.balances.get((asset.id, account_class), 0)
            for account_class in (AccountClass.CASH, AccountClass.HELD, AccountClass.BONUS, AccountClass.RECEIVABLE)
        )
        return cash, held, bonus, -owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored entry with the player's name and whether it was undone."""

    entry: Entry
    player: str
    rolled_back: bool


class Reader:
    """One connection for queries, used by one call at a time."""

    def __init__(self, url: str, *, name: str, statement_timeout_ms: int) -> None:
        self._url, self._name, self._timeout_ms = url, name, statement_timeout_ms
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._lock = asyncio.Lock()
        self._known: Registry | None = None

    async def registry(self) -> Registry:
        """The registry as it is now."""
        async with self._lock:
            return await self._guard(self._registry())

    async def _registry(self) -> Registry:
        connection = await self._connected()
        version = (await fetch_named(connection, STATEMENTS["registry_version"], {}))[0].version
        if self._known is None or self._known.version != version:
            self._known = await read_registry(connection)
        return self._known

    async def rows(self, name: str, values: dict[str, Any]) -> list[Any]:
        """Rows of a named statement as named tuples."""
        async with self._lock:
            return await self._guard(self._rows(STATEMENTS[name], values))

    async def _rows(self, wanted: Statement, values: dict[str, Any]) -> list[Any]:
        return await fetch_named(await self._connected(), wanted, values)

    async def _guard(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except (psycopg.Error, OSError) as error:
            await self.close()
            if isinstance(error, psycopg.Error) and not is_outage(error):
                raise
            raise DependencyDownError(retry_after=0.5, dependency="postgresql") from error

    async def _connected(self) -> psycopg.AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, name=self._name, statement_timeout_ms=self._timeout_ms)
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def player(self, licensee: str, name: str) -> PlayerRow | None:
        """A player with all its balances."""
        rows = await self.rows("read_players", {"licensees": [licensee], "players": [name]})
        if not rows:
            return None
        first = rows[0]
        return PlayerRow(
            id=first.id,
            licensee=licensee,
            name=name,
            pack=first.pack,
            born_on=first.born_on,
            main_asset_id=first.main_asset_id,
            blocked=first.blocked,
            protection=first.protection,
            mirror=first.mirror,
            balances={
                (row.asset_id, row.account_class): int(row.credits) - int(row.debits)
                for row in rows
                if row.account_id is not None
            },
            classes={row.account_id: AccountClass(row.account_class) for row in rows if row.account_id is not None},
        )

    async def by_key(
        self, player_id: int, source_id: int, kinds: Sequence[Kind], key: str, registry: Registry
    ) -> Entry | None:
        """The entry of a key, the last kind that was found winning."""
        rows = await self.rows(
            "read_keys",
            {
                "players": [player_id] * len(kinds),
                "sources": [source_id] * len(kinds),
                "kinds": [kind.value for kind in kinds],
                "keys": [key] * len(kinds),
            },
        )
        entries = sorted((entry_of(row, registry) for row in rows), key=lambda entry: kinds.index(entry.kind))
        return entries[-1] if entries else None

    async def undone(self, entries: Sequence[Entry]) -> set[int]:
        """Sequences of those entries, of one shard, that were undone later."""
        if not entries:
            return set()
        values = {"shard": entries[0].shard, "sequences": [entry.sequence for entry in entries]}
        return {row.undoes for row in await self.rows("undone", values)}

    async def with_undone(self, rows: Sequence[Any], registry: Registry) -> list[Stored]:
        """Rows of one shard as stored entries."""
        entries = [entry_of(row, registry) for row in rows]
        undone = await self.undone(entries)
        return [
            Stored(entry=entry, player=row.player_name, rolled_back=entry.sequence in undone)
            for entry, row in zip(entries, rows, strict=True)
        ]
