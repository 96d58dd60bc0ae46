"""The provider's messages, element for element, under the names of the wire. Every value is a text."""

# ruff: noqa: N815 - the names are the provider's

from dataclasses import dataclass
from typing import Annotated

from provider_adapters._kit.typed_json import Text

Id = Annotated[str, Text(shortest=1, longest=128)]
Token = Annotated[str, Text(shortest=1, longest=256)]
Amount = Annotated[str, Text(shortest=1, longest=24)]
Currency = Annotated[str, Text(shortest=3, longest=12)]
Flag = Annotated[str, Text(longest=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    username: Token
    """The launch ticket."""
    gameId: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    externalId: Id
    externalGameSessionId: Token | None = None
    currency: Currency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    externalId: Id
    transactionId: Id
    real: Amount
    currency: Currency
    gameId: Id
    roundId: Id
    externalGameSessionId: Token
    freegameExternalId: Id | None = None
    """The free games that were given. What is reserved is then nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    externalId: Id
    transactionId: Id
    real: Amount
    currency: Currency
    gameId: Id
    roundId: Id
    state: Flag
    """1: the round is over. 0: it goes on."""
    type: Flag = "0"
    """0: real money. 1: promotional."""
    externalGameSessionId: str | None = None
    jackpotGain: str | None = None
    """Attribution only: money is `real`."""
    freegameExternalId: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReserve:
    externalId: Id
    transactionId: Id
    """That of the reserve."""
    roundId: str | None = None
    externalGameSessionId: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRow:
    """One game of the provider's list."""

    id: Id
    name: Id
    type: Id
    enabled: bool
