"""Signatures: HMAC-SHA256 in small hexadecimal digits, over the raw bytes of a body, or over a query as canonical JSON.

Canonical JSON: keys sorted at every level, no spaces, UTF-8 unescaped. Bodies arrive so, and are never written anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from provider_adapters._kit.shared_secrets import hmac_hex, made_with_one_of

HEADER = "X-REQUEST-SIGN"


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def sign(key: str, message: bytes) -> str:
    """The value of the signature header."""
    return hmac_hex(key, message, "sha256")


def verify(keys: Sequence[str], message: bytes, given: str) -> bool:
    """Whether one of the keys signed exactly these bytes."""
    return made_with_one_of(keys, message, given, "sha256")
