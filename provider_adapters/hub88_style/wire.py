"""The provider's messages, field for field."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from provider_adapters._kit.typed_json import Text, Whole

Id = Annotated[str, Text(shortest=1, longest=128)]
Token = Annotated[str, Text(shortest=1, longest=256)]
Name = Annotated[str, Text(shortest=1, longest=128)]
Currency = Annotated[str, Text(shortest=3, longest=12)]
Amount = Annotated[int, Whole(0, 2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo:
    user: Name
    request_uuid: Id
    token: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserBalance:
    user: Name
    request_uuid: Id
    token: Token
    game_code: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    request_uuid: Id
    transaction_uuid: Id
    token: Token
    user: Name
    game_code: Id
    round: Id
    round_closed: bool
    amount: Amount
    currency: Currency
    is_free: bool
    supplier_user: str | None = None
    reward_uuid: str | None = None
    campaign_uuid: str | None = None
    bet: str | None = None
    sub_partner_id: str | None = None
    meta: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Win:
    request_uuid: Id
    transaction_uuid: Id
    reference_transaction_uuid: Id | None = None
    """Required, but for supplier promotions and free spins."""
    token: Token
    user: Name
    game_code: Id
    round: Id
    round_closed: bool
    amount: Amount
    currency: Currency
    is_free: bool
    supplier_user: str | None = None
    reward_uuid: str | None = None
    campaign_uuid: str | None = None
    bet: str | None = None
    jackpot_win: Amount | None = None
    """Part of `amount`, not on top of it."""
    is_supplier_promo: bool | None = None
    sub_partner_id: str | None = None
    meta: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    request_uuid: Id
    transaction_uuid: Id
    reference_transaction_uuid: Id
    token: Token
    user: Name
    game_code: Id
    round: Id
    round_closed: bool
    supplier_user: str | None = None
    is_free: bool | None = None
    sub_partner_id: str | None = None
    meta: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What every callback answers. `status` and `request_uuid` are always there."""

    status: str
    request_uuid: str
    user: str | None = None
    currency: str | None = None
    balance: int | None = None
    country: str | None = None
    jurisdiction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """One game of `game/list`."""

    game_code: Id
    name: Name
    category: Name
    enabled: bool
    currencies: list[str] | None = None
    blocked_countries: list[str] | None = None
    rtp: Decimal | None = None
    """Per cent."""
    languages: list[str] | None = None
    certifications: list[dict[str, object]] | None = None
    """Each a `Certification`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """A variant that was certified for one market."""

    market: Annotated[str, Text(shortest=2, longest=6)]
    certificate: str | None = None
    rtp: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepaid:
    """One template of `freebet/prepaids/list`. What is null may be chosen."""

    prepaid_uuid: Id
    game_code: Id
    currency: Currency
    bet_count: int | None = None
    bet_value: Amount | None = None
    bonus_buy: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """The answer of `freebet/rewards/create`."""

    reward_uuid: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchReply:
    """The answer of `game/url`."""

    url: Annotated[str, Text(shortest=8, longest=4096)]
