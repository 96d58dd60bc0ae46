"""Player protection and market rules: what may a player do, and why not.

The rules are data (`packs`), decided by a pure library (`kernel`) that also runs inside the
wallet's posting decision. Every decision names the pack that made it and can be repeated to the byte.
"""
