"""Launches and the catalog, and every way in which the provider may answer."""

from urllib.parse import parse_qsl

import pytest

from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Device, Launch
from provider_adapters.pragmatic_style import auth
from provider_adapters.pragmatic_style.client import Client
from provider_adapters.pragmatic_style.config import Config
from tests.unit.provider_adapters.pragmatic_style.fakes import PLAYER, SECRET, FakeOutbound, always

LAUNCH = Launch(
    session_id="s-1",
    token="tok-0123456789abcdef",
    player=PLAYER,
    game_id="vs20demo",
    currency_code="EUR",
    language="",
    country="MT",
    device=Device.MOBILE,
    lobby_url="https://lobby.example/?a=b c",
)


def client(body: bytes, status: int = 200) -> tuple[Client, FakeOutbound]:
    outbound = always(HttpReply(status=status, body=body))
    return Client(outbound, Config.from_credentials({"secret": SECRET})), outbound


async def test_a_launch_names_player_game_and_token_and_is_signed() -> None:
    told, outbound = client(b'{"error":"0","description":"OK","gameURL":"https://studio.example/play/1"}')
    assert await told.launch_url(LAUNCH) == "https://studio.example/play/1"
    [(method, path, body)] = outbound.sent
    assert (method, path) == ("POST", "/IntegrationService/v3/http/CasinoGameAPI/game/url/")
    fields = dict(parse_qsl(body.decode()))
    assert fields["externalPlayerId"] == "demo.pl-7001"
    assert (fields["symbol"], fields["token"], fields["platform"]) == ("vs20demo", LAUNCH.token, "MOBILE")
    assert (fields["language"], fields["playMode"], fields["currency"]) == ("en", "REAL", "EUR")
    assert fields["hash"] == auth.digest(fields.items(), SECRET)


async def test_the_catalog_becomes_games() -> None:
    told, outbound = client(
        b'{"error":"0","description":"OK","gameList":[{"gameID":"vs20demo","gameName":"Demo Twenty","gameTypeID":"vs"},'
        b'{"gameID":"lg1","gameName":"Wheel","gameTypeID":"lg"},{"gameID":"zz1","gameName":"New","gameTypeID":"zz"}]}'
    )
    games = await told.games()
    assert [(game.game_id, game.title, game.category) for game in games] == [
        ("vs20demo", "Demo Twenty", "slot"),
        ("lg1", "Wheel", "live"),
        ("zz1", "New", "slot"),
    ]
    assert (
        outbound.sent[0][2] == b"secureLogin=pitboss&hash=" + auth.digest([("secureLogin", "pitboss")], SECRET).encode()
    )


@pytest.mark.parametrize("code", ["7", "8", "5", "31337"])
async def test_a_refusal_in_their_words_is_a_refusal(code: str) -> None:
    told, _ = client(f'{{"error":"{code}","description":"no"}}'.encode())
    with pytest.raises(ProviderRefusedError) as refused:
        await told.launch_url(LAUNCH)
    assert refused.value.metadata == {"operation": "launch", "code": code}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"error":0,"gameURL":"https://a"}',
        b'{"error":"","gameURL":"https://a"}',
        b'{"error":"zero\\n","gameURL":"https://a"}',
        b'{"error":"0"}',
        b'{"error":"0","gameURL":7}',
        b'{"error":"0","gameURL":"javascript:alert(1)"}',
        b'{"error":"100","description":"try again"}',
    ],
)
async def test_nonsense_and_try_again_are_failures(body: bytes) -> None:
    told, _ = client(body)
    with pytest.raises(ProviderFailedError):
        await told.launch_url(LAUNCH)


async def test_another_status_is_a_failure_whatever_the_body_says() -> None:
    told, _ = client(b'{"error":"0","gameURL":"https://a"}', status=404)
    with pytest.raises(ProviderFailedError):
        await told.launch_url(LAUNCH)


@pytest.mark.parametrize("rows", [b"7", b"[7]", b'[{"gameID":"a"}]', b"null"])
async def test_a_broken_catalog_is_a_failure(rows: bytes) -> None:
    told, _ = client(b'{"error":"0","gameList":' + rows + b"}")
    with pytest.raises(ProviderFailedError):
        await told.games()


async def test_a_probe_passes_on_an_answer_and_fails_on_a_refusal() -> None:
    await client(b'{"error":"0"}')[0].ping(0.1)
    with pytest.raises(ProviderRefusedError):
        await client(b'{"error":"5"}')[0].ping(0.1)
