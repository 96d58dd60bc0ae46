"""A session, and the request that asked for it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

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
