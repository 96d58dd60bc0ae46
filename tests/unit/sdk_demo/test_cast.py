from __future__ import annotations

from datetime import date

from pitboss_demo.cast import BASE_MS, GAMES, GB_SLOT_MS, GB_TABLE_MS, PROVIDERS, cast, groups

TODAY = date(2026, 11, 23)


def age(born: date) -> int:
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def test_the_same_seed_gives_the_same_evening_and_another_one_does_not() -> None:
    assert cast(groups(), 7, TODAY) == cast(groups(), 7, TODAY)
    assert cast(groups(), 7, TODAY) != cast(groups(), 8, TODAY)


def test_everybody_has_a_name_of_their_own() -> None:
    players = cast(groups(), 7, TODAY)
    assert len({(player.group.licensee, player.player_id) for player in players}) == len(players)
    assert 100 <= len(players) <= 250


def test_more_than_two_thousand_rounds_are_planned_at_both_studios_for_both_licensees() -> None:
    everybody = groups()
    assert sum(group.players * group.rounds for group in everybody) > 2_200
    assert {(group.provider, group.licensee) for group in everybody} == {
        (provider, licensee) for provider in PROVIDERS for licensee in ("aurora", "borealis")
    }


def test_nobody_plays_faster_than_the_law_allows() -> None:
    for group in groups():
        kind = next(
            kind for (provider, kind), games in GAMES.items() if provider == group.provider and group.games == games
        )
        least = {"slot": GB_SLOT_MS, "table": GB_TABLE_MS, "live": 0}[kind]
        if group.licensee == "borealis" and kind != "live":
            least = BASE_MS
        assert group.interval_ms >= least, group.name


def test_some_players_are_below_25_and_everybody_may_play() -> None:
    for player in cast(groups(), 7, TODAY):
        years = age(player.born_on)
        assert years >= (21 if player.group.licensee == "borealis" else 18)
        assert (years < 25) == ("young" in player.group.name)


def test_a_smaller_evening_keeps_every_group() -> None:
    assert len(groups(0.01)) == len(groups())
    assert all(group.players == 1 for group in groups(0.01))


def test_an_order_tells_the_studio_everything() -> None:
    group = groups()[0]
    order = group.order(["http://studio/play/1"], 7)
    assert order["players"] == ["http://studio/play/1"]
    assert (order["rounds"], order["interval_ms"], order["seed"]) == (group.rounds, group.interval_ms, 7)
    assert sum(order["chaos"].values()) < 0.2
