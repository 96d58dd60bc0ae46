"""What only this provider does; the rest is in test_every_style."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import PromoReason
from pitboss.wallet.v1.transaction_pb2 import TransactionKind
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters._kit.studio.ports import ActKind
from provider_adapters.slotegrator_style import auth
from tests.unit.provider_adapters.styles import BET_KEY, WIN_KEY, Style

VECTORS: dict[str, Any] = json.loads(
    (Style("slotegrator_style").folder / "fixtures/signature_vectors.json").read_text()
)


@pytest.fixture
def style() -> Style:
    return Style("slotegrator_style")


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_what_is_signed_and_how_is_as_in_the_sheet(vector: dict[str, Any]) -> None:
    parameters = auth.parse(vector["body"].encode())
    assert auth.message(parameters, VECTORS["headers"]).decode() == vector["message"]
    assert auth.sign(VECTORS["key"], parameters, VECTORS["headers"]) == vector["signature"]
    assert auth.verify([VECTORS["key"]], parameters, VECTORS["headers"], vector["signature"])
    assert not auth.verify([VECTORS["key"]], parameters, VECTORS["headers"], vector["signature"].upper())


def test_values_are_spelt_as_php_spells_them() -> None:
    assert auth.encode([("a", "b c~d-e_f.g[h]&=é")]) == b"a=b+c%7Ed-e_f.g%5Bh%5D%26%3D%C3%A9"
    assert auth.parse(b"a=b+c%7Ed&e%5B0%5D=1") == {"a": "b c~d", "e[0]": "1"}


@pytest.mark.parametrize("form", [b"X-Nonce=1", b"a=1&a=2", b"a", b"a=%ff", "a=é".encode(), b"&".join([b"x=1"] * 2000)])
def test_a_form_that_could_mean_two_things_is_refused(form: bytes) -> None:
    with pytest.raises(NotParseableError):
        auth.parse(form)


async def sent(
    style: Style,
    kind: ActKind = ActKind.BET,
    *,
    age_s: int = 0,
    nonce: str = "n" * 32,
    items: Mapping[str, str] | None = None,
    **changes: str,
) -> dict[str, Any]:
    fields = {**auth.parse(style.studio.write(style.act(kind)).body), **(items or {}), **changes}
    key, merchant = style.keys.adapter["merchant_key"], style.keys.adapter["merchant_id"]
    headers = auth.signed_headers(key, merchant, fields, now_s=int(time.time()) - age_s, nonce=nonce)
    request = HttpRequest(method="POST", path="/", headers=headers, body=auth.encode(fields.items()))
    return json.loads((await style.post(request)).body)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("age_s", "passes"), [(25, True), (-25, True), (40, False), (-40, False), (10**9, False)])
async def test_a_stale_timestamp_is_refused_in_both_directions(style: Style, age_s: int, passes: bool) -> None:
    assert ("balance" in await sent(style, age_s=age_s)) is passes
    assert bool(style.ledger.actions) is passes
    assert style.security.events == ([] if passes else ["timestamp_stale"])


async def test_a_repeated_nonce_is_refused_and_a_retry_with_a_new_one_is_not(style: Style) -> None:
    assert "balance" in await sent(style, nonce="a" * 32)
    assert (await sent(style, nonce="a" * 32))["error_code"] == "INTERNAL_ERROR"
    assert "balance" in await sent(style, nonce="b" * 32)
    assert (len(style.ledger.actions), style.security.events) == (2, ["nonce_repeated"])


async def test_a_nonce_of_a_message_that_does_not_verify_is_not_used_up(style: Style) -> None:
    good = style.studio.write(style.act(ActKind.BET))
    await style.post(style.studio.spoil(good))
    assert "balance" in json.loads((await style.post(good)).body)


@pytest.mark.parametrize("name", [auth.MERCHANT, auth.TIMESTAMP, auth.NONCE, auth.SIGN])
async def test_a_missing_header_is_a_missing_signature(style: Style, name: str) -> None:
    good = style.studio.write(style.act(ActKind.BET))
    headers = {key: value for key, value in good.headers.items() if key != name}
    await style.post(replace(good, headers=headers))
    assert (style.security.events, style.ledger.actions) == (["signature_missing"], [])


async def test_fields_in_another_order_are_the_same_message(style: Style) -> None:
    good = style.studio.write(style.act(ActKind.BET))
    body = b"&".join(reversed(good.body.split(b"&")))
    assert "balance" in json.loads((await style.post(replace(good, body=body))).body)


async def test_the_description_begins_with_our_word_for_it(style: Style) -> None:
    style.ledger.outcome = Outcome.OUTCOME_PLAYER_BLOCKED
    assert (await sent(style))["error_description"].startswith("PLAYER_BLOCKED:")


async def test_a_bet_after_its_refund_succeeds_and_says_our_id(style: Style) -> None:
    style.ledger.outcome = Outcome.OUTCOME_ALREADY_ROLLED_BACK
    assert (await sent(style))["transaction_id"] == "3-41"
    assert (await sent(style, ActKind.WIN, nonce="w" * 32))["error_code"] == "INTERNAL_ERROR"


@pytest.mark.parametrize(
    ("kind", "word"), [(ActKind.BET, "raffle"), (ActKind.WIN, "raffle"), (ActKind.CANCEL, "raffle")]
)
async def test_what_is_not_claimed_reaches_no_ledger(style: Style, kind: ActKind, word: str) -> None:
    assert (await sent(style, kind, type=word))["error_description"].startswith("NOT_SUPPORTED:")
    assert style.ledger.actions == []


async def test_the_bet_of_a_free_spin_takes_nothing(style: Style) -> None:
    assert "balance" in await sent(style, type="freespin", freespin_id="f-1")
    spin = style.ledger.actions[0][1].free_round_spin
    assert (spin.grant_id, spin.amount.amount) == ("f-1", "0.00")
    assert (await sent(style, nonce="o" * 32, type="freespin"))["error_description"].startswith("FIELD_INVALID:")


@pytest.mark.parametrize(("voucher", "reason"), [("voucher-1", "VOUCHER"), ("", "BONUS_WIN")])
async def test_what_a_voucher_wins_is_a_promotion_that_says_so(style: Style, voucher: str, reason: str) -> None:
    named = {"freevoucher_id": voucher} if voucher else None
    assert "balance" in await sent(style, ActKind.PROMO, items=named, type="bonus")
    assert style.ledger.actions[0][1].promo.reason == PromoReason.Value(f"PROMO_REASON_{reason}")


async def test_a_refund_of_a_tip_undoes_a_tip(style: Style) -> None:
    await sent(style, ActKind.CANCEL, type="tip")
    assert style.ledger.actions[0][1].cancel.ref_kind == TransactionKind.TRANSACTION_KIND_TIP


async def test_a_list_is_undone_in_its_order_and_told_back(style: Style) -> None:
    told = await sent(style, ActKind.ROLLBACK)
    items = style.ledger.actions[0][1].rollback_list.items
    assert [item.transaction_key for item in items] == told["rollback_transactions"] == [BET_KEY, WIN_KEY]


@pytest.mark.parametrize(
    "changes",
    [
        {"rollback_transactions[0][action]": "refund"},
        {"rollback_transactions[1][transaction_id]": ""},
        {"rollback_transactions[2][action]": "bet"},
    ],
)
async def test_a_list_with_something_else_in_it_undoes_nothing(style: Style, changes: dict[str, str]) -> None:
    assert (await sent(style, ActKind.ROLLBACK, items=changes))["error_description"].startswith("FIELD_INVALID:")
    assert style.ledger.actions == []


@pytest.mark.parametrize("amount", ["-1", "1.00001", "1e2", "", "NaN", "1,5", "9" * 20])
async def test_a_text_that_is_no_amount_reaches_no_ledger(style: Style, amount: str) -> None:
    assert (await sent(style, amount=amount))["error_code"] == "INTERNAL_ERROR"
    assert style.ledger.actions == []


async def test_the_balance_is_a_number_with_four_decimals(style: Style) -> None:
    reply = await style.post(style.studio.write(style.act(ActKind.BALANCE)))
    assert reply.body == b'{"balance":98.7500}'


async def test_the_catalog_is_read_page_by_page(style: Style) -> None:
    assert len(await style.adapter.list_games()) == len(style.studio.games)
    assert [request.query for request in style.wire.sent] == [b"page=1", b"page=2"]
