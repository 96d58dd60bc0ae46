"""Messages that no provider should send, for every provider: refused in its own words, and no money moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from mesh.dev.stack import Stack
from pitboss.wallet.v1 import ledger_service_pb2
from tests.integration.provider_adapters.dialects import DIALECTS, AnyDialect, Message, Sealed, bet_of
from tests.integration.provider_adapters.office import Launched, Office

MAX_BODY_BYTES = 16384


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One player at one provider."""

    office: Office
    dialect: AnyDialect
    player: Launched

    async def post(self, sealed: Sealed, method: str = "POST") -> httpx.Response:
        url = self.office.stack.around.callback_url(self.dialect.name) + sealed.path
        return await self.office.http.request(method, url, content=sealed.body, headers=dict(sealed.headers))

    async def code(self, message: Message) -> str:
        return await self.code_of(self.dialect.seal(message))

    async def code_of(self, sealed: Sealed) -> str:
        reply = await self.post(sealed)
        assert reply.status_code < 500
        return self.dialect.code(reply.content)

    @property
    def bet(self) -> Message:
        return bet_of(self.player, self.dialect)

    async def cash(self) -> str:
        return await self.office.balance(self.player.player)

    async def ledger_length(self) -> list[int]:
        reply = await self.office.ledger.ListHeads(ledger_service_pb2.ListHeadsRequest(), timeout=5)
        return [head.sequence for head in reply.heads]


