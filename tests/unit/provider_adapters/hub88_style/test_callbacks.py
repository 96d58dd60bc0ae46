from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1.action_pb2 import Action, Bet, Cancel, Win
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.ports import Problem
from provider_adapters.hub88_style import auth, callbacks
from tests.unit.provider_adapters.hub88_style.fakes import PLAYER, World
from tests.unit.provider_adapters.hub88_style.keys import other_key

PAIRS = json.loads(Path("provider_adapters/hub88_style/fixtures/pairs.json").read_text())
BET, _, WIN, ROLLBACK = (pair["request"] for pair in PAIRS)
COMMON = {"user": "aurora.pl-7001", "token": "sess-0001", "request_uuid": "r-1"}


def changed(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    merged = {**message, **fields}
    return {name: value for name, value in merged.items() if value != "absent"}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
async def test_the_recorded_request_gets_the_recorded_reply(pair: dict[str, Any]) -> None:
    world = World(outcome=pair["outcome"], available=pair["available"])
    assert await world.say(pair["path"], pair["request"]) == pair["reply"]


async def test_a_bet_becomes_a_bet_of_the_session_that_its_token_names() -> None:
    world = World()
    await world.say("/transaction/bet", BET)
    assert world.ledger.actions == [
        (
            PLAYER,
            Action(
                transaction_key=BET["transaction_uuid"],
                bet=Bet(
                    round_id="r-900001",
                    amount=Money(currency_code="EUR", amount="1.25"),
                    game_id="demo_fruit_5",
                    session_id="s-1",
                ),
            ),
        )
    ]


async def test_a_win_names_its_bet_and_closes_its_round_and_asks_no_directory() -> None:
    world = World()
    world.sessions.down = True
    await world.say("/transaction/win", changed(WIN, jackpot_win=50_000))
    ((_, action),) = world.ledger.actions
    assert action == Action(
        transaction_key=WIN["transaction_uuid"],
        win=Win(
            round_id="r-900001",
            amount=Money(currency_code="EUR", amount="2.50"),
            bet_key=BET["transaction_uuid"],
            game_id="demo_fruit_5",
            close=True,
            jackpot_part=Money(currency_code="EUR", amount="0.50"),
        ),
    )
    assert world.sessions.asked == 0


async def test_a_rollback_cancels_the_bet_that_it_refers_to_and_asks_no_directory() -> None:
    world = World(outcome="OUTCOME_TOMBSTONED")
    world.sessions.cached = True
    await world.say("/transaction/rollback", ROLLBACK)
    ((_, action),) = world.ledger.actions
    assert action == Action(
        transaction_key=ROLLBACK["transaction_uuid"],
        cancel=Cancel(bet_key=BET["transaction_uuid"], round_id="r-900001", session_id="s-1"),
    )
    assert world.sessions.asked == 0


async def test_balance_and_info_are_those_of_the_session() -> None:
    world = World(available="12.34")
    assert await world.say("/user/balance", COMMON) == {
        "status": "RS_OK", "request_uuid": "r-1", "user": "aurora.pl-7001", "currency": "EUR", "balance": 1_234_000,
    }  # fmt: skip
    info = await world.say("/user/info", {"user": "aurora.pl-7001", "request_uuid": "r-1"})
    assert (info["status"], info["country"], info["jurisdiction"], info["currency"]) == ("RS_OK", "DE", "gb", "EUR")


@pytest.mark.parametrize("path", ["/user/info", "/user/balance", "/transaction/bet"])
async def test_while_the_directory_is_down_what_needs_it_is_told_to_come_again(path: str) -> None:
    world = World()
    world.sessions.down = True
    reply = await world.say(path, BET)
    assert reply["status"] == "RS_ERROR_UNKNOWN"
    assert world.ledger.actions == []


@pytest.mark.parametrize("fields", [{"token": "sess-9999"}, {"user": "aurora.pl-7002"}, {"user": "other.pl-7001"}])
async def test_a_bet_of_another_session_or_player_is_refused_without_the_ledger(fields: dict[str, str]) -> None:
    world = World()
    reply = await world.say("/transaction/bet", changed(BET, **fields))
    assert reply == {"status": "RS_ERROR_INVALID_TOKEN", "request_uuid": BET["request_uuid"]}
    assert world.ledger.actions == []


@pytest.mark.parametrize(("path", "message"), [("/transaction/win", WIN), ("/transaction/rollback", ROLLBACK)])
async def test_a_user_that_cannot_be_ours_is_refused_without_the_ledger(path: str, message: dict[str, Any]) -> None:
    world = World()
    reply = await world.say(path, changed(message, user="nobody"))
    assert reply["status"] == "RS_ERROR_INVALID_TOKEN"
    assert world.ledger.actions == []


async def test_a_free_bet_takes_nothing_and_its_win_is_that_of_the_reward() -> None:
    world = World()
    for path, message in (("/transaction/bet", BET), ("/transaction/win", WIN)):
        assert (await world.say(path, changed(message, is_free=True, reward_uuid="r-1")))["status"] == "RS_OK"
    (_, bet), (_, win) = world.ledger.actions
    assert (bet.free_round_spin.grant_id, Decimal(bet.free_round_spin.amount.amount)) == ("r-1", Decimal(0))
    assert (win.free_round_spin.grant_id, Decimal(win.free_round_spin.amount.amount) > 0) == ("r-1", True)


@pytest.mark.parametrize(("path", "message"), [("/transaction/bet", BET), ("/transaction/win", WIN)])
async def test_a_free_bet_of_no_reward_is_refused_and_never_taken_as_a_paid_one(
    path: str, message: dict[str, Any]
) -> None:
    world = World()
    assert (await world.say(path, changed(message, is_free=True)))["status"] == "RS_ERROR_WRONG_TYPES"
    assert world.ledger.actions == []


async def test_a_win_without_a_bet_is_paid_only_as_a_promotion() -> None:
    world = World()
    fields = changed(WIN, reference_transaction_uuid="absent")
    assert (await world.say("/transaction/win", fields))["status"] == "RS_ERROR_WRONG_TYPES"
    assert world.ledger.actions == []
    assert (await world.say("/transaction/win", {**fields, "is_supplier_promo": True}))["status"] == "RS_OK"
    assert world.ledger.actions[0][1].WhichOneof("kind") == "promo"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", -1),
        ("amount", 1.5),
        ("amount", 125000.0),
        ("amount", "125000"),
        ("amount", True),
        ("amount", 2**63),
        ("amount", None),
        ("amount", "absent"),
        ("transaction_uuid", ""),
        ("transaction_uuid", 7),
        ("transaction_uuid", "x" * 129),
        ("round", "absent"),
        ("round", "r\x00"),
        ("round_closed", 0),
        ("is_free", "false"),
        ("user", "absent"),
        ("token", []),
        ("currency", "E"),
        ("meta", "text"),
    ],
)
async def test_a_wrong_field_is_wrong_types_and_reaches_no_ledger(field: str, value: Any) -> None:
    world = World()
    reply = await world.say("/transaction/bet", changed(BET, **{field: value}))
    assert reply == {"status": "RS_ERROR_WRONG_TYPES", "request_uuid": BET["request_uuid"]}
    assert world.ledger.actions == []


