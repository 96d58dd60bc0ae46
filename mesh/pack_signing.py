"""What people sign when they sign a law pack, and the keys with which they do."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROLES = ("compliance", "legal")
ACTIVATE, WITHDRAW = "activate", "withdraw"

_FORMAT = "pitboss-pack-signature-1"


def statement(
    *,
    purpose: str,
    pack: str,
    version: str,
    digest: str,
    licensee: str,
    key: str,
    role: str,
    inferred: Sequence[str],
) -> bytes:
    """The bytes that are signed: what for, which content, for whom, by which key, and for which inferred rules."""
    said = {
        "format": _FORMAT,
        "purpose": purpose,
        "pack": pack,
        "version": version,
        "digest": digest,
        "licensee": licensee,
        "key": key,
        "role": role,
        "inferred": list(inferred),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One person's key: who, in which role, and the secret half."""

    id: str
    role: str
    person: str
    private: Ed25519PrivateKey

    @classmethod
    def create(cls, *, id: str, role: str, person: str) -> Self:  # noqa: A002 - the name of the field
        """A new key."""
        return cls(id=id, role=role, person=person, private=Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """The key that `secret` has written to a file. ValueError if it is none."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["seed"], validate=True))
            return cls(id=stored["id"], role=stored["role"], person=stored["person"], private=private)
        except (KeyError, TypeError, ValueError) as problem:
            message = f"{path} is no key of somebody who signs packs"
            raise ValueError(message) from problem

    def secret(self) -> dict[str, str]:
        """What stays with the person."""
        seed = base64.b64encode(self.private.private_bytes_raw()).decode()
        return {"id": self.id, "role": self.role, "person": self.person, "seed": seed}

    def entry(self) -> dict[str, str]:
        """What stands in the register of keys."""
        public = base64.b64encode(self.private.public_key().public_bytes_raw()).decode()
        return {"id": self.id, "role": self.role, "person": self.person, "public_key": public}

    def sign(self, **said: Any) -> bytes:  # noqa: ANN401 - the other fields of `statement`
        """Sign a statement; `key` and `role` are this key's."""
        return self.private.sign(statement(key=self.id, role=self.role, **said))


def register(keys: Sequence[SigningKey]) -> dict[str, Any]:
    """The register of keys, as services read it."""
    return {"keys": [key.entry() for key in keys]}
