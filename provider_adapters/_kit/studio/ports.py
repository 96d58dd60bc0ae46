"""What a provider's `studio.py` offers to the simulator base, and what the base offers to it."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.ports import Game
from provider_adapters._kit.studio.grants import Grants


class ActKind(enum.StrEnum):
    """What a studio says to the wallet."""

    ENTER = "enter"
    """The player opens the game: user info, authenticate, or whatever comes first."""
    BALANCE = "balance"
    BET = "bet"
    WIN = "win"
    CANCEL = "cancel"
    CLOSE = "close"
    TIP = "tip"
    PROMO = "promo"
    """A promotional credit that no bet stands behind."""
    TOURNAMENT = "tournament"
    JACKPOT = "jackpot"
    """A jackpot that is not part of a win."""
    FREE_BET = "free_bet"
    """A free spin of a grant begins. It takes nothing."""
    FREE_SPIN = "free_spin"
    """The result of one free spin of a grant."""
    FREE_TOTAL = "free_total"
    """The sum of a grant's results."""
    ROLLBACK = "rollback"
    """Several messages undone together."""
    ADJUST = "adjust"
    """A correction of a round, up or, with an amount below zero, down."""
    LEAVE = "leave"
    """The studio's own session of the player is over."""


CLAIMS: Mapping[ActKind, Capability] = {
    ActKind.TIP: Capability.TIP,
    ActKind.PROMO: Capability.PROMO_WIN,
    ActKind.TOURNAMENT: Capability.TOURNAMENT,
    ActKind.JACKPOT: Capability.JACKPOT_WIN,
    ActKind.FREE_BET: Capability.FREE_ROUNDS,
    ActKind.FREE_SPIN: Capability.FREE_ROUNDS,
    ActKind.FREE_TOTAL: Capability.FREE_ROUND_TOTAL,
    ActKind.ROLLBACK: Capability.ROLLBACK_LIST,
    ActKind.ADJUST: Capability.ADJUST,
    ActKind.LEAVE: Capability.SESSION_NEWS,
}
"""What a manifest must claim before its studio says it. Everybody says the rest."""


class Reaction(enum.StrEnum):
    """What the provider does after an answer, by its documents."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Final: nothing happened and nothing follows."""
    CANCEL = "cancel"
    """Bets only: the provider cancels, because the bet may have been taken."""
    RETRY = "retry"
    """Wins, cancels and closes: the same message again, until there is an answer."""
    DISPUTE = "dispute"
    """Wins and cancels: the provider stops and asks people. Never happens in a healthy mesh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A player in a launched game, as the studio knows it from the launch call."""

    launch_id: str
    user: str
    """The player reference, "<licensee>.<player>"."""
    token: str
    currency_code: str
    game_id: str
    country: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One message to send. Ids and amounts are the studio's; the dialect only writes them down."""

    kind: ActKind
    seat: Seat
    transaction_key: str = ""
    """Own id of this message. A retry is the same `Act`."""
    bet_key: str = ""
    """The bet that a cancel undoes, or that a win pays (empty: the whole round)."""
    round_id: str = ""
    game_id: str = ""
    amount: Decimal | None = None
    """Main units, exact. A cancel carries the amount of its bet."""
    grant_id: str = ""
    """Free rounds: what was given."""
    jackpot: Decimal | None = None
    """What of a stake feeds a jackpot, or what of a win is one. It moves nothing."""
    undoes: tuple["Act", ...] = ()
    """Rollbacks: the messages to undo."""
    closes: bool = False
    """Last message of the round, for dialects that close by a flag."""
    sent_at_ms: int = 0
    """Wall time of the first attempt, for dialects that put a timestamp into the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the provider understood."""

    reaction: Reaction
    code: str
    """The wire code, such as "RS_OK"; "timeout", "unreadable" and "http_500" when there was none."""
    balance: Decimal | None = None
    token: str = field(default="", repr=False)
    """What the token of the launch was swapped for, if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """When a provider repeats an unanswered win or cancel. It never gives up."""

    first_s: float = 0.2
    factor: float = 2.0
    longest_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Facts of the provider that steer the base."""

    timeout_s: float
    """How long the provider waits for an answer."""
    closes_by_flag: bool
    """True: the last win carries `closes`. False: the base sends an ActKind.CLOSE of its own."""
    wins_name_the_bet: bool
    """True: one win per winning bet. False: one win per round, always sent, zero too."""
    cancel_shares_key: bool = False
    """True: a cancel has no id of its own; `transaction_key` equals `bet_key`."""
    several_bets: bool = True
    bet_attempts: int = 3
    """How often a bet without a clear answer is sent, before it is cancelled."""
    late_bet_accepted: bool = False
    """True: a bet that follows its own cancel is answered with success, and takes nothing."""
    win_without_bet_paid: bool = False
    """True: a win whose round has no bet is paid, and people look at it later."""
    refusals_look_alike: bool = False
    """True: the dialect has one word for all refusals of wins and cancels, so the provider repeats even the final ones."""
    free_wins_may_lack_round: bool = False
    """True: the result of a free spin may come without a round."""
    free_bets_share_ids: bool = False
    """True: the beginning of a free spin and its result may have one id."""
    names_vouchers: bool = False
    """True: a promotional credit may say which voucher pays it, by `grant_id`."""
    refunds_may_lack_round: bool = False
    """True: a cancel need not say which round its bet was in."""
    retries: RetrySchedule = field(default_factory=RetrySchedule)


