"""Nolimit-style provider: JSON-RPC 2.0, a key inside each call, decimal texts, rollbacks under the withdraw's reference."""
