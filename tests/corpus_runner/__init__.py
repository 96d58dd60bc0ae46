"""Runs money cases against two real wallet processes on a real PostgreSQL, over gRPC."""
