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


def conclude(table: Table, intent: Decided, answer: Outcome = Outcome.OK, **said: Any) -> Decided:
    entry = intent.entry
    of = next(kind for kind in Kind if kind.value == entry.kind.value - 300)
    action = c.Conclude(intent=entry.sequence, of=of, ref=entry.key or "", outcome=answer, **said)
    return table.do(str(entry.sequence), action)


def deliver(table: Table, owed: Decided, refused: str = "", **said: Any) -> Decided:
    entry = owed.entry
    told = money(f"{entry.moved / 100:.2f}") if entry.moved else None
    action = c.Deliver(owed=entry.sequence, money=told, amount=entry.moved, refused=refused, **said)
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


def test_a_list_that_takes_money_back_is_not_done(table: Table) -> None:
    accepted(table)
    deliver(table, table.do("w1", c.Win(round="r1", money=money("25.00"), bet_key="b1")))
    both = c.RollbackList(items=((Kind.BET, "b1"), (Kind.WIN, "w1")))
    answer = table.do("l1", both)
    assert (outcome(answer), answer.new) == (Outcome.REQUEST_INVALID, ())


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
