"""Names as short digests, so that one can be looked for without being kept."""

import hashlib
from typing import Final

LEAST_CHARACTERS: Final = 6
"""Shorter names say nothing: an amount or a number of a message is one of them."""


def name_digest(name: str) -> int:
    """The first eight bytes of SHA-256 as a signed number."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)
