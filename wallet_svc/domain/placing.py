"""The one shard map: which shard holds which player."""

import hashlib
from functools import lru_cache


@lru_cache(maxsize=1 << 17)
def shard_of(licensee: str, player: str, shards: int) -> int:
    """The shard of a player. Fixed for the life of the ledger."""
    digest = hashlib.blake2b(f"{licensee}\n{player}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % shards
