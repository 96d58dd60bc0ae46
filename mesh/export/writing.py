"""Writes the export: what the database has at one moment, in one order, so that the same log gives the same bytes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from typing import IO, Any, Final, Protocol

from mesh.verify.lines import Span
from mesh.verify.tables import Head, Names, Shard

FORMAT: Final = "pitboss-ledger-export"
VERSION: Final = 1
TILE: Final = 256
"""Entries whose leaf hashes stand together on one line."""


class Ledger(Protocol):
    """A ledger at one moment."""

    def names(self) -> Names:
        """What the numbers mean."""
        ...

    def heads(self) -> list[Head]:
        """The end of every log."""
        ...

    def shard(self, head: Head) -> Shard:
        """Everything of one shard but its entries."""
        ...

    def entries(self, span: Span) -> Iterator[bytes]:
        """The bytes of the entries of a span."""
        ...


Checkpoints = Callable[[int, int], str]
"""Gives the signed checkpoint of a shard with so many entries."""


def write(ledger: Ledger, out: IO[bytes], checkpoints: Checkpoints | None = None) -> int:
    """Write everything; returns the number of entries."""
    heads, digest, lines = ledger.heads(), sha256(), 0
    for line in _lines(ledger, heads, checkpoints):
        out.write(line)
        digest.update(line)
        lines += 1
    out.write(_line({"end": {"lines": lines + 1, "sha256": digest.hexdigest()}}))
    return sum(head.next_sequence - 1 for head in heads)


def _lines(ledger: Ledger, heads: list[Head], checkpoints: Checkpoints | None) -> Iterator[bytes]:
    yield _line(_header(heads, ledger.names()))
    for head in heads:
        yield from _shard(ledger, head, checkpoints)


def _header(heads: list[Head], names: Names) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "shards": [
            {
                "shard": head.shard,
                "entries": head.next_sequence - 1,
                "digest": head.digest.hex(),
                "frontier": head.frontier.hex(),
            }
            for head in heads
        ],
        "licensees": {str(key): name for key, name in sorted(names.licensees.items())},
        "assets": {str(key): list(asset) for key, asset in sorted(names.assets.items())},
        "sources": {str(key): name for key, name in sorted(names.sources.items())},
    }


def _shard(ledger: Ledger, head: Head, checkpoints: Checkpoints | None) -> Iterator[bytes]:
    yield _line({"shard": head.shard})
    yield from _tables(ledger.shard(head))
    entries = ledger.entries((head.shard, 0, head.next_sequence - 1))
    for index, tile in enumerate(_tiles(entries)):
        for entry in tile:
            yield entry + b"\n"
        hashes = b"".join(sha256(b"\x00" + entry).digest() for entry in tile)
        yield _line({"tile": index, "hashes": b64encode(hashes).decode()})
    if checkpoints is not None and head.next_sequence > 1:
        yield _line({"checkpoint": checkpoints(head.shard, head.next_sequence - 1)})


def _tiles(entries: Iterator[bytes]) -> Iterator[list[bytes]]:
    while tile := list(islice(entries, TILE)):
        yield tile


def _tables(shard: Shard) -> Iterator[bytes]:
    for player_id, player in sorted(shard.players.items()):
        yield _line({"player": [player_id, player.licensee_id, player.name]})
    for _, account in sorted(shard.accounts.items()):
        # Sums of the house may pass 64 bits, so sums are text.
        yield _line({"account": [*account[:6], str(account.debits), str(account.credits)]})
    for round_ in sorted(shard.rounds):
        yield _line({"round": list(round_)})
    for hold in sorted(shard.holds):
        yield _line({"hold": list(hold)})
    for batch in shard.batches:
        hashes = [batch.previous.hex(), batch.digest.hex(), batch.root.hex()]
        yield _line({"batch": [batch.first_sequence, batch.count, *hashes, batch.writer]})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
