"""The audit log: what happened to money, law, rounds, sessions, staff and keys, in one append-only Merkle tree.

It follows the other services' logs from behind, takes each event once, and stands on the way of nobody. A leaf is a
salted commitment, so that a player can be forgotten while every proof stays valid.
"""
