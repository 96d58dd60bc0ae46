from __future__ import annotations

import json
from typing import Any

import pytest

from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Device, Launch, MarketFacts
from provider_adapters.hub88_style import auth
from provider_adapters.hub88_style.client import Client
from tests.unit.provider_adapters.hub88_style.fakes import KEYS, PLAYER, Provider
from tests.unit.provider_adapters.hub88_style.keys import other_key

LAUNCH = Launch(
    session_id="s-1",
    token="t" * 20,
    player=PLAYER,
    game_id="demo_fruit_5",
    currency_code="EUR",
    language="en",
    country="",
    device=Device.MOBILE,
    lobby_url="https://casino.example/lobby",
)


def reply(content: Any, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=content if isinstance(content, bytes) else json.dumps(content).encode())


def client(content: Any, status: int = 200) -> tuple[Client, Provider]:
    provider = Provider(reply(content, status))
    return Client(keys=KEYS, outbound=provider), provider


async def test_a_launch_is_signed_and_names_player_token_and_platform() -> None:
    asked, provider = client({"url": "https://studio.example/play/1"})
    assert await asked.launch_url(LAUNCH) == "https://studio.example/play/1"
    (sent,) = provider.sent
    assert (sent["path"], sent["safe"]) == ("/operator/generic/v2/game/url", True)
    assert json.loads(sent["body"]) == {
        "operator_id": "pitboss",
        "user": "aurora.pl-7001",
        "token": "t" * 20,
        "game_code": "demo_fruit_5",
        "currency": "EUR",
        "lang": "en",
        "platform": "GPL_MOBILE",
        "lobby_url": "https://casino.example/lobby",
        "sub_partner_id": "aurora",
    }
    assert auth.verify([other_key().public_key()], sent["body"], sent["headers"][auth.HEADER])


async def test_the_catalog_leaves_out_games_whose_category_the_law_cannot_know() -> None:
    rows = [
        {"game_code": "a", "name": "A", "category": "Video Slots", "enabled": True, "product": "x"},
        {"game_code": "b", "name": "B", "category": "Live Games", "enabled": False, "currencies": ["EUR"]},
        {"game_code": "c", "name": "C", "category": "Crystal Balls", "enabled": True},
    ]
    asked, _ = client(rows)
    games = await asked.games()
    assert [(game.game_id, game.category, game.enabled) for game in games] == [
        ("a", "slot", True),
        ("b", "live", False),
    ]
    assert games[1].currency_codes == ("EUR",)


def row(**changes: Any) -> dict[str, Any]:
    return {"game_code": "a", "name": "A", "category": "Video Slots", "enabled": True, **changes}


async def test_the_catalog_says_what_a_game_returns_in_which_market() -> None:
    certified = [{"market": "DE", "certificate": "house-1", "rtp": 88.25, "lab": "x"}, {"market": "US-NJ"}]
    asked, _ = client([row(rtp=96.5, languages=["en"], certifications=certified)])
    (game,) = await asked.games()
    assert (game.return_ppm, game.languages) == (965_000, ("en",))
    assert game.markets == (
        MarketFacts(market="DE", certificate_id="house-1", return_ppm=882_500),
        MarketFacts(market="US-NJ"),
    )


@pytest.mark.parametrize("rtp", [-1, 200.1, 1e300])
async def test_a_return_that_nobody_can_have_meant_is_not_told(rtp: float) -> None:
    asked, _ = client([row(rtp=rtp)])
    (game,) = await asked.games()
    assert game.return_ppm == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"rtp": "96.5"},
        {"languages": "en"},
        {"certifications": ["DE"]},
        {"certifications": [{"market": 1}]},
        {"certifications": [{"certificate": "house-1"}]},
    ],
)
async def test_a_catalog_with_facts_of_another_shape_is_a_failure_of_the_provider(wrong: dict[str, Any]) -> None:
    asked, _ = client([row(**wrong)])
    with pytest.raises(ProviderFailedError):
        await asked.games()


async def test_the_probe_is_unguarded_and_not_repeated() -> None:
    asked, provider = client([])
    await asked.ping(0.25)
    (sent,) = provider.sent
    assert (sent["guarded"], sent["safe"], sent["timeout_s"]) == (False, False, 0.25)


async def test_the_providers_own_refusal_keeps_its_code() -> None:
    asked, _ = client({"error": "RS_ERROR_INVALID_GAME"}, 400)
    with pytest.raises(ProviderRefusedError) as raised:
        await asked.launch_url(LAUNCH)
    assert raised.value.metadata == {"operation": "game/url", "code": "RS_ERROR_INVALID_GAME"}


async def test_a_code_that_is_not_in_the_paper_is_a_refusal_too() -> None:
    asked, _ = client({"error": "RS_ERROR_NEW"}, 400)
    with pytest.raises(ProviderRefusedError):
        await asked.games()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<html>", 200),
        ({}, 200),
        ({"url": ""}, 200),
        ({"url": "javascript:alert(1)"}, 200),
        ({"url": 5}, 200),
        (b"<html>", 404),
        ({"error": None}, 400),
        ({"error": "RS_ERROR_UNKNOWN"}, 400),
        ({"error": "line\nbreak"}, 400),
    ],
)
async def test_nonsense_is_a_failure_of_the_provider(content: Any, status: int) -> None:
    asked, _ = client(content, status)
    with pytest.raises(ProviderFailedError):
        await asked.launch_url(LAUNCH)
