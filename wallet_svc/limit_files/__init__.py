"""Deposits that a cross-operator limit file has to allow: reserved there before they are booked here, or taken back there.

What decides is the ledger: a reservation is taken back only when nothing under its key can be booked any more.
"""
