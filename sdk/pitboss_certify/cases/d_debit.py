"""D: stakes are taken once, exactly, or not at all."""

from __future__ import annotations

from typing import Any

from pitboss_certify.case import case
from pitboss_certify.stage import Stage
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from pitboss_sdk._stubs.pitboss.type.v1 import money_pb2


@case("D01", "A debit takes the stake once")
def simple(stage: Stage) -> None:
    stage.have(5000)
    stage.ok(stage.ask("Debit", stage.debit(stake := stage.some())))
    stage.cash(5000 - stake)


@case("D02", "A debit that is sent again gets the first answer and takes nothing")
def duplicate(stage: Stage) -> None:
    stage.have(5000)
    request = stage.debit(1000)
    first, again = stage.ask("Debit", request), stage.ask("Debit", request)
    stage.expect(stage.ok(again).replayed and not first.replayed, "the second answer is not marked as replayed")
    stage.expect(again.licensee_transaction_id == first.licensee_transaction_id, "it became another transaction")
    stage.cash(4000)


def _conflict(stage: Stage, **change: Any) -> None:
    stage.have(5000)
    common: dict[str, Any] = {"provider": "p1", "round_id": "r1", "minor": 1000}
    key = stage.key()
    stage.ok(stage.ask("Debit", stage.debit(key=key, **common)))
    stage.outcome(stage.ask("Debit", stage.debit(key=key, **{**common, **change})), "IDEMPOTENCY_CONFLICT")
    stage.cash(4000)


@case("D03", "The same key with another amount is a conflict")
def other_amount(stage: Stage) -> None:
    _conflict(stage, minor=1001)


@case("D03b", "An amount that is only written otherwise is the same amount")
def other_writing(stage: Stage) -> None:
    stage.have(5000)
    request = stage.debit(1000)
    stage.ok(stage.ask("Debit", request))
    request.amount.amount += "0" if "." in request.amount.amount else ".0"
    stage.expect(stage.ok(stage.ask("Debit", request)).replayed, "it counts as another amount")
    stage.cash(4000)


@case("D04", "The same key of another player is another transaction", needs=("other_player",))
def other_player(stage: Stage) -> None:
    stage.have(5000)
    key, other = stage.key(), stage.subject.other_player
    stage.ok(stage.ask("Credit", stage.credit(1000, player=other, kind=contract.CREDIT_KIND_PROMO)))
    before = stage.balance(other)
    stage.ok(stage.ask("Debit", stage.debit(300, key=key)))
    stage.expect(not stage.ok(stage.ask("Debit", stage.debit(400, key=key, player=other))).replayed, "it is a replay")
    stage.cash(4700)
    stage.cash(before - 400, other)


@case("D05", "The same key in another round is a conflict")
def other_round(stage: Stage) -> None:
    _conflict(stage, round_id="r2")


@case("D05b", "The same key of another provider is a conflict")
def other_provider(stage: Stage) -> None:
    _conflict(stage, provider="p2")


@case("D06", "What is not there is refused, with the exact balance")
def insufficient(stage: Stage) -> None:
    stage.have(1000)
    answer = stage.outcome(stage.ask("Debit", stage.debit(1000 + stage.some())), "INSUFFICIENT_FUNDS")
    stage.expect(stage.minor(answer.balance) == 1000, "the refusal shows another balance")
    stage.cash(1000)


@case("D07", "The whole balance can be staked, and the retry still gets its answer")
def everything(stage: Stage) -> None:
    stage.have(minor := stage.some())
    request = stage.debit(minor)
    stage.ok(stage.ask("Debit", request))
    stage.cash(0)
    stage.expect(stage.ok(stage.ask("Debit", request)).replayed, "the retry is refused")


@case("D08", "One unit more than the balance is refused")
def one_more(stage: Stage) -> None:
    stage.have(minor := stage.some())
    stage.outcome(stage.ask("Debit", stage.debit(minor + 1)), "INSUFFICIENT_FUNDS")
    stage.cash(minor)


@case("D09", "A stake of zero is recorded")
def zero(stage: Stage) -> None:
    stage.have(1000)
    request = stage.debit(0)
    stage.ok(stage.ask("Debit", request))
    stage.expect(stage.state(request.transaction_key).state == contract.KNOWN_STATE_APPLIED, "it is not known")
    stage.cash(1000)


def _invalid(stage: Stage, amount: str) -> None:
    stage.have(1000)
    request = stage.debit(1)
    request.amount.amount = amount
    reply = stage.send("Debit", request)
    answer = contract.DebitResponse()
    if reply.status != "malformed":
        stage.expect(
            reply.status == "ok" and stage.transport.decode(reply.body, answer), f"the reply is {reply.status}"
        )
        stage.outcome(answer, "AMOUNT_INVALID")
    stage.cash(1000)


@case("D10", "A negative stake is refused")
def negative(stage: Stage) -> None:
    _invalid(stage, "-1")


