"""F: what is undone is undone once, whenever it is said."""

from __future__ import annotations

from typing import Any

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract


def _taken(stage: Stage, minor: int = 500) -> Any:
    stage.have(1000)
    bet = stage.debit(minor)
    stage.ok(stage.ask("Debit", bet))
    return bet


@case("F01", "A cancel gives the stake back")
def simple(stage: Stage) -> None:
    bet = _taken(stage)
    answer = stage.ok(stage.ask("Cancel", stage.cancel(bet.transaction_key)))
    stage.expect(stage.minor(answer.balance) == 1000, "the answer shows another balance")
    stage.cash(1000)


@case("F02", "A cancel that is sent again gives nothing back")
def twice(stage: Stage) -> None:
    bet = _taken(stage)
    request = stage.cancel(bet.transaction_key)
    stage.ok(stage.ask("Cancel", request))
    stage.expect(stage.ok(stage.ask("Cancel", request)).replayed, "the second answer is not marked as replayed")
    stage.cash(1000)


@case("F02b", "A second cancel of one debit, with a key of its own, gives nothing back")
def another_cancel(stage: Stage) -> None:
    bet = _taken(stage)
    for _ in range(3):
        stage.outcome(stage.ask("Cancel", stage.cancel(bet.transaction_key)), "OK")
    stage.cash(1000)


@case("F03", "A cancel of a debit nobody saw is remembered")
def unknown(stage: Stage) -> None:
    stage.have(1000)
    key = stage.key("never")
    stage.outcome(stage.ask("Cancel", stage.cancel(key)), "TOMBSTONED")
    stage.expect(stage.state(key).state == contract.KNOWN_STATE_TOMBSTONED, "it is not remembered")
    stage.cash(1000)


@case("F04", "A debit that comes after its cancel is never taken")
def late(stage: Stage) -> None:
    stage.have(1000)
    bet = stage.debit(400)
    stage.outcome(stage.ask("Cancel", stage.cancel(bet.transaction_key)), "TOMBSTONED")
    for _ in range(2):
        stage.outcome(stage.ask("Debit", bet), "ALREADY_ROLLED_BACK")
    stage.cash(1000)


@case("F05", "Several cancels before their debits, in another order")
def several_late(stage: Stage) -> None:
    stage.have(1000)
    bets = [stage.debit(100) for _ in range(4)]
    for bet in reversed(bets):
        stage.outcome(stage.ask("Cancel", stage.cancel(bet.transaction_key)), "TOMBSTONED")
    stage.random.shuffle(bets)
    for bet in bets:
        stage.outcome(stage.ask("Debit", bet), "ALREADY_ROLLED_BACK")
    stage.cash(1000)


@case("F08", "One of two debits of a round is cancelled, the other one stays")
def one_of_two(stage: Stage) -> None:
    stage.have(1000)
    kept, undone = (stage.debit(minor, provider="p1", round_id="r1") for minor in (300, 200))
    for bet in (kept, undone):
        stage.ok(stage.ask("Debit", bet))
    stage.ok(stage.ask("Cancel", stage.cancel(undone.transaction_key)))
    stage.cash(700)
    states = [stage.state(bet.transaction_key).cancelled for bet in (kept, undone)]
    stage.expect(states == [False, True], f"the debits are known as cancelled: {states}")


@case("F09", "A cancel of a refused debit gives nothing back")
def refused_debit(stage: Stage) -> None:
    stage.have(100)
    bet = stage.debit(500)
    stage.outcome(stage.ask("Debit", bet), "INSUFFICIENT_FUNDS")
    stage.outcome(stage.ask("Cancel", stage.cancel(bet.transaction_key)), "TOMBSTONED")
    stage.cash(100)


@case("F15", "A blocked player gets a stake back", needs=("blocked_player",))
def blocked(stage: Stage) -> None:
    name = stage.subject.blocked_player
    answer = stage.ask("Cancel", stage.cancel(stage.key("never"), player=name))
    stage.outcome(answer, "TOMBSTONED")


@case("F18", "A cancel under another player's name does not touch the debit", needs=("other_player",))
def other_player(stage: Stage) -> None:
    bet, other = _taken(stage), stage.subject.other_player
    before = stage.balance(other)
    stage.outcome(stage.ask("Cancel", stage.cancel(bet.transaction_key, player=other)), "TOMBSTONED")
    stage.cash(500)
    stage.cash(before, other)


@case("F19", "A cancel key with another debit is a conflict")
def conflict(stage: Stage) -> None:
    first, second, key = _taken(stage, 100), stage.debit(200), stage.key("x")
    stage.ok(stage.ask("Debit", second))
    stage.ok(stage.ask("Cancel", stage.cancel(first.transaction_key, key=key)))
    stage.outcome(stage.ask("Cancel", stage.cancel(second.transaction_key, key=key)), "IDEMPOTENCY_CONFLICT")
    stage.cash(800)


@case("F20", "A debit that is sent again after its cancel takes nothing")
def retry_after_cancel(stage: Stage) -> None:
    bet = _taken(stage)
    stage.ok(stage.ask("Cancel", stage.cancel(bet.transaction_key)))
    stage.expect(stage.ask("Debit", bet).replayed, "the retry is not answered as a replay")
    stage.cash(1000)
