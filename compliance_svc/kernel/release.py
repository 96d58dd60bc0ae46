"""What makes a pack law while services run: its content, and the signatures of two people in two roles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from compliance_svc.kernel.canonical import dumps
from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.fields import PackError
from mesh.pack_signing import statement


class Role(StrEnum):
    """For what somebody answers with a signature."""

    COMPLIANCE = "compliance"
    """The values are those of the source."""
    LEGAL = "legal"
    """The source says that; and, by name of the rule, what is only inferred may hold."""


class Purpose(StrEnum):
    """What is signed for. A signature for one is none for the other."""

    ACTIVATE = "activate"
    WITHDRAW = "withdraw"


class Refusal(StrEnum):
    """Why a pack is refused. Stable: whoever reads logs and answers relies on the words."""

    INVALID = "PACK_INVALID"
    """It is no pack: a field, a kind, a value; the detail names the place."""
    KEY_UNKNOWN = "PACK_KEY_UNKNOWN"
    """No key of this id is registered, or not for this time."""
    SIGNATURE_INVALID = "PACK_SIGNATURE_INVALID"
    """The signature is none of this key over this content."""
    ROLE_MISSING = "PACK_ROLE_MISSING"
    """One of the two roles has not signed, or one of them twice."""
    SAME_PERSON = "PACK_SAME_PERSON"
    """One person has signed in both roles."""
    SIGN_OFF_MISSING = "PACK_SIGN_OFF_MISSING"
    """Legal has not signed for exactly the rules that are only inferred."""
    OVERLAY_LOOSER = "PACK_OVERLAY_LOOSER"
    """A licensee's own rule is looser than the market's."""
    VERSION_TAKEN = "PACK_VERSION_TAKEN"
    """This version exists with other content."""
    START_TAKEN = "PACK_START_TAKEN"
    """Another version of the pack starts at the same instant."""
    WITHDRAWN = "PACK_WITHDRAWN"
    """It was rolled back. It comes back under another version only."""
    NOT_READY = "PACK_NOT_READY"
    """The step is not due: approved before proposed, scheduled before approved, withdrawn before scheduled."""


class PackRefusedError(PackError):
    """A pack that does not become law. `refusal` is for machines, the message for people."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        """Take the code and what exactly is wrong."""
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class PackKey:
    """A public key, whose it is, and for what and when it counts."""

    id: str
    role: Role
    person: str
    public_key: bytes
    from_us: int | None = None
    until_us: int | None = None

    def counts(self, at_us: int) -> bool:
        """Say whether signatures count that arrive at this moment."""
        return (self.from_us is None or at_us >= self.from_us) and (self.until_us is None or at_us < self.until_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One person's word for a pack."""

    key_id: str
    signature: bytes
    inferred: tuple[str, ...] = ()
    """Rules graded inferred for which the signer stands: all of them in the role legal, none in the other."""

    def plain(self) -> dict[str, Any]:
        """Return it as data for a store."""
        return {"key_id": self.key_id, "signature": self.signature.hex(), "inferred": list(self.inferred)}

    @classmethod
    def of_plain(cls, value: dict[str, Any]) -> Signature:
        """Read what `plain` has written."""
        return cls(
            key_id=value["key_id"], signature=bytes.fromhex(value["signature"]), inferred=tuple(value["inferred"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A pack as a store has it. Nothing of it is believed before it was checked."""

    licensee: str
    """Whose own rules they are; empty for those of a market."""
    name: str
    digest: str
    content: str
    """The text of a pack that inherits nothing."""
    signatures: str
    """As `write_signatures` has written them."""
    recorded_us: int
    ended: str = ""
    """Who withdrew it."""
    ended_us: int | None = None

    @property
    def holds(self) -> bool:
        """Whether it was not withdrawn."""
        return self.ended_us is None


def write_signatures(signatures: Iterable[Signature]) -> str:
    """Return signatures as text for a store."""
    return dumps([one.plain() for one in sorted(signatures, key=lambda one: one.key_id)])


def read_signatures(text: str) -> tuple[Signature, ...]:
    """Read what `write_signatures` has written. PackRefusedError if it is something else."""
    try:
        return tuple(Signature.of_plain(value) for value in json.loads(text))
    except (ValueError, KeyError, TypeError) as problem:
        raise PackRefusedError(Refusal.SIGNATURE_INVALID, "the stored signatures are not readable") from problem


Keyring = dict[str, PackKey]
"""Public keys by id."""

_ROLES: Final = frozenset(Role)


def inferred_rules(document: PackDocument) -> tuple[str, ...]:
    """Return the rules that rest on no text of anybody, in order. They need a name under them."""
    return tuple(sorted(rule.label for rule in document.rules if rule.source.evidence == "I"))


def sign(
    purpose: Purpose, document: PackDocument, licensee: str, key: PackKey, private: Ed25519PrivateKey
) -> Signature:
    """Sign as the owner of a key. In the role legal that signs for the inferred rules too."""
    signs_off = purpose is Purpose.ACTIVATE and key.role is Role.LEGAL
    inferred = inferred_rules(document) if signs_off else ()
    text = _statement(purpose, document, licensee, key, inferred)
    return Signature(key_id=key.id, signature=private.sign(text), inferred=inferred)


def check_signature(
    purpose: Purpose, document: PackDocument, licensee: str, signature: Signature, keys: Keyring, at_us: int
) -> PackKey:
    """Return the key of a signature that counts. PackRefusedError if it does not."""
    key = keys.get(signature.key_id)
    if key is None or not key.counts(at_us):
        raise PackRefusedError(Refusal.KEY_UNKNOWN, f"no key {signature.key_id!r} is registered for this time")
    text = _statement(purpose, document, licensee, key, signature.inferred)
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature.signature, text)
    except (InvalidSignature, ValueError):
        raise PackRefusedError(
            Refusal.SIGNATURE_INVALID, f"the signature of {key.id!r} is not over this content"
        ) from None
    _check_sign_off(purpose, document, key, signature)
    return key


def check_signatures(
    purpose: Purpose, document: PackDocument, licensee: str, signatures: Iterable[Signature], keys: Keyring, at_us: int
) -> tuple[PackKey, ...]:
    """Return the two keys that make a pack law, or end it. PackRefusedError if they are not two people in two roles."""
    found = tuple(check_signature(purpose, document, licensee, one, keys, at_us) for one in signatures)
    if frozenset(key.role for key in found) != _ROLES or len(found) != len(_ROLES):
        raise PackRefusedError(Refusal.ROLE_MISSING, "one signature of each role is needed: compliance and legal")
    if len({key.person for key in found}) < len(found):
        raise PackRefusedError(Refusal.SAME_PERSON, f"{found[0].person} has signed in both roles")
    return found


def _check_sign_off(purpose: Purpose, document: PackDocument, key: PackKey, signature: Signature) -> None:
    wanted = inferred_rules(document) if purpose is Purpose.ACTIVATE and key.role is Role.LEGAL else ()
    if signature.inferred != wanted:
        named = ", ".join(wanted) or "none"
        detail = f"the rules that are only inferred need a signature by name in the role legal: {named}"
        raise PackRefusedError(Refusal.SIGN_OFF_MISSING, detail)


def _statement(purpose: Purpose, document: PackDocument, licensee: str, key: PackKey, inferred: Sequence[str]) -> bytes:
    return statement(
        purpose=purpose.value,
        pack=document.name,
        version=document.version,
        digest=document.digest,
        licensee=licensee,
        key=key.id,
        role=key.role.value,
        inferred=inferred,
    )
