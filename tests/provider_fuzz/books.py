"""The ledger's entries and balances of one player, read with SQL: no code of the wallet's stands between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import psycopg

from tests.provider_fuzz.worlds import Row
from tests.torture.checker.log import KINDS, OUTCOMES

_CASH, _GAMING = 1, 12
_ENTRIES = """
SELECT cash.credits - cash.debits, cash.exponent, sequence, transfer.kind, key, outcome, coalesce(moved, 0),
       coalesce(credit_id = cash.id, false), undoes, source.name
FROM player JOIN account AS cash ON cash.player_id = player.id AND cash.class = %(cash)s
    JOIN asset ON asset.id = cash.asset_id AND asset.code = %(currency)s
    LEFT JOIN (transfer JOIN source ON source.id = transfer.source_id)
        ON transfer.player_id = player.id AND sequence > %(after)s
WHERE player.name = %(player)s ORDER BY sequence
"""
_HOUSE = """
SELECT coalesce(sum((credits - debits) * 100 / power(10::numeric, account.exponent)), 0)
FROM account JOIN asset ON asset.id = account.asset_id JOIN source ON source.id = account.source_id
WHERE class = %(gaming)s AND source.name = %(provider)s AND asset.code = %(currency)s
"""


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger has of a player at one moment, beginning after a position."""

    rows: tuple[Row, ...]
    """Entries of the provider, in commit order."""
    cents: Decimal
    """Available cash. Whole, if the ledger is right."""
    live: frozenset[tuple[str, str]]
    """Kind and key of what was accepted and not undone."""
    position: int = 0
    """Of the last entry, whoever wrote it."""


class Ledger:
    """A few connections that only read."""

    def __init__(self, url: str, count: int = 4) -> None:
        self._url, self._count = url, count
        self._idle: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self._idle.put_nowait(await psycopg.AsyncConnection.connect(self._url, autocommit=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        while not self._idle.empty():
            await self._idle.get_nowait().close()

    async def books(self, player: str, provider: str, currency: str, *, after: int = 0) -> Books:
        """One statement, and so one moment."""
        entries = await self._rows(_ENTRIES, player=player, currency=currency, cash=_CASH, after=after)
        cash, exponent = entries[0][:2]
        entries = [entry[2:] for entry in entries if entry[2] is not None]
        undone = {entry[6] for entry in entries}
        own = [entry for entry in entries if entry[7] == provider]
        rows = tuple(_row(exponent, *entry[1:6]) for entry in own)
        live = frozenset(
            (row.kind, row.key)
            for row, entry in zip(rows, own, strict=True)
            if row.outcome == "OK" and entry[0] not in undone
        )
        return Books(rows, _cents(cash, exponent), live, entries[-1][0] if entries else after)

    async def house_cents(self, provider: str, currency: str) -> Decimal:
        """What the house has won with a provider's games."""
        found = await self._rows(_HOUSE, gaming=_GAMING, provider=provider, currency=currency)
        return Decimal(found[0][0])

    async def _rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        async with self._connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        connection = await self._idle.get()
        try:
            yield connection
        finally:
            self._idle.put_nowait(connection)


def _row(exponent: int, kind: int, key: str | None, outcome: int, moved: int, gains: bool) -> Row:
    name = KINDS[kind]
    gained = _cents(moved if gains else -moved, exponent)
    return Row(name, "" if name == "close_round" else key or "", OUTCOMES[outcome], gained)


def _cents(units: int, exponent: int) -> Decimal:
    return Decimal(units).scaleb(2 - exponent)
