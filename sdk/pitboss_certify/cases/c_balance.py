"""C: balances."""

from __future__ import annotations

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract


@case("C01", "The balance is the player's cash in the currency that was asked for")
def balance(stage: Stage) -> None:
    stage.have(minor := stage.some())
    stage.cash(minor)


@case("C02", "Every answer shows the balance after it, with no more digits than the currency has")
def shown(stage: Stage) -> None:
    stage.have(1000)
    answers = [stage.ask("Debit", stage.debit(1)), stage.ask("Credit", stage.credit(2))]
    stage.expect([stage.minor(each.balance) for each in answers] == [999, 1001], "an answer shows another balance")


@case("C03", "A player nobody knows has no balance, and is not found by a debit")
def unknown_player(stage: Stage) -> None:
    nobody = stage.key("nobody")
    asked = contract.GetBalanceRequest(player_id=nobody, currency_code=stage.subject.currency)
    stage.expect(not stage.ask("GetBalance", asked).cash.amount, "somebody unknown has money")
    stage.outcome(stage.ask("Debit", stage.debit(100, player=nobody)), "PLAYER_NOT_FOUND")


@case("C04", "A blocked player's balance can be read", needs=("blocked_player",))
def blocked(stage: Stage) -> None:
    stage.expect(stage.balance(stage.subject.blocked_player) >= 0, "no balance")
