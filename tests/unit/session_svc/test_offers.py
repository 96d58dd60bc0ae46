"""What can be launched now."""

import asyncio

import pytest

from session_svc.app.offers import Mark, Offers
from session_svc.domain.catalog import Catalog, Offer
from session_svc.errors import GameNotAvailableError, GameNotFoundError, ProviderNotFoundError
from tests.unit.session_svc.values import game, order


def offers(*, up: bool = True) -> Offers:
    made = Offers(["acme_slots", "other"])
    made.catalog_is(Catalog([game("fruit"), game("royal", currencies=("GBP",)), game("dice", provider="other")]))
    made.provider_is("acme_slots", up=up)
    return made


def names(page: tuple[list[Offer], bool]) -> list[str]:
    return [one.game.game_id for one in page[0]]


def test_a_provider_is_taken_for_down_until_it_says_otherwise() -> None:
    fresh = Offers(["acme_slots"])
    fresh.catalog_is(Catalog([game()]))
    assert fresh.get("acme_slots", "fruit").reason == "provider_down"


def test_an_order_for_an_available_game_passes() -> None:
    offers().require(order())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"provider": "nobody"}, ProviderNotFoundError),
        ({"game_id": "unknown"}, GameNotAvailableError),
        ({"provider": "other", "game_id": "dice"}, GameNotAvailableError),
        ({"game_id": "royal"}, GameNotAvailableError),
    ],
)
def test_an_order_that_cannot_be_launched_is_refused(change: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        offers().require(order(**change))


@pytest.mark.parametrize(("country", "passes"), [("DE", True), ("FR", False), ("", False)])
def test_a_game_is_not_launched_where_its_provider_refuses_it(country: str, passes: bool) -> None:
    made = Offers(["acme_slots"])
    made.catalog_is(Catalog([game("wheel", refused_countries=("FR", "US"))]))
    made.provider_is("acme_slots", up=True)
    wanted = order(game_id="wheel", country=country)
    if passes:
        made.require(wanted)
        return
    with pytest.raises(GameNotAvailableError) as refused:
        made.require(wanted)
    assert refused.value.metadata["country"] == country


def test_games_of_a_provider_that_went_down_are_hidden_and_come_back() -> None:
    made = offers()
    assert names(made.page(provider="", include_unavailable=False, after=None, size=9)) == ["fruit", "royal"]
    made.provider_is("acme_slots", up=False)
    assert names(made.page(provider="", include_unavailable=False, after=None, size=9)) == []
    made.provider_is("acme_slots", up=True)
    assert names(made.page(provider="", include_unavailable=False, after=None, size=9)) == ["fruit", "royal"]


def test_hidden_games_are_listed_on_request_and_read_singly() -> None:
    made = offers(up=False)
    assert len(made.page(provider="acme_slots", include_unavailable=True, after=None, size=9)[0]) == 2
    assert made.get("acme_slots", "fruit").reason == "provider_down"


@pytest.mark.parametrize(
    ("game_id", "currency", "country", "reason"),
    [
        ("fruit", "EUR", "DE", ""),
        ("fruit", "", "", ""),
        ("royal", "EUR", "", "currency"),
        ("royal", "GBP", "", ""),
        ("wheel", "EUR", "FR", "country"),
        ("wheel", "EUR", "", "country"),
        ("wheel", "EUR", "DE", ""),
    ],
)
def test_capabilities_are_those_of_a_launch_here_and_now(
    game_id: str, currency: str, country: str, reason: str
) -> None:
    made = offers()
    games = [game("fruit"), game("royal", currencies=("GBP",)), game("wheel", refused_countries=("FR",))]
    made.catalog_is(Catalog(games))
    made.abilities_are("acme_slots", frozenset({"bet", "round_replay"}))
    told = made.capabilities("acme_slots", game_id, currency=currency, country=country)
    assert told == (reason, frozenset() if reason else frozenset({"bet", "round_replay"}))
    made.provider_is("acme_slots", up=False)
    assert made.capabilities("acme_slots", game_id, currency=currency, country=country) == (
        "provider_down",
        frozenset(),
    )


def test_an_unknown_game_is_not_found() -> None:
    with pytest.raises(GameNotFoundError):
        offers().get("acme_slots", "unknown")


async def test_a_watcher_gets_every_game_first_and_then_each_change() -> None:
    made = offers()
    watching = made.watch()
    first = [(await anext(watching))[0] for _ in range(3)]
    assert [(one.game.game_id, one.available) for one in first] == [("fruit", True), ("royal", True), ("dice", False)]
    coming = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0)
    assert not coming.done()
    made.provider_is("other", up=True)
    change, _ = await coming
    assert (change.game.game_id, change.available) == ("dice", True)
    await watching.aclose()


async def test_a_change_that_comes_while_the_watcher_is_busy_is_not_missed() -> None:
    made = offers()
    watching = made.watch()
    await anext(watching)
    made.provider_is("acme_slots", up=False)
    seen = [(await anext(watching))[0] for _ in range(4)]
    assert [one.available for one in seen if one.game.game_id == "fruit"][-1] is False
    await watching.aclose()


async def test_nothing_is_told_when_nothing_changed() -> None:
    made = offers()
    watching = made.watch()
    for _ in range(3):
        await anext(watching)
    coming = asyncio.ensure_future(anext(watching))
    made.provider_is("acme_slots", up=True)
    made.catalog_is(Catalog([game("fruit"), game("royal", currencies=("GBP",)), game("dice", provider="other")]))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not coming.done()
    coming.cancel()


async def told(made: Offers, since: Mark | None = None) -> tuple[list[str], Mark | None]:
    """What a watcher is told at once, and where it may resume."""
    watching, mark = made.watch(since), since
    games: list[str] = []
    while True:
        coming = asyncio.ensure_future(anext(watching))
        for _ in range(5):
            await asyncio.sleep(0)
        if not coming.done():
            coming.cancel()
            return games, mark
        offer, mark = coming.result()
        games.append(offer.game.game_id)


async def test_a_watcher_that_comes_back_is_told_what_has_changed_since() -> None:
    made = offers()
    everything, mark = await told(made)
    assert everything == ["fruit", "royal", "dice"]
    assert await told(made, mark) == ([], mark)
    made.provider_is("other", up=True)
    changed, after = await told(made, mark)
    assert changed == ["dice"]
    assert await told(made, after) == ([], after)


async def test_a_watcher_that_stopped_in_the_middle_misses_nothing() -> None:
    made = offers()
    watching = made.watch()
    _, begun = await anext(watching)
    await watching.aclose()
    assert (await told(made, begun))[0] == ["fruit", "royal", "dice"]
    _, mark = await told(made)
    made.provider_is("acme_slots", up=False)
    watching = made.watch(mark)
    _, middle = await anext(watching)
    await watching.aclose()
    assert (await told(made, middle))[0] == ["fruit", "royal"]


@pytest.mark.parametrize("lie", [Mark("another life", 1), Mark("", 0)])
async def test_a_mark_that_nobody_here_gave_begins_with_everything(lie: Mark) -> None:
    assert (await told(offers(), lie))[0] == ["fruit", "royal", "dice"]


async def test_a_mark_from_the_future_begins_with_everything() -> None:
    made = offers()
    _, mark = await told(made)
    assert mark is not None
    assert (await told(made, mark._replace(version=mark.version + 1)))[0] == ["fruit", "royal", "dice"]
