"""G: the end of a round moves no money."""

from __future__ import annotations

from typing import Any

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract


def _close(stage: Stage, round_id: str) -> Any:
    return contract.CloseRoundRequest(player_id=stage.subject.player, provider="p1", round_id=round_id)


@case("G02", "A round is closed, and closed again")
def closed(stage: Stage) -> None:
    stage.have(1000)
    stage.ok(stage.ask("Debit", stage.debit(300, provider="p1", round_id=(name := stage.key("r")))))
    for _ in range(2):
        stage.ask("CloseRound", _close(stage, name))
    stage.cash(700)


@case("G03", "A round nobody opened can be closed")
def unknown(stage: Stage) -> None:
    stage.have(1000)
    stage.ask("CloseRound", _close(stage, stage.key("r")))
    stage.cash(1000)


@case("G07", "A result after the close is paid: whether it may come late is decided before it reaches a wallet")
def late_result(stage: Stage) -> None:
    stage.have(1000)
    name = stage.key("r")
    stage.ok(stage.ask("Debit", stage.debit(300, provider="p1", round_id=name)))
    stage.ask("CloseRound", _close(stage, name))
    stage.ok(stage.ask("Credit", stage.credit(500, provider="p1", round_id=name)))
    stage.cash(1200)
