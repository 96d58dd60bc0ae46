"""Wins: what they pay, which bets they settle, and when they come too late."""

from typing import Any

import pytest

from tests.unit.wallet_svc.world import (
    CASHIER,
    HUGE,
    PLATFORM,
    PROVIDER,
    SOURCES,
    Table,
    bet,
    cancel,
    money,
    outcome,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.state import Round
from wallet_svc.domain.vocabulary import Case, Kind, Outcome, PlayState, RoundState


def round_of(made: Table, name: str = "r1") -> Round:
    return made.player().rounds[SOURCES[PROVIDER], name]


def test_a_win_pays_from_the_house_to_cash() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    assert outcome(made.do("w1", win("25.00"))) is Outcome.OK
    assert (made.cash(), made.house()) == (115_00, -115_00)


def test_a_zero_win_settles_and_books_nothing() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    before = made.postings()
    made.do("w1", win("0"))
    assert made.postings() == before
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.ALREADY_SETTLED


def test_a_win_ignores_session_block_game_exclusion_and_suspension() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("end", c.EndPlay(session="s", end=PlayState.CLOSED), source=PLATFORM)
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    made.do("out", c.Exclude(term="indefinite"), source=PLATFORM)
    made.set_game("g1", enabled=False)
    made.suspend()
    assert outcome(made.do("w1", win("25.00"))) is Outcome.OK


@pytest.mark.parametrize("bet_key", ["", "b9"])
def test_a_win_needs_an_accepted_bet(bet_key: str) -> None:
    made = table()
    made.do("b9", bet("500.00"))
    answer = made.do("w1", win(bet_key=bet_key))
    assert (outcome(answer), answer.entry.case) == (Outcome.ORIGINAL_NOT_FOUND, None)


def test_a_bet_of_another_round_is_no_reference() -> None:
    made = table()
    made.do("b1", bet())
    made.do("b2", bet(round_="r2"))
    assert outcome(made.do("w1", win(round_="r2", bet_key="b1"))) is Outcome.ORIGINAL_NOT_FOUND


def test_a_provider_that_may_win_without_a_bet_is_paid_and_looked_at() -> None:
    made = table(win_without_bet=True)
    answer = made.do("w1", win("5.00", bet_key="b9"))
    assert (outcome(answer), answer.entry.case) == (Outcome.OK, Case.ORPHAN_WIN)
    assert made.cash() == 105_00


def test_an_orphan_win_settles_nobody_elses_bet() -> None:
    made = table(win_without_bet=True)
    made.do("b1", bet("10.00"))
    made.do("w1", win("5.00", bet_key="unheard-of"))
    assert round_of(made).bets["b1"].wins == 0
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.OK


def test_an_orphan_win_that_is_refused_opens_no_case() -> None:
    made = table(win_without_bet=True)
    answer = made.do("w1", win("5.005"))
    assert (outcome(answer), answer.entry.case) == (Outcome.AMOUNT_INVALID, None)


def test_an_orphan_win_is_in_a_currency_of_the_player() -> None:
    made = table(win_without_bet=True)
    assert outcome(made.do("w1", win("5.00", currency="USD"))) is Outcome.CURRENCY_MISMATCH


@pytest.mark.parametrize("bet_key", ["", "b1"])
@pytest.mark.parametrize("without_bet", [False, True])
def test_a_win_after_the_rollback_is_refused_and_looked_at(bet_key: str, without_bet: bool) -> None:
    made = table(win_without_bet=without_bet)
    made.do("b1", bet())
    made.do("c1", cancel("b1"))
    answer = made.do("w1", win(bet_key=bet_key))
    assert (outcome(answer), answer.entry.case) == (Outcome.ALREADY_ROLLED_BACK, Case.WIN_AFTER_ROLLBACK)


def test_a_win_of_a_tombstone_is_refused_whatever_the_flags() -> None:
    made = table(win_without_bet=True)
    made.do("c1", cancel("b1"))
    answer = made.do("w1", win(bet_key="b1"))
    assert (outcome(answer), answer.entry.case) == (Outcome.ALREADY_ROLLED_BACK, Case.WIN_AFTER_ROLLBACK)


def test_a_win_without_reference_settles_every_bet_before_it_also_one_that_is_booked_again_later() -> None:
    made = table()
    made.do("b1", bet())
    made.do("b2", bet())
    made.do("c2", cancel("b2"))
    made.do("w1", win())
    made.do("b3", bet())
    assert {key: one.wins for key, one in round_of(made).bets.items()} == {"b1": 1, "b2": 1, "b3": 0}
    made.do("u2", c.UndoRollback(cancel_key="c2"))
    assert outcome(made.do("c4", cancel("b2"))) is Outcome.ALREADY_SETTLED
    assert outcome(made.do("c3", cancel("b3"))) is Outcome.OK


def test_a_win_with_a_reference_is_of_that_bet_alone() -> None:
    made = table()
    made.do("b1", bet())
    made.do("b2", bet())
    made.do("w1", win(bet_key="b2"))
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.OK
    assert outcome(made.do("c2", cancel("b2"))) is Outcome.ALREADY_SETTLED


def test_several_wins_of_one_bet_are_paid() -> None:
    made = table()
    made.do("b1", bet())
    assert [outcome(made.do(f"w{n}", win("1.00", bet_key="b1"))) for n in range(3)] == [Outcome.OK] * 3


@pytest.mark.parametrize("bet_key", ["", "b1"])
def test_with_one_credit_per_bet_the_second_win_is_refused(bet_key: str) -> None:
    made = table(one_credit_per_bet=True)
    made.do("b1", bet())
    made.do("w1", win("1.00", bet_key=bet_key))
    assert outcome(made.do("w2", win("1.00", bet_key=bet_key))) is Outcome.ALREADY_SETTLED
    made.do("b2", bet())
    assert outcome(made.do("w3", win("1.00"))) is Outcome.OK


def test_the_currency_of_a_win_is_that_of_its_round() -> None:
    made = table()
    made.do("usd", c.OpenAccount(currency="USD"), source=CASHIER)
    made.do("b1", bet())
    assert outcome(made.do("w1", win(currency="USD"))) is Outcome.CURRENCY_MISMATCH


@pytest.mark.parametrize("amount", ["-1.00", "0.001"])
def test_a_win_that_the_asset_cannot_hold_is_refused(amount: str) -> None:
    made = table()
    made.do("b1", bet())
    assert outcome(made.do("w1", win(amount))) is Outcome.AMOUNT_INVALID


def test_cash_never_passes_the_largest_balance() -> None:
    made = table("1.00")
    made.do("b1", bet("0.50"))
    assert outcome(made.do("w1", win(HUGE))) is Outcome.AMOUNT_INVALID
    assert outcome(made.do("w2", win("92233720368547757.57"))) is Outcome.OK
    assert made.cash() == 2**63 - 1
    assert outcome(made.do("w3", win("0.01"))) is Outcome.AMOUNT_INVALID


def test_a_win_may_close_its_round() -> None:
    made = table()
    made.do("b1", bet())
    made.do("w1", win(close=True))
    assert round_of(made).state is RoundState.CLOSED
    assert outcome(made.do("b2", bet())) is Outcome.ROUND_CLOSED


def test_a_late_win_is_paid_within_the_window_and_then_looked_at() -> None:
    made = table(late_win_window_us=1_000_000)
    made.do("b1", bet(close=True))
    made.later(0.999999)
    assert outcome(made.do("w1", win())) is Outcome.OK
    made.later(0.000001)
    answer = made.do("w2", win())
    assert (outcome(answer), answer.entry.case) == (Outcome.ROUND_CLOSED, Case.LATE_WIN)


def test_without_a_window_a_closed_round_pays_nothing() -> None:
    made = table()
    made.do("b1", bet(close=True))
    assert outcome(made.do("w1", win())) is Outcome.ROUND_CLOSED


@pytest.mark.parametrize("other", [win("11.00"), win(round_="r2"), win(bet_key="b1"), win(currency="USD")])
def test_other_content_under_the_key_of_a_win_is_a_conflict(other: c.Win) -> None:
    made = table()
    made.do("b1", bet())
    made.do("w1", win("10.00"))
    assert outcome(made.do("w1", other)) is Outcome.IDEMPOTENCY_CONFLICT


def test_game_session_and_jackpot_of_a_win_are_for_the_record_only() -> None:
    made = table()
    made.do("b1", bet())
    entry = made.do("w1", win(game="slot", session="x", jackpot=money("2.00"))).entry
    assert (entry.game, entry.session, entry.details) == ("slot", "x", {"jackpot": ["EUR", "2.00"]})
    assert made.do("w1", win()).replayed


WINDOW: dict[str, Any] = {"bet_window_us": 60_000_000}


@pytest.mark.parametrize("bet_key", ["b1", ""])
def test_a_win_that_overtook_its_bet_is_asked_to_come_again(bet_key: str) -> None:
    made = table(**WINDOW)
    answer = made.do("w1", win("5.00", bet_key=bet_key))
    assert (outcome(answer), answer.entry.sequence, made.cash()) == (Outcome.ORIGINAL_PENDING, 0, 100_00)
    made.do("b1", bet("10.00"))
    paid = made.do("w1", win("5.00", bet_key=bet_key))
    assert (outcome(paid), paid.replayed, made.cash()) == (Outcome.OK, False, 95_00)


def test_the_window_counts_from_the_first_arrival() -> None:
    made = table(**WINDOW)
    for wait in (0, 30, 29):
        made.later(wait)
        assert outcome(made.do("w1", win("5.00", bet_key="b1"))) is Outcome.ORIGINAL_PENDING
    made.later(1)
    assert outcome(made.do("w1", win("5.00", bet_key="b1"))) is Outcome.ORIGINAL_NOT_FOUND
    made.do("b1", bet("10.00"))
    assert made.do("w1", win("5.00", bet_key="b1")).replayed


def test_a_win_without_a_bet_is_paid_after_the_window_where_that_is_allowed() -> None:
    made = table(**WINDOW, win_without_bet=True)
    assert outcome(made.do("w1", win("5.00", bet_key="b1"))) is Outcome.ORIGINAL_PENDING
    made.later(60)
    paid = made.do("w1", win("5.00", bet_key="b1"))
    assert (outcome(paid), paid.entry.case) == (Outcome.OK, Case.ORPHAN_WIN)


def test_a_message_with_an_early_win_stores_nothing_but_when_it_came() -> None:
    made = table(**WINDOW)
    made.message([("b2", bet("1.00", round_="r2")), ("w1", win("5.00", bet_key="b1"))])
    assert (made.cash(), [entry.kind for entry in made.log[-1:]]) == (100_00, [Kind.EARLY_WIN])
    made.later(60)
    answers = made.message([("b2", bet("1.00", round_="r2")), ("w1", win("5.00", bet_key="b1"))])
    assert [outcome(one).name for one in answers] == ["NOT_APPLIED", "ORIGINAL_NOT_FOUND"]
