"""I: many at once."""

from __future__ import annotations

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.type.v1 import outcome_pb2

_OK, _NO_FUNDS = outcome_pb2.OUTCOME_OK, outcome_pb2.OUTCOME_INSUFFICIENT_FUNDS
_RACES = 25


@case("I01", "Ten debits at once, money for five: exactly five are taken")
def money_for_five(stage: Stage) -> None:
    stage.have(5 * (stake := stage.some(100, 500)))
    answers = stage.together("Debit", [stage.debit(stake) for _ in range(10)])
    found = sorted(answer.outcome for answer in answers)
    stage.expect(found == [_OK] * 5 + [_NO_FUNDS] * 5, f"{found.count(_OK)} were taken")
    stage.cash(0)


@case("I02", "One debit ten times at once is taken once")
def same_debit(stage: Stage) -> None:
    stage.have(5000)
    answers = stage.together("Debit", [stage.debit(300, key=stage.key())] * 10)
    for answer in answers:
        stage.ok(answer)
    stage.expect([answer.replayed for answer in answers].count(False) == 1, "more than one claims to be the first")
    stage.cash(4700)


@case("I03", "One credit ten times at once is paid once")
def same_credit(stage: Stage) -> None:
    stage.have(0)
    for answer in stage.together("Credit", [stage.credit(300, key=stage.key())] * 10):
        stage.ok(answer)
    stage.cash(300)


@case("I04", "One key of two players at once is two transactions", needs=("other_player",))
def two_players(stage: Stage) -> None:
    stage.have(1000)
    other, key = stage.subject.other_player, stage.key()
    before = stage.balance(other)
    stage.together("Credit", [stage.credit(100, key=key), stage.credit(200, key=key, player=other)])
    stage.cash(1100)
    stage.cash(before + 200, other)


@case("I05", "A debit and its cancel at once: taken and given back, or never taken")
def debit_and_cancel(stage: Stage) -> None:
    stage.have(1000)
    for _ in range(_RACES):
        bet = stage.debit(400)
        pair = [("Debit", bet), ("Cancel", stage.cancel(bet.transaction_key))]
        stage.random.shuffle(pair)
        stage.race(pair)
        stage.cash(1000)


@case("I06", "A credit and a debit at once: both, or the debit is refused; nothing between")
def credit_and_debit(stage: Stage) -> None:
    for _ in range(_RACES):
        stage.have(0)
        answers = stage.race([("Credit", stage.credit(300)), ("Debit", stage.debit(300))])
        stage.cash(0 if answers[1].outcome == _OK else 300)
