"""A session, and the request that asked for it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum

from session_svc.domain.states import NEVER_LAUNCHED, State, shown

_REFERENCE = re.compile(r"([a-z][a-z0-9-]{1,31})\.([!-~]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a licensee asks for: this game, for this player, on this device.

    A retry is the same order in every part; anything else under the same client key is a conflict.
    """

    licensee: str
    client_key: str
    player_id: str
    provider: str
    game_id: str
    currency: str
    language: str = "en"
    country: str = ""
    device: str = "desktop"
    lobby_url: str = ""
    check_every_s: int | None = None
    """The player's own interval of reality checks; None: that of the market."""
    spend_limit: str = ""
    """Stakes that the player fixed for the session, in its currency; empty: none."""
    seconds_limit: int | None = None
    """Time that the player fixed for the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The signed word of a licensee that keeps limits and exclusions itself. Only the ledger can judge it.

    It is no part of an order: a retry that comes too late for its first word brings a newer one.
    """

    issued_us: int
    nonce: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPosition:
    """Where an entry stands in the ledger."""

    shard: int
    sequence: int

    @classmethod
    def parse(cls, transaction_id: str) -> LedgerPosition:
        """From the ledger's own name of it, "shard-sequence"."""
        shard, separator, sequence = transaction_id.partition("-")
        if not (separator and shard.isdecimal() and sequence.isdecimal()):
            raise ValueError(f"{transaction_id!r} is not a position in the ledger")
        return cls(shard=int(shard), sequence=int(sequence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One player at one provider in one currency."""

    session_id: str
    order: Order
    state: State
    created_at: dt.datetime
    expires_at: dt.datetime
    ended_at: dt.datetime | None = None
    end_reason: str = ""
    """By which reason code of the law it ended; empty if that was not the law, or is not known any more."""
    jurisdiction: str = ""
    token_digest: bytes = b""
    """What its launch token is found by."""

    @property
    def was_launched(self) -> bool:
        """True if the licensee ever got an address for it."""
        return self.state not in NEVER_LAUNCHED

    def shown_state(self, now: dt.datetime) -> State:
        """The state as others see it. Its time is over when it is over, not when the sweep comes by."""
        state = shown(self.state)
        return State.EXPIRED if state is State.ACTIVE and self.expires_at <= now else state

    def shown_end(self, now: dt.datetime) -> dt.datetime | None:
        """When it ended, for others."""
        return self.expires_at if self.shown_state(now) is State.EXPIRED else self.ended_at


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSession:
    """A game that was opened for play money. There is no money behind it, so it has no life: it never ends either."""

    session_id: str
    order: Order
    pack: str
    """By which pack the law allowed it."""
    created_at: dt.datetime

    @property
    def visitor(self) -> str:
        """The name under which the provider knows the player: nobody whom the ledger knows."""
        return f"{self.order.licensee}.demo-{self.session_id}"


class TokenRole(StrEnum):
    """What a token of a session is good for."""

    LAUNCH = "launch"
    """The game was launched with it. The provider may swap it for another one, so this answer may be old tomorrow."""
    PLAY = "play"
    """Came from a swap. It stays what it is for the life of the session."""
    SWAPPED = "swapped"
    """A launch token whose time after its swap is over. Nothing is staked with it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A launch token swapped for a play token."""

    token: str = field(repr=False)
    """The play token."""
    key: str
    """The provider's own name of the swap. Another swap of the same launch token is refused; a retry is no other one."""
    at: dt.datetime
    ends_at: dt.datetime
    """Until then the launch token stakes as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerReference:
    """The name under which providers know a player: "licensee.player"."""

    licensee: str
    player_id: str

    @classmethod
    def parse(cls, text: str) -> PlayerReference | None:
        """Split at the first dot, or None when the text cannot be one of ours."""
        match = _REFERENCE.fullmatch(text)
        return cls(licensee=match[1], player_id=match[2]) if match else None

    def __str__(self) -> str:
        return f"{self.licensee}.{self.player_id}"


def token_digest(token: str) -> bytes:
    """What a launch token is found by. Tokens are random, so a plain digest tells nothing about them."""
    return hashlib.sha256(token.encode()).digest()
