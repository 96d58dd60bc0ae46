"""A licensee that keeps its players' money itself: intents, conclusions, and what is owed until it is delivered."""

from dataclasses import replace
from typing import Any

import pytest

from mesh.arrays import numbers
from tests.unit.wallet_svc.world import EUR, LICENSEE, PROVIDER, SOURCES, Table, money, outcome, registry
from wallet_svc.domain import commands as c
from wallet_svc.domain import owing
from wallet_svc.domain.decide import decide
from wallet_svc.domain.journal import Batch
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Mirror, OwnWallet, Registry
from wallet_svc.domain.vocabulary import AccountClass, Case, Kind, Outcome, PlayState
from wallet_svc.own_wallets.messages import owed_minor
from wallet_svc.store.encode import parameters

WALLET = OwnWallet(address="grpc://127.0.0.1:1", signing_key="k1", deadline_us=1_000_000)


def mirrored() -> Registry:
    made = registry()
    tenant = replace(made.licensees[LICENSEE], wallet=WALLET, mirrored=True)
    return replace(made, licensees={LICENSEE: tenant}, licensees_by_id={1: tenant})


@pytest.fixture
def table() -> Table:
    """Alice of a licensee with its own wallet, with a session."""
    made = Table(registry=mirrored())
    born = c.OpenAccount(currency="EUR", born_on="1990-05-17")
    assert outcome(made.do("open", born, source="cashier")) is Outcome.OK
    play = c.OpenPlay(session="s", provider=PROVIDER, currency="EUR", game="g1")
    assert outcome(made.do("play", play, source="platform")) is Outcome.OK
    return made


def bet(amount: str = "10.00", round_: str = "r1") -> c.Bet:
    return c.Bet(round=round_, money=money(amount), game="g1", session="s")


def conclude(
    table: Table, intent: Decided, answer: Outcome = Outcome.OK, *, source: str = PROVIDER, **said: Any
) -> Decided:
    entry = intent.entry
    of = next(kind for kind in Kind if kind.value == entry.kind.value - 300)
    action = c.Conclude(intent=entry.sequence, of=of, ref=entry.key or "", outcome=answer, **said)
    return table.do(str(entry.sequence), action, source=source)


def deliver(table: Table, owed: Decided, refused: str = "", **said: Any) -> Decided:
    entry = owed.entry
    moved = owed_minor(entry) if said.get("closing") != "told" and entry.kind is not Kind.CONCLUDE else 0
    told = money(f"{moved / 100:.2f}") if moved else None
    action = c.Deliver(owed=entry.sequence, money=told, amount=moved, refused=refused, **said)
    return table.do(str(entry.sequence), action)


def accepted(table: Table, key: str = "b1", amount: str = "10.00", round_: str = "r1") -> Decided:
    return conclude(table, table.do(key, bet(amount, round_)), cash=9_000)


def outside(table: Table) -> int:
    """What came from outside, less what went there."""
    return -sum(
        one.balance for (_, name), one in table.book.house.items() if name.account_class is AccountClass.OUTSIDE
    )


def test_a_bet_is_intended_first_and_moves_nothing(table: Table) -> None:
    answer = table.do("b1", bet())
    assert (answer.entry.kind, outcome(answer), answer.entry.moved, table.cash()) == (
        Kind.INTENT_BET,
        Outcome.OK,
        0,
        0,
    )
    assert answer.entry.amount == 10_00
    assert answer.entry.pack is not None


def test_money_that_the_wallet_took_comes_from_outside_and_is_staked(table: Table) -> None:
    answer = accepted(table)
    assert (answer.entry.kind, answer.entry.key, outcome(answer)) == (Kind.BET, "b1", Outcome.OK)
    assert (table.cash(), outside(table)) == (0, 10_00)
    assert table.player().rounds[SOURCES[PROVIDER], "r1"].staked() == 10_00


def test_a_refusal_of_the_wallet_is_the_answer_for_ever(table: Table) -> None:
    intent = table.do("b1", bet())
    answer = conclude(table, intent, Outcome.INSUFFICIENT_FUNDS, their_outcome="OUTCOME_INSUFFICIENT_FUNDS", cash=500)
    again = table.do("b1", bet())
    assert (outcome(answer), outcome(again), again.replayed) == (
        Outcome.INSUFFICIENT_FUNDS,
        Outcome.INSUFFICIENT_FUNDS,
        True,
    )
    assert outside(table) == 0
    assert owing.shown(table.player(), EUR) == 500


