"""Keys and request ids: unique, and in the order of their time (UUID version 7)."""

from __future__ import annotations

import os
import time
import uuid

_RANDOM_BITS = 74


def new_key() -> str:
    """A key that was never used before."""
    return str(key_at(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)) >> (80 - _RANDOM_BITS)))


def new_request_id() -> str:
    """Names one call. Without hyphens: some proxies write their own marks into a UUID that they recognise."""
    return new_key().replace("-", "")


def key_at(milliseconds: int, noise: int) -> uuid.UUID:
    """The key of a moment and 74 random bits."""
    high, low = noise >> 62, noise & (2**62 - 1)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)
