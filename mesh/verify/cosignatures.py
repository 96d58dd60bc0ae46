"""Cosignatures of witnesses, written from C2SP `tlog-cosignature` alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_COSIGNATURE: Final = 4
_KEY_SIZE: Final = 32
_ID_SIZE, _TIME_SIZE, _SIGNATURE_SIZE = 4, 8, 64


class CosignatureError(ValueError):
    """A line that is no cosignature of a known witness over this text."""


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's public key by name."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `name+id+key`. Raises CosignatureError if the text is no such key, or its id is not that of the key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        public = _decoded(encoded)
        expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:_ID_SIZE]
        if len(public) != 1 + _KEY_SIZE or public[0] != _COSIGNATURE or expected.hex() != key_id:
            raise CosignatureError(f"{name!r} is not the text of a witness's key: name+id+key")
        return cls(name, expected, public[1:])


def check_line(line: str, text: str, keys: Iterable[WitnessKey]) -> tuple[str, int]:
    """The witness and the moment (seconds since 1970) of a cosignature over a checkpoint's text. Raises CosignatureError."""
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decoded(encoded)
    if mark != "\N{EM DASH}" or len(raw) != _ID_SIZE + _TIME_SIZE + _SIGNATURE_SIZE:
        raise CosignatureError("the line is no cosignature")
    key = next((key for key in keys if (key.name, key.id) == (name, raw[:_ID_SIZE])), None)
    if key is None:
        raise CosignatureError(f"{name} is no witness that is known here")
    moment = int.from_bytes(raw[_ID_SIZE : _ID_SIZE + _TIME_SIZE])
    signed = f"cosignature/v1\ntime {moment}\n{text}".encode()
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(raw[_ID_SIZE + _TIME_SIZE :], signed)
    except InvalidSignature:
        raise CosignatureError(f"the cosignature of {name} is wrong") from None
    return name, moment


def is_about(line: str, text: str, keys: Iterable[WitnessKey]) -> bool:
    """Whether a line may be shown with a checkpoint's text: not if a known witness has signed another text in it."""
    known = list(keys)
    if not any(_is_of(line, key) for key in known):
        return True
    try:
        check_line(line, text, known)
    except CosignatureError:
        return False
    return True


def _is_of(line: str, key: WitnessKey) -> bool:
    return _decoded(line.rpartition(" ")[2])[:_ID_SIZE] == key.id and f" {key.name} " in line


def cosigners(note: str, keys: Iterable[WitnessKey]) -> dict[str, int]:
    """Every known witness that has cosigned a checkpoint, with the moment. Raises CosignatureError for a forged line."""
    known = list(keys)
    text, _, lines = note.partition("\n\n")
    found = {}
    for line in lines.splitlines():
        if any(_is_of(line, key) for key in known):
            name, moment = check_line(line, text + "\n", known)
            found[name] = moment
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
