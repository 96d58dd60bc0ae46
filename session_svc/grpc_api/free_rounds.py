"""FreeRoundsService."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from mesh.clock import Clock
from mesh.errors import PageTokenInvalidError, RequestInvalidError
from mesh.identity import require_licensee
from pitboss.session.v1 import free_rounds_service_pb2 as pb
from pitboss.session.v1.free_rounds_service_pb2_grpc import FreeRoundsServiceServicer
from pitboss.type.v1.money_pb2 import Money
from session_svc.app.granting import GrantDesk
from session_svc.domain.grants import Grant, GrantOrder
from session_svc.domain.pages import PageTokens
from session_svc.grpc_api.messages import plain, timestamp

_DEFAULT_PAGE = 50


class FreeRoundsServicer(FreeRoundsServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, desk: GrantDesk, tokens: PageTokens, clock: Clock) -> None:
        self._desk = desk
        self._tokens = tokens
        self._clock = clock

    async def CreateGrant(self, request: pb.CreateGrantRequest, context: object) -> pb.CreateGrantResponse:
        grant = await self._desk.create(_order(request, require_licensee()))
        return pb.CreateGrantResponse(grant=self._message(grant))

    async def GetGrant(self, request: pb.GetGrantRequest, context: object) -> pb.GetGrantResponse:
        grant = await self._desk.get(require_licensee(), request.grant_id)
        return pb.GetGrantResponse(grant=self._message(grant))

    async def ListGrants(self, request: pb.ListGrantsRequest, context: object) -> pb.ListGrantsResponse:
        licensee = require_licensee()
        scope = ("ListGrants", licensee, request.player_id)
        before = self._place(request.page_token, scope)
        size = request.page_size or _DEFAULT_PAGE
        grants, more = await self._desk.page(licensee, player_id=request.player_id, before=before, size=size)
        token = self._tokens.make(scope=scope, place=(grants[-1].grant_id,)) if more else ""
        return pb.ListGrantsResponse(grants=map(self._message, grants), next_page_token=token)

    async def CancelGrant(self, request: pb.CancelGrantRequest, context: object) -> pb.CancelGrantResponse:
        grant = await self._desk.cancel(require_licensee(), request.grant_id)
        return pb.CancelGrantResponse(grant=self._message(grant))

    def _place(self, token: str, scope: tuple[str, ...]) -> str:
        if not token:
            return ""
        place = self._tokens.read(token, scope=scope)
        if place is None:
            raise PageTokenInvalidError(field="page_token")
        return place[0]

    def _message(self, grant: Grant) -> pb.Grant:
        order, now = grant.order, self._clock.now()
        end = grant.shown_end(now)
        return pb.Grant(
            grant_id=grant.grant_id,
            player_id=order.player_id,
            provider=order.provider,
            game_ids=order.game_ids,
            rounds=order.rounds,
            bet=Money(currency_code=order.currency, amount=format(order.bet, "f")),
            state=pb.GrantState.Value(f"GRANT_STATE_{grant.shown_state(now).name}"),
            provider_reference=grant.reference,
            create_time=timestamp(grant.created_at),
            expire_time=timestamp(order.expires_at),
            end_time=timestamp(end) if end else None,
            bonus_buy=order.bonus_buy,
            max_winnings=_money(order.max_winnings, order.currency),
        )


def _order(request: pb.CreateGrantRequest, licensee: str) -> GrantOrder:
    return GrantOrder(
        licensee=licensee,
        client_key=plain("client_key", request.client_key),
        player_id=request.player_id,
        provider=request.provider,
        game_ids=tuple(plain("game_ids", game_id) for game_id in request.game_ids),
        rounds=request.rounds,
        bet=Decimal(request.bet.amount),
        currency=request.bet.currency_code,
        expires_at=request.expire_time.ToDatetime(tzinfo=dt.UTC),
        bonus_buy=request.bonus_buy,
        max_winnings=_max_winnings(request),
    )


def _max_winnings(request: pb.CreateGrantRequest) -> Decimal | None:
    if not request.HasField("max_winnings"):
        return None
    if request.max_winnings.currency_code != request.bet.currency_code:
        raise RequestInvalidError(violations=[("max_winnings.currency_code", "must be the currency of bet")])
    return Decimal(request.max_winnings.amount)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else Money(currency_code=currency, amount=format(amount, "f"))
