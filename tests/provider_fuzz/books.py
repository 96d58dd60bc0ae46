"""The ledger's entries and balances of one player, read with SQL: no code of the wallet's stands between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import psycopg

from tests.provider_fuzz.worlds import Row
from tests.torture.checker.log import KINDS, OUTCOMES

_CASH = 1
_ENTRIES = """
SELECT source.name, kind, key, outcome, coalesce(moved, 0), coalesce(gains.class, 0), sequence, undoes,
       (SELECT credits - debits FROM account WHERE account.player_id = player.id AND account.class = %(cash)s),
       (SELECT exponent FROM asset WHERE asset.licensee_id = player.licensee_id AND code = %(currency)s)
FROM player JOIN transfer ON transfer.player_id = player.id JOIN source ON source.id = transfer.source_id
    LEFT JOIN account AS gains ON gains.id = credit_id
WHERE player.name = %(player)s ORDER BY sequence
"""


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger has of a player at one moment."""

    rows: tuple[Row, ...]
    """Entries of the provider, in commit order."""
    cents: Decimal
    """Available cash. Whole, if the ledger is right."""
    live: frozenset[tuple[str, str]]
    """Kind and key of what was accepted and not undone."""


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

    async def books(self, player: str, provider: str, currency: str) -> Books:
        """One statement, and so one moment."""
        connection = await self._idle.get()
        try:
            cursor = await connection.execute(_ENTRIES, {"player": player, "currency": currency, "cash": _CASH})
            entries = await cursor.fetchall()
        finally:
            self._idle.put_nowait(connection)
        undone = {entry[7] for entry in entries}
        own = [entry for entry in entries if entry[0] == provider]
        exponent = entries[0][9]
        rows = tuple(_row(exponent, *entry[1:6]) for entry in own)
        live = frozenset(
            (row.kind, row.key)
            for row, entry in zip(rows, own, strict=True)
            if row.outcome == "OK" and entry[6] not in undone
        )
        return Books(rows, _cents(entries[0][8], exponent), live)


def _row(exponent: int, kind: int, key: str | None, outcome: int, moved: int, gaining: int) -> Row:
    name = KINDS[kind]
    gained = _cents(moved if gaining == _CASH else -moved, exponent)
    return Row(name, "" if name == "close_round" else key or "", OUTCOMES[outcome], gained)


def _cents(units: int, exponent: int) -> Decimal:
    return Decimal(units).scaleb(2 - exponent)
