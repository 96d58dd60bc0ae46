"""Entries as PostgreSQL copies them out, which is nearly the bytes that docs/ledger-format.md gives them.

Numbers stand in COPY's text format as in JSON, and `to_json` quotes the texts: what is left to do for a row is to put
commas for tabs. That is several times faster than reading columns and writing them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

import psycopg

from mesh.verify.tables import Transfer

ELEMENTS: Final = (
    "sequence", "operation", "licensee_id", "player_id", "source_id", "kind", "to_json(key)",
    "'\"' || encode(fingerprint, 'hex') || '\"'", "outcome", "asset_id", "amount", "debit_id", "credit_id", "moved",
    "'\"' || debit_after || '\"'", "'\"' || credit_after || '\"'", "available", "to_json(round)", "to_json(game)",
    "to_json(session)", "to_json(reference)", "undoes", "opened_case", "to_json(limit_kind)", "to_json(details)",
    "to_json(pack)", "to_json(decision)", "recorded_us",
)  # fmt: skip
"""The elements of an entry in their order, as SQL over the columns of `transfer`."""

Span = tuple[int, int, int]
"""(shard, after, until): the entries of a shard after one sequence, up to and with another."""


def statement(spans: Iterable[Span]) -> bytes:
    """COPY of the entries of these spans: the spans in turn, each in order of sequence, the shard as first column."""
    wanted = ", ".join(f"({shard:d}, {after:d}::bigint, {until:d}::bigint)" for shard, after, until in spans)
    return (
        f"COPY (SELECT entry.* FROM (VALUES {wanted}) AS wanted (shard, after, until) CROSS JOIN LATERAL ("  # noqa: S608 - numbers
        f"SELECT shard, {', '.join(ELEMENTS)} FROM transfer WHERE transfer.shard = wanted.shard"
        " AND transfer.sequence > wanted.after AND transfer.sequence <= wanted.until ORDER BY transfer.sequence"
        ") AS entry) TO STDOUT (FORMAT text, NULL 'null')"
    ).encode()


def copy(connection: psycopg.Connection, spans: Iterable[Span]) -> Iterator[tuple[int, bytes]]:
    """(shard, line of COPY without the shard and the line feed) of every entry in these spans."""
    with connection.cursor() as cursor, cursor.copy(statement(spans)) as rows:
        for row in rows:
            # The server sends one message for each row.
            shard, _, line = bytes(row).partition(b"\t")
            yield int(shard), line[:-1]


def entry_bytes(line: bytes) -> bytes:
    """The bytes of an entry from a line of COPY."""
    text = line.replace(b"\t", b",")
    # JSON has no raw control characters, so COPY had nothing to escape but backslashes.
    return b"[" + (text.replace(b"\\\\", b"\\") if b"\\" in text else text) + b"]"


def transfer_of(shard: int, entry: bytes) -> Transfer:
    """An entry's bytes as its elements. Raises ValueError if they are not those of an entry."""
    elements = json.loads(entry)
    if not isinstance(elements, list) or len(elements) != len(ELEMENTS):
        raise ValueError(f"an entry has {len(ELEMENTS)} elements")
    return Transfer._make((*elements, shard))
