"""Games and offers."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_svc.domain.catalog import Catalog, Game, MarketFacts, acceptable, offer
from tests.unit.session_svc.values import game


def everything(_: Game) -> bool:
    return True


def test_a_game_can_be_launched_if_everything_agrees() -> None:
    assert offer(game(), provider_up=True).available


@pytest.mark.parametrize(
    ("one", "up", "reason"),
    [
        (game(), False, "provider_down"),
        (game(enabled=False), True, "disabled"),
        (game(registered=False), True, "not_registered"),
        (game(enabled=False), False, "provider_down"),
    ],
)
def test_a_game_that_cannot_be_launched_says_why(one: Game, up: bool, reason: str) -> None:
    shown = offer(one, provider_up=up)
    assert not shown.available
    assert shown.reason == reason


@pytest.mark.parametrize(
    "change",
    [
        {"game_id": ""},
        {"game_id": "x" * 129},
        {"game_id": "ä" * 65},
        {"game_id": "a\x00b"},
        {"game_id": "a\x1fb"},
        {"category": "bingo"},
        {"title": "a\x00b"},
        {"currencies": ("eur",)},
    ],
)
def test_a_game_that_makes_no_sense_is_left_out(change: dict[str, object]) -> None:
    assert acceptable([game("other"), game(**change)]) == (game("other"),)  # type: ignore[arg-type]


def market(name: str, **changes: Any) -> MarketFacts:
    return MarketFacts(**{"market": name, "certificate_id": "house-1", "return_ppm": 960_000, **changes})


@pytest.mark.parametrize(
    "wrong",
    [
        market(""),
        market("de"),
        market("DEU"),
        market("US-"),
        market("US-NJ12"),
        market("GB\n"),
        market("GB", certificate_id="x" * 129),
        market("GB", certificate_id="a\x00b"),
        market("GB", return_ppm=-1),
        market("GB", return_ppm=2_000_001),
    ],
)
def test_facts_that_make_no_sense_are_left_out_and_the_game_stays(wrong: MarketFacts) -> None:
    (found,) = acceptable([game(markets=(market("US-NJ"), wrong, market("DE")))])
    assert found.markets == (market("DE"), market("US-NJ"))


def test_the_last_word_about_a_market_counts() -> None:
    (found,) = acceptable([game(markets=(market("DE", return_ppm=1), market("DE")))])
    assert found.markets == (market("DE"),)
    assert (found.in_market("DE"), found.in_market("FR")) == (market("DE"), None)


def test_languages_are_told_once_and_in_order_and_only_if_they_are_some() -> None:
    (found,) = acceptable([game(languages=("pt-BR", "en", "en", "EN", "e", "\x00"), return_ppm=2_000_001)])
    assert (found.languages, found.return_ppm) == (("en", "pt-BR"), 0)


def test_the_last_word_about_a_game_counts() -> None:
    assert acceptable([game(title="Old"), game(title="New")]) == (game(title="New"),)


def test_a_game_without_a_title_is_called_by_its_id() -> None:
    assert acceptable([game(title="")])[0].title == "fruit"


def test_a_catalog_is_ordered_by_provider_and_id() -> None:
    games = [game("b"), game("a"), game("z", provider="aaa")]
    assert [one.key for one in Catalog(games)] == [("aaa", "z"), ("acme_slots", "a"), ("acme_slots", "b")]


def test_a_page_says_whether_there_are_more() -> None:
    catalog = Catalog([game("a"), game("b"), game("c")])
    assert catalog.page(after=None, size=3, wanted=everything)[1] is False
    assert catalog.page(after=None, size=2, wanted=everything)[1] is True


def test_a_page_goes_on_after_a_game_that_is_gone() -> None:
    catalog = Catalog([game("a"), game("c")])
    found, more = catalog.page(after=("acme_slots", "b"), size=5, wanted=everything)
    assert [one.game_id for one in found] == ["c"]
    assert not more


@given(
    ids=st.sets(st.text(alphabet="abc", min_size=1, max_size=4)),
    size=st.integers(min_value=1, max_value=5),
    letter=st.sampled_from("abc"),
)
def test_pages_together_show_every_wanted_game_once(ids: set[str], size: int, letter: str) -> None:
    catalog = Catalog(game(one) for one in ids)
    wanted: Callable[[Game], bool] = lambda one: letter in one.game_id  # noqa: E731
    seen: list[str] = []
    after, more = None, True
    while more:
        found, more = catalog.page(after=after, size=size, wanted=wanted)
        seen += [one.game_id for one in found]
        after = found[-1].key if found else None
        assert not more or len(found) == size
    assert seen == sorted(one for one in ids if letter in one)
