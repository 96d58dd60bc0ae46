"""Play sessions and the catalog: who may open which game, and where the browser is sent.

A session is open for staking only while the ledger says so; what is kept here tells whose it is.
A player has at most one active session at a provider. Every change that a licensee can see gets the next number
of that licensee, without gaps, in the order of commits.
"""
