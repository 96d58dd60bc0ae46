"""K: launches and the catalog."""

from __future__ import annotations

import grpc

from mesh.channels import call_metadata
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.session.v1 import catalog_service_pb2, session_service_pb2
from pitboss.type.v1 import game_pb2
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.ports import MarketFacts
from tests.conformance.case import case
from tests.conformance.stage import FailedError, SkippedError, Stage
from tests.integration.provider_adapters.office import LICENSEE

OTHER_LICENSEE = "aurora"


@case("K01", "a game can be launched on both devices", needs=(Capability.LAUNCH,))
async def devices(stage: Stage) -> None:
    player = await stage.office.player()
    for device in (session_service_pb2.DEVICE_DESKTOP, session_service_pb2.DEVICE_MOBILE):
        created = await stage.office.created(
            _order(stage, player, stage.provider.game_id, f"launch-{device}", device=device)
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
    "K04b",
    "a licensee hears what the provider says of its games market by market, in the list and before a launch in that market",
    needs=(Capability.CATALOG,),
)
async def markets(stage: Stage) -> None:
    told = [game for game in stage.studio.games if game.enabled and game.markets]
    if not told:
        raise SkippedError("the provider's list says nothing of markets")
    for game in told:
        wanted = [_market(facts) for facts in sorted(game.markets, key=lambda facts: facts.market)]
        shown = await _shown(stage, game.game_id)
        if [*shown.markets] != wanted or (shown.return_ppm, [*shown.languages]) != (game.return_ppm, [*game.languages]):
            raise FailedError(f"{shown} instead of {game}")
        # A part of a country is no country to launch in.
        for facts in (one for one in wanted if "-" not in one.market):
            found = await _before_launch(stage, game.game_id, facts.market)
            if found != facts:
                raise FailedError(f"{found} in {facts.market} instead of {facts}")


def _market(facts: MarketFacts) -> game_pb2.MarketFacts:
    return game_pb2.MarketFacts(market=facts.market, certificate_id=facts.certificate_id, return_ppm=facts.return_ppm)


async def _shown(stage: Stage, game_id: str) -> catalog_service_pb2.CatalogGame:
    request = catalog_service_pb2.GetGameRequest(provider=stage.provider.name, game_id=game_id)
    answer = await stage.office.catalog.GetGame(request, timeout=10, metadata=call_metadata(licensee=LICENSEE))
    return answer.game


async def _before_launch(stage: Stage, game_id: str, country: str) -> game_pb2.MarketFacts:
    request = catalog_service_pb2.GetCapabilitiesRequest(provider=stage.provider.name, game_id=game_id, country=country)
    answer = await stage.office.catalog.GetCapabilities(request, timeout=10, metadata=call_metadata(licensee=LICENSEE))
    return answer.facts


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
