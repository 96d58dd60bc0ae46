"""What only this provider does; the rest is in test_every_style."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.ports import ActKind
from provider_adapters.caleta_style import auth
from tests.unit.provider_adapters.hub88_style.keys import sheet_key
from tests.unit.provider_adapters.styles import PLAYER, SWAPPED, TOKEN, Style

FIXTURES = Path("provider_adapters/caleta_style/fixtures")
VECTORS: dict[str, Any] = json.loads((FIXTURES / "signature_vectors.json").read_text())


@pytest.fixture
def style() -> Style:
    return Style("caleta_style")


async def post(style: Style, path: str, fields: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(fields).encode()
    signature = auth.sign(style.studio._keys.own, body)  # type: ignore[attr-defined]
    request = HttpRequest(method="POST", path=path, headers={auth.HEADER: signature}, body=body)
    return json.loads((await style.post(request)).body)  # type: ignore[no-any-return]


def fields(style: Style, kind: ActKind) -> dict[str, Any]:
    return json.loads(style.studio.write(style.act(kind)).body)  # type: ignore[no-any-return]


@pytest.mark.parametrize("vector", VECTORS["bodies"], ids=lambda vector: vector["name"])
def test_the_signature_covers_exactly_these_bytes(vector: dict[str, Any]) -> None:
    public = load_pem_public_key((FIXTURES / "public_key.pem").read_bytes())
    assert public == sheet_key().public_key()
    assert auth.verify([sheet_key().public_key()], vector["body"].encode(), VECTORS["signature"]) is vector["valid"]


async def test_a_check_swaps_the_token_and_each_further_one_gets_the_same(style: Style) -> None:
    for number in ("q-1", "q-2"):
        told = await post(style, "/wallet/check", {"token": TOKEN, "request_uuid": number})
        assert told == {"status": "RS_OK", "request_uuid": number, "user": str(PLAYER), "token": SWAPPED}


async def test_a_token_that_was_swapped_shows_no_balance_and_stakes_for_no_session(style: Style) -> None:
    style.sessions.over = True
    told = await post(style, "/wallet/balance", {"token": TOKEN, "request_uuid": "q-1"})
    assert (told["status"], style.ledger.asked) == ("RS_ERROR_INVALID_TOKEN", 0)
    await style.say(style.act(ActKind.BET))
    ((_, action),) = style.ledger.actions
    assert action.bet.session_id == ""


@pytest.mark.parametrize("kind", [ActKind.WIN, ActKind.CANCEL])
async def test_a_message_without_our_name_belongs_to_the_player_of_its_token(style: Style, kind: ActKind) -> None:
    told = fields(style, kind)
    del told["user"]
    assert (await post(style, style.studio.write(style.act(kind)).path, told))["status"] == "RS_OK"
    assert style.ledger.actions[0][0] == PLAYER


async def test_a_free_bet_and_its_win_are_not_taken_for_paid_ones(style: Style) -> None:
    for kind in (ActKind.BET, ActKind.WIN):
        path = style.studio.write(style.act(kind)).path
        told = await post(style, path, {**fields(style, kind), "is_free": True})
        assert told["status"] == "RS_ERROR_WRONG_TYPES"
    assert style.ledger.actions == []
    for kind in (ActKind.BET, ActKind.WIN):
        path = style.studio.write(style.act(kind)).path
        told = await post(style, path, {**fields(style, kind), "is_free": True, "reward_uuid": "r-1"})
        assert told["status"] == "RS_OK"
    assert [action.free_round_spin.grant_id for _, action in style.ledger.actions] == ["r-1", "r-1"]


async def test_a_win_never_hears_what_would_end_it_for_ever(style: Style) -> None:
    for outcome in (Outcome.OUTCOME_GAME_NOT_AVAILABLE, Outcome.OUTCOME_CURRENCY_MISMATCH):
        style.ledger.outcome = outcome
        assert (await style.say(style.act(ActKind.WIN))).code == "RS_ERROR_UNKNOWN"


async def test_a_refusal_for_lack_of_money_tells_the_balance(style: Style) -> None:
    style.ledger.outcome = Outcome.OUTCOME_INSUFFICIENT_FUNDS
    told = await post(style, "/wallet/bet", fields(style, ActKind.BET))
    assert (told["status"], told["balance"]) == ("RS_ERROR_NOT_ENOUGH_MONEY", 9_875_000)


async def test_part_of_a_win_may_be_a_jackpot(style: Style) -> None:
    await post(style, "/wallet/win", {**fields(style, ActKind.WIN), "jackpot_win": 50_000})
    win = style.ledger.actions[0][1].win
    assert (win.amount.amount, win.jackpot_part.amount) == ("1.25", "0.50")


def test_a_spoilt_signature_is_recognised(style: Style) -> None:
    assert not style.studio.signature_refused(HttpReply(body=b'{"status":"RS_OK"}'))
