"""Risk and money laundering, behind the money: what is found in the ledger's log, and what people do about it.

`history`, `typologies` and `cases` are pure. Nothing here is on the way of a bet: what is found becomes a flag that expires.
"""
