"""Licensees that keep their players' money in a wallet of their own.

A stake is committed as an intent before that wallet is asked, and concluded in the ledger with what it answered. An
answer that did not come is looked up, and undone if nobody knows it. Credits and cancels are owed from their own commit on,
and are delivered in order for each player until the wallet has booked them.
"""
