"""Opens signed notes and checkpoints, written from C2SP `signed-note` and `tlog-checkpoint` alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519: Final = 1
_HASH_SIZE: Final = 32
_LINES: Final = 3


class NoteError(ValueError):
    """A note that is malformed, or that none of the known keys has signed."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key by name."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `name+id+key`. Raises NoteError if the text is no key, or its id is not that of the key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        public = _decoded(encoded)
        if len(public) != 1 + _HASH_SIZE or public[0] != _ED25519:
            raise NoteError(f"{name!r} is not the text of an Ed25519 key: name+id+key")
        expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        if expected.hex() != key_id:
            raise NoteError(f"the key {name!r} has the id {expected.hex()}, not {key_id}")
        return cls(name, expected, public[1:])

    def accepts(self, signature: bytes, text: bytes) -> bool:
        """Whether this is our signature of the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log said of itself: its name, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes


def keys_of(text: str) -> list[Key]:
    """The keys of a file with one on each line."""
    return [Key.parse(line) for line in text.splitlines() if line.strip()]


def open_note(note: str, keys: Iterable[Key]) -> str:
    """The text of a note that one of the keys has signed. Raises NoteError if none has, or a signature is forged."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not note.endswith("\n"):
        raise NoteError("a note is its text, an empty line, and signatures")
    text += "\n"
    known = {(key.name, key.id): key for key in keys}
    signed = [_check(line, text.encode(), known) for line in signatures.splitlines()]
    if not any(signed):
        raise NoteError("no known key has signed the note")
    return text


def _check(line: str, text: bytes, known: dict[tuple[str, bytes], Key]) -> bool:
    """Whether a known key has signed. A signature of a known key that is wrong is no stranger's, but a forgery."""
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decoded(encoded)
    if mark != "\N{EM DASH}" or not name or len(raw) < len("keyid"):
        raise NoteError("a line after the text is no signature")
    key = known.get((name, raw[:4]))
    if key is not None and not key.accepts(raw[4:], text):
        raise NoteError(f"the signature of {name} is wrong")
    return key is not None


def open_checkpoint(note: str, keys: Iterable[Key]) -> Checkpoint:
    """The checkpoint of a log that its own key has signed."""
    found = parse_checkpoint(note)
    open_note(note, [key for key in keys if key.name == found.origin])
    return found


def parse_checkpoint(note: str) -> Checkpoint:
    """The checkpoint of a note, whoever has signed it."""
    lines = note.split("\n\n", 1)[0].split("\n")
    root = _decoded(lines[2]) if len(lines) >= _LINES else b""
    if len(root) != _HASH_SIZE or not lines[1].isdecimal() or str(int(lines[1])) != lines[1] or not lines[0]:
        raise NoteError("a checkpoint has a log's name, a size and a root in base64")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def _decoded(text: str) -> bytes:
    """Bytes from base64; none if the text is anything else, or another spelling of the same bytes."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return found if base64.b64encode(found).decode() == text else b""
