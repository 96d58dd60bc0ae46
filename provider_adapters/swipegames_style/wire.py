"""The provider's messages, field for field, under the names of the wire."""

# ruff: noqa: N815 - the names are the provider's

from dataclasses import dataclass
from typing import Annotated

from provider_adapters._kit.typed_json import Text

Id = Annotated[str, Text(shortest=1, longest=128)]
SessionId = Annotated[str, Text(shortest=1, longest=400)]
Amount = Annotated[str, Text(shortest=1, longest=40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    sessionID: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A bet or a win: one shape for both. Neither names a player or a currency."""

    type: Id
    """regular or free."""
    sessionID: SessionId
    amount: Amount
    txID: Id
    roundID: Id
    frID: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    sessionID: SessionId
    txID: Id
    origTxID: Id
    roundID: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRow:
    """One game of the provider's list. All of them are slots."""

    id: Id
    title: Id
