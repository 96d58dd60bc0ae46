"""What only this provider does; the rest is in test_every_style."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import PromoReason
from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.ports import ActKind, Reaction
from provider_adapters.evolution_style import auth
from provider_adapters.evolution_style.client import raise_refusal
from tests.unit.provider_adapters.pairs import pairs, reply_to
from tests.unit.provider_adapters.styles import PLAYER, SWAPPED, TOKEN, Style


@pytest.fixture
def style() -> Style:
    made = Style("evolution_style")
    made.sessions.facts = replace(made.sessions.facts, token="s-2")
    return made


def request(style: Style, path: str, body: str) -> HttpRequest:
    query = auth.query(style.keys.adapter["auth_token"])
    return HttpRequest(method="POST", path=path, query=query, body=body.encode())


@pytest.mark.parametrize("pair", pairs("evolution_style"), ids=lambda pair: pair["name"])
async def test_the_recorded_reply_is_given(pair: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.provider_adapters.styles.TOKEN", "s-2")
    style = Style("evolution_style")
    assert await reply_to(style, pair, request(style, pair["path"], pair["request"])) == pair["reply"]


async def test_a_credit_pays_the_debits_of_its_reference_and_ends_it(style: Style) -> None:
    await style.say(style.act(ActKind.WIN))
    ((_, action),) = style.ledger.actions
    assert action.win.bet_key == ""
    assert action.win.close
    assert action.win.round_id.count(":") == 1


@pytest.mark.parametrize("amount", ["1e999999999", "1.2500001", "-1", "1" * 40, '"1.25"', "true", "null", "NaN"])
async def test_a_number_that_is_no_amount_reaches_no_ledger(style: Style, amount: str) -> None:
    body = style.studio.write(style.act(ActKind.BET)).body.decode().replace("1.250000", amount)
    reply = json.loads((await style.post(request(style, "/debit", body))).body)
    assert (reply["status"], style.ledger.actions) == ("INVALID_PARAMETER", [])


async def test_the_amount_of_a_cancel_is_not_read(style: Style) -> None:
    body = style.studio.write(style.act(ActKind.CANCEL)).body.decode().replace("1.250000", "-7.123456789")
    assert json.loads((await style.post(request(style, "/cancel", body))).body)["status"] == "OK"


def check(style: Style, sid: str, name: str) -> HttpRequest:
    body = json.dumps({"sid": sid, "userId": str(PLAYER), "uuid": name, "channel": {"type": "P"}})
    return request(style, "/check", body)


async def test_a_check_swaps_the_sid_and_only_its_own_retry_gets_it_again(style: Style) -> None:
    for sid, name, status, told in (
        (TOKEN, "u-1", "OK", SWAPPED),
        (TOKEN, "u-1", "OK", SWAPPED),
        (TOKEN, "u-2", "INVALID_SID", None),
        (SWAPPED, "u-3", "OK", SWAPPED),
    ):
        reply = json.loads((await style.post(check(style, sid, name))).body)
        assert (reply["status"], reply.get("sid")) == (status, told)


async def test_a_sid_that_was_swapped_shows_no_balance_and_stakes_for_no_session(style: Style) -> None:
    style.sessions.over = True
    reply = await style.post(style.studio.write(style.act(ActKind.BALANCE)))
    assert (json.loads(reply.body)["status"], style.ledger.asked) == ("INVALID_SID", 0)
    await style.say(style.act(ActKind.BET))
    ((_, action),) = style.ledger.actions
    assert action.bet.session_id == ""


async def test_all_six_decimals_are_written(style: Style) -> None:
    style.sessions.facts = replace(style.sessions.facts, token=style.seat.token)
    reply = await style.post(style.studio.write(style.act(ActKind.BALANCE)))
    assert b'"status":"INVALID_SID"' in reply.body or b'"balance":98.750000,"bonus":0.000000' in reply.body


@pytest.mark.parametrize(
    ("outcome", "again"),
    [("IN_PROGRESS", True), ("UNKNOWN", True), ("UNAVAILABLE", True), ("INSUFFICIENT_FUNDS", False), ("OK", False)],
)
async def test_only_what_is_open_is_to_be_sent_again(style: Style, outcome: str, again: bool) -> None:
    style.ledger.outcome = Outcome.Value(f"OUTCOME_{outcome}")
    reply = await style.post(style.studio.write(style.act(ActKind.WIN)))
    assert json.loads(reply.body)["retransmission"] is again


@pytest.mark.parametrize("query", [b"", b"authToken=", b"authToken", b"other=1", b"authToken=\xff"])
async def test_a_query_without_the_token_is_refused(style: Style, query: bytes) -> None:
    reply = await style.post(replace(style.studio.write(style.act(ActKind.BET)), query=query))
    assert (reply.status, json.loads(reply.body)["status"]) == (401, "INVALID_TOKEN_ID")
    assert style.security.events == ["signature_missing" if not query else "signature_invalid"]


async def test_a_token_that_is_there_twice_is_refused(style: Style) -> None:
    good = style.studio.write(style.act(ActKind.BET))
    assert (await style.post(replace(good, query=good.query + b"&" + good.query))).status == 401


@pytest.mark.parametrize(("voucher", "reason"), [("v-1", "VOUCHER"), ("", "OTHER")])
async def test_what_a_voucher_pays_at_its_cap_is_a_promotion_for_that_reason(
    style: Style, voucher: str, reason: str
) -> None:
    act = replace(style.act(ActKind.PROMO), grant_id=voucher)
    await style.say(act)
    paid = style.ledger.actions[0][1].promo
    assert (PromoReason.Name(paid.reason), paid.amount.amount) == (f"PROMO_REASON_{reason}", "1.25")


async def test_a_payout_of_an_unknown_type_is_a_promotion(style: Style) -> None:
    body = style.studio.write(style.act(ActKind.PROMO)).body.decode().replace("RealTimeMonetaryReward", "SomethingNew")
    assert json.loads((await style.post(request(style, "/promo_payout", body))).body)["status"] == "OK"
    assert style.ledger.actions[0][1].promo.amount.amount == "1.25"


def test_a_cancel_of_nothing_satisfies_the_studio_and_a_credit_of_nothing_does_not(style: Style) -> None:
    reply = HttpReply(body=b'{"status":"BET_DOES_NOT_EXIST"}')
    assert style.studio.read(style.act(ActKind.CANCEL), reply).reaction is Reaction.ACCEPTED
    assert style.studio.read(style.act(ActKind.WIN), reply).reaction is Reaction.DISPUTE


@pytest.mark.parametrize(
    ("code", "error"), [("G.0", ProviderFailedError), ("G.11", ProviderRefusedError), ("G.99", ProviderRefusedError)]
)
def test_errors_of_the_system_are_failures_and_all_others_refusals(code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        raise_refusal(HttpReply(status=400, body=json.dumps({"errors": [{"code": code}]}).encode()))


def test_the_player_and_the_stake_are_as_they_were(style: Style) -> None:
    told = json.loads(style.studio.write(style.act(ActKind.BET)).body, parse_float=Decimal)
    assert (told["userId"], str(told["transaction"]["amount"])) == (str(PLAYER), "1.250000")
