"""The independent checker: does the ledger say the truth about itself, and do the studios agree?

It reads tables and records and recomputes everything. It imports nothing of the services, so that a
mistake of theirs cannot hide here; what it knows of the log is what docs/ledger-format.md says.
"""
