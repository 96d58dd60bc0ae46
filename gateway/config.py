"""What the gateway must be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.contracts import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host name or address, and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `host:port`."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit():
            message = f"{text!r} is not host:port"
            raise ValueError(message)
        return cls(host=host.strip("[]"), port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The replicas of one of our processes, and the identity each must prove."""

    addresses: tuple[Address, ...]
    workload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A token bucket that is refilled every second."""

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one caller may ask of us."""

    licensee: Rate = Rate(per_second=500, burst=1000)
    """For every licensee that has no rate of its own."""
    own_rates: Mapping[str, Rate] = field(default_factory=dict)
    """Licensees with a rate of their own."""
    whole: Rate = Rate(per_second=20_000, burst=20_000)
    """For one gateway process, all licensees together."""
    remembered_licensees: int = 10_000
    """A licensee that is forgotten comes back with a full bucket, so this is far above their number."""
    provider: Rate = Rate(per_second=5_000, burst=5_000)
    """Callbacks of every provider that has no rate of its own."""
    provider_rates: Mapping[str, Rate] = field(default_factory=dict)
    """Providers with a rate of their own."""
    request_bytes: int = 256 * 1024
    """One request, from either side."""
    header_kb: int = 16
    header_count: int = 64
    streams_per_connection: int = 256
    connections: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Upper bounds; a caller's own shorter deadline is kept."""

    read_s: float = 3.0
    write_s: float = 5.0
    callback_s: float = 8.0
    stream_s: float = 3600.0
    stream_idle_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyServer:
    """An https address of a key set. It is asked again and again, so a new key needs no restart."""

    host: str
    port: int
    path: str
    authorities: Path
    """Who may vouch for the server."""
    refresh_s: int = 60

    @property
    def url(self) -> str:
        """The whole address."""
        return f"https://{self.host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where Envoy finds what it reads itself."""

    descriptors: Path
    """The compiled contracts, for JSON."""
    jwks: Path | KeyServer
    """Public keys of the identity provider: a file that is read at the start, or where they are asked for."""
    workload_tls: Path
    """Folder with ca.pem, tls.pem and tls.key of the workload `gateway`."""
    edge_tls: Path
    """Folder with tls.pem and tls.key that licensees see."""
    sds: Path
    """Folder for the secret resources that point at the folders above; a moved file is picked up at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Whose tokens count."""

    issuer: str = "https://id.pitboss.localhost"
    audience: str = "pitboss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the configuration depends on."""

    licensee_listener: Address
    studio_listener: Address
    admin: Address
    operations_listener: Address | None = None
    """Readiness and metrics for the platform, nothing else."""
    studio_tls: bool = False
    upstreams: Mapping[str, Upstream]
    callbacks: Mapping[str, Address]
    """The callback server of each provider's adapter."""
    methods: tuple[Method, ...]
    body_tables: str
    """What the body of a JSON request may hold, made by `strict_json.body_tables`."""
    files: Files
    tokens: Tokens = Tokens()
    limits: Limits = field(default_factory=Limits)
    deadlines: Deadlines = Deadlines()
    web_origins: tuple[str, ...] = ()
    """Browser origins that may call us."""
    trusted_hops: int = 0
    """Balancers before us whose X-Forwarded-For is believed."""
    traces: Address | None = None
    """OTLP/gRPC collector."""
    trace_percent: float = 10.0
