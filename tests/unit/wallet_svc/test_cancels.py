"""Cancels: a stake comes back once, to where it came from."""

import pytest

from tests.unit.wallet_svc.world import (
    CASHIER,
    OTHER,
    PLATFORM,
    Table,
    bet,
    cancel,
    money,
    outcome,
    stored,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Kind, Outcome, PlayState


def test_a_cancel_returns_what_the_ledger_took() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    answer = made.do("c1", c.Cancel(bet_key="b1", claimed=money("99.00"), session="x"))
    assert outcome(answer) is Outcome.OK
    assert (answer.entry.amount, answer.entry.round, made.cash(), made.house()) == (10_00, "r1", 100_00, -100_00)


def test_a_cancel_names_the_entry_that_it_undoes() -> None:
    made = table()
    stake = made.do("b1", bet()).entry
    assert made.do("c1", cancel("b1")).entry.undoes == stake.sequence


def test_a_cancel_ignores_session_block_and_game() -> None:
    made = table()
    made.do("b1", bet())
    made.do("end", c.EndPlay(session="s", end=PlayState.CLOSED), source=PLATFORM)
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    made.set_game("g1", enabled=False)
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.OK


def test_a_zero_stake_can_be_cancelled() -> None:
    made = table()
    made.do("b1", bet("0"))
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.OK
    assert outcome(made.do("w1", win("1.00"))) is Outcome.ALREADY_ROLLED_BACK


def test_a_second_cancel_of_a_bet_is_the_first_one_again() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("c1", cancel("b1"))
    answer = made.do("c2", cancel("b1"))
    assert (outcome(answer), answer.replayed, answer.entry.undoes) == (Outcome.OK, True, None)
    assert made.cash() == 100_00
    assert made.do("c2", cancel("b1")).replayed


def _settled(made: Table) -> None:
    made.do("w1", win("0"))


def _closed(made: Table) -> None:
    made.do("", c.CloseRound(round="r1"))


@pytest.mark.parametrize("end", [_settled, _closed])
def test_a_bet_with_a_result_stays(end: object) -> None:
    made = table()
    made.do("b1", bet())
    assert callable(end)
    end(made)
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.ALREADY_SETTLED
    assert made.cash() == 90_00


def test_a_refused_bet_has_nothing_to_undo() -> None:
    made = table()
    made.do("b1", bet("500.00"))
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.TOMBSTONED
    assert outcome(made.do("b1", bet("500.00"))) is Outcome.INSUFFICIENT_FUNDS


def test_a_bet_that_was_never_seen_is_buried() -> None:
    made = table()
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.TOMBSTONED
    tombstone = stored(made, Kind.BET, "b1")
    assert tombstone is not None
    assert tombstone.tombstone
    assert [entry.operation for entry in made.log[-2:]] == [made.log[-2].sequence] * 2


def test_a_second_cancel_of_a_buried_bet_is_the_first_one_again() -> None:
    made = table()
    made.do("c1", cancel("b1"))
    answer = made.do("c2", cancel("b1"))
    assert (outcome(answer), answer.replayed) == (Outcome.TOMBSTONED, True)


def test_a_bet_of_another_provider_is_an_unknown_bet() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    assert outcome(made.do("c1", cancel("b1"), source=OTHER)) is Outcome.TOMBSTONED
    assert made.cash() == 90_00


def test_a_bet_of_another_player_is_an_unknown_bet() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("open", c.OpenAccount(currency="EUR"), source=CASHIER, player="bob")
    assert outcome(made.do("c1", cancel("b1"), player="bob")) is Outcome.TOMBSTONED
    assert (made.cash(), made.cash("bob")) == (90_00, 0)


def test_a_cancel_key_used_for_another_bet_is_a_conflict() -> None:
    made = table()
    made.do("b1", bet())
    made.do("c1", cancel("b1"))
    assert outcome(made.do("c1", cancel("b2"))) is Outcome.IDEMPOTENCY_CONFLICT
    assert stored(made, Kind.BET, "b2") is None


def test_one_id_may_be_a_bet_a_win_and_a_cancel() -> None:
    made = table()
    answers = [made.do("x", bet("10.00")), made.do("x", win("1.00")), made.do("x", cancel("x"))]
    assert [outcome(one) for one in answers] == [Outcome.OK, Outcome.OK, Outcome.ALREADY_SETTLED]


def test_a_stake_that_cash_cannot_take_back_is_not_given_back() -> None:
    made = table("10.00")
    made.do("b1", bet("10.00"))
    made.do("b2", bet("0", "r2"))
    made.do("w2", win("92233720368547758.00", "r2"))
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.AMOUNT_INVALID
    assert made.cash() == 9223372036854775800
