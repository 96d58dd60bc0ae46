"""Where a player belongs: the one hash that shards and routing share, so that a player's replica has the shard warm."""

from __future__ import annotations

from hashlib import blake2b


def point(licensee: str, player: str) -> int:
    """A stable 64-bit number for a player of a licensee."""
    # A licensee's id has no slash, so two pairs never make the same text.
    return int.from_bytes(blake2b(f"{licensee}/{player}".encode(), digest_size=8).digest())


def place(licensee: str, player: str, places: int) -> int:
    """One of `places` numbers. If replicas divide shards, a shard's players all share one replica."""
    return point(licensee, player) % places


def teller(shard: int, tries: int, replicas: int) -> int:
    """Number of the replica that a shard's log is read from; after a try that failed, the next.

    Not the one that its players are sent to: who writes has enough to do.
    """
    return (shard + 1 + tries) % replicas
