"""What must never reach a log line, whoever wrote it there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[redacted]"

Json = Any

_SECRET_WORDS = frozenset(
    {
        "authorization",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "hash",
        "jwt",
        "passwd",
        "password",
        "pem",
        "secret",
        "signature",
        "token",
    }
)
# `transaction_key` must stay readable: support finds a player's money by it.
_SECRET_KEY_KINDS = frozenset({"access", "api", "encryption", "hmac", "private", "secret", "signing", "tls"})
_WORDS = re.compile(r"[a-z0-9]+")

_LABELS = ("password", "secret", "token", "signature", "hash")
_SCHEMES = ("bearer", "basic", "digest")
_LONG = 80

_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest)\s+[^\s\"',]+", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_URL = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")
_LABELLED = re.compile(rf"\b((?:{'|'.join(_LABELS)})\s*[=:]\s*)[^\s&,;\"']+", re.IGNORECASE)
# Signatures and keys in base64; shorter runs are ids and digests.
_BASE64 = re.compile(rf"(?<![\w/+.-])[A-Za-z0-9+][\w+/-]{{{_LONG - 1},}}={{0,2}}")
_MAX_DEPTH = 6


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """True for a field whose value must not be shown."""
    words = _WORDS.findall(name.lower())
    if not words:
        return False
    if words[-1] == "key":
        return len(words) == 1 or words[-2] in _SECRET_KEY_KINDS
    return not _SECRET_WORDS.isdisjoint(words)


def redact_text(text: str) -> str:
    """The text without anything that looks like a credential."""
    # Looking for a plain word is fifty times faster than a pattern, and most texts are innocent.
    if "-----BEGIN" in text:
        text = _PEM.sub(HIDDEN, text)
    if "eyJ" in text:
        text = _JWT.sub(HIDDEN, text)
    if "://" in text:
        text = _URL.sub(rf"\1:{HIDDEN}@", text)
    if len(text) >= _LONG:
        text = _BASE64.sub(HIDDEN, text)
    return _redact_labelled(text)


def _redact_labelled(text: str) -> str:
    lower = text.lower()
    if any(scheme in lower for scheme in _SCHEMES):
        text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    if any(label in lower for label in _LABELS):
        text = _LABELLED.sub(rf"\1{HIDDEN}", text)
    return text


def redact(value: object, depth: int = 0) -> Json:
    """A copy of a value that JSON can hold, without secrets."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _redact_inside(value, depth + 1) if depth < _MAX_DEPTH else "..."
    return redact_text(str(value))


def _redact_inside(value: Mapping[Any, Any] | Collection[Any], depth: int) -> Json:
    if isinstance(value, Mapping):
        return redact_fields(value, depth)
    return [redact(item, depth) for item in value]


def redact_fields(fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Json]:
    """A copy of named values without secrets."""
    return {
        str(name): HIDDEN if value is not None and is_secret_name(str(name)) else redact(value, depth)
        for name, value in fields.items()
    }
