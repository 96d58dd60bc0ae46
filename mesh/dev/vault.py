"""The secrets of one run, in one folder: authorities, certificates, token keys, provider credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from mesh.dev.files import write_private, write_private_json
from mesh.dev.providers import Provider
from mesh.dev.secrets import (
    Authority,
    ProviderCredentials,
    TokenSigner,
    provider_credentials,
    random_text,
    write_workload,
)
from mesh.notes import new_seed
from mesh.pack_signing import ROLES, SigningKey, register

WORKLOADS = (
    "gateway",
    "wallet_svc",
    "session_svc",
    "compliance_svc",
    "audit_svc",
    "fact_sources/register",
    "fact_sources/geolocation",
    "fact_sources/sanctions",
    "fact_sources/limit_file",
    "fact_sources/activity_file",
    "second_opinion",
    "platform",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeys:
    """Secrets of the audit log, of its witness, and of the simulated service that gives tokens for extracts."""

    signing: str = ""
    payload: str = ""
    witness: str = ""
    pseudonym: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationKeys:
    """Secrets of the simulated vendor of locations: what it signs with, and what it seals with for us."""

    signing: str = ""
    sealing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Where each secret is, and those that the stack itself needs."""

    folder: Path
    signer: TokenSigner
    credentials: Mapping[str, ProviderCredentials]
    """Both sides' credentials of each provider."""
    session_keys: str = field(repr=False)
    """What the session service seals launch tokens with."""
    signing_key: str = field(repr=False)
    """What the second opinion signs checkpoints with."""
    statement_key: str = field(repr=False)
    """What wallets sign statements of days with."""
    audit_keys: AuditKeys = field(repr=False)
    """What the audit log and its witness work with."""
    location_keys: LocationKeys = field(repr=False)
    """What assertions about places are signed and sealed with."""
    limit_file_key: str = field(repr=False)
    """What the simulated limit file signs its answers with."""
    activity_file_key: str = field(repr=False)
    """What the simulated activity file signs its answers with."""

    @classmethod
    def make(cls, folder: Path, providers: Iterable[Provider]) -> Self:
        """New secrets for everything."""
        made = {provider.name: provider_credentials(provider.credentials) for provider in providers}
        vault = cls(
            folder=folder,
            signer=TokenSigner.create(),
            credentials=made,
            session_keys=random_text(),
            signing_key=new_seed(),
            statement_key=new_seed(),
            audit_keys=AuditKeys(
                signing=new_seed(), payload=new_seed(), witness=new_seed(), pseudonym=new_seed(), token=new_seed()
            ),
            location_keys=LocationKeys(signing=new_seed(), sealing=new_seed()),
            limit_file_key=new_seed(),
            activity_file_key=new_seed(),
        )
        vault._write_certificates()
        vault._write_tokens()
        vault._write_credentials()
        vault._write_pack_signers()
        write_private(vault.clock_file, bytes(8))
        return vault

    @property
    def tls(self) -> Path:
        """Holds a certificate folder for each workload."""
        return self.folder / "tls"

    @property
    def edge(self) -> Path:
        """What licensees see of the gateway."""
        return self.folder / "edge"

    @property
    def jwks(self) -> Path:
        """Public keys for licensee tokens."""
        return self.folder / "jwks" / "jwks.json"

    @property
    def signer_file(self) -> Path:
        """The private key for licensee tokens."""
        return self.folder / "signer.json"

    @property
    def credential_files(self) -> Path:
        """Holds `<provider>.adapter.json` and `<provider>.studio.json`."""
        return self.folder / "credentials"

    @property
    def clock_file(self) -> Path:
        """The offset of the sandbox's clock. No secret, but as private."""
        return self.folder / "clock"

    @property
    def pack_keys(self) -> Path:
        """Public keys of those who sign law packs."""
        return self.folder / "pack_keys.json"

    @property
    def pack_signers(self) -> Path:
        """Holds `compliance.json` and `legal.json`: the keys of two people of the sandbox."""
        return self.folder / "pack_signers"

    def _write_pack_signers(self) -> None:
        people = [SigningKey.create(id=f"sandbox-{role}", role=role, person=f"sandbox, {role}") for role in ROLES]
        write_private_json(self.pack_keys, register(people))
        for person in people:
            write_private_json(self.pack_signers / f"{person.role}.json", person.secret())

    def _write_certificates(self) -> None:
        authority, edge_authority = Authority.create("pitboss mesh"), Authority.create("pitboss edge")
        for workload in (*WORKLOADS, *(f"provider_adapters/{name}" for name in self.credentials)):
            write_workload(self.tls, authority, workload)
        issued = edge_authority.issue_edge()
        write_private(self.edge / "ca.pem", edge_authority.pem)
        write_private(self.edge / "tls.pem", issued.certificate)
        write_private(self.edge / "tls.key", issued.key)

    def _write_tokens(self) -> None:
        self.signer.save(self.signer_file)
        write_private_json(self.jwks, self.signer.jwks())

    def _write_credentials(self) -> None:
        for name, made in self.credentials.items():
            write_private_json(self.credential_files / f"{name}.adapter.json", dict(made.adapter))
            write_private_json(self.credential_files / f"{name}.studio.json", dict(made.studio))