class ShownRounds(Protocol):
    """Rounds that the studio has played, as it shows them."""

    def address(self, user: str, round_id: str) -> str:
        """An address of a player's round; empty if the player never was in it."""
        ...

    def page(self, round_id: str, user: str = "") -> str:
        """The document; empty if nobody, or not this player, was in the round."""
        ...


class Desk(Protocol):
    """The base's services for the vendor API of a studio."""

    public_url: str
    """Own address, for launch addresses: f"{public_url}/play/{launch_id}"."""
    grants: Grants
    """Free rounds that were given."""

    @property
    def replays(self) -> ShownRounds:
        """Rounds as they are shown."""
        ...

    def seat(self, seat: Seat) -> str:
        """Remember a launch (durably) and return the address that the player's browser opens."""
        ...

    def demo(self, *, user: str, token: str, game_id: str) -> str:
        """An address that opens a game for play money. Nobody plays there with money, so no message ever comes of it."""
        ...

    def new_launch_id(self) -> str:
        """A random id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioParts:
    """What the base hands to `create` of a provider's `studio.py`."""

    credentials: Mapping[str, Any]
    """Content of the file PITBOSS_STUDIO_CREDENTIALS (JSON or TOML)."""
    callback_url: str
    """PITBOSS_STUDIO_CALLBACK_URL, without a trailing slash."""


class Studio(Protocol):
    """The dialect of one studio. `studio.py` has `def create(parts: StudioParts) -> Studio`."""

    @property
    def habits(self) -> Habits:
        """Facts that steer the base."""
        ...

    @property
    def games(self) -> Sequence[Game]:
        """The catalog. Its ids are what launches and bets carry."""
        ...

    def write(self, act: Act) -> HttpRequest:
        """The signed message. `path` is below the callback address. Pure: a retry is byte for byte equal."""
        ...

    def read(self, act: Act, reply: HttpReply) -> Answer:
        """What the provider makes of a reply that arrived whole, any status, any nonsense. Never raises."""
        ...

    def unanswered(self, act: Act) -> Reaction:
        """What the provider does when no answer came: usually CANCEL for bets, RETRY for the rest."""
        ...

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """The same message with a signature that must not verify."""
        ...

    def signature_refused(self, reply: HttpReply) -> bool:
        """Whether a reply refuses the signature in the provider's way."""
        ...

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """The vendor's own API: catalog, launch and a cheap call for the probe. Verifies its caller."""
        ...


@runtime_checkable
class AsksTogether(Protocol):
    """A studio whose dialect asks for the balances of several players in one message."""

    def write_balances(self, seats: Sequence[Seat]) -> HttpRequest:
        """The signed message."""
        ...

    def read_balances(self, reply: HttpReply) -> Mapping[str, Decimal]:
        """Balances by player reference; empty when the reply has none."""
        ...
