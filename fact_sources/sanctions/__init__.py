"""A source of screenings against lists of sanctions: every player is screened when an account opens, and when the lists change.

Who the players are is read from the ledger's feed. What was found is noted here first and recorded in the mesh after, so
that a screening is recorded once, whatever is killed. Wire and table: README.md.
"""
