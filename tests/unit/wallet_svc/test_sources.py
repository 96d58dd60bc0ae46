"""Bonus and cash: where a stake comes from, and where it goes back."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wallet_svc.world import EUR, Table, bet, cancel, outcome, outcomes, win, with_bonus
from wallet_svc.domain.sources import share
from wallet_svc.domain.state import RoundBet
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Kind, Outcome, StakeOrder


def both(made: Table) -> tuple[int, int]:
    return made.cash(), made.bonus()


def test_cash_is_staked_first_then_bonus() -> None:
    made = with_bonus("6.00", "10.00")
    made.do("b1", bet("8.00"))
    assert both(made) == (0, 8_00)


def test_a_licensee_may_stake_bonus_first() -> None:
    made = with_bonus("50.00", "8.00")
    made.tenant(stake_order=StakeOrder.BONUS_FIRST)
    made.do("b1", bet("10.00"))
    assert both(made) == (48_00, 0)


def test_a_stake_of_both_is_two_rows_of_one_operation_and_the_first_has_the_key() -> None:
    made = with_bonus("6.00", "10.00")
    made.do("b1", bet("8.00"))
    first, second = [entry for entry in made.log if entry.kind is Kind.BET]
    assert (first.key, first.amount, first.moved, first.bonus) == ("b1", 8_00, 6_00, 2_00)
    assert (second.key, second.amount, second.moved, second.fingerprint) == (None, None, 2_00, None)
    assert first.operation == second.operation == first.sequence
    assert first.available == 0


def test_a_stake_of_one_source_is_one_row() -> None:
    made = with_bonus("6.00", "10.00")
    made.do("b1", bet("6.00"))
    made.do("b2", bet("5.00"))
    assert [entry.moved for entry in made.log if entry.kind is Kind.BET] == [6_00, 5_00]


def test_more_than_both_have_is_refused() -> None:
    made = with_bonus("6.00", "10.00")
    assert outcome(made.do("b1", bet("16.01"))) is Outcome.INSUFFICIENT_FUNDS
    assert both(made) == (6_00, 10_00)


def test_a_win_follows_its_stake_and_the_unit_that_cannot_be_divided_is_cash() -> None:
    made = with_bonus("1.00", "10.00")
    made.do("b1", bet("3.00"))
    made.do("w1", win("0.01", bet_key="b1"))
    assert both(made) == (1, 8_00)
    made.do("w2", win("10.00", bet_key="b1"))
    assert both(made) == (3_35, 14_66)


def test_a_win_without_reference_follows_all_live_bets() -> None:
    made = with_bonus("10.00", "30.00")
    made.do("b1", bet("10.00"))
    made.do("b2", bet("10.00"))
    made.do("b3", bet("20.00"))
    made.do("c3", cancel("b3"))
    made.do("w1", win("9.00"))
    assert both(made) == (4_50, 24_50)


def test_a_cancel_returns_each_part_to_where_it_came_from() -> None:
    made = with_bonus("6.00", "10.00")
    made.do("b1", bet("8.00"))
    answer = made.do("c1", cancel("b1"))
    assert (answer.entry.amount, answer.entry.bonus) == (8_00, 2_00)
    assert both(made) == (6_00, 10_00)


def test_the_parts_of_a_refused_message_are_not_booked() -> None:
    made = with_bonus("6.00", "10.00")
    answers = made.message([("b1", bet("8.00")), ("b2", bet("99.00"))])
    assert outcomes(answers) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS"]
    assert both(made) == (6_00, 10_00)


def test_the_books_sum_to_zero() -> None:
    made = with_bonus("6.00", "10.00")
    made.do("b1", bet("8.00"))
    made.do("w1", win("40.00", bet_key="b1"))
    assert made.cash() + made.bonus() + made.house() == 0


@given(
    st.integers(0, MAX_MINOR),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=4),
)
def test_the_parts_of_a_win_are_the_win_and_none_is_below_zero(amount: int, stakes: list[tuple[int, int]]) -> None:
    bets = [RoundBet(1, "b", cash + bonus, 0, bonus) for cash, bonus in stakes]
    parts = share(amount, bets)
    assert parts.cash + parts.bonus == amount
    assert min(parts) >= 0
    total, bonus = sum(one.amount for one in bets), sum(one.bonus for one in bets)
    assert not bonus or (0 <= amount * bonus - parts.bonus * total < total)


def test_bonus_stays_out_of_what_is_only_cash() -> None:
    made = with_bonus("1.00", "100.00")
    assert made.player().balance(EUR.id, AccountClass.CASH) == 1_00
