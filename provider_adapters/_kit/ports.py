"""What a provider's adapter offers to the kit, and what the kit offers to it."""

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from pitboss.wallet.v1.transaction_pb2 import Transaction
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.manifest import Manifest
from provider_adapters._kit.references import PlayerReference

T = TypeVar("T")


class Problem(enum.Enum):
    """Why a callback was refused before any outcome of the ledger was known."""

    SIGNATURE_INVALID = "signature_invalid"
    CALLER_FORBIDDEN = "caller_forbidden"
    NOT_PARSEABLE = "not_parseable"
    """The body is not the format at all: bad JSON, bad UTF-8, a duplicate key."""
    FIELD_INVALID = "field_invalid"
    """The body is the format, and a field is missing or has a wrong type or value."""
    TOO_LARGE = "too_large"
    PATH_UNKNOWN = "path_unknown"
    METHOD_UNKNOWN = "method_unknown"
    NOT_SUPPORTED = "not_supported"
    """The provider asks for a capability that the manifest does not claim."""
    OVERLOADED = "overloaded"
    """Too much at once. Nothing was done; the same message may come again."""
    INTERNAL = "internal"
    """A fault of ours. Money may have moved: the provider must take it as unknown."""


class Device(enum.Enum):
    """Where a game runs."""

    DESKTOP = "desktop"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start for whom."""

    session_id: str
    token: str
    player: PlayerReference
    game_id: str
    currency_code: str
    language: str
    country: str
    device: Device
    lobby_url: str
    demo: bool = False
    """For play money. The player is then nobody whom the ledger knows, and the token stakes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFacts:
    """What a provider says of a game in one market."""

    market: str
    """ISO 3166-1 alpha-2, or ISO 3166-2."""
    certificate_id: str = ""
    return_ppm: int = 0
    """Millionths of the stakes. 0: not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One game of the provider's catalog."""

    game_id: str
    title: str
    category: str
    """"slot", "table" or "live"."""
    enabled: bool = True
    currency_codes: tuple[str, ...] = ()
    refused_countries: tuple[str, ...] = ()
    """Where the provider does not let it be played, by two letters."""
    return_ppm: int = 0
    """Where a market has no variant of its own. 0: not told."""
    languages: tuple[str, ...] = ()
    markets: tuple[MarketFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeRounds:
    """Free rounds to give to a player."""

    grant_id: str
    """Ours. It goes along, so that the provider gives nothing twice when it is asked twice."""
    player: PlayerReference
    game_ids: tuple[str, ...]
    rounds: int
    bet: Money
    """What one round is worth."""
    expires_at: dt.datetime
    bonus_buy: bool = False
    """Each round begins with the game's bonus."""
    max_winnings: Money | None = None
    """A voucher: money for a table, whose winnings are paid up to this. None: free rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRounds:
    """Free rounds that a provider has given."""

    grant_id: str
    player: PlayerReference
    reference: str
    """What the provider calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedRound:
    """A round that somebody wants to see."""

    player: PlayerReference
    game_id: str
    """Empty if the ledger knows none."""
    round_id: str
    """As the ledger knows it: what the adapter made of the provider's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A round as the provider shows it. One of the two."""

    url: str = field(default="", repr=False)
    """An address that a browser may open."""
    page: str = field(default="", repr=False)
    """A whole HTML document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What never changes about a session. Whether it may stake is the ledger's business."""

    session_id: str
    """Empty when the token was swapped for another one and stakes no more: the ledger knows no such session."""
    player: PlayerReference
    game_id: str
    currency_code: str
    token: str
    country: str = ""
    jurisdiction: str = ""
    may_be_swapped: bool = True
    """The token is that of a launch. Only a provider that swaps tokens has to mind."""


class SessionsDownError(Exception):
    """The session directory does not answer and the session is not cached."""


class TokenSwappedError(Exception):
    """The launch token was swapped already, by another message than this one."""


class Wallet(Protocol):
    """Money, through the ledger. Never raises: a transport failure becomes an outcome."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        """Send one action and return its result.

        The player's id in `action` is set here. Lost replies are retried with the same key
        on the other replica while the budget lasts; then the outcome is OUTCOME_UNKNOWN
        (nobody knows) or OUTCOME_UNAVAILABLE (certainly nothing happened).
        """
        ...

    async def balance(self, player: PlayerReference, currency_code: str, budget: Budget) -> Balances | Result:
        """Present balances, or a Result whose outcome says why not."""
        ...

    async def round_currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str | Result:
        """Currency of a round of this provider, for providers whose results name none.

        Empty if the round was never opened; a Result when the ledger does not answer.
        """
        ...

    async def round_transactions(
        self, player: PlayerReference, round_id: str, budget: Budget
    ) -> Sequence[Transaction] | Result:
        """What a round of this provider has, in the order of the ledger, for corrections that name no transaction.

        Empty if the round was never opened; a Result when the ledger does not answer.
        """
        ...


class Sessions(Protocol):
    """Whose session a provider means. Both return None for a session that does not exist."""

    async def by_token(self, token: str, budget: Budget) -> SessionFacts | None:
        """The session of a token. Ended sessions are found too. Raises SessionsDownError."""
        ...

    async def swap(self, token: str, budget: Budget, *, key: str = "") -> SessionFacts | None:
        """Swap a launch token for another one; a retry gets the same. The facts have the new token.

        `key` is the provider's name of the message that swaps, if it has one: with another key the token is swapped
        already, and TokenSwappedError is raised. A token that came from a swap is given back. Raises SessionsDownError.
        """
        ...

    async def by_player(self, player: PlayerReference, budget: Budget) -> SessionFacts | None:
        """The newest session of the player at this provider. Raises SessionsDownError."""
        ...

    def known(self, token: str) -> SessionFacts | None:
        """The session of a token if it is known here already. Never asks: for wins and cancels, for the record."""
        ...


class Outbound(Protocol):
    """HTTP calls to the provider, through deadline, breaker and (where `safe`) retries."""

    async def send(  # noqa: PLR0913 - one argument for each part of a request
        self,
        operation: str,
        method: str,
        path: str,
        *,
        read: Callable[[HttpReply], T],
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
        guarded: bool = True,
        timeout_s: float | None = None,
    ) -> T:
        """Send to PITBOSS_PROVIDER_URL + path and return what `read` makes of the reply.

        `read` sees replies below 500. It raises ProviderRefusedError when the provider said no in its
        own words (neutral for the breaker) and ProviderFailedError when the reply is nonsense.
        This raises the same two, and BreakerOpenError. `guarded=False` is for `Adapter.probe` only.
        """
        ...


class SecurityLog(Protocol):
    """Events that a security officer wants to see. Bodies and signatures are never written."""

    def report(self, event: str, request: HttpRequest, **facts: str) -> None:
        """Write one event: "signature_invalid", "signature_missing", "caller_forbidden", ..."""
        ...


class Nonces(Protocol):
    """Which nonces came before, for providers that send one with each message."""

    async def is_new(self, nonce: str) -> bool:
        """Remember it for a while. False if it was here before. Never raises, and is true when in doubt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterParts:
    """What the kit hands to `create` of a provider's `adapter.py`."""

    manifest: Manifest
    credentials: Mapping[str, Any]
    """Content of the file PITBOSS_PROVIDER_CREDENTIALS (JSON or TOML). Check it in `config.py`."""
    callback_url: str
    """Public base address of the callbacks, for providers that want it at launch."""
    wallet: Wallet
    sessions: Sessions
    outbound: Outbound
    security: SecurityLog
    nonces: Nonces


class Adapter(Protocol):
    """One provider. `adapter.py` has `def create(parts: AdapterParts) -> Adapter`."""

    async def create_launch(self, launch: Launch) -> str:
        """The address that starts the game. Raises the kit's provider errors."""
        ...

    async def list_games(self) -> Sequence[Game]:
        """The provider's catalog. Raises the kit's provider errors."""
        ...

    async def grant_free_rounds(self, rounds: FreeRounds) -> str:
        """Give free rounds; the provider's name of them, which their results carry. Raises the kit's provider errors."""
        ...

    async def cancel_free_rounds(self, given: GivenRounds) -> None:
        """Take back what is left of them. Repeatable. Raises the kit's provider errors."""
        ...

    async def replay_round(self, played: PlayedRound) -> Replay:
        """How the provider shows a round. Raises the kit's provider errors."""
        ...

    async def probe(self, timeout_s: float) -> None:
        """One cheap call of the provider's API through `parts.outbound` with `guarded=False`."""
        ...

    async def callback(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """Answer one callback: verify, parse, map, ask wallet and sessions, map back.

        Must verify the signature before parsing. An exception becomes `refuse(INTERNAL)`.
        """
        ...

    def refuse(self, problem: Problem, request: HttpRequest) -> HttpReply:
        """The provider's own way to say `problem`. Pure; also used by the kit itself."""
        ...
