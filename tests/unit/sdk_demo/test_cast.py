from __future__ import annotations

from datetime import date

import pytest

from pitboss_demo.cast import BASE_MS, CURRENCIES, GB_SLOT_MS, GB_TABLE_MS, OWN_WALLET, cast, groups, quickest
from pitboss_sdk import Category
from tests.unit.sdk_demo.games import GAMES

TODAY = date(2026, 11, 23)


def age(born: date) -> int:
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def test_the_same_seed_gives_the_same_evening_and_another_one_does_not() -> None:
    assert cast(groups(GAMES), 7, TODAY) == cast(groups(GAMES), 7, TODAY)
    assert cast(groups(GAMES), 7, TODAY) != cast(groups(GAMES), 8, TODAY)


def test_everybody_has_a_name_of_their_own() -> None:
    players = cast(groups(GAMES), 7, TODAY)
    assert len({player.player_id for player in players}) == len(players)


def test_every_category_of_every_studio_is_played_and_every_licensee_has_players_wherever_it_can() -> None:
    everybody = groups(GAMES)
    played = {(group.provider, game) for group in everybody for game in group.games}
    assert played == {(name, game) for name, offer in GAMES.items() for games in offer.values() for game in games}
    assert {(group.provider, group.licensee) for group in everybody} == {
        (name, licensee) for name in GAMES for licensee in CURRENCIES
    }


def test_nobody_plays_faster_than_the_law_allows() -> None:
    for group in groups(GAMES):
        category = next(category for category, games in GAMES[group.provider].items() if games == group.games)
        least = {Category.SLOT: GB_SLOT_MS, Category.TABLE: GB_TABLE_MS, Category.LIVE: 0}[category]
        if group.licensee != "aurora" and category is not Category.LIVE:
            least = BASE_MS
        assert group.interval_ms >= least, group.name


def test_some_players_are_below_25_and_everybody_may_play() -> None:
    ages = {group.name: [] for group in groups(GAMES)}  # type: dict[str, list[int]]
    for player in cast(groups(GAMES), 7, TODAY):
        ages[player.group.name].append(age(player.born_on))
        assert age(player.born_on) >= (18 if player.group.licensee == "aurora" else 21)
    assert all(years < 25 for name, each in ages.items() for years in each if "young" in name)
    assert all(years >= 25 for name, each in ages.items() for years in each if "young" not in name)


def test_a_smaller_evening_keeps_every_group() -> None:
    assert len(groups(GAMES, 0.01)) == len(groups(GAMES))
    assert all(group.players == 1 for group in groups(GAMES, 0.01))


def test_an_order_tells_the_studio_everything() -> None:
    group = groups(GAMES)[0]
    order = group.order(["http://studio/play/1"], 7)
    assert order["players"] == ["http://studio/play/1"]
    assert (order["rounds"], order["interval_ms"], order["seed"]) == (group.rounds, group.interval_ms, 7)
    assert sum(order["chaos"].values()) < 0.2


@pytest.mark.parametrize(
    ("provider", "expected"),
    [("both_style", Category.LIVE), ("slots_style", Category.SLOT), ("tables_style", Category.LIVE)],
)
def test_the_quickest_category_is_the_one_that_the_law_does_not_slow_down(provider: str, expected: Category) -> None:
    assert quickest(GAMES[provider]) is expected


def test_the_licensee_with_its_own_wallet_has_a_currency() -> None:
    assert OWN_WALLET in CURRENCIES
