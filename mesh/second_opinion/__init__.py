"""The second opinion: follows the log of every shard, recomputes everything, and says aloud what does not agree.

It knows the ledger from docs/ledger-format.md and shares no code with the wallet, so that no mistake can be in both. It
signs checkpoints and makes proofs of what it has recomputed, and of nothing else. No bet ever waits for it.
"""
