"""What only this provider does; the rest is in test_every_style."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.ports import ActKind, Reaction
from tests.unit.provider_adapters.pairs import pairs, reply_to
from tests.unit.provider_adapters.styles import PLAYER, TOKEN, Style


@pytest.fixture
def style() -> Style:
    return Style("nolimit_style")


def request(style: Style, body: str) -> HttpRequest:
    body = body.replace("KEY", style.keys.adapter["key"]).replace("TOKEN", TOKEN)
    return HttpRequest(method="POST", path="/", headers={"content-type": "application/json"}, body=body.encode())


async def say(style: Style, method: str, call_id: object = "q", **params: Any) -> dict[str, Any]:
    identified = {"identification": {"name": "PITBOSS", "key": "KEY"}, **params}
    body = json.dumps({"jsonrpc": "2.0", "id": call_id, "method": method, "params": identified})
    return json.loads((await style.post(request(style, body))).body)  # type: ignore[no-any-return]


@pytest.mark.parametrize("pair", pairs("nolimit_style"), ids=lambda pair: pair["name"])
async def test_the_recorded_reply_is_given(style: Style, pair: dict[str, Any]) -> None:
    assert await reply_to(style, pair, request(style, pair["request"])) == pair["reply"]


async def test_balances_of_several_players_are_told_by_name(style: Style) -> None:
    told = await say(style, "wallet.balance", userIds=[str(PLAYER)])
    assert told["result"] == {"balances": {str(PLAYER): {"amount": "98.75", "currency": "EUR"}}}


@pytest.mark.parametrize("names", [[], ["a.b"] * 51, "a.b", [5]])
async def test_a_list_of_players_has_bounds(style: Style, names: Any) -> None:
    assert (await say(style, "wallet.balance", userIds=names))["error"]["code"] == -32602


async def test_keep_alive_is_answered_with_nothing(style: Style) -> None:
    assert (await say(style, "wallet.keep-alive", userIds=["a.b"]))["result"] == {}


@pytest.mark.parametrize("method", ["wallet.transfer", "", "WALLET.BALANCE", "rpc.discover"])
async def test_an_unknown_method_is_not_found_and_the_id_comes_back(style: Style, method: str) -> None:
    told = await say(style, method, call_id=41)
    assert (told["id"], told["error"]["code"]) == (41, -32601)


@pytest.mark.parametrize(
    "identification",
    [
        None,
        {},
        [],
        "PITBOSS",
        {"name": "PITBOSS"},
        {"key": "KEY"},
        {"name": "pitboss", "key": "KEY"},
        {"name": "PITBOSS", "key": "key"},
        {"name": "PITBOSS", "key": 5},
    ],
)
async def test_a_call_without_the_right_name_and_key_is_refused(style: Style, identification: Any) -> None:
    told = await say(style, "wallet.balance", identification=identification, userId=str(PLAYER))
    assert told["error"]["data"]["code"] == 15001
    assert (style.ledger.asked, len(style.security.events)) == (0, 1)


async def test_a_batch_is_refused_whole(style: Style) -> None:
    one = style.studio.write(style.act(ActKind.BET)).body.decode()
    reply = json.loads((await style.post(request(style, f"[{one},{one}]"))).body)
    assert (reply["id"], reply["error"]["code"], style.ledger.actions) == (None, -32600, [])


@pytest.mark.parametrize("amount", ["-1", "1e5", "1.123456789", "", " 1", "0x1", "1,5", "NaN", "9" * 30])
async def test_a_text_that_is_no_amount_reaches_no_ledger(style: Style, amount: str) -> None:
    body = style.studio.write(style.act(ActKind.BET)).body.decode().replace('"1.25"', json.dumps(amount))
    told = json.loads((await style.post(request(style, body))).body)
    assert (told["error"]["code"], style.ledger.actions) == (-32602, [])


async def test_promotional_play_is_not_taken_for_paid_play(style: Style) -> None:
    for kind in (ActKind.BET, ActKind.WIN):
        call = json.loads(style.studio.write(style.act(kind)).body)
        call["params"]["promoName"] = "present"
        call["params"]["information"]["uniqueReference"] = "u-1"
        told = json.loads((await style.post(request(style, json.dumps(call)))).body)
        assert "result" in told
    (_, begun), (_, paid) = style.ledger.actions
    assert (begun.transaction_key, paid.transaction_key) == ("begun:u-1", "u-1")
    spins = [(one.free_round_spin.amount.amount, one.free_round_spin.grant_id) for one in (begun, paid)]
    assert spins == [("0", "present"), ("1.25", "present")]


async def test_a_bet_without_a_token_is_of_the_newest_session(style: Style) -> None:
    call = json.loads(style.studio.write(style.act(ActKind.BET)).body)
    del call["params"]["extId1"]
    await style.post(request(style, json.dumps(call)))
    assert style.ledger.actions[0][1].bet.session_id == "s-1"


def test_a_rollback_of_nothing_satisfies_the_studio_and_a_deposit_of_nothing_does_not(style: Style) -> None:
    reply = HttpReply(body=b'{"jsonrpc":"2.0","id":"q","error":{"code":-32000,"message":"","data":{"code":14003}}}')
    assert style.studio.read(style.act(ActKind.CANCEL), reply).reaction is Reaction.ACCEPTED
    assert style.studio.read(style.act(ActKind.WIN), reply).reaction is Reaction.DISPUTE
