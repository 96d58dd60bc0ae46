"""Closing rounds: no money, and the key is the round itself."""

from tests.unit.wallet_svc.world import PROVIDER, SOURCES, bet, outcome, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Outcome, RoundState


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
