"""Settings of a wallet process."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from mesh.notes import Signer
from mesh.settings import ProcessSettings, split_address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WalletSettings(ProcessSettings):
    """What a wallet process is told."""

    database_url: str
    """Address of the wallet's database, with the role of the service."""
    replica: str = "wallet"
    """Name of this process; stands in every batch that it writes."""
    packs: Path | None = None
    """Folder of the law packs; without it those that are shipped."""
    pack_keys: Path | None = None
    """File with the public keys of those who sign law packs. Read again for each pack; without it none is released."""
    sandbox: bool = False
    """Also load packs without rules, which exist for sandboxes only."""
    statement_timeout_ms: int = 5_000
    """Upper bound for one SQL statement."""
    most_waiting: int = 8_192
    """Actions that may wait for the next commit; more are refused at once."""
    most_in_flight: int = 512
    """Actions that one commit takes."""
    cached_players: int = 1_024
    """Players of each shard that are kept in memory."""
    cached_keys: int = 200_000
    """Keys and rounds of all players together that are kept in memory; about a kilobyte each."""
    limit_files: Mapping[str, str] | None = None
    """Processes of the cross-operator limit files that keep deposits, by the names in packs: name=host:port,name=host:port.
    A file that is not named is asked by licensees, who vouch for their deposits."""
    limit_file_timeout_ms: int = 2_500
    """How long such a process may take. Without an answer by then there is no deposit."""
    limit_file_resolve_after_ms: int = 30_000
    """How long a deposit that a file keeps may be under way. Then it is looked up in the ledger, and taken back if it is not there."""
    clock_report: Path | None = None
    """File in which `fact_sources.clock`, or another agent of the node, reports how far the clock is from its reference.
    Missing or unreadable: the clock is off. Without the setting nobody watches the clock."""
    clock_tolerance_ms: int = 100
    """Offset, with the error of its measurement, up to which times of the clock are evidence. Beyond it there are no stakes,
    deposits and sessions."""
    clock_report_max_age_s: int = 60
    """Age at which a report of the clock's offset is over."""
    sweep_interval_ms: int = 500
    """How often holds are looked at whose time is over."""
    attempts_days: int = 90
    """How long notes of repeated calls, of calls to licensees' own wallets, and of messages that nobody believed are kept.
    Transactions themselves are kept for ever."""
    refused_an_hour: int = 1_000
    """How many messages of one provider that nobody believed are noted in an hour, whoever sends how much."""
    statement_key: str = dataclasses.field(default="", repr=False)
    """Secret that signs statements of days: 32 random bytes in base64. Empty: they are not signed."""
    statement_key_name: str = "pitboss.localhost/statements"
    """Name of that key in signed statements."""
    totals_interval_s: int = 300
    """How often the log is added up for statements of days; a statement that is asked for does not wait for it."""
    report_timeout_ms: int = 120_000
    """Upper bound for one SQL statement of a report that looks at a whole span of time."""
    licensee_keys: Path | None = None
    """Folder of the keys that sign requests to licensees' own wallets: 32 random bytes in base64 each, named by their id."""
    round_end_give_up_s: int = 86_400
    """How long a licensee's own wallet, if it answers otherwise, is told of the end of a round that it does not take."""
    feed_interval_ms: int = 200
    """How often a followed feed looks for new entries."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for address in (self.limit_files or {}).values():
            split_address(address)
        try:
            self.signer()
        except ValueError as error:
            raise ValueError(f"PITBOSS_STATEMENT_KEY or PITBOSS_STATEMENT_KEY_NAME: {error}.") from None

    def signer(self) -> Signer | None:
        """Who signs statements; None without a key."""
        return Signer.load(self.statement_key_name, self.statement_key) if self.statement_key else None
