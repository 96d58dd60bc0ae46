"""Compares the history of the clients and the log of the ledger with the model. Shares no code with the wallet."""
