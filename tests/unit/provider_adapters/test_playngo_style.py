"""What only this provider does; the rest is in test_every_style."""

from __future__ import annotations

from typing import Any

import pytest

from provider_adapters._kit import strict_xml
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.studio.ports import ActKind
from tests.unit.provider_adapters.pairs import pairs, reply_to
from tests.unit.provider_adapters.styles import PLAYER, SWAPPED, TOKEN, Style


@pytest.fixture
def style() -> Style:
    return Style("playngo_style")


def request(style: Style, body: str) -> HttpRequest:
    body = body.replace("ACCESS", style.keys.adapter["access_token"]).replace("TOKEN", TOKEN)
    return HttpRequest(method="POST", path="/", headers={"content-type": "text/xml"}, body=body.encode())


async def change(style: Style, kind: ActKind, **changes: str) -> tuple[str, dict[str, str]]:
    """A message of the studio with other elements, and its answer."""
    root, fields = strict_xml.parse(style.studio.write(style.act(kind)).body)
    body = strict_xml.write(root, {**fields, **changes}).decode()
    return strict_xml.parse((await style.post(request(style, body))).body)


@pytest.mark.parametrize("pair", pairs("playngo_style"), ids=lambda pair: pair["name"])
async def test_the_recorded_reply_is_given(style: Style, pair: dict[str, Any]) -> None:
    assert await reply_to(style, pair, request(style, pair["request"])) == pair["reply"]


async def test_a_ticket_tells_who_plays(style: Style) -> None:
    root, fields = strict_xml.parse((await style.post(style.studio.write(style.act(ActKind.ENTER)))).body)
    told = (fields["externalId"], fields["userCurrency"], fields["real"], fields["externalGameSessionId"])
    assert (root, told) == ("authenticate", (str(PLAYER), "EUR", "98.75", SWAPPED))


async def test_a_ticket_that_was_swapped_shows_no_balance(style: Style) -> None:
    style.sessions.over = True
    _, fields = strict_xml.parse((await style.post(style.studio.write(style.act(ActKind.BALANCE)))).body)
    assert (fields["statusCode"], style.ledger.asked) == ("10", 0)


@pytest.mark.parametrize(("state", "close"), [("0", False), ("1", True)])
async def test_the_state_of_a_release_closes_the_round(style: Style, state: str, close: bool) -> None:
    await change(style, ActKind.WIN, state=state)
    assert style.ledger.actions[0][1].win.close is close


async def test_a_state_that_is_none_is_refused(style: Style) -> None:
    for state in ("2", "", "x"):
        _, fields = await change(style, ActKind.WIN, state=state)
        assert fields["statusCode"] == "12"
    assert style.ledger.actions == []


@pytest.mark.parametrize(("gain", "noted"), [("0.50", "0.50"), ("2.00", ""), ("0.00", ""), ("nonsense", "")])
async def test_a_jackpot_is_attribution_and_never_money(style: Style, gain: str, noted: str) -> None:
    await change(style, ActKind.WIN, jackpotGain=gain)
    win = style.ledger.actions[0][1].win
    assert (win.amount.amount, win.jackpot_part.amount) == ("1.25", noted)


async def test_free_games_are_not_taken_for_paid_ones(style: Style) -> None:
    _, fields = await change(style, ActKind.BET, freegameExternalId="f-1")
    assert (fields["statusCode"], style.ledger.actions) == ("12", [])
    await change(style, ActKind.BET, freegameExternalId="f-1", real="0.00", transactionId="7")
    await change(style, ActKind.WIN, freegameExternalId="f-1", transactionId="7")
    (_, begun), (_, paid) = style.ledger.actions
    keys = (begun.transaction_key, paid.transaction_key)
    assert keys == ("begun:7", "7")
    amounts = (begun.free_round_spin.amount.amount, paid.free_round_spin.amount.amount)
    assert (amounts, paid.free_round_spin.grant_id) == (("0", "1.25"), "f-1")


@pytest.mark.parametrize(("kind", "field"), [("0", "win"), ("1", "promo")])
async def test_a_promotional_release_needs_no_bet(style: Style, kind: str, field: str) -> None:
    await change(style, ActKind.WIN, type=kind)
    assert style.ledger.actions[0][1].WhichOneof("kind") == field


async def test_a_type_that_is_none_is_refused(style: Style) -> None:
    _, fields = await change(style, ActKind.WIN, type="2")
    assert (fields["statusCode"], style.ledger.actions) == ("12", [])


@pytest.mark.parametrize("amount", ["-1.00", "1.255", "1e2", "", "NaN", "0x1", "1,25", "9" * 20, "\uff11.25"])
async def test_a_text_that_is_no_amount_reaches_no_ledger(style: Style, amount: str) -> None:
    _, fields = await change(style, ActKind.BET, real=amount)
    assert (fields["statusCode"], style.ledger.actions) == ("12", [])


async def test_an_unknown_call_is_refused_under_no_name_of_the_sender(style: Style) -> None:
    reply = await style.post(request(style, "<transfer><accessToken>ACCESS</accessToken></transfer>"))
    assert strict_xml.parse(reply.body) == ("error", {"statusCode": "12", "statusMessage": "SERVICE_UNAVAILABLE"})


@pytest.mark.parametrize("secret", ["", "access", "ACCESS ", "ACCESSACCESS"])
async def test_a_message_without_the_secret_is_refused(style: Style, secret: str) -> None:
    body = f"<balance><externalId>{PLAYER}</externalId><accessToken>{secret}</accessToken></balance>"
    reply = await style.post(request(style, body))
    assert b"<statusCode>4</statusCode>" in reply.body
    assert (style.ledger.asked, len(style.security.events)) == (0, 1)


async def test_an_entity_that_would_be_the_secret_is_refused(style: Style) -> None:
    body = '<!DOCTYPE b [<!ENTITY s "ACCESS">]><balance><accessToken>&s;</accessToken></balance>'
    assert b"<statusCode>12</statusCode>" in (await style.post(request(style, body))).body
