"""The wallet: the ledger of every player's money, and the only truth about it.

Every accepted or refused action is one entry of a shard's log. Entries are
gap-free, chained by digest, written once, and never changed. Commit is
compare-and-swap on the shard's head, so any number of wallet processes may
write the same shards.
"""
