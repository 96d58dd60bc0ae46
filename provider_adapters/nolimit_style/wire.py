"""The provider's params, field for field, under the names of the wire."""

# ruff: noqa: N815 - the names are the provider's

from dataclasses import dataclass
from typing import Annotated

from provider_adapters._kit.typed_json import Text

Id = Annotated[str, Text(shortest=1, longest=128)]
Token = Annotated[str, Text(shortest=1, longest=256)]
Currency = Annotated[str, Text(shortest=3, longest=12)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    amount: Annotated[str, Text(shortest=1, longest=40)]
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """What the money is about."""

    uniqueReference: Id
    """Unique for each method: a rollback has that of its withdraw."""
    gameRoundId: Id
    game: Id
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateToken:
    token: Token
    game: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    userId: Id | None = None
    userIds: list[str] | None = None
    extId1: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    userId: Id
    withdraw: Amount
    information: Information
    extId1: Token | None = None
    """The launch token. Without it the bet is of the player's newest session."""
    promoName: Id | None = None
    """The promotion that gives this play: nobody stakes money of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    userId: Id
    deposit: Amount
    information: Information
    extId1: Token | None = None
    promoName: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    userId: Id
    information: Information
    extId1: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    userIds: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRow:
    """One game of the provider's list."""

    id: Id
    name: Id
    type: Id
    enabled: bool
