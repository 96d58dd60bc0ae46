"""The provider's messages, field for field."""

from dataclasses import dataclass
from typing import Annotated

from provider_adapters._kit.typed_json import Text, Whole

Id = Annotated[str, Text(shortest=1, longest=128)]
Token = Annotated[str, Text(shortest=1, longest=256)]
Name = Annotated[str, Text(shortest=1, longest=128)]
Currency = Annotated[str, Text(shortest=3, longest=12)]
Amount = Annotated[int, Whole(0, 2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The launch token, which we swap for another one."""

    request_uuid: Id
    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    request_uuid: Id
    token: Token
    supplier_user: Name | None = None
    user: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    request_uuid: Id
    transaction_uuid: Id
    token: Token
    supplier_user: Name
    """The provider's own name of the player; ours is `user`."""
    user: Name | None = None
    game_code: Id
    round: Id
    round_closed: bool
    amount: Amount
    currency: Currency
    is_free: bool = False
    bet: str | None = None
    reward_uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Win:
    request_uuid: Id
    transaction_uuid: Id
    reference_transaction_uuid: Id
    token: Token
    supplier_user: Name
    user: Name | None = None
    game_code: Id
    round: Id
    round_closed: bool
    amount: Amount
    currency: Currency
    is_free: bool = False
    jackpot_win: Amount | None = None
    """Part of `amount`, not on top of it."""
    bet: str | None = None
    reward_uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    request_uuid: Id
    transaction_uuid: Id
    reference_transaction_uuid: Id
    token: Token
    user: Name | None = None
    game_code: Id
    round: Id
    round_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """One game of `game/list`."""

    game_code: Id
    name: Name
    category: Name
    enabled: bool
    currencies: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepaid:
    """One template of `freebet/prepaids/list`. What is null may be chosen."""

    prepaid_uuid: Id
    game_code: Id
    currency: Currency
    bet_count: int | None = None
    bet_value: Amount | None = None
