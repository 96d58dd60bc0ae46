"""How a channel is made: TLS, keep-alive, and no retries of gRPC's own (ours know the keys)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

VERSION: Final = "0.1.0"
KEEPALIVE_S: Final = 30
KEEPALIVE_TIMEOUT_S: Final = 15
_LOOPBACK: Final = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+")

OPTIONS: Final[tuple[tuple[str, str | int], ...]] = (
    ("grpc.primary_user_agent", f"pitboss-sdk-python/{VERSION}"),
    ("grpc.keepalive_time_ms", KEEPALIVE_S * 1000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_S * 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),
    # A platform that comes back is found at once, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # For one attempt with its handshakes: three times the way to the platform and back.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 3000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the platform is and how it is trusted."""

    target: str
    ca_file: Path | None
    plaintext: bool

    def __post_init__(self) -> None:
        """Refuse to send tokens in the clear over a network."""
        if "://" in self.target:
            message = f"{self.target!r} is a URL; give host:port, such as 'pitboss.example:443'"
            raise ValueError(message)
        if self.plaintext and not _LOOPBACK.fullmatch(self.target):
            message = "plaintext=True would send your token in the clear; it is for loopback addresses only"
            raise ValueError(message)

    def credentials(self) -> grpc.ChannelCredentials | None:
        """None for plaintext."""
        if self.plaintext:
            return None
        return grpc.ssl_channel_credentials(self.ca_file.read_bytes() if self.ca_file else None)


def call_metadata(token: str, request_id: str) -> tuple[tuple[str, str], ...]:
    """What goes with every call."""
    return (("authorization", f"Bearer {token}"), ("x-request-id", request_id))
