"""J: what a wallet knows after an answer was lost."""

from __future__ import annotations

import time

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract

_SKEW_S = 60


@case("J01", "A transaction nobody sent is unknown, and asking does not make it")
def unknown(stage: Stage) -> None:
    stage.have(1000)
    bet = stage.debit(400)
    for _ in range(2):
        known = stage.state(bet.transaction_key)
        stage.expect(known.state == contract.KNOWN_STATE_UNKNOWN, "it is known")
    stage.expect(not stage.ok(stage.ask("Debit", bet)).replayed, "asking has made it")


@case("J02", "An applied debit is known at once, with its amount")
def applied(stage: Stage) -> None:
    stage.have(1000)
    bet = stage.debit(stage.some(100, 900))
    stage.ok(stage.ask("Debit", bet))
    known = stage.state(bet.transaction_key)
    stage.expect(known.state == contract.KNOWN_STATE_APPLIED, "it is not known as applied")
    stage.expect(stage.text(stage.minor(known.amount)) == bet.amount.amount, "it is known with another amount")


@case("J02b", "A refused debit is known with its outcome")
def refused(stage: Stage) -> None:
    stage.have(100)
    bet = stage.debit(500)
    first = stage.ask("Debit", bet)
    known = stage.state(bet.transaction_key)
    stage.expect(known.state == contract.KNOWN_STATE_REFUSED, "it is not known as refused")
    stage.expect(known.outcome == first.outcome, "it is known with another outcome")


@case("J02c", "An applied credit and an applied cancel are known")
def others_applied(stage: Stage) -> None:
    stage.have(1000)
    bet, pay = stage.debit(400), stage.credit(100)
    undo = stage.cancel(bet.transaction_key)
    for method, request in (("Debit", bet), ("Credit", pay), ("Cancel", undo)):
        stage.ok(stage.ask(method, request))
    for kind, key in (("credit", pay.transaction_key), ("cancel", undo.transaction_key)):
        known = stage.state(key, kind=kind)
        stage.expect(known.state == contract.KNOWN_STATE_APPLIED, f"the {kind} is not known as applied")
    stage.expect(stage.state(bet.transaction_key).cancelled, "the debit is not known as cancelled")


@case("J09", "A request that a proxy sends twice is done once")
def delivered_twice(stage: Stage) -> None:
    stage.have(1000)
    stage.together("Debit", [stage.debit(100, key=stage.key())] * 2)
    stage.cash(900)


@case("J13", "The wallet is alive, and its clock is right to a minute")
def alive(stage: Stage) -> None:
    answer = stage.ask("Ping", contract.PingRequest())
    stage.expect(abs(answer.server_time.ToSeconds() - time.time()) < _SKEW_S, "its clock is more than a minute off")