def test_a_retry_while_the_wallet_is_asked_waits_and_other_content_is_a_conflict(table: Table) -> None:
    table.do("b1", bet())
    assert outcome(table.do("b1", bet())) is Outcome.IN_PROGRESS
    assert outcome(table.do("b1", bet("11.00"))) is Outcome.IDEMPOTENCY_CONFLICT


def test_a_retry_whose_session_has_ended_meanwhile_still_waits(table: Table) -> None:
    table.do("b1", bet())
    table.do("end", c.EndPlay(session="s", end=PlayState.CLOSED), source="platform")
    assert outcome(table.do("b1", bet())) is Outcome.IN_PROGRESS


def test_another_stake_of_the_player_waits_for_the_open_one(table: Table) -> None:
    intent = table.do("b1", bet())
    assert outcome(table.do("b2", bet(round_="r2"))) is Outcome.IN_PROGRESS
    conclude(table, intent)
    assert table.do("b2", bet(round_="r2")).entry.kind is Kind.INTENT_BET


def test_a_stake_waits_until_what_is_owed_is_delivered(table: Table) -> None:
    accepted(table)
    win = table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1"))
    assert outcome(table.do("b2", bet(round_="r2"))) is Outcome.IN_PROGRESS
    deliver(table, win)
    assert table.do("b2", bet(round_="r2")).entry.kind is Kind.INTENT_BET


def test_nothing_is_intended_while_the_wallet_is_known_not_to_answer(table: Table) -> None:
    command = c.Command(LICENSEE, PROVIDER, "alice", "b1", bet(), reachable=False)
    answer = decide(table.player(), command, table.registry, table.now_us)
    assert (outcome(answer), answer.new) == (Outcome.UNAVAILABLE, ())


def test_a_win_is_owed_until_the_wallet_has_booked_it(table: Table) -> None:
    accepted(table)
    win = table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1"))
    assert (outcome(win), table.cash(), table.player().mirror.owed) == (Outcome.OK, 25_00, 1)
    assert owing.shown(table.player(), EUR) == 9_000 + 25_00
    deliver(table, win, cash=115_00)
    assert (table.cash(), table.player().mirror.owed, outside(table)) == (0, 0, 10_00 - 25_00)
    assert owing.shown(table.player(), EUR) == 115_00
    assert deliver(table, win).replayed
    assert outside(table) == 10_00 - 25_00


def test_a_win_of_zero_is_nothing_to_deliver(table: Table) -> None:
    accepted(table)
    table.do("w1", c.Win(round="r1", money=money("0"), bet_key="b1"))
    assert table.player().mirror.owed == 0


def test_a_bet_of_zero_needs_no_wallet(table: Table) -> None:
    assert table.do("b1", bet("0")).entry.kind is Kind.BET


