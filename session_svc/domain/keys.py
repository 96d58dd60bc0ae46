"""Keys as settings have them."""

from __future__ import annotations

import base64

KEY_BYTES = 32


def read_key(text: str) -> bytes:
    """A key: 32 bytes in URL-safe base64, padded or not. Raises ValueError."""
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("must be 32 random bytes in URL-safe base64, comma separated if there are several")
    return key
