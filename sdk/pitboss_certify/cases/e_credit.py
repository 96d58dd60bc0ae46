"""E: people are paid."""

from __future__ import annotations

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract

_LARGE = 9_999_999_999


@case("E01", "A credit pays once")
def simple(stage: Stage) -> None:
    stage.have(1000)
    bet = stage.debit(500)
    stage.ok(stage.ask("Debit", bet))
    stage.ok(stage.ask("Credit", stage.credit(won := stage.some(), debit_key=bet.transaction_key)))
    stage.cash(500 + won)


@case("E02", "A credit of zero is recorded")
def zero(stage: Stage) -> None:
    stage.have(1000)
    request = stage.credit(0)
    stage.ok(stage.ask("Credit", request))
    known = stage.state(request.transaction_key, kind="credit")
    stage.expect(known.state == contract.KNOWN_STATE_APPLIED, "it is not known")
    stage.cash(1000)


@case("E03", "A credit that is sent again gets the first answer and pays nothing")
def duplicate(stage: Stage) -> None:
    stage.have(1000)
    request = stage.credit(700)
    first, again = stage.ask("Credit", request), stage.ask("Credit", request)
    stage.expect(stage.ok(again).replayed and not first.replayed, "the second answer is not marked as replayed")
    stage.cash(1700)


@case("E04", "The same key with another amount is a conflict")
def other_amount(stage: Stage) -> None:
    stage.have(1000)
    key = stage.key()
    stage.ok(stage.ask("Credit", stage.credit(700, key=key)))
    stage.outcome(stage.ask("Credit", stage.credit(701, key=key)), "IDEMPOTENCY_CONFLICT")
    stage.cash(1700)


@case("E04b", "The same key for another debit is a conflict")
def other_debit(stage: Stage) -> None:
    stage.have(1000)
    key = stage.key()
    stage.ok(stage.ask("Credit", stage.credit(700, key=key, debit_key="b1")))
    stage.outcome(stage.ask("Credit", stage.credit(700, key=key, debit_key="b2")), "IDEMPOTENCY_CONFLICT")
    stage.cash(1700)


@case("E05", "A debit and a credit may have the same key")
def same_key(stage: Stage) -> None:
    stage.have(1000)
    key = stage.key()
    stage.ok(stage.ask("Debit", stage.debit(300, key=key)))
    stage.expect(not stage.ok(stage.ask("Credit", stage.credit(300, key=key))).replayed, "the credit is a replay")
    stage.cash(1000)


@case("E06", "A second credit for one debit, with a key of its own, is paid")
def second(stage: Stage) -> None:
    stage.have(1000)
    bet = stage.debit(500)
    stage.ok(stage.ask("Debit", bet))
    for _ in range(2):
        stage.ok(stage.ask("Credit", stage.credit(200, debit_key=bet.transaction_key)))
    stage.cash(900)


@case("E07", "A very large credit is paid, and can be staked again to the last unit")
def large(stage: Stage) -> None:
    stage.have(0)
    stage.ok(stage.ask("Credit", stage.credit(_LARGE)))
    stage.ok(stage.ask("Debit", stage.debit(_LARGE)))
    stage.cash(0)


@case("E08", "A negative credit is refused")
def negative(stage: Stage) -> None:
    stage.have(1000)
    reply = stage.send("Credit", stage.credit(-100))
    answer = contract.CreditResponse()
    if reply.status != "malformed":
        stage.expect(
            reply.status == "ok" and stage.transport.decode(reply.body, answer), f"the reply is {reply.status}"
        )
        stage.outcome(answer, "AMOUNT_INVALID")
    stage.cash(1000)


@case("E10", "A blocked player is paid", needs=("blocked_player",))
def blocked(stage: Stage) -> None:
    name = stage.subject.blocked_player
    before = stage.balance(name)
    stage.ok(stage.ask("Credit", stage.credit(800, player=name)))
    stage.cash(before + 800, name)


@case("E19", "A result without a stake is paid, of whatever kind")
def without_stake(stage: Stage) -> None:
    stage.have(0)
    kinds = [kind for kind in contract.CreditKind.values() if kind != contract.CREDIT_KIND_UNSPECIFIED]
    for kind in kinds:
        stage.ok(stage.ask("Credit", stage.credit(100, kind=kind)))
    stage.cash(100 * len(kinds))


@case("E20", "Credits of one player in one order are paid in that order")
def in_order(stage: Stage) -> None:
    stage.have(0)
    shown = [stage.minor(stage.ok(stage.ask("Credit", stage.credit(10))).balance) for _ in range(10)]
    stage.expect(shown == [10 * number for number in range(1, 11)], f"the balances shown are {shown}")
