"""The provider's messages, field for field. Every value is a text."""

from dataclasses import dataclass
from typing import Annotated

from provider_adapters._kit.typed_json import Text

Id = Annotated[str, Text(shortest=1, longest=128)]
Token = Annotated[str, Text(shortest=1, longest=256)]
Amount = Annotated[str, Text(shortest=1, longest=24)]
Currency = Annotated[str, Text(shortest=3, longest=12)]
Flag = Annotated[str, Text(longest=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    player_id: Id
    currency: Currency
    session_id: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    player_id: Id
    session_id: Token
    game_uuid: Id
    transaction_id: Id
    amount: Amount
    currency: Currency
    type: Id
    """bet, tip or freespin."""
    round_id: Id | None = None
    finished: Flag = "0"
    freespin_id: Id | None = None
    casino_request_retry_count: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Win:
    player_id: Id
    game_uuid: Id
    transaction_id: Id
    amount: Amount
    currency: Currency
    type: Id
    """win, jackpot, freespin, and promotional kinds."""
    session_id: Token | None = None
    round_id: Id | None = None
    finished: Flag = "0"
    freespin_id: Id | None = None
    freevoucher_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The items are read from the fields whose names begin with `rollback_transactions`."""

    player_id: Id
    transaction_id: Id
    session_id: Token | None = None
    items: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    player_id: Id
    transaction_id: Id
    bet_transaction_id: Id
    type: Id = "bet"
    """bet, tip or freespin."""
    session_id: Token | None = None
    round_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRow:
    """One game of the provider's list."""

    uuid: Id
    name: Id
    type: Id
