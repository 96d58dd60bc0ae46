"""The provider's messages, field for field, under the names of the wire."""

# ruff: noqa: N815 - the names are the provider's

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from provider_adapters._kit.typed_json import Text

Id = Annotated[str, Text(shortest=1, longest=128)]
Half = Annotated[str, Text(shortest=1, longest=63)]
"""Part of a round's name in the ledger, which takes 128 characters."""
Sid = Annotated[str, Text(shortest=1, longest=256)]
Currency = Annotated[str, Text(shortest=3, longest=12)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    id: Id
    vid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRound:
    """One deal, spin or draw of a table, for everybody who sits at it."""

    id: Half
    type: Id
    details: Details


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    id: Id
    refId: Half
    """What a debit, its credit and its cancel have in common."""
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    type: Id
    """P for desktop, M for mobile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    sid: Sid
    userId: Id
    uuid: Id
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    sid: Sid
    userId: Id
    uuid: Id
    currency: Currency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A debit, a credit or a cancel: one shape for all three."""

    sid: Sid
    userId: Id
    uuid: Id
    currency: Currency
    game: GameRound
    transaction: Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoTransaction:
    type: Id
    id: Id
    amount: Decimal
    voucherId: Id | None = None
    remainingRounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoPayout:
    sid: Sid
    userId: Id
    uuid: Id
    currency: Currency
    promoTransaction: PromoTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LobbyTable:
    """One table of the lobby."""

    name: Id
    gameType: Id
    open: bool
