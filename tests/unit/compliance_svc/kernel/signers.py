"""Two people with a key each, and packs to sign."""

import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance_svc.kernel.document import PackDocument
from compliance_svc.kernel.loading import load_documents
from compliance_svc.kernel.parameters import file_content, with_parameters
from compliance_svc.kernel.release import (
    Keyring,
    PackKey,
    Purpose,
    Release,
    Role,
    Signature,
    sign,
    write_signatures,
)


@dataclass(frozen=True)
class Signer:
    """Somebody with a key."""

    id: str
    role: Role
    person: str
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def key(self) -> PackKey:
        public = self.private.public_key().public_bytes_raw()
        return PackKey(id=self.id, role=self.role, person=self.person, public_key=public)

    def signs(self, document: PackDocument, licensee: str = "", purpose: Purpose = Purpose.ACTIVATE) -> Signature:
        return sign(purpose, document, licensee, self.key, self.private)


COMPLIANCE = Signer("compliance-1", Role.COMPLIANCE, "A. Ash")
LEGAL = Signer("legal-1", Role.LEGAL, "B. Birch")
BOTH = (COMPLIANCE, LEGAL)


def keyring(*signers: Signer) -> Keyring:
    return {one.id: one.key for one in signers or BOTH}


@cache
def documents() -> tuple[PackDocument, ...]:
    return load_documents()


def shipped(name: str = "gb") -> PackDocument:
    return next(one for one in documents() if one.name == name)


def version(number: str, start: str = "always", **values: Any) -> PackDocument:
    """Another version of the market gb; `stake_cap__slot` stands for `stake_cap.slot`."""
    named = {name.replace("__", "."): value for name, value in values.items()}
    return replace(with_parameters(shipped(), named), version=number, effective_from=start)


def own_rules(number: str, start: str = "always", **values: Any) -> PackDocument:
    """A licensee's own rules beside gb: those that the values touch."""
    changed = version(number, start, **values)
    before = {rule.label: rule for rule in shipped().rules}
    return replace(changed, rules=tuple(rule for rule in changed.rules if rule != before.get(rule.label)))


def text(document: PackDocument) -> str:
    return json.dumps(file_content(document))


def release(document: PackDocument, licensee: str = "", *signers: Signer, recorded_us: int = 1) -> Release:
    """A pack as a store has it, signed."""
    signed = [one.signs(document, licensee) for one in signers or BOTH]
    return Release(
        licensee=licensee,
        name=document.name,
        digest=document.digest,
        content=text(document),
        signatures=write_signatures(signed),
        recorded_us=recorded_us,
    )


def withdrawn(given: Release, document: PackDocument, *signers: Signer, ended_us: int = 2) -> Release:
    signed = [one.signs(document, given.licensee, Purpose.WITHDRAW) for one in signers or BOTH]
    return replace(given, ended=write_signatures(signed), ended_us=ended_us)
