"""What a process forgets when its books grow: the older half of the players of whom most is known."""

from __future__ import annotations

from typing import Any, cast

from wallet_svc.domain.journal import Book, Head
from wallet_svc.domain.state import Licensee, Player
from wallet_svc.memory import shrink, size


def player(number: int, keys: int, rounds: int = 0) -> Player:
    one = Player(number, cast("Licensee", None), f"p{number}", "", "", None)
    one.keys = cast("Any", {(1, 1, f"k{key}"): key for key in range(keys)})
    one.rounds = cast("Any", {(1, f"r{name}"): name for name in range(rounds)})
    return one


def book(*players: Player) -> Book:
    made = Book(cast("Head", None))
    made.players = {("a", one.name): one for one in players}
    return made


def test_nothing_is_forgotten_while_there_is_room() -> None:
    one = player(1, 60, 40)
    shrink([book(one)], 100)
    assert size(one) == 100


def test_who_has_most_forgets_the_older_half_first_and_others_keep_all() -> None:
    large, small = player(1, 80, 80), player(2, 10)
    shrink([book(large), book(small)], 150)
    assert (len(large.keys), len(large.rounds), size(small)) == (40, 40, 10)
    assert next(iter(large.keys)) == (1, 1, "k40")


def test_many_players_forget_until_there_is_room_to_grow() -> None:
    players = [player(number, 20) for number in range(100)]
    shrink([book(*players[:50]), book(*players[50:])], 1_600)
    assert sum(map(size, players)) == 1_200
    assert {size(one) for one in players} == {10, 20}


def test_what_nobody_can_forget_any_more_ends_the_search() -> None:
    players = [player(number, 1) for number in range(10)]
    shrink([book(*players)], 2)
    assert sum(map(size, players)) <= 2
