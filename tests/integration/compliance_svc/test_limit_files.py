"""At the opening of play a limit file is asked by us: who has no limit there does not play, and a silent file stops nobody."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from compliance_svc import limit_file_client
from compliance_svc.config import ComplianceSettings
from compliance_svc.migrate import upgrade as upgrade_compliance
from compliance_svc.wiring import build
from mesh.channels import call_metadata, channel
from mesh.dev import postgres
from mesh.dev.postgres import Postgres
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss.type.v1.decision_pb2 import VERDICT_ALLOW, VERDICT_DENY, Decision
from pitboss.wallet.v1 import action_pb2, protection_pb2
from tests.integration.wallet_svc.limit_file import LICENSEE, NAME, File, asking, standing
from tests.integration.wallet_svc.served import PROVIDER, Served, money, refusal, running, serving
from wallet_svc.migrate import upgrade as upgrade_wallet


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        upgrade_wallet(started.database("pitboss_wallet").owner_url)
        upgrade_compliance(started.database("pitboss_compliance").owner_url)
        yield started


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No habit here is slow."""
    monkeypatch.setattr(limit_file_client, "_TIMEOUT_S", 9.0)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    with standing(tmp_path) as found:
        yield found


class Office:
    """A compliance service that asks the file, beside a wallet that does not."""

    def __init__(self, wallet: Served, opened: grpc.aio.Channel) -> None:
        self.wallet = wallet
        self.stub = ComplianceServiceStub(opened)

    async def player(self, name: str) -> str:
        opened = action_pb2.OpenAccount(currency_code="EUR", born_on="1990-01-01")
        caller = self.wallet.caller("platform", LICENSEE, source="cashier")
        assert (await caller.do(name, "open", open_account=opened)).outcome == 1
        return name

    async def open_play(self, player: str, **answers: Any) -> Decision:
        """The decision about a session."""
        play = action_pb2.OpenPlay(
            session_id=f"s-{player}", provider=PROVIDER, currency_code="EUR", game_id="slot",
            answers=protection_pb2.SourceAnswers(**answers) if answers else None,
        )  # fmt: skip
        request = pb.OpenPlayRequest(player_id=player, transaction_key=f"play {player}", open_play=play)
        response = await self.stub.OpenPlay(request, timeout=10, metadata=call_metadata(LICENSEE))
        decision: Decision = response.result.decision
        return decision


@contextlib.asynccontextmanager
async def office(server: Postgres, file: File, pack: str = "de", name: str = NAME) -> AsyncIterator[Office]:
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(asking(file))
        wallet = await stack.enter_async_context(serving(server.database("pitboss_wallet").service_url))
        await wallet.register(LICENSEE, pack)
        settings = ComplianceSettings(
            listen="127.0.0.1:0", environment="development", insecure_loopback=True, sandbox=True, drain_seconds=0.2,
            notice_seconds=0, database_url=server.database("pitboss_compliance").service_url,
            wallet_addresses=(wallet.address,), limit_files={name: address},
        )  # fmt: skip
        compliance = await stack.enter_async_context(running(settings, await build(settings)))
        opened = channel(compliance, settings, workload="session_svc")
        stack.push_async_callback(opened.close)
        yield Office(wallet, opened)


def outside(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decision.facts_json).get("outside", {})
    return found


async def test_the_files_own_answer_is_in_the_decision_whatever_the_caller_says(server: Postgres, file: File) -> None:
    async with office(server, file) as made:
        lie = {"limit_file": protection_pb2.SOURCE_ANSWER_NOT_SET, "limit_file_name": "ours", "limit_left": money("5")}
        decision = await made.open_play(await made.player("ada"), **lie)
    assert (decision.verdict, decision.guardrail) == (VERDICT_ALLOW, "G0")
    known = outside(decision)
    assert (known["limit_file"], known["limit_file_source"]) == ("CLEAR", NAME)
    assert int(known["limit_left_minor"]) == 1_000_000_000
    assert int(known["limit_file_answered_us"]) > 0
    # Looking counts nothing.
    assert file.used("ada") == "0.00"


async def test_who_has_no_limit_in_the_file_does_not_play(server: Postgres, file: File) -> None:
    async with office(server, file) as made:
        player = await made.player("bea")
        file.order(f"unset/{LICENSEE}/{player}")
        decision = await made.open_play(player)
    assert (decision.verdict, list(decision.reasons)) == (VERDICT_DENY, ["LIM.NOT_SET"])


@pytest.mark.parametrize("habit", ["broken", "forged", "contradictory", "replayed"])
async def test_a_silent_file_stops_nobody_from_playing(server: Postgres, file: File, habit: str) -> None:
    async with office(server, file) as made:
        player = await made.player(f"cleo-{habit}")
        file.order(habit)
        decision = await made.open_play(player)
    assert (decision.verdict, decision.guardrail) == (VERDICT_ALLOW, "G3")
    assert outside(decision)["limit_file"] == "SILENT"


async def test_the_file_of_another_market_is_not_asked(server: Postgres, file: File) -> None:
    async with office(server, file, pack="de", name="DGOJ") as made:
        file.order("broken")
        decision = await made.open_play(await made.player("dora"))
    assert (decision.verdict, decision.guardrail, outside(decision)) == (VERDICT_ALLOW, "G0", {})


async def test_nobody_is_asked_about_who_is_no_player(server: Postgres, file: File) -> None:
    async with office(server, file) as made:
        told = await refusal(made.open_play("nobody"))
    assert (told.code, told.reason) == ("NOT_FOUND", "PLAYER_NOT_FOUND")
