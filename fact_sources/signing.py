"""How files of a state sign their answers: Ed25519 over what kind of answer it is, the path that was asked, and the body to the byte. Pure."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEADER: Final = "x-signature"
Keys = Mapping[str, Ed25519PublicKey]
"""The file's keys, by its name of each."""


def sign(form: str, key_id: str, key: Ed25519PrivateKey, path: str, body: bytes) -> str:
    """The header of an answer. `form` keeps answers of one kind of file from being taken for those of another."""
    return f"{key_id}:{b64encode(key.sign(_text(form, path, body))).decode()}"


def is_signed(form: str, header: str, keys: Keys, path: str, body: bytes) -> bool:
    """Whether an answer is signed by one of the keys. The header chooses among them, and nothing else."""
    key_id, _, signature = header.partition(":")
    key = keys.get(key_id)
    if key is None:
        return False
    try:
        key.verify(b64decode(signature, validate=True), _text(form, path, body))
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _text(form: str, path: str, body: bytes) -> bytes:
    return f"{form}\n{path}\n".encode() + body