@pytest.fixture(params=sorted(DIALECTS))
async def bench(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    dialect = DIALECTS[request.param](stack.vault.credentials[request.param].studio)
    office = Office(stack)
    await office.open()
    try:
        await office.put_games(dialect.name)
        yield Bench(office=office, dialect=dialect, player=await office.launch(dialect.name, dialect.game_id))
    finally:
        await office.close()


async def test_a_good_message_passes(bench: Bench) -> None:
    assert await bench.code(bench.bet) == bench.dialect.ok
    assert await bench.cash() == "99.00"


async def test_an_amount_that_cannot_be_reaches_no_ledger(bench: Bench) -> None:
    before = await bench.ledger_length()
    for amount in bench.dialect.bad_amounts:
        assert await bench.code(bench.bet.but(amount=amount)) in bench.dialect.amount_codes, amount
    assert await bench.ledger_length() == before


async def test_an_amount_that_cannot_be_is_no_better_in_a_result(bench: Bench) -> None:
    bet = bench.bet
    await bench.code(bet)
    before = await bench.ledger_length()
    for amount in bench.dialect.bad_amounts:
        win = bet.but(call="win", bet_key=bet.key, key=f"{bet.key}-win", amount=amount)
        assert await bench.code(win) in bench.dialect.amount_codes, amount
    assert await bench.ledger_length() == before


async def test_a_zero_bet_and_a_zero_result_are_recorded_and_move_nothing(bench: Bench) -> None:
    bet = bench.bet.but(amount="0")
    assert await bench.code(bet) == bench.dialect.ok
    assert await bench.code(bet.but(call="win", bet_key=bet.key, key=f"{bet.key}-win")) == bench.dialect.ok
    assert await bench.cash() == "100.00"


async def test_the_smallest_amount_of_the_wire_is_exact(bench: Bench) -> None:
    bet = bench.bet.but(amount=bench.dialect.dust[1])
    assert await bench.code(bet) == bench.dialect.ok
    cancel = bet.but(call="cancel", bet_key=bet.key, key=f"{bet.key}-cancel", amount="")
    assert await bench.code(cancel) == bench.dialect.ok
    assert await bench.cash() == "100.00"


async def test_the_largest_amount_of_the_wire_is_only_too_much(bench: Bench) -> None:
    largest = bench.dialect.largest
    # The ledger keeps six places: what its integers cannot hold is no amount, and what they can is not there.
    assert await bench.code(bench.bet.but(amount=largest)) in {*bench.dialect.amount_codes, bench.dialect.not_enough}
    assert await bench.code(bench.bet.but(amount=largest[:12])) == bench.dialect.not_enough
    assert await bench.cash() == "100.00"


@pytest.mark.parametrize("bench", ["hub88_style"], indirect=True)
async def test_another_currency_than_that_of_the_session_is_refused_where_the_wire_has_one(bench: Bench) -> None:
    for currency_code in ("USD", "XXX", "BTC", "eur", "E", "EURO-", ""):
        code = await bench.code(bench.bet.but(currency_code=currency_code))
        assert code in {"RS_ERROR_WRONG_CURRENCY", "RS_ERROR_WRONG_TYPES"}, currency_code
    assert await bench.cash() == "100.00"


async def test_an_unknown_token_stakes_nothing(bench: Bench) -> None:
    before = await bench.ledger_length()
    assert await bench.code(bench.bet.but(token="token-of-nobody-at-all")) == bench.dialect.unknown_token
    assert await bench.ledger_length() == before


async def test_the_token_of_another_player_stakes_nothing(bench: Bench) -> None:
    other = await bench.office.launch(bench.dialect.name, bench.dialect.game_id)
    before = await bench.ledger_length()
    assert await bench.code(bench.bet.but(token=other.token)) == bench.dialect.unknown_token
    assert await bench.ledger_length() == before


async def test_an_unknown_player_stakes_and_wins_nothing(bench: Bench) -> None:
    token = "" if bench.dialect.name == "pragmatic_style" else bench.player.token
    for user in ("borealis.nobody", "nowhere.nobody", "nodot", "BOREALIS.x", "borealis."):
        bet = bench.bet.but(user=user, token=token)
        assert await bench.code(bet) == bench.dialect.unknown_player, user
        win = bet.but(call="win", bet_key=bet.key, key=f"{bet.key}-win")
        assert await bench.code(win) == bench.dialect.unknown_player, user
    assert await bench.cash() == "100.00"


async def test_a_message_that_was_changed_on_the_way_is_refused(bench: Bench) -> None:
    before = await bench.ledger_length()
    for call in ("bet", "win", "cancel"):
        bet = bench.bet
        sealed = bench.dialect.seal(bet.but(call=call, bet_key=bet.key))
        assert await bench.code_of(bench.dialect.spoilt(sealed)) == bench.dialect.signature_refused
    assert await bench.ledger_length() == before


async def test_bytes_that_are_not_the_format_are_refused(bench: Bench) -> None:
    before = await bench.ledger_length()
    for sealed in bench.dialect.broken(bench.dialect.seal(bench.bet)):
        assert await bench.code_of(sealed) not in {bench.dialect.ok, bench.dialect.signature_refused}
    assert await bench.ledger_length() == before


async def test_a_message_that_is_too_large_is_refused_unread(bench: Bench) -> None:
    before = await bench.ledger_length()
    sealed = bench.dialect.padded(bench.dialect.seal(bench.bet), MAX_BODY_BYTES)
    reply = await bench.post(sealed)
    assert reply.status_code in {200, 413}
    assert bench.dialect.code(reply.content) in bench.dialect.path_codes
    reply = await bench.post(replace(sealed, body=sealed.body + b" " * 2_000_000))
    assert reply.status_code == 413
    assert await bench.ledger_length() == before


async def test_an_unknown_path_or_method_is_refused(bench: Bench) -> None:
    before = await bench.ledger_length()
    sealed = bench.dialect.seal(bench.bet)
    for path in ("/", "/nothing", f"{sealed.path}/more", sealed.path.upper()):
        reply = await bench.post(replace(sealed, path=path))
        assert reply.status_code == 404
        assert bench.dialect.code(reply.content) in bench.dialect.path_codes
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await bench.post(sealed, method)).status_code == 405
    assert await bench.ledger_length() == before


async def test_an_identifier_that_is_too_long_is_refused(bench: Bench) -> None:
    before = await bench.ledger_length()
    for name in ("key", "round_id", "game_id"):
        assert await bench.code(bench.bet.but(**{name: "x" * 129})) in bench.dialect.amount_codes, name
    assert await bench.ledger_length() == before
