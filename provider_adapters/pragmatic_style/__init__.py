"""Adapter and studio simulator of a pragmatic-style provider: signed forms in, JSON out."""
