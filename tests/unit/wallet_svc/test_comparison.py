"""What differs between a file and the log."""

from typing import Any

from wallet_svc.domain.comparison import Compared, Difference, Tally, match

APPLIED, REFUSED = 1, 2


def one(key: str = "b1", **more: Any) -> Compared:
    return Compared(**{"kind": 1, "key": key, **more})


def own(player: str = "alice", amount: int | None = 500, state: int = APPLIED) -> Compared:
    return one(player=player, amount=amount, state=state)


def differences(there: list[Compared], here: list[Compared]) -> tuple[list[Difference], Tally]:
    tally = Tally()
    return [found[0] for found in match(there, here, {APPLIED}, tally)], tally


def test_a_line_that_says_what_we_say_agrees() -> None:
    found, tally = differences([one(amount=500, state=APPLIED, player="alice")], [own()])
    assert (found, tally.agreeing, tally.lines, tally.transactions) == ([], 1, 1, 1)


def test_what_a_line_does_not_say_is_not_compared() -> None:
    assert differences([one()], [own(amount=1, state=REFUSED)])[0] == []


def test_each_difference_is_told() -> None:
    assert differences([one(amount=400, state=REFUSED)], [own()])[0] == [Difference.AMOUNT, Difference.STATE]
    assert differences([one()], [])[0] == [Difference.MISSING_HERE]
    assert differences([], [own()])[0] == [Difference.MISSING_THERE]


def test_what_was_refused_here_need_not_be_there() -> None:
    found, tally = differences([], [own(state=REFUSED)])
    assert (found, tally.transactions) == ([], 1)


def test_an_amount_that_was_never_stored_is_nothing() -> None:
    assert differences([one(amount=0)], [own(amount=None)])[0] == []
    assert differences([one(amount=1)], [own(amount=None)])[0] == [Difference.AMOUNT]


def test_the_same_key_of_two_players_is_two_transactions() -> None:
    here = [own("alice", 500), own("bob", 700)]
    there = [one(player="bob", amount=700), one(player="alice", amount=500)]
    assert differences(there, here)[0] == []
    assert differences([one(player="carol")], here)[0] == [
        Difference.MISSING_HERE,
        Difference.MISSING_THERE,
        Difference.MISSING_THERE,
    ]


def test_a_line_that_stands_twice_is_missing_once() -> None:
    found, tally = differences([one(), one()], [own()])
    assert (found, tally.agreeing) == ([Difference.MISSING_HERE], 1)