def test_a_win_waits_for_the_bet_that_the_wallet_has_not_answered(table: Table) -> None:
    intent = table.do("b1", bet())
    assert outcome(table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1"))) is Outcome.IN_PROGRESS
    assert outcome(table.do("w2", c.Win(round="r1", money=money("25.00")))) is Outcome.IN_PROGRESS
    conclude(table, intent)
    assert outcome(table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1"))) is Outcome.OK


def test_a_cancel_of_an_accepted_bet_is_owed_under_the_bets_intent(table: Table) -> None:
    intent = table.do("b1", bet())
    conclude(table, intent)
    cancel = table.do("c1", c.Cancel(bet_key="b1"))
    assert (outcome(cancel), table.cash(), table.player().mirror.owed) == (Outcome.OK, 10_00, 1)
    assert (cancel.entry.details or {})["intent"] == intent.entry.sequence
    deliver(table, cancel)
    assert (table.cash(), outside(table)) == (0, 0)


def test_a_cancel_while_the_wallet_is_asked_ends_the_intent_and_is_owed(table: Table) -> None:
    intent = table.do("b1", bet())
    cancel = table.do("c1", c.Cancel(bet_key="b1"))
    assert (outcome(cancel), table.player().mirror.intent, table.player().mirror.owed) == (Outcome.TOMBSTONED, None, 1)
    # The wallet's answer comes too late: it took the money, and the cancel that is owed gives it back.
    late = conclude(table, intent)
    assert (late.entry.tombstone, late.replayed, outside(table)) == (True, True, 0)
    assert outcome(table.do("b1", bet())) is Outcome.ALREADY_ROLLED_BACK
    deliver(table, cancel)
    assert (table.player().mirror.owed, outside(table)) == (0, 0)


def test_an_intent_that_is_cancelled_in_the_flight_that_brings_it_leaves_no_call_of_its_own(table: Table) -> None:
    batch, alice = Batch.on(table.book, table.registry, table.now_us), table.player()
    actions: list[tuple[str, c.Action]] = [("b1", bet()), ("c1", c.Cancel(bet_key="b1"))]
    for key, action in actions:
        command = c.Command(LICENSEE, PROVIDER, "alice", key, action, "request")
        batch.append(alice, decide(alice, command, table.registry, table.now_us))
    intent, cancel, *_ = batch.entries
    assert (intent.kind, cancel.outcome) == (Kind.INTENT_BET, Outcome.TOMBSTONED)
    written = parameters([batch], [batch.digest()], "writer")
    assert written["l_sequence"] == numbers([cancel.sequence])


def test_what_nobody_knows_is_undone_and_refused(table: Table) -> None:
    intent = table.do("b1", bet())
    answer = conclude(table, intent, Outcome.NOT_APPLIED, undo=True)
    assert (outcome(answer), table.player().mirror.owed, outside(table)) == (Outcome.NOT_APPLIED, 1, 0)
    assert outcome(conclude(table, intent)) is Outcome.NOT_APPLIED
    assert outcome(table.do("b1", bet())) is Outcome.NOT_APPLIED


def test_the_first_conclusion_counts(table: Table) -> None:
    intent = table.do("b1", bet())
    conclude(table, intent)
    again = conclude(table, intent, Outcome.NOT_APPLIED, undo=True)
    assert (outcome(again), again.replayed, table.player().mirror.owed) == (Outcome.OK, True, 0)


def test_a_credit_that_the_wallet_refuses_is_a_case_and_stays_owed(table: Table) -> None:
    accepted(table)
    win = table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1"))
    refused = deliver(table, win, refused="OUTCOME_ACCOUNT_CLOSED")
    assert (refused.entry.kind, refused.entry.case) == (Kind.DELIVERY_REFUSED, Case.DELIVERY_REFUSED)
    assert (table.cash(), table.player().mirror.owed) == (25_00, 0)
    assert deliver(table, win, refused="OUTCOME_ACCOUNT_CLOSED").replayed
    deliver(table, win)
    assert (table.cash(), table.player().mirror.owed, outside(table)) == (0, 0, 10_00 - 25_00)


def test_taking_a_win_back_asks_the_wallet(table: Table) -> None:
    accepted(table)
    deliver(table, table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1")))
    intent = table.do("v1", c.ReverseWin(win_key="w1"))
    assert intent.entry.kind is Kind.INTENT_REVERSE_WIN
    answer = conclude(table, intent)
    assert (answer.entry.kind, answer.entry.undoes is not None, table.cash()) == (Kind.REVERSE_WIN, True, 0)
    assert outside(table) == 10_00


def test_a_cancel_that_is_undone_asks_the_wallet_again(table: Table) -> None:
    accepted(table)
    deliver(table, table.do("c1", c.Cancel(bet_key="b1")))
    answer = conclude(table, table.do("u1", c.UndoRollback(cancel_key="c1")))
    assert (outcome(answer), outside(table)) == (Outcome.OK, 10_00)
    assert [one.cancelled for one in table.player().rounds[SOURCES[PROVIDER], "r1"].bets.values()] == [False]


def test_a_correction_downwards_asks_the_wallet_and_one_upwards_is_owed(table: Table) -> None:
    accepted(table)
    up = table.do("a1", c.Adjust(ref_kind=Kind.BET, ref_key="b1", money=money("3.00")))
    assert table.player().mirror.owed == 1
    deliver(table, up)
    down = conclude(table, table.do("a2", c.Adjust(ref_kind=Kind.BET, ref_key="b1", money=money("-2.00"))))
    assert (outcome(down), down.entry.amount, outside(table)) == (Outcome.OK, -2_00, 10_00 - 3_00 + 2_00)


def test_a_tip_asks_the_wallet(table: Table) -> None:
    answer = conclude(table, table.do("t1", c.Tip(money=money("1.00"), session="s")))
    assert (answer.entry.kind, outside(table)) == (Kind.TIP, 1_00)


def both_back(table: Table, bet_amount: str, win_amount: str) -> c.RollbackList:
    """A bet and its win, both in the wallet's books, and the list that undoes them."""
    accepted(table, amount=bet_amount)
    deliver(table, table.do("w1", c.Win(round="r1", money=money(win_amount), bet_key="b1")))
    return c.RollbackList(items=((Kind.BET, "b1"), (Kind.WIN, "w1")))


def test_a_list_that_takes_more_than_it_returns_asks_the_wallet_for_the_difference(table: Table) -> None:
    intent = table.do("l1", both_back(table, "10.00", "25.00"))
    assert (intent.entry.kind, intent.entry.amount, intent.entry.round) == (Kind.INTENT_ROLLBACK_LIST, 15_00, "r1")
    assert (outside(table), len(intent.new)) == (10_00 - 25_00, 1)
    answer = conclude(table, intent)
    assert (answer.entry.kind, answer.entry.key, outcome(answer)) == (Kind.ROLLBACK_LIST, "l1", Outcome.OK)
    assert (answer.entry.amount, table.cash(), outside(table), table.player().mirror.owed) == (15_00, 0, 0, 0)
    again = table.do("l1", c.RollbackList(items=((Kind.WIN, "w1"), (Kind.BET, "b1"))))
    assert (outcome(again), again.replayed) == (Outcome.OK, True)
    assert [one.cancelled for one in table.player().rounds[SOURCES[PROVIDER], "r1"].bets.values()] == [True]


def test_a_list_that_returns_more_than_it_takes_is_owed_as_one_credit(table: Table) -> None:
    answer = table.do("l1", both_back(table, "10.00", "4.00"))
    assert (answer.entry.kind, answer.entry.amount, table.cash()) == (Kind.ROLLBACK_LIST, 6_00, 6_00)
    assert table.player().mirror.owed == 1
    deliver(table, answer)
    assert (table.cash(), outside(table), table.player().mirror.owed) == (0, 0, 0)


def test_a_list_that_takes_what_it_returns_is_no_call(table: Table) -> None:
    answer = table.do("l1", both_back(table, "10.00", "10.00"))
    assert (outcome(answer), table.cash(), outside(table), table.player().mirror.owed) == (Outcome.OK, 0, 0, 0)


def test_a_list_of_stakes_is_a_cancel_for_each(table: Table) -> None:
    intents = [table.do(key, bet(round_=key)) for key in ("b1",)]
    conclude(table, intents[0])
    intents.append(table.do("b2", bet(round_="b2")))
    conclude(table, intents[1])
    answer = table.do("l1", c.RollbackList(items=((Kind.BET, "b1"), (Kind.BET, "b2"), (Kind.BET, "never"))))
    cancels = [row for row in answer.new if row.kind is Kind.CANCEL]
    assert [(row.details or {})["intent"] for row in cancels] == [intent.entry.sequence for intent in intents]
    assert (table.cash(), table.player().mirror.owed) == (20_00, 2)


def test_a_list_that_the_wallet_refuses_is_refused_and_a_case(table: Table) -> None:
    intent = table.do("l1", both_back(table, "10.00", "25.00"))
    answer = conclude(table, intent, Outcome.INSUFFICIENT_FUNDS)
    assert (outcome(answer), answer.entry.case) == (Outcome.INSUFFICIENT_FUNDS, Case.REVERSAL_SHORTFALL)
    assert [item[2] for item in (answer.entry.details or {})["items"]] == [Outcome.NOT_APPLIED] * 2
    assert (table.cash(), outside(table)) == (0, 10_00 - 25_00)
    assert table.do("l1", c.RollbackList(items=((Kind.BET, "b1"), (Kind.WIN, "w1")))).replayed


def test_a_list_of_what_the_wallet_has_not_answered_waits(table: Table) -> None:
    intent = table.do("b1", bet())
    listed = c.RollbackList(items=((Kind.BET, "b1"), (Kind.BET, "other")))
    assert outcome(table.do("l1", listed)) is Outcome.IN_PROGRESS
    conclude(table, intent)
    answer = table.do("l1", listed)
    assert (outcome(answer), table.cash(), table.player().mirror.owed) == (Outcome.OK, 10_00, 1)


def test_a_cancel_waits_while_the_wallet_is_asked_for_a_list(table: Table) -> None:
    intent = table.do("l1", both_back(table, "10.00", "25.00"))
    assert outcome(table.do("c1", c.Cancel(bet_key="b1"))) is Outcome.IN_PROGRESS
    conclude(table, intent)
    assert outcome(table.do("c1", c.Cancel(bet_key="b1"))) is Outcome.OK
    assert (table.cash(), outside(table)) == (0, 0)


def test_a_list_waits_while_the_wallet_is_asked_to_take_one_of_its_wins_back(table: Table) -> None:
    # It takes as much as it returns, so the wallet would not be asked for it: the win would be taken back twice.
    listed = both_back(table, "10.00", "10.00")
    intent = table.do("v1", c.ReverseWin(win_key="w1"))
    assert outcome(table.do("l1", listed)) is Outcome.IN_PROGRESS
    conclude(table, intent)
    answer = table.do("l1", listed)
    assert (outcome(answer), [row.kind for row in answer.new if row.moved]) == (Outcome.OK, [Kind.CANCEL])
    deliver(table, next(Decided(row) for row in answer.new if row.kind is Kind.CANCEL))
    assert (table.cash(), outside(table), table.player().mirror.owed) == (0, 0, 0)


def test_a_list_of_other_rounds_does_not_wait_for_a_win_that_is_taken_back(table: Table) -> None:
    both_back(table, "10.00", "10.00")
    conclude(table, table.do("b2", bet(round_="r2")))
    table.do("v1", c.ReverseWin(win_key="w1"))
    assert outcome(table.do("l1", c.RollbackList(items=((Kind.BET, "b2"),)))) is Outcome.OK


@pytest.mark.parametrize("undoing", [c.Cancel(bet_key="b1"), c.RollbackList(items=((Kind.BET, "b1"),))])
def test_a_bet_that_is_being_booked_again_is_undone_when_it_is_booked(table: Table, undoing: c.Action) -> None:
    accepted(table)
    deliver(table, table.do("c1", c.Cancel(bet_key="b1")))
    intent = table.do("u1", c.UndoRollback(cancel_key="c1"))
    assert outcome(table.do("x1", undoing)) is Outcome.IN_PROGRESS
    conclude(table, intent)
    answer = table.do("x1", undoing)
    assert (outcome(answer), table.cash()) == (Outcome.OK, 10_00)


def test_a_tip_that_is_being_booked_again_is_undone_when_it_is_booked(table: Table) -> None:
    conclude(table, table.do("t1", c.Tip(money=money("1.00"), session="s")))
    deliver(table, table.do("c1", c.Cancel(bet_key="t1", of=Kind.TIP)))
    intent = table.do("u1", c.UndoRollback(cancel_key="c1"))
    again = c.Cancel(bet_key="t1", of=Kind.TIP)
    assert outcome(table.do("c2", again)) is Outcome.IN_PROGRESS
    conclude(table, intent)
    assert (outcome(table.do("c2", again)), table.cash()) == (Outcome.OK, 1_00)


def test_a_list_that_has_become_another_one_while_the_wallet_was_asked_is_given_back(table: Table) -> None:
    intent = table.do("l1", both_back(table, "10.00", "25.00"))
    late = table.do("w2", c.Win(round="r1", money=money("3.00"), bet_key="b1"))
    answer = conclude(table, intent)
    assert (outcome(answer), table.player().mirror.owed) == (Outcome.ALREADY_SETTLED, 2)
    deliver(table, late)
    conclusion = next(entry for entry in table.log if entry.kind is Kind.CONCLUDE and (entry.details or {}).get("undo"))
    deliver(table, Decided(conclusion))
    assert (table.cash(), table.player().mirror.owed, outside(table)) == (0, 0, 10_00 - 25_00 - 3_00)


def test_a_list_that_has_become_another_sum_while_the_wallet_was_asked_is_given_back(table: Table) -> None:
    listed = both_back(table, "10.00", "25.00")
    intent = table.do("l1", c.RollbackList(items=(*listed.items, (Kind.WIN, "w2"))))
    assert (intent.entry.kind, intent.entry.amount) == (Kind.INTENT_ROLLBACK_LIST, 15_00)
    table.do("w2", c.Win(round="r1", money=money("3.00"), bet_key="b1"))
    answer = conclude(table, intent)
    assert (outcome(answer), table.player().mirror.owed, outside(table)) == (Outcome.NOT_APPLIED, 2, 10_00 - 25_00)


def test_a_list_in_several_currencies_that_takes_is_not_done(table: Table) -> None:
    listed = both_back(table, "10.00", "25.00")
    assert outcome(table.do("usd", c.OpenAccount(currency="USD", born_on="1990-05-17"), source="cashier")) is Outcome.OK
    play = c.OpenPlay(session="u", provider=PROVIDER, currency="USD", game="g1")
    assert outcome(table.do("play-u", play, source="platform")) is Outcome.OK
    staked = c.Bet(round="ru", money=money("1.00", "USD"), game="g1", session="u")
    conclude(table, table.do("bu", staked))
    of_two = c.RollbackList(items=(*listed.items, (Kind.BET, "bu")))
    answer = table.do("l1", of_two)
    assert (outcome(answer), answer.new) == (Outcome.CURRENCY_MISMATCH, (answer.entry,))
    assert {told for _, _, told in (answer.entry.details or {})["items"]} == {Outcome.NOT_APPLIED.value}
    again = table.do("l1", of_two)
    assert (outcome(again), again.replayed, table.player().mirror.owed) == (Outcome.CURRENCY_MISMATCH, True, 0)
    assert outcome(table.do("l2", c.RollbackList(items=((Kind.BET, "bu"),)))) is Outcome.OK


def approval(table: Table, amount: str) -> c.ApproveAdjustment:
    """A proposal about an accepted bet, and the word of a second person for it."""
    accepted(table)
    correction = c.Adjust(ref_kind=Kind.BET, ref_key="b1", ref_source=PROVIDER, money=money(amount), reason="miscount")
    proposal = table.do("p1", c.ProposeAdjustment(adjustment=correction, proposed_by="ada"), source="cashier")
    told = (proposal.entry.details or {})["hash"]
    return c.ApproveAdjustment(proposal_key="p1", payload_hash=told, approved_by="grace")


def test_an_approved_correction_downwards_asks_the_wallet(table: Table) -> None:
    agreed = approval(table, "-4.00")
    intent = table.do("y1", agreed, source="cashier")
    assert (intent.entry.kind, intent.entry.amount) == (Kind.INTENT_APPROVE_ADJUSTMENT, 4_00)
    assert outcome(table.do("y1", agreed, source="cashier")) is Outcome.IN_PROGRESS
    answer = conclude(table, intent, source="cashier")
    assert (answer.entry.kind, answer.entry.key, answer.entry.amount) == (Kind.APPROVE_ADJUSTMENT, "y1", -4_00)
    booked = table.player().keys[SOURCES["cashier"], Kind.ADJUST, "p1"]
    assert (booked.amount, booked.reference, table.cash(), outside(table)) == (-4_00, "b1", 0, 10_00 + 4_00)
    again = table.do("y2", agreed, source="cashier")
    assert (outcome(again), again.replayed, outside(table)) == (Outcome.OK, True, 10_00 + 4_00)


def test_an_approved_correction_that_the_wallet_refuses_can_be_approved_again(table: Table) -> None:
    agreed = approval(table, "-4.00")
    intent = table.do("y1", agreed, source="cashier")
    answer = conclude(table, intent, Outcome.INSUFFICIENT_FUNDS, source="cashier")
    assert (answer.entry.kind, outcome(answer)) == (Kind.APPROVE_ADJUSTMENT, Outcome.INSUFFICIENT_FUNDS)
    assert table.do("y1", agreed, source="cashier").replayed
    assert outcome(conclude(table, table.do("y2", agreed, source="cashier"), source="cashier")) is Outcome.OK
    assert outside(table) == 10_00 + 4_00


def test_an_approved_correction_upwards_is_owed(table: Table) -> None:
    assert outcome(table.do("y1", approval(table, "4.00"), source="cashier")) is Outcome.OK
    assert (table.cash(), table.player().mirror.owed) == (4_00, 1)


def calls_of(answer: Decided) -> list[tuple[Kind, Kind]]:
    """Kind of the entry and of the call, for each call that an answer brings."""
    return [(entry.kind, owing.call_kind(entry)) for entry in answer.new if owing.changes_of(entry).new]


def test_the_end_of_a_round_is_told_and_holds_up_no_stake(table: Table) -> None:
    accepted(table)
    lost = table.do("w1", c.Win(round="r1", money=money("0"), bet_key="b1", close=True))
    assert (calls_of(lost), table.player().mirror.owed) == ([(Kind.WIN, Kind.CLOSE_ROUND)], 0)
    intent = table.do("b2", bet(round_="r2"))
    assert intent.entry.kind is Kind.INTENT_BET
    done = deliver(table, lost, closing="told")
    assert (outcome(done), table.player().mirror.owed, owing.changes_of(done.entry).new) == (Outcome.OK, 0, False)
    conclude(table, intent)
    ended = table.do("", c.CloseRound(round="r2"))
    assert calls_of(ended) == [(Kind.CLOSE_ROUND, Kind.CLOSE_ROUND)]
    assert calls_of(table.do("", c.CloseRound(round="r2"))) == []
    assert calls_of(table.do("", c.CloseRound(round="never"))) == []


def test_the_end_of_a_round_that_is_given_up_opens_a_case_and_owes_nothing(table: Table) -> None:
    accepted(table)
    ended = table.do("", c.CloseRound(round="r1"))
    given_up = deliver(table, ended, refused="NO_ANSWER", closing="told")
    assert (given_up.entry.kind, given_up.entry.case) == (Kind.DELIVERY_REFUSED, Case.DELIVERY_REFUSED)
    assert owing.changes_of(given_up.entry) == owing.Changes(stuck=ended.entry.sequence)
    assert table.player().mirror.owed == 0
    assert deliver(table, ended, refused="NO_ANSWER", closing="told").replayed
    heard = deliver(table, ended, closing="told")
    assert (heard.entry.kind, table.player().mirror.owed) == (Kind.DELIVER, 0)


def test_a_win_that_ends_its_round_is_money_and_its_end_may_be_told_later(table: Table) -> None:
    accepted(table)
    win = table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1", close=True))
    assert (calls_of(win), table.player().mirror.owed) == ([(Kind.WIN, Kind.WIN)], 1)
    booked = deliver(table, win, closing="owed", round="r1")
    assert (calls_of(booked), table.cash(), table.player().mirror.owed) == ([(Kind.DELIVER, Kind.CLOSE_ROUND)], 0, 0)
    assert booked.entry.round == "r1"
    assert calls_of(deliver(table, booked, closing="told")) == []


def test_a_stake_that_ends_its_round_tells_that_when_it_is_taken(table: Table) -> None:
    staked = c.Bet(round="r1", money=money("10.00"), game="g1", session="s", close=True)
    intent = table.do("b1", staked)
    assert calls_of(intent) == [(Kind.INTENT_BET, Kind.INTENT_BET)]
    assert calls_of(conclude(table, intent)) == [(Kind.BET, Kind.CLOSE_ROUND)]


def test_deposits_and_withdrawals_are_made_in_the_licensees_wallet(table: Table) -> None:
    assert outcome(table.do("d1", c.Deposit(money=money("5.00")), source="cashier")) is Outcome.REQUEST_INVALID
    assert outcome(table.do("h1", c.Hold(money=money("5.00")), source="cashier")) is Outcome.REQUEST_INVALID


def test_a_bonus_credit_is_the_wallets_question(table: Table) -> None:
    promo = c.Credit(kind=Kind.PROMO, money=money("5.00"), to=AccountClass.BONUS)
    table.do("p1", promo)
    assert (table.cash(), table.bonus(), table.player().mirror.owed) == (5_00, 0, 1)


def test_the_mirror_is_stored_and_read_back(table: Table) -> None:
    accepted(table)
    table.do("b2", bet(round_="r2"))
    mirror = table.player().mirror
    assert owing.restored(owing.text_of(mirror)) == mirror
    assert owing.restored(None) == Mirror()
    assert owing.text_of(Mirror()) is None
