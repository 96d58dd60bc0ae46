"""CatalogService."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from mesh.errors import PageTokenInvalidError
from pitboss.session.v1 import catalog_service_pb2 as pb
from pitboss.session.v1.catalog_service_pb2_grpc import CatalogServiceServicer
from session_svc.app.offers import Mark, Offers
from session_svc.domain.catalog import GameKey
from session_svc.domain.pages import PageTokens
from session_svc.grpc_api.messages import game_message, market_message

_DEFAULT_PAGE = 100
_PLACE_PARTS = 2
_WATCH = ("WatchCatalog",)


class CatalogServicer(CatalogServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, offers: Offers, tokens: PageTokens) -> None:
        self._offers = offers
        self._tokens = tokens

    async def ListGames(self, request: pb.ListGamesRequest, context: object) -> pb.ListGamesResponse:
        scope = ("ListGames", request.provider, str(request.include_unavailable))
        offers, more = self._offers.page(
            provider=request.provider,
            include_unavailable=request.include_unavailable,
            after=self._place(request.page_token, scope),
            size=request.page_size or _DEFAULT_PAGE,
        )
        token = self._tokens.make(scope=scope, place=offers[-1].game.key) if more else ""
        page = pb.ListGamesResponse(games=map(game_message, offers))
        etag = hashlib.sha256(page.SerializeToString(deterministic=True)).hexdigest()
        if etag == request.known_etag:
            return pb.ListGamesResponse(next_page_token=token, etag=etag, not_modified=True)
        page.next_page_token, page.etag = token, etag
        return page

    async def GetGame(self, request: pb.GetGameRequest, context: object) -> pb.GetGameResponse:
        return pb.GetGameResponse(game=game_message(self._offers.get(request.provider, request.game_id)))

    async def GetCapabilities(self, request: pb.GetCapabilitiesRequest, context: object) -> pb.GetCapabilitiesResponse:
        reason, capabilities = self._offers.capabilities(
            request.provider, request.game_id, currency=request.currency_code, country=request.country
        )
        facts = self._offers.get(request.provider, request.game_id).game.in_market(request.country)
        return pb.GetCapabilitiesResponse(
            available=not reason,
            unavailable_reason=reason,
            capabilities=sorted(capabilities),
            facts=None if facts is None else market_message(facts),
        )

    async def WatchCatalog(
        self, request: pb.WatchCatalogRequest, context: object
    ) -> AsyncIterator[pb.WatchCatalogResponse]:
        async for offer, mark in self._offers.watch(self._mark(request.cursor)):
            cursor = self._tokens.make(scope=_WATCH, place=(mark.life, str(mark.version)))
            yield pb.WatchCatalogResponse(game=game_message(offer), cursor=cursor)

    def _mark(self, cursor: str) -> Mark | None:
        """Where a watcher has stopped; None if nobody knows."""
        place = self._tokens.read(cursor, scope=_WATCH) if cursor else None
        return None if place is None else Mark(place[0], int(place[1]))

    def _place(self, token: str, scope: tuple[str, ...]) -> GameKey | None:
        if not token:
            return None
        place = self._tokens.read(token, scope=scope)
        if place is None or len(place) != _PLACE_PARTS:
            raise PageTokenInvalidError(field="page_token")
        provider, game_id = place
        return provider, game_id
