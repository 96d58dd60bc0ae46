"""Random sequences of one studio's messages over its real wire: what it believes, a model and the ledger must agree."""
