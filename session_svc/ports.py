"""What the use cases need from the world."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from session_svc.domain.catalog import Game
from session_svc.domain.grants import Grant, GrantState
from session_svc.domain.reconciling import Case, Key, Line, Own, Span
from session_svc.domain.rounds import PlayedRound, Replay, RoundName
from session_svc.domain.session import Assertion, DemoSession, LedgerPosition, Order, Session, Swap, TokenRole
from session_svc.domain.states import PlayEnd, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a provider's browser session begins with."""

    token: str = field(repr=False)
    """The provider sends it back with its callbacks."""
    url: str = field(default="", repr=False)
    """Empty until the provider has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a token is, and what it is good for."""

    session: Session
    role: TokenRole


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSession:
    """A session as adapters need it: with its token."""

    session: Session
    token: str = field(repr=False)
    role: TokenRole = TokenRole.LAUNCH


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChange:
    """One change that the licensee can see."""

    cursor: int
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOpened:
    """The ledger lets the session stake."""

    position: LedgerPosition
    jurisdiction: str
    counted: bool = False
    """An activity file counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalEnd:
    """Sessions of a player that the law has ended, and where in the ledger."""

    licensee: str
    player_id: str
    position: LedgerPosition
    reason: str
    """A reason code of the law, such as "SEX.SELF"."""
    session_id: str = ""
    """Only this session, which the ledger itself has ended. Empty: every one that was opened before."""


class SwitchScope(StrEnum):
    """What a kill switch stops."""

    ALL = "all"
    LICENSEE = "licensee"
    PACK = "pack"
    PROVIDER = "provider"
    GAME = "game"
    PLAYER = "player"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A kill switch that was thrown: sessions in its scope that were there at that moment are over."""

    scope: SwitchScope
    since: dt.datetime
    licensee: str = ""
    """Empty: it holds for every licensee."""
    provider: str = ""
    name: str = ""
    """The pack, game or player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """What a page of a shard's log means for sessions."""

    last_sequence: int
    ends: Sequence[LegalEnd]


class Sessions(Protocol):
    """The sessions that were written down. Every change checks the transition table."""

    async def begin(self, session: Session, launch: Launch) -> bool:
        """Write a new session down; False if its client key already has one that did not fail."""
        ...

    async def newest_attempt(self, licensee: str, client_key: str) -> Session | None:
        """The newest session of a client key, failed ones too."""
        ...

    async def find(self, licensee: str, session_id: str) -> Session | None:
        """A session of a licensee."""
        ...

    async def by_token(self, token: str, now: dt.datetime) -> Holder | None:
        """The session of a launch token, or of one that came from a swap."""
        ...

    async def swap(self, session: Session, launch_token: str, swap: Swap) -> Swap:
        """Swap a launch token of the session. The first swap of a token is the one that everybody gets."""
        ...

    async def swap_of(self, session: Session, launch_token: str) -> Swap | None:
        """The swap that a launch token of the session already had."""
        ...

    async def newest_of_player(self, provider: str, licensee: str, player_id: str) -> KnownSession | None:
        """The session that was launched last; if there was none, one that is being launched."""
        ...

    async def launch_of(self, session: Session) -> Launch:
        """The secrets of a session."""
        ...

    async def relaunch(self, session: Session, spare: str) -> Launch:
        """The secrets to launch a session with. If its launch token was swapped, the spare one takes its place."""
        ...

    async def move(self, session: Session, to: State, now: dt.datetime, *, reason: str = "") -> Session | None:
        """Take one step; None if the session is no longer where that step begins. `reason`: why the law ends it."""
        ...

    async def activate(self, session: Session, url: str, opened: PlayOpened, now: dt.datetime) -> Session | None:
        """Make an opening session the active one and begin to replace the one before; None as in `move`.

        A session that the law has ended after it was opened in the ledger begins to fail instead.
        """
        ...

    async def half_ended_of_player(self, session: Session) -> list[Session]:
        """Sessions of the same player at the same provider whose end the ledger may not know yet."""
        ...

    async def unfinished(self, *, before: dt.datetime, opening_before: dt.datetime, limit: int) -> list[Session]:
        """Sessions that have been between two states for too long."""
        ...

    async def expire_due(self, now: dt.datetime, *, limit: int) -> list[Session]:
        """Mark active sessions whose time is over."""
        ...

    async def active_in(self, switch: Switch, *, limit: int) -> list[Session]:
        """Active sessions that a kill switch has ended."""
        ...

    async def to_be_left(self, *, limit: int) -> list[Session]:
        """Sessions that have ended, and that an activity file may still count; those first that waited longest."""
        ...

    async def left(self, session: Session) -> None:
        """No activity file counts the session any more."""
        ...

    async def left_later(self, session: Session) -> None:
        """It could not be told: others come before it the next time."""
        ...

    async def out_of_time(self, now: dt.datetime, *, limit: int) -> list[Session]:
        """Active sessions whose player has fixed a time that is over."""
        ...