@case("D11", "The smallest unit can be staked")
def smallest(stage: Stage) -> None:
    stage.have(1000)
    stage.ok(stage.ask("Debit", stage.debit(1)))
    stage.cash(999)


@case("D12", "More digits than the currency has are refused, not rounded")
def too_precise(stage: Stage) -> None:
    _invalid(stage, "0." + "0" * stage.subject.digits + "1")


@case("D12b", "What is no number is refused")
def no_number(stage: Stage) -> None:
    for amount in ("1e1", "0x10", "1,00", "NaN", "", " 1", "999999999999999999999999"):
        _invalid(stage, amount)


@case("D13", "A currency the player does not have is refused", needs=("other_currency",))
def other_currency(stage: Stage) -> None:
    stage.have(1000)
    request = stage.debit(100)
    request.amount.CopyFrom(money_pb2.Money(currency_code=stage.subject.other_currency, amount="1"))
    stage.outcome(stage.ask("Debit", request), "CURRENCY_MISMATCH", "PLAYER_NOT_FOUND")
    stage.cash(1000)


@case("D14", "A currency nobody knows is refused")
def unknown_currency(stage: Stage) -> None:
    stage.have(1000)
    request = stage.debit(100)
    request.amount.CopyFrom(money_pb2.Money(currency_code="XXX", amount="1"))
    stage.outcome(stage.ask("Debit", request), "CURRENCY_MISMATCH")
    stage.cash(1000)


@case("D17", "A blocked player does not stake, and does not tip", needs=("blocked_player",))
def blocked(stage: Stage) -> None:
    name = stage.subject.blocked_player
    stage.ok(stage.ask("Credit", stage.credit(1000, player=name, kind=contract.CREDIT_KIND_PROMO)))
    for kind in (contract.DEBIT_KIND_BET, contract.DEBIT_KIND_TIP):
        stage.outcome(stage.ask("Debit", stage.debit(100, player=name, kind=kind)), "PLAYER_BLOCKED")


@case("D17b", "What was paid by mistake can be taken back from a blocked player", needs=("blocked_player",))
def blocked_reversal(stage: Stage) -> None:
    name = stage.subject.blocked_player
    stage.ok(stage.ask("Credit", stage.credit(1000, player=name)))
    for kind in (contract.DEBIT_KIND_REVERSAL, contract.DEBIT_KIND_ADJUSTMENT):
        stage.ok(stage.ask("Debit", stage.debit(500, player=name, kind=kind)))


@case("D20", "Several stakes of one round are several transactions")
def several(stage: Stage) -> None:
    stage.have(5000)
    for _ in range(3):
        stage.ok(stage.ask("Debit", stage.debit(500, provider="p1", round_id="r1")))
    stage.cash(3500)


@case("D21", "A hundred and one stakes of one round are all taken")
def many(stage: Stage) -> None:
    stage.have(10_100)
    for _ in range(101):
        stage.ok(stage.ask("Debit", stage.debit(100, provider="p1", round_id="r1")))
    stage.cash(0)


@case("D26", "A tip is taken like a stake")
def tip(stage: Stage) -> None:
    stage.have(1000)
    stage.ok(stage.ask("Debit", stage.debit(200, kind=contract.DEBIT_KIND_TIP)))
    stage.cash(800)


@case("D28", "Fields that may be left out may be left out, and ids of any printable characters are kept")
def optional_fields(stage: Stage) -> None:
    stage.have(1000)
    odd = stage.key("a/b:c d%41'\"<>\\")
    stage.ok(stage.ask("Debit", stage.debit(100, key=odd)))
    stage.expect(stage.state(odd).state == contract.KNOWN_STATE_APPLIED, "the id is not found again")


@case("D28b", "Ids are compared byte for byte")
def exact_ids(stage: Stage) -> None:
    stage.have(1000)
    key = stage.key("Case")
    for each in (key, key.lower(), f"{key} ", f"0{key}"):
        stage.expect(not stage.ok(stage.ask("Debit", stage.debit(100, key=each))).replayed, f"{each!r} is a replay")
    stage.cash(600)


@case("D28c", "An id of 128 characters is kept whole")
def long_id(stage: Stage) -> None:
    stage.have(1000)
    key = stage.key().ljust(127, "x")
    for each in (key + "1", key + "2"):
        stage.expect(not stage.ok(stage.ask("Debit", stage.debit(100, key=each))).replayed, "ids are cut")
    stage.cash(800)


@case("D29", "A stake that was refused stays refused when the money is there")
def stays_refused(stage: Stage) -> None:
    stage.have(100)
    request = stage.debit(500)
    stage.outcome(stage.ask("Debit", request), "INSUFFICIENT_FUNDS")
    stage.ok(stage.ask("Credit", stage.credit(1000)))
    again = stage.outcome(stage.ask("Debit", request), "INSUFFICIENT_FUNDS")
    stage.expect(again.replayed, "the answer is not marked as replayed")
    stage.cash(1100)
