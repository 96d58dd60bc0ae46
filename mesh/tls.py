"""The certificates of one workload: `ca.pem`, `tls.pem` and `tls.key` in one folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import grpc

if TYPE_CHECKING:
    from mesh.settings import ProcessSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What a workload proves itself with, and the authority it believes."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the three files."""
        return cls(
            authority=(folder / "ca.pem").read_bytes(),
            certificate=(folder / "tls.pem").read_bytes(),
            key=(folder / "tls.key").read_bytes(),
        )

    @classmethod
    def of(cls, settings: ProcessSettings) -> Self | None:
        """The process's certificates; None only for tests on a loopback without TLS."""
        return cls.load(settings.tls_dir) if settings.tls_dir else None

    def server_credentials(self) -> grpc.ServerCredentials:
        """For a server that demands a certificate from every caller."""
        return grpc.ssl_server_credentials([(self.key, self.certificate)], self.authority, require_client_auth=True)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """For a channel that shows this workload's certificate."""
        return grpc.ssl_channel_credentials(self.authority, self.key, self.certificate)
