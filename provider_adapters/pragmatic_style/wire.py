"""The provider's messages, field for field. Requests are forms, replies are JSON objects.

A field `round_id` is `roundId` on the wire. Requests hold texts as they came; numbers in replies are exact decimals.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError, parse_object

__all__ = ["FieldError", "NotParseableError", "parse_object"]


class FieldError(Exception):
    """A field is missing, unknown or has a value that cannot be. The text names the field, never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it came, in both spellings: the hash may be over either."""

    pairs: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticateRequest:
    token: str
    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRequest:
    user_id: str
    provider_id: str
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetRequest:
    user_id: str
    game_id: str
    round_id: str
    amount: str
    reference: str
    provider_id: str
    timestamp: str
    round_details: str
    bonus_code: str = ""
    token: str = ""
    jackpot_contribution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRequest:
    user_id: str
    game_id: str
    round_id: str
    amount: str
    reference: str
    provider_id: str
    timestamp: str
    round_details: str
    bonus_code: str = ""
    promo_win_amount: str = ""
    promo_win_reference: str = ""
    promo_campaign_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusRequest:
    user_id: str
    amount: str
    reference: str
    provider_id: str
    timestamp: str
    bonus_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JackpotRequest:
    user_id: str
    game_id: str
    round_id: str
    amount: str
    reference: str
    provider_id: str
    timestamp: str
    jackpot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoRequest:
    user_id: str
    amount: str
    currency: str
    campaign_id: str
    campaign_type: str
    reference: str
    provider_id: str
    timestamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRoundRequest:
    user_id: str
    game_id: str
    round_id: str
    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    user_id: str
    reference: str
    provider_id: str
    round_id: str = ""
    game_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRequest:
    user_id: str
    game_id: str
    round_id: str
    amount: str
    """With a minus sign: what is taken."""
    reference: str
    provider_id: str
    timestamp: str
    valid_bet_amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExpiredRequest:
    user_id: str
    provider_id: str
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticateReply:
    user_id: str
    currency: str
    cash: Decimal
    bonus: Decimal
    token: str
    country: str
    jurisdiction: str
    error: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReply:
    currency: str
    cash: Decimal
    bonus: Decimal
    error: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BetReply:
    transaction_id: str
    currency: str
    cash: Decimal
    bonus: Decimal
    used_promo: Decimal
    error: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReply:
    transaction_id: str
    currency: str
    cash: Decimal
    bonus: Decimal
    error: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRoundReply:
    cash: Decimal
    bonus: Decimal
    error: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReply:
    transaction_id: str
    error: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    error: int
    description: str


KNOWN_FIELDS = frozenset(
    [
        "userId",
        "gameId",
        "roundId",
        "amount",
        "reference",
        "providerId",
        "timestamp",
        "roundDetails",
        "hash",
        "token",
        "ipAddress",
        "bonusCode",
        "platform",
        "language",
        "jackpotContribution",
        "jackpotDetails",
        "jackpotId",
        "promoWinAmount",
        "promoWinReference",
        "promoCampaignID",
        "promoCampaignType",
        "currency",
        "campaignId",
        "campaignType",
        "validBetAmount",
    ]
)
"""Every field of every message of this provider. Another one means that somebody changed the contract."""


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Message = TypeVar("Message", bound=_Dataclass)

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)


def parse_form(body: bytes) -> Form:
    """The form in a body. NotParseableError for doubled names, bad percent signs, and what is not UTF-8."""
    pairs = parse_pairs(body)
    # Neither `&` nor `=` is a hexadecimal digit, so the whole form shows what its parts would.
    if _BROKEN_PERCENT.search(body.decode("ascii")):
        raise NotParseableError("a broken percent sign")
    return Form(pairs=tuple(pairs), fields=decode(pairs))


def from_form(kind: type[Message], form: Form) -> Message:
    """One message of a form. An empty value is an absent field, as in the hash."""
    unknown = sorted(form.fields.keys() - KNOWN_FIELDS)
    if unknown:
        raise FieldError("unknown field")
    given = {}
    for name, on_the_wire, is_needed in _plan(kind):
        given[name] = form.fields.get(on_the_wire, "")
        if is_needed and not given[name]:
            raise FieldError(f"missing field {on_the_wire}")
    return kind(**given)


def to_json(reply: _Dataclass) -> bytes:
    """A reply as JSON. Decimals are written digit by digit: a float would round them."""
    parts = (f'"{on_the_wire}":{_literal(getattr(reply, name))}' for name, on_the_wire, _ in _plan(type(reply)))
    return ("{" + ",".join(parts) + "}").encode()


@cache
def _plan(kind: type[_Dataclass]) -> tuple[tuple[str, str, bool], ...]:
    """Of each field: its name, its name on the wire, and whether a message needs it."""
    return tuple((field.name, wire_name(field.name), field.default is MISSING) for field in fields(kind))


def _literal(value: str | int | Decimal) -> str:
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def wire_name(name: str) -> str:
    """`round_id` is `roundId` on the wire."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
