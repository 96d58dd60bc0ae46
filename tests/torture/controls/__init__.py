"""Guarantees broken on purpose, from outside: each must turn the harness red, or the harness proves nothing."""
