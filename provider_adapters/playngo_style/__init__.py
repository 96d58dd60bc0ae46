"""Playngo-style provider: XML, a secret inside each message, two decimals, cancels under the id of the reserve."""
