"""The hash chain of a shard. The format is docs/ledger-format.md; a verifier needs nothing else."""

import hashlib
from collections.abc import Iterable

import orjson

from wallet_svc.domain.state import Entry

GENESIS = bytes(32)
"""Digest of a shard before its first batch."""


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


def chain(previous: bytes, shard: int, entries: Iterable[Entry]) -> bytes:
    """Digest of a batch: SHA-256 over the digest before it, the shard, and every entry with a line feed."""
    body = hashlib.sha256(previous)
    body.update(b"%d\n" % shard)
    for entry in entries:
        body.update(canonical(entry))
        body.update(b"\n")
    return body.digest()
