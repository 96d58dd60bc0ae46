"""K: launches and the catalog."""

from __future__ import annotations

import grpc

from mesh.channels import call_metadata
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.session.v1 import catalog_service_pb2, session_service_pb2
from provider_adapters._kit.manifest import Capability
from tests.conformance.case import case
from tests.conformance.stage import FailedError, SkippedError, Stage
from tests.integration.provider_adapters.office import LICENSEE

OTHER_LICENSEE = "aurora"


@case("K01", "a game can be launched on both devices", needs=(Capability.LAUNCH,))
async def devices(stage: Stage) -> None:
    player = await stage.office.player()
    for device in (session_service_pb2.DEVICE_DESKTOP, session_service_pb2.DEVICE_MOBILE):
        created = await stage.office.sessions.CreateSession(
            _order(stage, player, stage.provider.game_id, f"launch-{device}", device=device),
            timeout=10,
            metadata=call_metadata(licensee=LICENSEE),
        )
        if not created.launch_url.startswith(("http://", "https://")):
            raise FailedError("no address for a browser")


@case("K02", "a currency that the provider does not know is refused at launch", needs=(Capability.LAUNCH,))
async def currency(stage: Stage) -> None:
    player = await stage.office.player()
    await _refused(stage, _order(stage, player, stage.provider.game_id, "launch-currency", currency_code="ZZZ"))


@case("K05", "a game that does not exist is refused at launch", needs=(Capability.LAUNCH,))
async def game(stage: Stage) -> None:
    player = await stage.office.player()
    await _refused(stage, _order(stage, player, "no-such-game", "launch-game"))


@case(
    "K03",
    "a launch for no licensee, for one that nobody is, or for another's player is refused",
    needs=(Capability.LAUNCH,),
)
async def operator(stage: Stage) -> None:
    player = await stage.office.player()
    for name, licensee in (("none", None), ("nobody", "nobody-at-all"), ("another", OTHER_LICENSEE)):
        await _refused(stage, _order(stage, player, stage.provider.game_id, f"launch-{name}"), licensee)


@case("K04", "the catalog has every game with a title and a category that the law knows", needs=(Capability.CATALOG,))
async def catalog(stage: Stage) -> None:
    reply = await stage.office.adapter(stage.provider.name).ListProviderGames(pb.ListProviderGamesRequest(), timeout=10)
    found = {game.game_id: game for game in reply.games}
    if set(found) != {game.game_id for game in stage.studio.games}:
        raise FailedError("not the games of the studio")
    wrong = [name for name, game in found.items() if not game.title or game.category not in {"slot", "table", "live"}]
    if wrong:
        raise FailedError(f"without title or category: {', '.join(wrong)}")


@case(
    "K07",
    "a licensee's list has every game of the studio once, page by page, with its category",
    needs=(Capability.CATALOG,),
)
async def lobby(stage: Stage) -> None:
    found: list[tuple[str, str]] = []
    request = catalog_service_pb2.ListGamesRequest(provider=stage.provider.name, page_size=1)
    while True:
        page = await stage.office.catalog.ListGames(request, timeout=10, metadata=call_metadata(licensee=LICENSEE))
        found += [(game.game_id, catalog_service_pb2.Category.Name(game.category)) for game in page.games]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    wanted = [(game.game_id, f"CATEGORY_{game.category.upper()}") for game in stage.studio.games if game.enabled]
    if found != sorted(wanted):
        raise FailedError(f"{found} instead of {sorted(wanted)}")


@case(
    "D19",
    "a game takes no stakes in a country where its provider refuses it: it is not launched there, nor for somebody of no country",
    needs=(Capability.LAUNCH,),
)
async def countries(stage: Stage) -> None:
    game = next((game for game in stage.studio.games if game.refused_countries), None)
    if game is None:
        raise SkippedError("the provider's list names no countries")
    player = await stage.office.player()
    for country in (*game.refused_countries, ""):
        await _refused(stage, _order(stage, player, game.game_id, f"launch-in-{country}", country=country))
    who = await stage.player(player=player, game_id=game.game_id)
    stake = stage.amount()
    await stage.say(who, stage.bet(who, stake), "OK", moved=-stake)


def _order(
    stage: Stage,
    player: str,
    game_id: str,
    name: str,
    *,
    currency_code: str = "EUR",
    device: int = 0,
    country: str = "DE",
) -> session_service_pb2.CreateSessionRequest:
    order = session_service_pb2.CreateSessionRequest(
        client_key=stage.id(name)[:32],
        player_id=player,
        provider=stage.provider.name,
        game_id=game_id,
        currency_code=currency_code,
        country=country,
    )
    if device:
        order.device = device  # type: ignore[assignment]
    return order


async def _refused(
    stage: Stage, order: session_service_pb2.CreateSessionRequest, licensee: str | None = LICENSEE
) -> None:
    try:
        await stage.office.sessions.CreateSession(order, timeout=10, metadata=call_metadata(licensee=licensee))
    except grpc.RpcError as error:
        if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL}:
            raise FailedError(f"{error.code().name} is no refusal") from error
        return
    raise FailedError("it was launched")
