"""What only this provider does; the rest is in test_every_style."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.ports import ActKind, Reaction
from provider_adapters.swipegames_style import auth
from tests.unit.provider_adapters.styles import PLAYER, TOKEN, Style

VECTORS: dict[str, Any] = json.loads((Style("swipegames_style").folder / "fixtures/signature_vectors.json").read_text())


@pytest.fixture
def style() -> Style:
    return Style("swipegames_style")


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_what_is_signed_and_how_is_as_in_the_sheet(vector: dict[str, Any]) -> None:
    canonical = vector["canonical"].encode()
    assert auth.canonical(json.loads(canonical)) == canonical
    assert auth.sign(VECTORS["key"], canonical) == vector["signature"]
    assert auth.verify([VECTORS["key"]], canonical, vector["signature"])
    assert not auth.verify([VECTORS["key"]], canonical, vector["signature"].upper())


def test_keys_are_sorted_at_every_level_and_text_is_not_escaped() -> None:
    assert auth.canonical({"b": 1, "a": {"d": "é/", "c": 2}}) == '{"a":{"c":2,"d":"é/"},"b":1}'.encode()


async def change(style: Style, kind: ActKind, **changes: Any) -> HttpReply:
    request = style.studio.write(style.act(kind))
    body = auth.canonical({**json.loads(request.body), **changes})
    headers = {**request.headers, auth.HEADER: auth.sign(style.keys.adapter["integration_key"], body)}
    return await style.post(replace(request, headers=headers, body=body))


async def test_the_same_json_in_other_bytes_is_refused(style: Style) -> None:
    request = style.studio.write(style.act(ActKind.BET))
    content = json.loads(request.body)
    for body in (
        json.dumps(content).encode(),
        json.dumps(content, separators=(",", ":"), sort_keys=False).encode() + b" ",
    ):
        reply = await style.post(replace(request, body=body))
        assert (reply.status, style.ledger.actions) == (401, [])


@pytest.mark.parametrize(
    "session_id", ["", TOKEN, f"{TOKEN}|", f"|{PLAYER}", f"{TOKEN}|nodot", f"{TOKEN}|aurora.other"]
)
async def test_a_session_id_that_is_not_ours_stakes_nothing(style: Style, session_id: str) -> None:
    reply = await change(style, ActKind.BET, sessionID=session_id)
    assert reply.status in {400, 404}
    assert style.ledger.actions == []


@pytest.mark.parametrize(
    ("outcome", "limit", "status", "code"),
    [
        ("INSUFFICIENT_FUNDS", "", 400, "insufficient_funds"),
        ("LIMIT_EXCEEDED", "stake", 400, "bet_limit"),
        ("LIMIT_EXCEEDED", "loss", 400, "loss_limit"),
        ("SESSION_EXPIRED", "", 401, "session_expired"),
        ("SESSION_INVALID", "", 404, "session_not_found"),
        ("UNKNOWN", "", 500, None),
        ("IDEMPOTENCY_CONFLICT", "", 409, None),
    ],
)
async def test_a_refusal_has_the_status_and_the_code_of_the_sheet(
    style: Style, outcome: str, limit: str, status: int, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def execute(player: Any, action: Any, budget: Any) -> Any:
        result = await type(style.ledger).execute(style.ledger, player, action, budget)
        result.limit = limit
        return result

    style.ledger.outcome = Outcome.Value(f"OUTCOME_{outcome}")
    monkeypatch.setattr(style.ledger, "execute", execute)
    reply = await style.post(style.studio.write(style.act(ActKind.BET)))
    assert (reply.status, json.loads(reply.body).get("code")) == (status, code)


async def test_the_currency_of_a_win_is_that_of_its_round(style: Style) -> None:
    await style.say(style.act(ActKind.WIN))
    assert style.ledger.asked == 1
    await style.say(style.act(ActKind.BET))
    await style.say(style.act(ActKind.WIN))
    assert style.ledger.asked == 1
    assert [action.win.amount.currency_code for _, action in style.ledger.actions if action.HasField("win")] == [
        "EUR",
        "EUR",
    ]


async def test_free_spins_are_information_and_the_total_pays(style: Style) -> None:
    await change(style, ActKind.BET, type="free", frID="f-1")
    await change(style, ActKind.WIN, type="free", frID="f-1")
    await change(style, ActKind.WIN, frID="f-1")
    kinds = [action.WhichOneof("kind") for _, action in style.ledger.actions]
    assert kinds == ["free_round_spin", "free_round_spin", "free_round_total"]
    assert style.ledger.actions[0][1].free_round_spin.amount.amount == "0.00"


async def test_a_free_bet_is_not_taken_for_a_paid_one(style: Style) -> None:
    assert (await change(style, ActKind.BET, frID="f-1")).status == 400
    assert (await change(style, ActKind.BET, type="free")).status == 400
    assert (await change(style, ActKind.BET, type="bonus")).status == 400
    assert style.ledger.actions == []


@pytest.mark.parametrize("amount", ["-1", "1.123456789", "1e2", "", "NaN", 1.25, 1, None, "9" * 20])
async def test_what_is_no_amount_reaches_no_ledger(style: Style, amount: Any) -> None:
    assert ((await change(style, ActKind.BET, amount=amount)).status, style.ledger.actions) == (400, [])


@pytest.mark.parametrize("query", [b"", b"sessionID", b"sessionID=a&sessionID=b", b"sessionID=%ff", b"sessionID=\xff"])
async def test_a_query_that_could_mean_two_things_is_refused(style: Style, query: bytes) -> None:
    signature = auth.sign(style.keys.adapter["integration_key"], b"{}")
    request = HttpRequest(method="GET", path="/balance", query=query, headers={auth.HEADER: signature})
    assert (await style.post(request)).status in {400, 401}
    assert style.sessions.asked == 0


@pytest.mark.parametrize(
    ("kind", "status", "reaction"),
    [
        (ActKind.BET, 500, Reaction.CANCEL),
        (ActKind.BET, 503, Reaction.CANCEL),
        (ActKind.BET, 400, Reaction.REFUSED),
        (ActKind.WIN, 400, Reaction.RETRY),
        (ActKind.CANCEL, 404, Reaction.RETRY),
    ],
)
def test_the_provider_reacts_to_the_status(style: Style, kind: ActKind, status: int, reaction: Reaction) -> None:
    assert style.studio.read(style.act(kind), HttpReply(status=status, body=b"{}")).reaction is reaction
