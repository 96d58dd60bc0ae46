"""Closing rounds: no money, and the key is the round itself."""

from tests.unit.wallet_svc.world import PROVIDER, SOURCES, Table, bet, cancel, outcome, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.vocabulary import Case, Outcome, RoundState


def test_closing_an_open_round_is_stored_once() -> None:
    made = table()
    made.do("b1", bet())
    first, again = made.do("", c.CloseRound(round="r1")), made.do("", c.CloseRound(round="r1"))
    assert [(outcome(one), one.replayed) for one in (first, again)] == [(Outcome.OK, False), (Outcome.OK, True)]
    assert made.player().rounds[SOURCES[PROVIDER], "r1"].state is RoundState.CLOSED
    assert (first.entry.key, first.entry.moved) == (None, 0)
    assert not again.new


def test_closing_a_round_that_a_win_closed_is_a_replay() -> None:
    made = table()
    made.do("b1", bet())
    made.do("w1", win(close=True))
    assert made.do("", c.CloseRound(round="r1")).replayed


def test_closing_an_unknown_round_is_fine_and_leaves_nothing() -> None:
    made = table()
    before = len(made.log)
    answer = made.do("", c.CloseRound(round="r9"))
    assert (outcome(answer), answer.replayed) == (Outcome.OK, False)
    assert len(made.log) == before
    assert outcome(made.do("b1", bet(round_="r9"))) is Outcome.OK


def test_the_moment_of_closing_is_kept() -> None:
    made = table()
    made.do("b1", bet())
    made.later(5)
    made.do("", c.CloseRound(round="r1"))
    made.later(5)
    made.do("", c.CloseRound(round="r1"))
    assert made.player().rounds[SOURCES[PROVIDER], "r1"].closed_us == made.now_us - 5_000_000


IDLE_US = 3_600_000_000


def idle(made: Table) -> Decided:
    return made.do("", c.CloseRound(round="r1", idle=True))


def test_a_round_that_was_idle_for_too_long_closes_by_itself_and_is_looked_at() -> None:
    made = table(auto_close_after_us=IDLE_US)
    made.do("b1", bet("1.00"))
    made.later(3_599)
    assert idle(made).new == ()
    made.later(1)
    answer = idle(made)
    assert (outcome(answer), answer.entry.case, len(answer.new)) == (Outcome.OK, Case.STALE_ROUND, 1)
    assert idle(made).replayed
    assert outcome(made.do("b2", bet("1.00"))) is Outcome.ROUND_CLOSED


def test_a_bet_or_a_win_keeps_a_round_open() -> None:
    made = table(auto_close_after_us=IDLE_US)
    made.do("b1", bet("1.00"))
    made.later(3_000)
    made.do("w1", win("1.00", bet_key="b1"))
    made.later(3_000)
    made.do("b2", bet("1.00"))
    made.later(3_000)
    assert idle(made).new == ()


def test_the_ledgers_clock_closes_it_even_before_anybody_writes_that_down() -> None:
    made = table(auto_close_after_us=IDLE_US)
    made.do("b1", bet("1.00"))
    made.later(3_600)
    assert outcome(made.do("b2", bet("1.00"))) is Outcome.ROUND_CLOSED
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.ALREADY_SETTLED
    late = made.do("w1", win("1.00", bet_key="b1"))
    assert (outcome(late), late.entry.case) == (Outcome.ROUND_CLOSED, Case.LATE_WIN)
    assert made.do("", c.CloseRound(round="r1")).replayed


def test_a_late_window_begins_when_the_round_was_idle_for_too_long() -> None:
    made = table(auto_close_after_us=IDLE_US, late_win_window_us=60_000_000)
    made.do("b1", bet("1.00"))
    made.later(3_630)
    assert outcome(made.do("w1", win("1.00", bet_key="b1"))) is Outcome.OK
    made.later(60)
    assert outcome(made.do("w2", win("1.00", bet_key="b1"))) is Outcome.ROUND_CLOSED


def test_the_timer_of_a_round_is_the_one_that_it_was_opened_with() -> None:
    made = table()
    made.do("b1", bet("1.00"))
    made.later(10**6)
    assert idle(made).new == ()
