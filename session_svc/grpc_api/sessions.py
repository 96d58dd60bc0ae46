"""SessionService."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from mesh.clock import Clock
from mesh.errors import RequestInvalidError
from mesh.identity import require_licensee
from pitboss.session.v1 import session_service_pb2 as pb
from pitboss.session.v1.session_service_pb2_grpc import SessionServiceServicer
from session_svc.app.demos import DemoDesk
from session_svc.app.sessions import SessionDesk
from session_svc.app.watching import Watching
from session_svc.domain.session import Assertion, Order, Session
from session_svc.grpc_api.messages import device_name, past_message, plain, seconds_of, session_message


class SessionServicer(SessionServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, desk: SessionDesk, demos: DemoDesk, watching: Watching, clock: Clock) -> None:
        self._desk = desk
        self._demos = demos
        self._watching = watching
        self._clock = clock

    async def CreateSession(self, request: pb.CreateSessionRequest, context: object) -> pb.CreateSessionResponse:
        launched = await self._desk.create(_order(request, require_licensee()), _assertion(request))
        return pb.CreateSessionResponse(session=self._message(launched.session), launch_url=launched.url)

    async def CreateDemoSession(
        self, request: pb.CreateDemoSessionRequest, context: object
    ) -> pb.CreateDemoSessionResponse:
        made = await self._demos.create(_game_order(request, require_licensee()))
        return pb.CreateDemoSessionResponse(session_id=made.demo.session_id, launch_url=made.url, pack=made.demo.pack)

    async def GetSession(self, request: pb.GetSessionRequest, context: object) -> pb.GetSessionResponse:
        session = await self._desk.get(require_licensee(), request.session_id)
        return pb.GetSessionResponse(session=self._message(session))

    async def CloseSession(self, request: pb.CloseSessionRequest, context: object) -> pb.CloseSessionResponse:
        session = await self._desk.close(require_licensee(), request.session_id)
        return pb.CloseSessionResponse(session=self._message(session))

    async def RecoverSession(self, request: pb.RecoverSessionRequest, context: object) -> pb.RecoverSessionResponse:
        device = device_name(request.device)
        launched = await self._desk.recover(require_licensee(), request.session_id, device)
        return pb.RecoverSessionResponse(session=self._message(launched.session), launch_url=launched.url)

    async def WatchSessions(
        self, request: pb.WatchSessionsRequest, context: object
    ) -> AsyncIterator[pb.WatchSessionsResponse]:
        changes = self._watching.watch(require_licensee(), request.after_cursor, player_id=request.player_id)
        async for change in changes:
            yield pb.WatchSessionsResponse(cursor=change.cursor, session=past_message(change.session))

    def _message(self, session: Session) -> pb.Session:
        return session_message(session, self._clock.now())


def _order(request: pb.CreateSessionRequest, licensee: str) -> Order:
    return replace(
        _game_order(request, licensee),
        check_every_s=seconds_of(request, "reality_check_interval"),
        spend_limit=_spend_limit(request),
        seconds_limit=seconds_of(request, "time_limit"),
    )


def _game_order(request: pb.CreateSessionRequest | pb.CreateDemoSessionRequest, licensee: str) -> Order:
    return Order(
        licensee=licensee,
        client_key=plain("client_key", request.client_key),
        player_id=request.player_id,
        provider=request.provider,
        game_id=plain("game_id", request.game_id),
        currency=request.currency_code,
        language=request.language or "en",
        country=request.country,
        device=device_name(request.device),
        lobby_url=plain("lobby_url", request.lobby_url),
    )


def _assertion(request: pb.CreateSessionRequest) -> Assertion | None:
    if not request.HasField("assertion"):
        return None
    given = request.assertion
    return Assertion(issued_us=given.issue_time.ToMicroseconds(), nonce=given.nonce, signature=given.signature)


def _spend_limit(request: pb.CreateSessionRequest) -> str:
    if not request.HasField("spend_limit"):
        return ""
    if request.spend_limit.currency_code != request.currency_code:
        raise RequestInvalidError(violations=[("spend_limit.currency_code", "must be the currency of the session")])
    return request.spend_limit.amount
