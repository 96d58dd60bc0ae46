"""The tree and the chain of a shard. The format is docs/ledger-format.md; a verifier needs nothing else."""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from mesh import merkle
from wallet_svc.domain.state import Entry

GENESIS = bytes(32)
"""Digest of a shard before its first batch."""

_LINK = struct.Struct(">HQI")


def canonical(entry: Entry) -> bytes:
    """One entry as a JSON array, fields in the fixed order of the format."""
    asset = entry.asset
    return orjson.dumps(
        (
            entry.sequence,
            entry.operation,
            entry.licensee_id,
            entry.player_id,
            entry.source_id,
            entry.kind.value,
            entry.key,
            entry.fingerprint.hex() if entry.fingerprint is not None else None,
            entry.outcome.value,
            asset.id if asset is not None else None,
            entry.amount,
            entry.debit_id,
            entry.credit_id,
            entry.moved or None,
            _text(entry.debit_after),
            _text(entry.credit_after),
            entry.available,
            entry.round,
            entry.game,
            entry.session,
            entry.reference,
            entry.undoes,
            entry.case,
            entry.limit,
            details_text(entry),
            entry.pack,
            entry.decision_json,
            entry.recorded_us,
        )
    )


def _text(number: int | None) -> str | None:
    """House balances may pass 64 bits, so balances are text."""
    return None if number is None else str(number)


def details_text(entry: Entry) -> str | None:
    return orjson.dumps(entry.details, option=orjson.OPT_SORT_KEYS).decode() if entry.details else None


@dataclass(frozen=True, slots=True)
class Seal:
    """What a batch leaves behind: its digest, the root over every entry so far, and the peaks of that tree."""

    digest: bytes
    root: bytes
    frontier: bytes


def seal(previous: bytes, frontier: bytes, shard: int, first_sequence: int, entries: Iterable[Entry]) -> Seal:
    """Append the entries to the shard's tree, and the batch to its chain."""
    size = first_sequence - 1
    peaks = merkle.unpack(frontier, size)
    count = merkle.extend(peaks, size, map(canonical, entries)) - size
    root = merkle.fold(peaks)
    return Seal(link(previous, shard, first_sequence, count, root), root, merkle.pack(peaks))


def link(previous: bytes, shard: int, first_sequence: int, count: int, root: bytes) -> bytes:
    """Digest of a batch: SHA-256 over the digest before it, its place, and the root after it."""
    return hashlib.sha256(b"\x02" + previous + _LINK.pack(shard, first_sequence, count) + root).digest()