TEXT = json.dumps(BET, separators=(",", ":"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}{}",
        b"[]",
        TEXT[:-1].encode(),
        TEXT.replace('"amount":125000', '"amount":125000,"amount":1').encode(),
        TEXT.replace('"amount":125000', '"amount":NaN').encode(),
        TEXT.encode().replace(b"sp-55", b"\xff\xfe"),
        TEXT.replace("sp-55", "\\udead").encode(),
    ],
    ids=["empty", "two objects", "list", "cut off", "duplicate key", "NaN", "invalid UTF-8", "half a character"],
)
async def test_what_is_not_clean_json_is_wrong_syntax_and_reaches_no_ledger(body: bytes) -> None:
    world = World()
    reply = await world.post("/transaction/bet", body)
    assert json.loads(reply.body)["status"] == "RS_ERROR_WRONG_SYNTAX"
    assert reply.status == 200
    assert world.ledger.actions == []


@pytest.mark.parametrize(
    ("headers", "event"),
    [
        ({auth.HEADER.lower(): ""}, "signature_missing"),
        ({auth.HEADER.lower(): "AAAA"}, "signature_invalid"),
        ({auth.HEADER.lower(): auth.sign(other_key(), TEXT.encode())}, "signature_invalid"),
    ],
    ids=["missing", "garbage", "other key"],
)
async def test_a_message_that_is_not_the_providers_is_refused_unread(headers: dict[str, str], event: str) -> None:
    world = World()
    reply = await world.post("/transaction/bet", TEXT.encode(), **headers)
    assert json.loads(reply.body) == {"status": "RS_ERROR_INVALID_SIGNATURE", "request_uuid": ""}
    assert (world.security.events, world.ledger.actions, world.sessions.asked) == ([event], [], 0)


async def test_the_signature_is_checked_before_the_body_is_parsed() -> None:
    world = World()
    reply = await world.post("/transaction/bet", b"not json", **{auth.HEADER.lower(): "AAAA"})
    assert reply.code == "RS_ERROR_INVALID_SIGNATURE"


async def test_another_content_type_is_wrong_syntax() -> None:
    reply = await World().post("/transaction/bet", TEXT.encode(), **{"content-type": "text/xml"})
    assert reply.code == "RS_ERROR_WRONG_SYNTAX"


async def test_unknown_paths_and_methods_are_refused_in_the_providers_words() -> None:
    world = World()
    assert (await world.post("/transaction/other", TEXT.encode())).status == 404
    request = HttpRequest(method="GET", path="/transaction/bet")
    assert (await world.callbacks.answer(request, Budget.of(1))).status == 405


async def test_a_refused_bet_without_a_balance_says_none() -> None:
    world = World(outcome="OUTCOME_UNKNOWN")
    world.ledger.result.ClearField("balance_now")
    reply = await world.say("/transaction/bet", BET)
    assert reply == {"status": "RS_ERROR_TIMEOUT", "request_uuid": BET["request_uuid"], "user": BET["user"]}


def test_every_problem_has_a_reply_with_the_two_fields_that_must_be_there() -> None:
    for problem in Problem:
        assert set(json.loads(callbacks.refuse(problem).body)) == {"status", "request_uuid"}
