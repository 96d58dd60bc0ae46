"""What the ledger knows while it decides: the registry, and the players of a shard.

State is derived from the log alone. `Player` objects are changed only by
`wallet_svc.domain.replay.apply`, one entry after the other.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from compliance_svc.kernel.release import Release
from wallet_svc.domain.past import Past
from wallet_svc.domain.vocabulary import (
    AccountClass,
    AssetKind,
    Case,
    HoldState,
    Kind,
    Outcome,
    PlayState,
    RoundState,
    Scope,
    Shortfall,
    StakeOrder,
    Standing,
)

Key = tuple[int, int, str]
"""(source id, kind, caller's key), within one player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    id: int
    code: str
    exponent: int
    kind: AssetKind = AssetKind.FIAT
    cap: int | None = None
    """Balance that credits which can wait may not pass, in smallest units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWallet:
    """The wallet in which a licensee keeps its players' money itself."""

    address: str
    """With a scheme: grpc, grpcs, http or https."""
    signing_key: str
    deadline_us: int


class OpenIntent(NamedTuple):
    """An action that a licensee's own wallet has not answered yet."""

    source_id: int
    kind: Kind
    """Of the action."""
    key: str
    sequence: int
    """Of the intent."""
    round: str
    fingerprint: str
    """Of the action, in hex."""


@dataclass(slots=True)
class Mirror:
    """What is known of a player whose licensee keeps the money itself."""

    intent: OpenIntent | None = None
    owed: int = 0
    """Calls that the licensee's wallet has not booked yet."""
    cash: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Asset id to the cash that the licensee's wallet told last, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensee:
    id: int
    name: str
    default_pack: str
    stake_order: StakeOrder = StakeOrder.CASH_FIRST
    suspended: bool = False
    shortfall: Shortfall = Shortfall.REFUSE
    thresholds: tuple[tuple[str, str], ...] = ()
    """(currency, amount) above which a correction by hand needs two people."""
    wallet: OwnWallet | None = None
    """None: the ledger keeps the money of its players."""
    mirrored: bool = False
    game_wallet: bool = False
    """Its players' money comes and goes by transfers."""
    """It has a wallet of its own."""
    licences: tuple[str, ...] = ()
    """Law packs for which it has a licence. Empty: for all."""
    assertions: "Assertions | None" = None
    """Not None: it vouches for each stake and session itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertions:
    """What the word of a licensee must be like that keeps limits and exclusions itself."""

    public_key: bytes
    max_age_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFlags:
    win_without_bet: bool = False
    one_credit_per_bet: bool = False
    late_win_window_us: int = 0
    bet_window_us: int = 0
    auto_close_after_us: int = 0
    pays_per_spin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    category: str
    enabled: bool
    build: str = ""
    """The build that runs, by its papers. Empty: nobody has shown any."""
    certified: bool = True
    """The build that runs has a certificate, or nobody has shown papers."""
    progressive: bool = False
    """It feeds or pays a progressive jackpot."""
    return_ppm: int = 0
    """Certified return in millionths of the stakes; 0: not told."""
    features: tuple[str, ...] = ()
    """What it can do that some markets forbid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A kill switch as it stands."""

    suspended: bool
    since_us: int
    """When it was thrown last."""


class SwitchName(NamedTuple):
    """What a kill switch stops. Zero and empty: every licensee, no provider, no name."""

    scope: Scope
    licensee_id: int = 0
    source_id: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """One unit of a currency is `value / 10**decimals` of another."""

    value: int
    decimals: int
    observed_us: int
    max_age_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSaid:
    """What was measured of the clock last."""

    offset_us: int
    error_us: int
    measured_us: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What this process itself cannot rely on now."""

    clock_off: bool = False
    """The clock is further from its reference than allowed, or nobody knows."""
    clock: ClockSaid | None = None
    """By which measurement it is off; None while it is not, or if there was none."""
    audit_down: bool = False
    """The database takes no evidence."""
    zones_changed: frozenset[str] = frozenset()
    """Time zones whose data has changed since this process has loaded them."""


WELL = Health()


@dataclass(frozen=True, slots=True)
class Registry:
    """One version of everything that must be known before money moves."""

    version: int
    licensees: dict[str, Licensee]
    sources: dict[str, int]
    assets: dict[tuple[int, str], Asset]
    providers: dict[tuple[int, int], ProviderFlags]
    games: dict[tuple[int, int, str], Game]
    shards: int
    packs: Any = None
    """The law packs to decide with: those that are shipped, and what was released since."""
    releases: tuple[Release, ...] = ()
    """Packs that were released while services ran, as they are stored."""
    suspensions: dict[SwitchName, Suspension] = field(default_factory=dict)
    silent_sources: frozenset[str] = frozenset()
    source_leases: dict[str, int] = field(default_factory=dict)
    """Until when the health of a source is known, where that ends: from then on it is silent."""
    rates: dict[tuple[int, str, str], ExchangeRate] = field(default_factory=dict)
    """By licensee, the currency that is converted, and that of the result."""
    health: Health = WELL
    limit_files: frozenset[str] = frozenset()
    """Cross-operator limit files that we ask ourselves: nobody else's word stands in for theirs."""
    assets_by_id: dict[int, Asset] = field(default_factory=dict)
    source_names: dict[int, str] = field(default_factory=dict)
    licensees_by_id: dict[int, Licensee] = field(default_factory=dict)

    def silent_at(self, now_us: int) -> frozenset[str]:
        """The sources that do not answer at a moment."""
        if not self.source_leases:
            return self.silent_sources
        return self.silent_sources.union(name for name, until_us in self.source_leases.items() if now_us >= until_us)

    def game(self, licensee_id: int, source_id: int, game: str) -> Game | None:
        """The licensee's own entry for a game, or the one for all."""
        return self.games.get((licensee_id, source_id, game)) or self.games.get((0, source_id, game))


@dataclass(slots=True)
class Entry:
    """One row of the log. Positions and balances after are filled in when it is appended."""

    kind: Kind
    source_id: int
    key: str | None
    outcome: Outcome
    fingerprint: bytes | None = None
    asset: Asset | None = None
    amount: int | None = None
    debit: "AccountName | None" = None
    credit: "AccountName | None" = None
    moved: int = 0
    round: str | None = None
    game: str | None = None
    session: str | None = None
    reference: str | None = None
    undoes: int | None = None
    case: Case | None = None
    limit: str | None = None
    details: dict[str, Any] | None = None
    decision: Any = None
    pack: str | None = None
    decision_json: str | None = None
    request_id: str = ""
    shard: int = 0
    sequence: int = 0
    operation: int = 0
    player_id: int = 0
    licensee_id: int = 0
    debit_id: int | None = None
    credit_id: int | None = None
    debit_after: int | None = None
    credit_after: int | None = None
    available: int | None = None
    recorded_us: int = 0
    legs: "tuple[Entry, ...]" = ()
    """Further rows of the same posting: money that came from, or went to, another account."""
    is_leg: bool = False
    apart: bool = False
    """It begins an operation of its own, although other entries come before it in the answer."""

    @property
    def tombstone(self) -> bool:
        """True for the mark that an undoing leaves under the key of what it never saw."""
        return self.fingerprint is None and self.outcome is Outcome.ALREADY_ROLLED_BACK

    @property
    def bonus(self) -> int:
        """The part of the amount that came from or went to the bonus balance."""
        part: int = self.details.get("bonus", 0) if self.details else 0
        return part


class AccountName(NamedTuple):
    """Which account: of the player or of the house, in one asset. A tuple, because it is a key on the hot path."""

    asset_id: int
    account_class: AccountClass
    source_id: int = 0


account_name = lru_cache(maxsize=1 << 12)(AccountName)
"""The same name is made for every posting."""


@dataclass(slots=True)
class Account:
    id: int
    name: AccountName
    debits: int = 0
    credits: int = 0
    new: bool = False

    @property
    def balance(self) -> int:
        return self.credits - self.debits


@dataclass(slots=True)
class RoundBet:
    """A live or undone stake of a round."""

    sequence: int
    key: str
    amount: int
    at_us: int
    bonus: int = 0
    cancelled: bool = False
    wins: int = 0
    """Wins that were not taken back, of zero too. One is enough to settle the bet."""
    booked: int = 0
    """Position of the entry that a cancel would undo now: the bet, or what booked it again."""
    free: int = 0
    """What the stake of a free spin is worth, which nobody pays."""
    counted: int | None = None
    """What it counts in the player's main currency, if that is not the amount itself."""


@dataclass(slots=True)
class RoundWin:
    """A result of a round, by its position."""

    sequence: int
    key: str
    bet_key: str
    """Empty: every bet before it."""
    reversed: bool = False

    def settles(self, bet: RoundBet) -> bool:
        return self.bet_key == bet.key if self.bet_key else self.sequence > bet.sequence


@dataclass(slots=True)
class Round:
    source_id: int
    name: str
    asset: Asset
    opened_sequence: int
    opened_us: int
    state: RoundState = RoundState.OPEN
    closed_us: int | None = None
    bets: dict[str, RoundBet] = field(default_factory=dict)
    wins: dict[str, RoundWin] = field(default_factory=dict)
    idle_us: int | None = None
    """The round closes by itself when it is idle for this long. None: never."""
    last_us: int = 0
    """Time of its last bet or win."""
    new: bool = False

    def copy(self) -> "Round":
        bets = {key: replace(bet) for key, bet in self.bets.items()}
        return replace(self, bets=bets, wins={key: replace(win) for key, win in self.wins.items()})

    def closed_at(self, now_us: int) -> int | None:
        """When it was closed, or closed by itself; None while it is open."""
        if self.state is RoundState.CLOSED:
            return self.closed_us
        due = None if self.idle_us is None else max(self.last_us, self.opened_us) + self.idle_us
        return due if due is not None and now_us >= due else None

    def live_bets(self) -> list[RoundBet]:
        return [bet for bet in self.bets.values() if not bet.cancelled]

    def staked(self) -> int:
        """Everything staked in the cycle and not given back, free spins at their worth, in smallest units."""
        return sum(bet.amount + bet.free for bet in self.bets.values() if not bet.cancelled)


@dataclass(slots=True)
class HeldMoney:
    """A hold: captured + released + left = amount."""

    source_id: int
    key: str
    asset: Asset
    amount: int
    captured: int = 0
    released: int = 0
    state: HoldState = HoldState.ACTIVE
    expires_us: int | None = None
    at_us: int = 0
    """When it was asked for."""
    new: bool = False
    tolerance: int = 0
    """What a capture may take beyond the hold."""
    beyond: int = 0
    """What a capture took beyond it."""
    aside: bool = False
    """A win that was put aside: nobody asked for it to leave, and it counts for no limit."""

    @property
    def left(self) -> int:
        return self.amount - self.captured - self.released


@dataclass(slots=True)
class Play:
    """A session as the ledger knows it."""

    session: str
    source_id: int
    asset: Asset
    game: str
    state: PlayState = PlayState.ACTIVE
    expires_us: int | None = None
    permit: Any = None
    """The kernel's facts of the session; None if they cannot be read, which refuses every bet."""
    new: bool = False

    def active_at(self, now_us: int) -> bool:
        return self.state is PlayState.ACTIVE and (self.expires_us is None or now_us < self.expires_us)


@dataclass(slots=True)
class Player:
    """One player, as far as it was read. `probed` says which absent things are truly absent."""

    id: int
    licensee: Licensee
    name: str
    pack: str
    born_on: str
    main: Asset | None
    blocked: bool = False
    accounts: dict[AccountName, Account] = field(default_factory=dict)
    keys: dict[Key, Entry] = field(default_factory=dict)
    rounds: dict[tuple[int, str], Round] = field(default_factory=dict)
    holds: dict[tuple[int, str], HeldMoney] = field(default_factory=dict)
    plays: dict[str, Play] = field(default_factory=dict)
    probed: set[Any] = field(default_factory=set)
    protection: Any = None
    """The kernel's state of limits, exclusion and break; None if it cannot be read."""
    standing: Any = None
    basis: Any = None
    """What the short records of its bets begin from."""
    usage: Any = None
    """What limits count; None until a limit needs it."""
    uncounted: Any = None
    """The protection under which nothing has to be counted for bets."""
    cycles: dict[tuple[str, str], int] = field(default_factory=dict)
    """(session, game category) to the start of its last game cycle, in microseconds."""
    past: dict[AccountName, Past] = field(default_factory=dict)
    """How accounts stood before now, read for the back-dated commands of one flight."""
    standings: dict[int, Standing] = field(default_factory=dict)
    """Asset id to what is stopped for that account; absent: nothing."""
    undone: dict[int, int] = field(default_factory=dict)
    """Position of an entry to that of the one which undid it. As far as it was read."""
    mirror: Mirror = field(default_factory=Mirror)
    plays_known: bool = False
    """Every session that may stake is among `plays`."""
    register: str | None = None
    """What the exclusion register said when it was asked last; None if it never was."""
    person: str | None = None
    """Names the human; None if that is not known."""
    siblings: tuple[Any, ...] = ()
    """What protects the other accounts of the human at this licensee: the kernel's states, read for one flight."""
    new: bool = False

    def balance(self, asset_id: int, account_class: AccountClass) -> int:
        account = self.accounts.get(account_name(asset_id, account_class))
        return account.credits - account.debits if account else 0

    @property
    def plain(self) -> bool:
        """True if the player has one account, which is cash."""
        return len(self.accounts) == 1

    def has_account(self, asset_id: int) -> bool:
        return account_name(asset_id, AccountClass.CASH) in self.accounts

    def forget(self, kept: int) -> None:
        """Keep the latest keys and rounds only. What is needed of the others is read again."""
        self.keys = dict(list(self.keys.items())[max(len(self.keys) - kept, 0) :])
        self.rounds = dict(list(self.rounds.items())[max(len(self.rounds) - kept, 0) :])
        # Something that is forgotten now may be marked as looked up and absent.
        self.probed.clear()

    def standing_of(self, asset_id: int) -> Standing:
        return self.standings.get(asset_id, Standing.OPEN)

    def undoable(self, sequence: int) -> int | None:
        """Position of the entry that stands for this one now: itself, or what booked it again. None: it is undone."""
        while (undone := self.undone.get(sequence)) is not None:
            again = self.undone.get(undone)
            if again is None:
                return None
            sequence = again
        return sequence

    def trial(self, rounds: Iterable[tuple[int, str]]) -> "Player":
        """A copy to decide on: what happens to it does not happen to the player.

        Only these rounds may change. A player has thousands of others, and copying them takes too long.
        """
        twin = copy.copy(self)
        twin.accounts = {name: copy.copy(account) for name, account in self.accounts.items()}
        twin.keys = dict(self.keys)
        twin.rounds = self.rounds | {name: self.rounds[name].copy() for name in rounds if name in self.rounds}
        twin.holds = {name: copy.copy(hold) for name, hold in self.holds.items()}
        twin.plays = {name: copy.copy(play) for name, play in self.plays.items()}
        twin.usage = copy.deepcopy(self.usage)
        twin.cycles = dict(self.cycles)
        twin.past = {name: past.copy() for name, past in self.past.items()}
        twin.standings = dict(self.standings)
        twin.undone = dict(self.undone)
        twin.mirror = replace(self.mirror, cash=dict(self.mirror.cash))
        return twin
