"""One vocabulary for the messages of every provider, for tests that are the same for all of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provider_adapters.hub88_style import auth as hub88_auth
from provider_adapters.pragmatic_style import auth as pragmatic_auth
from tests.integration.provider_adapters.office import Launched

_count = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message before it is signed. Amounts are texts: a test may write there what it likes."""

    call: str
    user: str
    token: str
    game_id: str
    key: str
    round_id: str
    bet_key: str = ""
    amount: str = ""
    currency_code: str = "EUR"

    def but(self, **changes: str) -> Message:
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A message as it goes out."""

    path: str
    body: bytes
    headers: Mapping[str, str]


class Hub88:
    """Signed JSON."""

    name = "hub88_style"
    game_id = "demo_fruit_5"
    largest = "9223372036854775807"
    bad_amounts = ("-100000", "1.5", "100000.0", "1e5", "9223372036854775808", '"100000"', "true", "null", "[]")
    amount_codes = frozenset({"RS_ERROR_WRONG_TYPES"})
    path_codes = frozenset({"RS_ERROR_WRONG_SYNTAX"})
    ok = "RS_OK"
    signature_refused = "RS_ERROR_INVALID_SIGNATURE"
    unknown_token = "RS_ERROR_INVALID_TOKEN"
    unknown_player = "RS_ERROR_INVALID_TOKEN"
    not_enough = "RS_ERROR_NOT_ENOUGH_MONEY"
    dust = ("100000", "1")
    paths: ClassVar = {"bet": "/transaction/bet", "win": "/transaction/win", "cancel": "/transaction/rollback"}

    def __init__(self, credentials: Mapping[str, str]) -> None:
        key = load_pem_private_key(credentials["private_key"].encode(), None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key

    def seal(self, message: Message) -> Sealed:
        fields: dict[str, Any] = {
            "request_uuid": f"request-{next(_count)}",
            "transaction_uuid": message.key,
            "token": message.token,
            "user": message.user,
            "game_code": message.game_id,
            "round": message.round_id,
            "round_closed": False,
            "currency": message.currency_code,
            "is_free": False,
        }
        if message.bet_key:
            fields["reference_transaction_uuid"] = message.bet_key
        body = json.dumps(fields)
        if message.amount:
            body = f'{body[:-1]}, "amount": {message.amount}}}'
        return self.signed(self.paths[message.call], body.encode())

    def signed(self, path: str, body: bytes) -> Sealed:
        headers = {"content-type": "application/json", hub88_auth.HEADER: hub88_auth.sign(self._key, body)}
        return Sealed(path=path, body=body, headers=headers)

    def spoilt(self, sealed: Sealed) -> Sealed:
        return replace(sealed, body=sealed.body.replace(b", ", b",", 1))

    def padded(self, sealed: Sealed, size: int) -> Sealed:
        return self.signed(sealed.path, sealed.body + b" " * size)

    def code(self, body: bytes) -> str:
        return str(json.loads(body)["status"])

    def broken(self, sealed: Sealed) -> list[Sealed]:
        body = sealed.body
        bodies = (
            b"",
            body[:-1],
            body[:-1] + b', "user": "borealis.other"}',
            b"[" + body + b"]",
            body.replace(b"EUR", b"E\xffR"),
            body.replace(b'"EUR"', b"NaN"),
            b"[" * 9000,
        )
        return [self.signed(sealed.path, each) for each in bodies]


class Pragmatic:
    """Signed forms."""

    name = "pragmatic_style"
    game_id = "vs20demo"
    largest = "92233720368547758.07"
    bad_amounts = ("-1.00", "1.001", "1e2", "92233720368547758.08", "99999999999999999999", "NaN", "1,00", "0x1")
    amount_codes = frozenset({"7"})
    path_codes = frozenset({"7"})
    ok = "0"
    signature_refused = "5"
    unknown_token = "4"
    unknown_player = "2"
    not_enough = "1"
    dust = ("1.00", "0.01")
    paths: ClassVar = {"bet": "/bet", "win": "/result", "cancel": "/refund"}

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._secret = credentials["secret"]

    def seal(self, message: Message) -> Sealed:
        fields = {
            "userId": message.user,
            "token": message.token,
            "gameId": message.game_id,
            "roundId": message.round_id,
            "amount": message.amount,
            "reference": message.bet_key if message.call == "cancel" else message.key,
            "providerId": "pragmaticplay",
            "timestamp": "1767225600000",
            "roundDetails": "spin",
        }
        return self.signed(self.paths[message.call], pragmatic_auth.signed_form(fields, self._secret))

    def signed(self, path: str, body: bytes) -> Sealed:
        return Sealed(path=path, body=body, headers={"content-type": "application/x-www-form-urlencoded"})

    def spoilt(self, sealed: Sealed) -> Sealed:
        return replace(sealed, body=sealed.body.replace(b"roundDetails=spin", b"roundDetails=spun", 1))

    def padded(self, sealed: Sealed, size: int) -> Sealed:
        return replace(sealed, body=sealed.body + b"&bonusCode=" + b"x" * size)

    def code(self, body: bytes) -> str:
        return str(json.loads(body)["error"])

    def broken(self, sealed: Sealed) -> list[Sealed]:
        body = sealed.body
        more = (
            b"&amount=0.01",
            b"&token=%zz",
            b"&bonusCode=%ff",
            b"&bonusCode=\xff",
            b"&bonusCode",
            b"&",
            b"&x=1" * 80,
        )
        return [replace(sealed, body=body + each) for each in more]


AnyDialect = Hub88 | Pragmatic
DIALECTS: Mapping[str, type[Hub88 | Pragmatic]] = {each.name: each for each in (Hub88, Pragmatic)}


def bet_of(player: Launched, dialect: AnyDialect) -> Message:
    """A good bet of one main unit."""
    number = next(_count)
    return Message(
        call="bet",
        user=player.user,
        token=player.token,
        game_id=dialect.game_id,
        key=f"bad-input-{number}",
        round_id=f"bad-input-round-{number}",
        amount=dialect.dust[0],
    )