class DemoSessions(Protocol):
    """The games for play money that were written down."""

    async def begin(self, demo: DemoSession, launch: Launch) -> None:
        """Write a new one down, unless its client key already has one."""
        ...

    async def by_key(self, licensee: str, client_key: str) -> tuple[DemoSession, Launch] | None:
        """What a client key has."""
        ...

    async def launched(self, demo: DemoSession, url: str) -> str:
        """Keep its address. The first one is the one that everybody gets."""
        ...

    async def of_token(self, token: str) -> str | None:
        """The id of the one with this token."""
        ...


class Changes(Protocol):
    """The changes that licensees can see, numbered for each without gaps."""

    async def after(self, licensee: str, cursor: int, *, player_id: str, limit: int) -> list[SessionChange]:
        """The next changes of a licensee."""
        ...

    async def heads(self) -> dict[str, int]:
        """The newest number of every licensee."""
        ...


class LawRecord(Protocol):
    """How far the ledger's feed was read, in the same transactions as what it caused."""

    async def cursor(self, shard: int) -> int:
        """The last entry that was handled."""
        ...

    async def active_before(self, end: LegalEnd) -> list[Session]:
        """Active sessions of the player that the ledger opened before the law ended them."""
        ...

    async def apply(self, shard: int, page: FeedPage, now: dt.datetime) -> list[Session]:
        """End what the law has ended by the page, and remember the page as handled. Returns the ended sessions."""
        ...


class Games(Protocol):
    """The catalog as it was written down."""

    async def all(self) -> list[Game]:
        """Every game."""
        ...

    async def put(self, provider: str, games: Sequence[Game]) -> None:
        """Take over a provider's list. Games that it leaves out are disabled."""
        ...

    async def registered(self, games: Sequence[Game]) -> None:
        """Note that the ledger knows these games as they are here."""
        ...


class Law(Protocol):
    """Who decides whether a session may open, and opens it in the ledger."""

    async def open_play(self, session: Session, assertion: Assertion | None) -> PlayOpened:
        """Open it. Repeatable. Raises the refusal, or DependencyDownError when nothing is known."""
        ...

    async def end_activity(self, session: Session) -> None:
        """Tell the activity files that it is over. Repeatable. Raises DependencyDownError while one does not know."""
        ...

    async def allow_demo(self, order: Order) -> str:
        """Whether the player may open a game for play money; the pack that says so. Raises as `open_play`."""
        ...


class Ledger(Protocol):
    """The wallet, as far as sessions go."""

    async def end_play(self, session: Session, end: PlayEnd) -> None:
        """Stop a session from staking. Repeatable. Raises DependencyDownError when that is not certain."""
        ...

    async def put_games(self, provider: str, games: Sequence[Game]) -> None:
        """Let the ledger know games."""
        ...

    async def switches(self) -> list[Switch]:
        """Every kill switch that was ever thrown. Raises DependencyDownError."""
        ...

    async def shards(self) -> list[int]:
        """The shards of its log."""
        ...

    def feed(self, shard: int, after: int) -> AsyncGenerator[FeedPage, None]:
        """The log of a shard after a position, for ever. Raises DependencyDownError."""
        ...


class Providers(Protocol):
    """The adapters."""

    @property
    def names(self) -> frozenset[str]:
        """Every connected provider."""
        ...

    async def launch(self, session: Session, token: str, device: str) -> str:
        """The address that starts the game. Raises LaunchFailedError, or AdapterSilentError if nobody answered."""
        ...

    async def launch_demo(self, demo: DemoSession, token: str) -> str:
        """The address that starts the game for play money. Raises as `launch`, or DemoNotOfferedError."""
        ...

    async def games(self, provider: str) -> list[Game]:
        """The provider's catalog, as told. Raises DependencyDownError."""
        ...

    async def abilities(self, provider: str) -> frozenset[str]:
        """What the provider can do, in the words of its manifest. Raises DependencyDownError."""
        ...

    def health(self, provider: str) -> AsyncGenerator[bool, None]:
        """Whether the provider is up: now, then at each change. Raises DependencyDownError when it breaks."""
        ...


class Grants(Protocol):
    """The free rounds that were written down. A step that somebody else has taken is no mistake."""

    async def begin(self, grant: Grant) -> bool:
        """Write a new grant down; False if its client key already has one."""
        ...

    async def by_key(self, licensee: str, client_key: str) -> Grant | None:
        """The grant of a client key."""
        ...

    async def find(self, licensee: str, grant_id: str) -> Grant | None:
        """A grant of a licensee."""
        ...

    async def page(self, licensee: str, *, player_id: str, before: str, limit: int) -> list[Grant]:
        """Grants of a licensee, or of one player, that are older than `before`; the newest first."""
        ...

    async def activate(self, grant: Grant, reference: str) -> None:
        """The provider has given the rounds, under this name."""
        ...

    async def end(self, grant: Grant, to: GrantState, now: dt.datetime, *, refusal: str = "") -> None:
        """A grant that was asked for is refused, or an active one cancelled."""
        ...


