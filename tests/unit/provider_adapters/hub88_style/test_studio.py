from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.grants import Grants
from provider_adapters._kit.studio.ports import Act, ActKind, Reaction, Seat
from provider_adapters.hub88_style import auth
from provider_adapters.hub88_style.client import read_games
from provider_adapters.hub88_style.config import Keys
from provider_adapters.hub88_style.studio import Hub88StyleStudio
from tests.unit.provider_adapters.hub88_style.fakes import World
from tests.unit.provider_adapters.hub88_style.keys import other_key, sheet_key
from tests.unit.provider_adapters.styles import Shown

SEAT = Seat(launch_id="l1", user="aurora.pl-7001", token="sess-0001", currency_code="EUR", game_id="demo_fruit_5")
BET = Act(
    kind=ActKind.BET, seat=SEAT, transaction_key="b1", round_id="r1", game_id="demo_fruit_5", amount=Decimal("1.25")
)
WIN = replace(BET, kind=ActKind.WIN, transaction_key="w1", bet_key="b1", closes=True)
CANCEL = replace(BET, kind=ActKind.CANCEL, transaction_key="c1", bet_key="b1")


@pytest.fixture
def studio() -> Hub88StyleStudio:
    return Hub88StyleStudio(Keys(operator_id="pitboss", own=sheet_key(), others=(other_key().public_key(),)))


class Desk:
    public_url = "http://studio"

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self.grants = Grants()
        self.replays = Shown()

    def seat(self, seat: Seat) -> str:
        self.seats.append(seat)
        return f"{self.public_url}/play/{seat.launch_id}"

    def demo(self, *, user: str, token: str, game_id: str) -> str:
        return f"{self.public_url}/demo/{game_id}"

    def new_launch_id(self) -> str:
        return "l1"


@pytest.mark.parametrize("act", [BET, WIN, CANCEL], ids=lambda act: act.kind)
def test_a_repetition_is_byte_for_byte_the_same(studio: Hub88StyleStudio, act: Act) -> None:
    assert studio.write(act) == studio.write(act)


@pytest.mark.parametrize(
    ("act", "path"), [(BET, "/transaction/bet"), (WIN, "/transaction/win"), (CANCEL, "/transaction/rollback")]
)
async def test_the_adapter_understands_what_the_studio_writes(studio: Hub88StyleStudio, act: Act, path: str) -> None:
    world = World()
    request = studio.write(act)
    assert request.path == path
    headers = {name.lower(): value for name, value in request.headers.items()}
    reply = await world.callbacks.answer(replace(request, headers=headers), Budget.of(1))
    answer = studio.read(act, reply)
    assert (answer.reaction, answer.balance) == (Reaction.ACCEPTED, Decimal("98.75"))
    assert world.ledger.actions[0][1].transaction_key == act.transaction_key


async def test_a_spoilt_message_is_recognised_as_refused(studio: Hub88StyleStudio) -> None:
    world = World()
    spoilt = studio.spoil(studio.write(BET))
    headers = {name.lower(): value for name, value in spoilt.headers.items()}
    reply = await world.callbacks.answer(replace(spoilt, headers=headers), Budget.of(1))
    assert studio.signature_refused(reply)
    assert world.ledger.actions == []


@pytest.mark.parametrize(
    ("act", "code", "reaction"),
    [
        (BET, "RS_ERROR_NOT_ENOUGH_MONEY", Reaction.REFUSED),
        (BET, "RS_ERROR_LIMIT_REACHED", Reaction.REFUSED),
        (BET, "RS_ERROR_USER_DISABLED", Reaction.CANCEL),
        (BET, "RS_ERROR_TIMEOUT", Reaction.CANCEL),
        (WIN, "RS_ERROR_UNKNOWN", Reaction.RETRY),
        (WIN, "RS_ERROR_TRANSACTION_ROLLED_BACK", Reaction.DISPUTE),
        (CANCEL, "RS_ERROR_TIMEOUT", Reaction.RETRY),
    ],
)
def test_the_provider_reacts_as_its_paper_says(
    studio: Hub88StyleStudio, act: Act, code: str, reaction: Reaction
) -> None:
    reply = HttpReply(body=json.dumps({"status": code, "request_uuid": ""}).encode())
    assert studio.read(act, reply).reaction is reaction


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(status=503),
        HttpReply(body=b"<html>"),
        HttpReply(body=b'{"status":"NEW"}'),
        HttpReply(body=b'{"status":"RS_OK","balance":1.5}'),
    ],
)
@pytest.mark.parametrize(("act", "reaction"), [(BET, Reaction.CANCEL), (WIN, Reaction.RETRY)])
def test_an_unreadable_answer_is_no_answer(
    studio: Hub88StyleStudio, act: Act, reaction: Reaction, reply: HttpReply
) -> None:
    assert studio.read(act, reply).reaction is reaction


def call(path: str, fields: dict[str, Any], key: Any = None) -> HttpRequest:
    body = json.dumps(fields).encode()
    headers = {auth.HEADER.lower(): auth.sign(key or other_key(), body)}
    return HttpRequest(method="POST", path=f"/operator/generic/v2/{path}", headers=headers, body=body)


LAUNCH = {
    "operator_id": "pitboss",
    "user": "aurora.pl-7001",
    "token": "t",
    "game_code": "demo_fruit_5",
    "currency": "EUR",
    "lang": "en",
    "platform": "GPL_DESKTOP",
}


async def test_a_launch_seats_the_player(studio: Hub88StyleStudio) -> None:
    desk = Desk()
    reply = await studio.api(call("game/url", LAUNCH), desk)
    assert json.loads(reply.body) == {"url": "http://studio/play/l1"}
    assert (desk.seats[0].user, desk.seats[0].token) == ("aurora.pl-7001", "t")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"game_code": "nope"}, 400, "RS_ERROR_INVALID_GAME"),
        ({"token": ""}, 400, "RS_ERROR_WRONG_TYPES"),
        ({"platform": "TV"}, 400, "RS_ERROR_WRONG_TYPES"),
        ({"operator_id": "other"}, 403, "RS_ERROR_INVALID_PARTNER"),
    ],
)
async def test_a_wrong_launch_is_refused(
    studio: Hub88StyleStudio, change: dict[str, str], status: int, code: str
) -> None:
    reply = await studio.api(call("game/url", {**LAUNCH, **change}), Desk())
    assert (reply.status, json.loads(reply.body)) == (status, {"error": code})


async def test_a_launch_that_the_operator_did_not_sign_is_refused(studio: Hub88StyleStudio) -> None:
    reply = await studio.api(call("game/url", LAUNCH, sheet_key()), Desk())
    assert (reply.status, json.loads(reply.body)) == (403, {"error": "RS_ERROR_INVALID_SIGNATURE"})


async def test_the_catalog_has_slots_tables_and_live_games_that_the_adapter_understands(
    studio: Hub88StyleStudio,
) -> None:
    reply = await studio.api(call("game/list", {"operator_id": "pitboss"}), Desk())
    games = read_games("game/list", reply)
    assert {game.category for game in games} == {"slot", "table", "live"}
    assert [*games] == [*studio.games]
