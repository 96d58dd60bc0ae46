"""Which games the demo plays."""

from __future__ import annotations

from pitboss_demo.catalog import by_category
from pitboss_sdk import Category, Game


def game(game_id: str, category: Category, *currencies: str, provider: str = "acme_style") -> Game:
    return Game(provider=provider, game_id=game_id, title=game_id, category=category, available=True,
                unavailable_reason="", currency_codes=currencies)  # fmt: skip


def test_games_are_by_provider_and_category_in_the_order_of_their_ids() -> None:
    seen = [
        game("b", Category.SLOT),
        game("a", Category.SLOT),
        game("c", Category.LIVE),
        game("a", Category.SLOT, provider="other_style"),
    ]
    assert by_category(seen) == {
        "acme_style": {Category.SLOT: ("a", "b"), Category.LIVE: ("c",)},
        "other_style": {Category.SLOT: ("a",)},
    }


def test_a_game_that_one_of_the_licensees_could_not_pay_for_is_left_out() -> None:
    seen = [game("a", Category.SLOT, "EUR"), game("b", Category.SLOT, "EUR", "GBP", "SEK")]
    assert by_category(seen) == {"acme_style": {Category.SLOT: ("b",)}}
    assert by_category(seen[:1]) == {}
