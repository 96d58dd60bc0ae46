"""The one shard map: which shard holds which player."""

from functools import lru_cache

from mesh.placement import place

shard_of = lru_cache(maxsize=1 << 17)(place)
"""The shard of (licensee, player, number of shards). Fixed for the life of the ledger."""
