"""Settings of the session service."""

import dataclasses
from collections.abc import Callable, Mapping

from mesh.settings import ProcessSettings, split_address
from session_svc.domain.keys import read_key


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings(ProcessSettings):
    """What a session service is told."""

    database_url: str = dataclasses.field(repr=False)
    """Address of the session database, with the role of the service."""
    session_keys: tuple[str, ...] = dataclasses.field(repr=False)
    """Secrets that seal launch tokens and addresses, each 32 random bytes in URL-safe base64, comma separated. The first
    one seals, all of them open; the same for every replica."""
    cache_url: str = dataclasses.field(default="", repr=False)
    """Address of Valkey, redis://. Empty: no cache."""
    wallet_addresses: tuple[str, ...]
    """Addresses of the wallets, host:port, comma separated."""
    compliance_address: str
    """Address of the compliance service, host:port."""
    adapters: Mapping[str, str]
    """Addresses of the adapters: provider=host:port, comma separated."""
    session_ttl_seconds: int = 6 * 3600
    """How long a session may stake."""
    launch_timeout_ms: int = 5_000
    """How long a provider may take for a launch."""
    call_timeout_ms: int = 3_000
    """How long a neighbour may take for any other call."""
    cache_timeout_ms: int = 50
    """How long the cache may take."""
    statement_timeout_ms: int = 3_000
    """Upper bound for one SQL statement."""
    database_connections: int = 8
    """Connections to the database for launches and upkeep, and as many for what stakes ask for."""
    activity_files: bool = False
    """The compliance service tells cross-operator activity files of play: sessions are remembered until they have heard of
    the end."""
    sweep_interval_ms: int = 1_000
    """How often sessions are looked for whose time is over, or which a crash left half way."""
    watch_interval_ms: int = 100
    """How often changes are looked for while somebody watches them."""
    catalog_seconds: float = 60.0
    """How often each provider is asked for its games."""
    catalog_reload_seconds: float = 5.0
    """How often the catalog is read again, for news that another replica brought."""
    health_answer_ms: int = 2_000
    """How long an adapter may take to say how its provider is."""
    reconcile_every_ms: int = 60_000
    """How often each provider's own record is compared with the ledger. 0: never."""
    reconcile_settle_ms: int = 60_000
    """A message is compared when it was sent this long ago: before, it may be on its way."""
    reconcile_margin_ms: int = 600_000
    """How much later than a provider sent a message the ledger may have recorded it."""
    reconcile_stuck_ms: int = 3_600_000
    """A round without an end is stuck after this time."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.session_keys or not self.wallet_addresses:
            raise ValueError("PITBOSS_SESSION_KEYS and PITBOSS_WALLET_ADDRESSES must not be empty.")
        for key in self.session_keys:
            _checked("PITBOSS_SESSION_KEYS", read_key, key)
        if (
            min(self.reconcile_every_ms, self.reconcile_settle_ms, self.reconcile_margin_ms, self.reconcile_stuck_ms)
            < 0
        ):
            raise ValueError("PITBOSS_RECONCILE_* must not be below zero.")
        for address in (*self.wallet_addresses, self.compliance_address, *self.adapters.values()):
            _checked(f"{address!r}", split_address, address)


def _checked(what: str, check: Callable[[str], object], value: str) -> None:
    try:
        check(value)
    except ValueError as problem:
        raise ValueError(f"{what} {problem}") from None
