"""The provider's messages, field for field."""

from dataclasses import dataclass
from typing import Annotated

from provider_adapters._kit.typed_json import Text

Id = Annotated[str, Text(shortest=1, longest=128)]
Amount = Annotated[str, Text(shortest=1, longest=24)]
Currency = Annotated[str, Text(shortest=3, longest=12)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    player: Id
    token: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    player: Id
    token: Id
    id: Id
    round: Id
    game: Id
    amount: Amount
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Win:
    player: Id
    token: Id
    id: Id
    bet: Id
    round: Id
    game: Id
    amount: Amount
    currency: Currency
    last: bool
    """The round is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    player: Id
    token: Id
    id: Id
    bet: Id
    round: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRow:
    """One game of the provider's list."""

    id: Id
    name: Id
    category: Id
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchReply:
    """The answer of a launch."""

    url: Annotated[str, Text(shortest=8, longest=4096)]
