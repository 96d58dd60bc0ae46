"""A licensee's own wallet, small but whole: what Pitboss asks of one, over gRPC and as JSON over HTTP.

It keeps players, balances and every answer it gave in a SQLite file of its own, and commits before it answers.
It shares nothing with the mesh but the contract. Licensees may start from it; the conformance suite and the demo
play against it, and can make it fail in the ways real wallets fail.
"""
