"""The template, copied as `make new-provider` copies it, is an adapter and a studio that understand each other."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import provider_adapters
from mesh.tooling.new_provider import copy_template
from pitboss.type.v1.outcome_pb2 import Outcome
from provider_adapters._kit import manifest
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.nonces import NonceWindow
from provider_adapters._kit.ports import AdapterParts, Device, Launch, Problem
from provider_adapters._kit.studio.ports import Act, ActKind, Reaction, Seat, StudioParts
from tests.unit.provider_adapters.hub88_style.fakes import FACTS, PLAYER, Ledger, Provider, Security, Sessions

NAME = "new_house"
CREDENTIALS = {"operator_id": "pitboss", "secret": "a secret"}
SEAT = Seat(launch_id="l1", user=str(PLAYER), token=FACTS.token, currency_code="EUR", game_id="slot-1")
BET = Act(kind=ActKind.BET, seat=SEAT, transaction_key="b1", round_id="r1", game_id="slot-1", amount=Decimal("1.25"))
ACTS = (
    Act(kind=ActKind.ENTER, seat=SEAT),
    Act(kind=ActKind.BALANCE, seat=SEAT),
    BET,
    replace(BET, kind=ActKind.WIN, transaction_key="w1", bet_key="b1", closes=True),
    replace(BET, kind=ActKind.CANCEL, transaction_key="c1", bet_key="b1"),
)


class Made:
    """The copied folder, loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / NAME
        self.ledger, self.security = Ledger(), Security()
        self.outbound: Any = Provider(HttpReply(body=b"{}"))
        self.errors = self.module("errors")
        self.studio = self.module("studio").create(StudioParts(credentials=CREDENTIALS, callback_url="http://x"))

    def module(self, name: str) -> Any:
        return importlib.import_module(f"provider_adapters.{NAME}.{name}")

    def adapter(self) -> Any:
        return self.module("adapter").create(
            AdapterParts(
                manifest=manifest.load(self.folder),
                credentials=CREDENTIALS,
                callback_url="",
                wallet=self.ledger,
                sessions=Sessions(),
                outbound=self.outbound,
                security=self.security,
                nonces=NonceWindow(None),
            )
        )

    async def exchange(self, request: HttpRequest) -> HttpReply:
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply: HttpReply = await self.adapter().callback(replace(request, headers=headers), Budget.of(1))
        return reply


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    (tmp_path / "_template").symlink_to(Path("provider_adapters/_template").resolve())
    copy_template(tmp_path, NAME)
    monkeypatch.setattr(provider_adapters, "__path__", [*provider_adapters.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield Made(tmp_path)
    for name in [name for name in sys.modules if name.startswith(f"provider_adapters.{NAME}")]:
        del sys.modules[name]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)
async def test_each_side_understands_the_other(made: Made, act: Act) -> None:
    answer = made.studio.read(act, await made.exchange(made.studio.write(act)))
    assert (answer.reaction, answer.balance) == (Reaction.ACCEPTED, Decimal("98.75"))


async def test_a_changed_byte_is_refused_before_anything_is_read(made: Made) -> None:
    reply = await made.exchange(made.studio.spoil(made.studio.write(BET)))
    assert made.studio.signature_refused(reply)
    assert (made.ledger.actions, made.security.events) == ([], ["signature_invalid"])


def test_both_tables_are_total(made: Made) -> None:
    assert set(made.errors.OUTCOMES) == set(Outcome.values())
    assert set(made.errors.PROBLEMS) == set(Problem)
    assert set(made.errors.FAILURES) == set(made.errors.Code)


@pytest.mark.parametrize("amount", ["-1", "1e5", "1.123456789", "", "0x1"])
async def test_an_amount_that_is_none_reaches_no_ledger(made: Made, amount: str) -> None:
    request = made.studio.write(BET)
    body = json.dumps({**json.loads(request.body), "amount": amount}).encode()
    signature = made.module("auth").sign("a secret", body)
    reply = await made.exchange(replace(request, body=body, headers={"x-signature": signature}))
    assert (json.loads(reply.body), made.ledger.actions) == ({"code": "INVALID"}, [])


async def test_a_launch_goes_through_both_sides(made: Made) -> None:
    launch = Launch(
        session_id="s",
        token="t" * 16,
        player=PLAYER,
        game_id="slot-1",
        currency_code="EUR",
        language="en",
        country="",
        device=Device.DESKTOP,
        lobby_url="",
    )
    desk = SimpleNamespace(new_launch_id=lambda: "l1", seat=lambda seat: f"http://studio/play/{seat.user}")

    class Wire:
        async def send(self, operation: str, method: str, path: str, *, read: Any, **options: Any) -> Any:
            headers = {name.lower(): value for name, value in options["headers"].items()}
            request = HttpRequest(method=method, path=path, headers=headers, body=options["body"])
            return read(await made.studio.api(request, desk))

    made.outbound = Wire()
    adapter = made.adapter()
    assert await adapter.create_launch(launch) == f"http://studio/play/{PLAYER}"
    assert [game.category for game in await adapter.list_games()] == ["slot", "live"]
    await adapter.probe(0.2)
