"""Reads the ledger in one snapshot, and the studios' records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg

from mesh.verify.lines import Span, copy, entry_bytes
from mesh.verify.studios import Message
from mesh.verify.tables import (
    ID_STRIDE,
    Account,
    Asset,
    Batch,
    Facts,
    Head,
    Hold,
    Names,
    Player,
    Round,
    Shard,
    Transfer,
)

Row = TypeVar("Row")
_PAGE: Final = 5_000

_HEADS: Final = "SELECT id, next_sequence, digest, frontier FROM shard ORDER BY id"
_BATCHES: Final = (
    "SELECT first_sequence, count, previous, digest, root, writer FROM batch "
    "WHERE shard = %(shard)s ORDER BY first_sequence"
)
_ACCOUNTS: Final = (
    "SELECT id, licensee_id, player_id, asset_id, class, source_id, debits::text, credits::text "
    "FROM account WHERE shard = %(shard)s"
)
_ROUNDS: Final = (
    "SELECT player_id, source_id, name, asset_id, opened_sequence, state FROM round "
    "WHERE player_id %% %(stride)s = %(shard)s"
)
_HOLDS: Final = (
    "SELECT player_id, source_id, key, asset_id, amount, captured, released, state FROM hold "
    "WHERE player_id %% %(stride)s = %(shard)s"
)
_PLAYERS: Final = (
    "SELECT id, licensee_id, name, pack, born_on, main_asset_id, blocked, register, person FROM player "
    "WHERE id %% %(stride)s = %(shard)s"
)
_TRANSFERS: Final = (
    "SELECT sequence, operation, licensee_id, player_id, source_id, kind, key, encode(fingerprint, 'hex'), outcome, "
    "asset_id, amount, debit_id, credit_id, moved, debit_after::text, credit_after::text, available, round, game, "
    "session, reference, undoes, opened_case, limit_kind, details, pack, decision, recorded_us, shard "
    "FROM transfer WHERE shard = %(shard)s ORDER BY sequence"
)


class Ledger:
    """The ledger at one moment: everything is read in one snapshot, also while it is written to."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, application_name="verify")
        self._connection.read_only = True
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()

    def names(self) -> Names:
        """What the numbers mean."""
        return Names(
            licensees=dict(self._rows("SELECT id, name FROM licensee")),
            assets={row[0]: Asset(*row[1:]) for row in self._rows("SELECT id, licensee_id, code, exponent FROM asset")},
            sources=dict(self._rows("SELECT id, name FROM source")),
        )

    def heads(self) -> list[Head]:
        """The end of every log."""
        return [Head(row[0], row[1], bytes(row[2]), bytes(row[3])) for row in self._rows(_HEADS)]

    def shard(self, head: Head) -> Shard:
        """Everything of one shard but its transfers."""
        return Shard(
            head=head,
            batches=[Batch(*row) for row in self._of(_BATCHES, head)],
            accounts={row[0]: _account(row) for row in self._of(_ACCOUNTS, head)},
            rounds=[Round(*row) for row in self._of(_ROUNDS, head)],
            holds=[Hold(*row) for row in self._of(_HOLDS, head)],
            players={row[0]: Player(row[1], row[2], Facts._make(row[3:])) for row in self._of(_PLAYERS, head)},
        )

    def transfers(self, head: Head) -> Iterator[Transfer]:
        """The log of one shard, page by page."""
        with self._connection.cursor(name=f"log_{head.shard}") as cursor:
            cursor.itersize = _PAGE
            cursor.execute(_TRANSFERS, {"shard": head.shard})
            yield from map(Transfer._make, cursor)

    def notes(self) -> list[str]:
        """A database has no checkpoints."""
        return []

    def entries(self, span: Span) -> Iterator[bytes]:
        """The bytes of the entries of one shard after a sequence, up to and with another."""
        return (entry_bytes(line) for _, line in copy(self._connection, [span]))

    def _of(self, query: Any, head: Head) -> list[tuple[Any, ...]]:  # noqa: ANN401 - psycopg wants a literal
        return self._connection.execute(query, {"shard": head.shard, "stride": ID_STRIDE}).fetchall()

    def _rows(self, query: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - as above
        return self._connection.execute(query).fetchall()


def _account(row: tuple[Any, ...]) -> Account:
    # Balances of the house may pass 64 bits, so they are read as text.
    return Account._make((*row[:6], *map(int, row[6:])))


def read_record(path: Path) -> list[Message]:
    """A studio's own record. Read only: the studio may still be writing."""
    query = "SELECT kind, transaction_key, user, currency_code, round_id, amount, belief FROM message ORDER BY number"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return [
            Message._make((*row[:5], None if row[5] is None else Decimal(row[5]), row[6]))
            for row in database.execute(query)
        ]


def read_records(paths: Mapping[str, Path]) -> dict[str, list[Message]]:
    """All records by studio."""
    return {name: read_record(path) for name, path in paths.items()}
