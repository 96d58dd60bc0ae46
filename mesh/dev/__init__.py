"""The development stack: PostgreSQL, Valkey, Envoy and our own processes as children of one process.

Everything here starts real programs with generated secrets on loopback ports, and
nothing it started outlives the process that started it.
"""