class GivenGrants(Protocol):
    """Free rounds, as far as they are compared."""

    async def find(self, licensee: str, grant_id: str) -> Grant | None:
        """A grant of a licensee."""
        ...

    async def given(self, provider: str, start: dt.datetime, end: dt.datetime) -> list[Grant]:
        """Grants that were ordered from one moment on and before another one, and were given."""
        ...


class FreeRoundProviders(Protocol):
    """The adapters, as far as free rounds go.

    Both raise FreeRoundsNotOfferedError, GrantRefusedError with the provider's code, and GrantUnknownError when
    nobody knows what has happened.
    """

    async def grant(self, grant: Grant) -> str:
        """Ask for free rounds; the provider's name of them."""
        ...

    async def cancel_grant(self, grant: Grant) -> None:
        """Ask the provider to take back what is left."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One comparison of a provider's record with the ledger."""

    provider: str
    day: dt.date | None
    """A whole day of UTC; None: some minutes."""
    span: Span
    run_at: dt.datetime
    messages: int
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What came of a comparison: every case of the two spans that there is now."""

    provider: str
    as_of: dt.datetime
    """When the comparison began. What a later one has seen is not changed by it, whichever is written down last."""
    compared: Span
    looked_for_stuck: Span
    """Where rounds without an end were looked for: they must be old."""
    messages: int
    cases: Sequence[Case]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """A case, and when it was seen."""

    case: Case
    first_seen: dt.datetime
    last_seen: dt.datetime
    resolved: dt.datetime | None


class ProviderRecords(Protocol):
    """What providers have written down themselves."""

    @property
    def names(self) -> frozenset[str]:
        """Every connected provider."""
        ...

    async def record(self, provider: str, span: Span) -> list[Line]:
        """What the provider first sent in the span. Raises DependencyDownError, or NoRecordError if it tells none."""
        ...

    async def grants(self, provider: str, span: Span) -> list[Line]:
        """Free rounds that the provider gave in the span, as they are now. Raises as `record`."""
        ...


class PlayedRounds(Protocol):
    """The ledger, as far as rounds are shown."""

    async def find(self, name: RoundName) -> PlayedRound | None:
        """The round; None if it was never opened. Raises DependencyDownError."""
        ...


class ReplayProviders(Protocol):
    """The adapters, as far as they show rounds."""

    @property
    def names(self) -> frozenset[str]:
        """Every connected provider."""
        ...

    async def replay(self, played: PlayedRound) -> Replay:
        """How the provider shows it. Raises ReplayNotOfferedError, ReplayRefusedError and DependencyDownError."""
        ...


class LedgerHistory(Protocol):
    """The ledger, as far as it is compared. Everything raises DependencyDownError."""

    async def suspects(
        self, provider: str, licensee: str, currency: str, span: Span, lines: Sequence[Line]
    ) -> tuple[list[Key], list[Key]]:
        """Compare sorted lines with what was recorded in the span: lines that differ, and entries without a line."""
        ...

    async def own(self, provider: str, key: Key) -> Own:
        """What the ledger has under a key, whenever it was recorded."""
        ...

    async def round_state(self, provider: str, key: Key, round_id: str) -> str:
        """Open or closed, in one word; empty for a round that was never opened."""
        ...


class CaseBook(Protocol):
    """Cases and runs, written down together."""

    async def scopes(self, provider: str) -> list[tuple[str, str]]:
        """Licensees and currencies that have had a session at the provider."""
        ...

    async def first_session(self, provider: str) -> dt.datetime | None:
        """When the provider was first played; None if it never was."""
        ...

    async def compared_until(self, provider: str) -> dt.datetime | None:
        """Where the minutes that were compared end."""
        ...

    async def last_day(self, provider: str) -> dt.date | None:
        """The newest day that was compared as a whole."""
        ...

    async def write(self, found: Findings, *, run: Run | None, after: dt.datetime | None) -> bool:
        """Open and resolve cases by what was found, and remember the run, if it is one that is remembered.

        False, and nothing is written, if another replica has moved the end of the compared minutes away from `after`.
        """
        ...

    async def cases(self, *, provider: str, licensee: str, resolved: bool, limit: int) -> list[KnownCase]:
        """The newest cases first."""
        ...

    async def runs(self) -> list[Run]:
        """Of each provider the last minutes, then its days, the newest first."""
        ...


class SessionCache(Protocol):
    """Short-lived copies of sessions by token digest. It may forget, and it never fails."""

    async def get(self, digest: bytes) -> Holder | None:
        """Whose the token is, if it is remembered."""
        ...

    async def put(self, digest: bytes, holder: Holder) -> None:
        """Remember."""
        ...

    async def forget(self, digest: bytes) -> None:
        """As if it had never been known."""
        ...
