"""Corrections: of what was accepted, in cash, and by two people where the licensee wants it."""

import pytest

from tests.unit.wallet_svc.world import CASHIER, PROVIDER, Table, bet, cancel, money, outcome, table, win, with_bonus
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.vocabulary import Kind, Outcome


def adjust(amount: str, kind: Kind = Kind.WIN, key: str = "w1", **more: object) -> c.Adjust:
    return c.Adjust(ref_kind=kind, ref_key=key, money=money(amount), **more)  # type: ignore[arg-type]


def played() -> Table:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("w1", win("20.00", bet_key="b1", close=True))
    return made


def by_hand(amount: str, reason: str = "") -> c.Adjust:
    return adjust(amount, ref_source=PROVIDER, reason=reason)


def test_a_correction_adds_or_takes_cash_once() -> None:
    made = played()
    made.do("a1", adjust("-5.00"))
    made.do("a2", adjust("7.50", Kind.BET, "b1"))
    assert made.do("a1", adjust("-5.00")).replayed
    assert made.cash() == 112_50
    assert made.cash() + made.house() == 0


def test_a_correction_is_stored_with_its_sign() -> None:
    assert played().do("a1", adjust("-5.00")).entry.amount == -5_00


@pytest.mark.parametrize("amount", ["0.00", "0.001"])
def test_a_correction_is_not_zero_and_exact(amount: str) -> None:
    assert outcome(played().do("a1", adjust(amount))) is Outcome.AMOUNT_INVALID


def test_only_what_was_accepted_and_not_undone_is_corrected() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("b2", bet("500.00"))
    made.do("c1", cancel("b1"))
    made.do("c9", cancel("b9"))
    told = {key: outcome(made.do(f"a {key}", adjust("1.00", Kind.BET, key))).name for key in ("b1", "b2", "b9", "b8")}
    assert told == {
        "b1": "ALREADY_ROLLED_BACK", "b2": "ORIGINAL_NOT_FOUND", "b9": "ALREADY_ROLLED_BACK", "b8": "ORIGINAL_NOT_FOUND",
    }  # fmt: skip


def test_a_win_that_was_taken_back_is_not_corrected() -> None:
    made = played()
    made.do("v1", c.ReverseWin(win_key="w1"))
    assert outcome(made.do("a1", adjust("1.00"))) is Outcome.ALREADY_ROLLED_BACK


def test_a_correction_takes_no_bonus() -> None:
    made = with_bonus("10.00", "100.00")
    made.do("b1", bet("10.00"))
    assert outcome(made.do("a1", adjust("-0.01", Kind.BET, "b1"))) is Outcome.INSUFFICIENT_FUNDS


def test_a_large_correction_by_hand_waits_for_a_second_person() -> None:
    made = played()
    made.tenant(thresholds=(("EUR", "50.00"),))
    for amount in ("50.01", "-50.01"):
        answer = made.do("a1", by_hand(amount), source=CASHIER)
        assert (outcome(answer), answer.new) == (Outcome.APPROVAL_NEEDED, ())
    assert outcome(made.do("a1", by_hand("50.00"), source=CASHIER)) is Outcome.OK
    assert outcome(made.do("a1", adjust("60.00"))) is Outcome.OK
    assert made.cash() == 220_00


def test_a_threshold_of_zero_lets_nothing_pass_alone() -> None:
    made = played()
    made.tenant(thresholds=(("EUR", "0"),))
    assert outcome(made.do("a1", by_hand("0.01"), source=CASHIER)) is Outcome.APPROVAL_NEEDED


def propose(made: Table, amount: str = "60.00", reason: str = "") -> Decided:
    made.tenant(thresholds=(("EUR", "50.00"),))
    action = c.ProposeAdjustment(adjustment=by_hand(amount, reason), proposed_by="ann@casino")
    return made.do("p1", action, source=CASHIER)


def approve(made: Table, payload_hash: str, *, by: str = "bob@casino", key: str = "ok1") -> Decided:
    action = c.ApproveAdjustment(proposal_key="p1", payload_hash=payload_hash, approved_by=by)
    return made.do(key, action, source=CASHIER)


def hash_of(proposal: Decided) -> str:
    return str((proposal.entry.details or {})["hash"])


def test_a_proposal_moves_nothing_and_its_approval_books_it_once() -> None:
    made = played()
    proposal = propose(made)
    assert (outcome(proposal), made.cash()) == (Outcome.OK, 110_00)
    assert outcome(approve(made, hash_of(proposal))) is Outcome.OK
    assert approve(made, hash_of(proposal)).replayed
    second = approve(made, hash_of(proposal), by="eve", key="ok2")
    assert (outcome(second), second.replayed, made.cash()) == (Outcome.OK, True, 170_00)
    assert sum(entry.kind is Kind.ADJUST for entry in made.log) == 1


@pytest.mark.parametrize("person", ["ann@casino", " ANN@casino "])
def test_the_proposer_cannot_approve(person: str) -> None:
    made = played()
    answer = approve(made, hash_of(propose(made)), by=person)
    assert (outcome(answer), answer.new, made.cash()) == (Outcome.APPROVAL_INVALID, (), 110_00)


def test_an_approval_of_another_content_is_refused() -> None:
    made = played()
    proposal = propose(made)
    other = table()
    other.do("b1", bet("10.00"))
    other.do("w1", win("20.00", bet_key="b1", close=True))
    assert hash_of(propose(other, "60.01")) != hash_of(proposal)
    assert hash_of(propose(played(), reason="why")) != hash_of(proposal)
    assert hash_of(propose(played(), "60.000")) == hash_of(proposal)
    assert outcome(approve(made, "0" * 64)) is Outcome.APPROVAL_INVALID
    assert outcome(approve(made, hash_of(proposal))) is Outcome.OK


def test_there_is_nothing_to_approve_without_a_proposal() -> None:
    assert outcome(approve(played(), "0" * 64)) is Outcome.ORIGINAL_NOT_FOUND


def test_an_approval_that_cannot_be_booked_leaves_the_proposal_for_another() -> None:
    made = played()
    proposal = propose(made, "-200.00")
    assert outcome(approve(made, hash_of(proposal))) is Outcome.INSUFFICIENT_FUNDS
    made.do("d1", c.Deposit(money=money("100.00")), source=CASHIER)
    assert outcome(approve(made, hash_of(proposal), key="ok2")) is Outcome.OK
    assert made.cash() == 10_00
