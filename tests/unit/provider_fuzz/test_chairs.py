"""From one story to the next nothing is forgotten that a player's books may still show."""

from __future__ import annotations

from decimal import Decimal

import pytest

from provider_adapters._kit.studio.ports import Seat
from tests.provider_fuzz.books import Books
from tests.provider_fuzz.chairs import STORIES_EACH, Chair
from tests.provider_fuzz.worlds import MismatchError, Row, Worlds
from tests.torture.model import Flags
from tests.torture.model.answer import Step

P = "acme"
BET: Step = {"do": "bet", "by": P, "key": "b", "round": "r", "amount": "4.00"}
CANCEL: Step = {"do": "cancel", "by": P, "key": "x", "round": "r", "ref": "b"}
BURIED = (
    Row("cancel", "x", "TOMBSTONED", Decimal(0)),
    Row("bet", "b", "ALREADY_ROLLED_BACK", Decimal(0)),
)
LATE = Row("late_bet", "b", "ALREADY_ROLLED_BACK", Decimal(0))
TAKEN = Row("bet", "b", "OK", Decimal(-400))


def books(*rows: Row, cents: int = 1000, position: int = 9) -> Books:
    return Books(rows, Decimal(cents), frozenset(), position)


@pytest.fixture
def chair() -> Chair:
    seat = Seat(launch_id="p", user="borealis.p", token="t", currency_code="EUR", game_id="g")
    return Chair(player="p", seat=seat, cents=1000, paid_in=1000)


@pytest.fixture
def worlds() -> Worlds:
    """A bet that nobody waits for any more."""
    made = Worlds(P, Flags(), 1000)
    made.abandoned(made.sent(BET))
    return made


def test_a_cancelled_bet_may_come_late_in_a_later_story(chair: Chair, worlds: Worlds) -> None:
    worlds.answered(worlds.sent(CANCEL), lambda outcome: outcome == "TOMBSTONED", unsure=False)
    chair.end(worlds, books(*BURIED))
    assert chair.late == {"b"}
    assert not chair.is_worn
    other = Row("bet", "c", "OK", Decimal(-100))
    assert chair.without_late(books(LATE, other)).rows == (other,)
    chair.settle(books(LATE))


def test_a_cancelled_bet_may_not_take_money_later(chair: Chair, worlds: Worlds) -> None:
    worlds.answered(worlds.sent(CANCEL), lambda outcome: outcome == "TOMBSTONED", unsure=False)
    chair.end(worlds, books(*BURIED))
    with pytest.raises(MismatchError, match="came late"):
        chair.without_late(books(TAKEN, cents=600))


@pytest.mark.parametrize("later", [books(), books(TAKEN, cents=600)])
def test_who_waits_for_nothing_may_find_it_done_later_and_nobody_sits_there_again(
    chair: Chair, worlds: Worlds, later: Books
) -> None:
    chair.end(worlds, books())
    assert chair.is_worn
    chair.settle(later)
    assert chair.cents == later.cents


def test_a_bet_that_was_done_later_has_its_price(chair: Chair, worlds: Worlds) -> None:
    chair.end(worlds, books())
    with pytest.raises(MismatchError):
        chair.settle(books(TAKEN, cents=601))


@pytest.mark.parametrize("later", [books(cents=999), books(TAKEN)])
def test_after_the_last_story_nothing_changes(chair: Chair, later: Books) -> None:
    chair.end(Worlds(P, Flags(), 1000), books())
    with pytest.raises(MismatchError, match="later the ledger has"):
        chair.settle(later)


def test_a_chair_wears_out_and_each_story_has_a_name_of_its_own(chair: Chair) -> None:
    names = {chair.begin() for _ in range(STORIES_EACH)}
    assert len(names) == STORIES_EACH
    assert chair.is_worn
