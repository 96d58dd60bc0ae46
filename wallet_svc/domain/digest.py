"""The tree and the chain of a shard. The format is docs/ledger-format.md; a verifier needs nothing else."""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson

from mesh import merkle
from wallet_svc.domain.state import Entry

GENESIS = bytes(32)
"""Digest of a shard before its first batch."""

_LINK = struct.Struct(">HQI")


Fields: TypeAlias = tuple[int | str | None, ...]
"""An entry in the order of the format."""


def fields(entry: Entry) -> Fields:
    """What an entry is made of, in the fixed order of the format: `COLUMNS`."""
    asset, details = entry.asset, entry.details
    return (
        entry.sequence,
        entry.operation,
        entry.licensee_id,
        entry.player_id,
        entry.source_id,
        int(entry.kind),
        entry.key,
        entry.fingerprint.hex() if entry.fingerprint is not None else None,
        int(entry.outcome),
        asset.id if asset is not None else None,
        entry.amount,
        entry.debit_id,
        entry.credit_id,
        entry.moved or None,
        None if entry.debit_after is None else str(entry.debit_after),
        None if entry.credit_after is None else str(entry.credit_after),
        entry.available,
        entry.round,
        entry.game,
        entry.session,
        entry.reference,
        entry.undoes,
        None if entry.case is None else int(entry.case),
        entry.limit,
        orjson.dumps(details, option=orjson.OPT_SORT_KEYS).decode() if details else None,
        entry.pack,
        entry.decision_json,
        entry.recorded_us,
    )


COLUMNS: Final = (
    *("sequence", "operation", "licensee_id", "player_id", "source_id", "kind", "key", "fingerprint", "outcome"),
    *("asset_id", "amount", "debit_id", "credit_id", "moved", "debit_after", "credit_after", "available"),
    *("round", "game", "session", "reference", "undoes", "opened_case", "limit_kind", "details", "pack", "decision"),
    "recorded_us",
)
"""Names of the fields. Balances are text, because those of the house may pass 64 bits."""


def canonical(entry: Entry) -> bytes:
    """One entry as a JSON array: a leaf of the tree."""
    return orjson.dumps(fields(entry))


@dataclass(frozen=True, slots=True)
class Seal:
    """What a batch leaves behind: its digest, the root over every entry so far, and the peaks of that tree."""

    digest: bytes
    root: bytes
    frontier: bytes


def seal(previous: bytes, frontier: bytes, shard: int, first_sequence: int, entries: Iterable[Fields]) -> Seal:
    """Append the entries to the shard's tree, and the batch to its chain."""
    size = first_sequence - 1
    peaks = merkle.unpack(frontier, size)
    count = merkle.extend(peaks, size, map(orjson.dumps, entries)) - size
    root = merkle.fold(peaks)
    return Seal(link(previous, shard, first_sequence, count, root), root, merkle.pack(peaks))


def link(previous: bytes, shard: int, first_sequence: int, count: int, root: bytes) -> bytes:
    """Digest of a batch: SHA-256 over the digest before it, its place, and the root after it."""
    return hashlib.sha256(b"\x02" + previous + _LINK.pack(shard, first_sequence, count) + root).digest()
