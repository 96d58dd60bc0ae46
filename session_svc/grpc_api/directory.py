"""SessionDirectoryService."""

from __future__ import annotations

from mesh.clock import Clock
from mesh.identity import current_caller
from pitboss.session.v1 import session_directory_service_pb2 as pb
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceServicer
from session_svc.app.directory import Directory
from session_svc.domain.session import TokenRole
from session_svc.grpc_api.messages import plain, session_message

_ROLES = {
    TokenRole.LAUNCH: pb.TOKEN_ROLE_LAUNCH,
    TokenRole.PLAY: pb.TOKEN_ROLE_PLAY,
    TokenRole.SWAPPED: pb.TOKEN_ROLE_SWAPPED,
}


class DirectoryServicer(SessionDirectoryServiceServicer):
    """Decodes, calls one use case, encodes. The provider is the calling adapter, never a field."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    async def ResolveSession(self, request: pb.ResolveSessionRequest, context: object) -> pb.ResolveSessionResponse:
        provider = current_caller().source
        if request.WhichOneof("name") == "token":
            known = await self._directory.by_token(provider, request.token, exact=request.exact)
        else:
            known = await self._directory.by_player(provider, request.player_reference)
        session = known.session
        return pb.ResolveSessionResponse(
            licensee_id=session.order.licensee,
            session=session_message(session, self._clock.now()),
            token=known.token,
            country=session.order.country,
            jurisdiction=session.jurisdiction,
            token_role=_ROLES[known.role],
        )

    async def SwapToken(self, request: pb.SwapTokenRequest, context: object) -> pb.SwapTokenResponse:
        known = await self._directory.swap(
            current_caller().source,
            request.token,
            key=plain("swap_key", request.swap_key),
            grace=request.grace.ToTimedelta(),
        )
        session = known.session
        return pb.SwapTokenResponse(
            licensee_id=session.order.licensee,
            session=session_message(session, self._clock.now()),
            token=known.token,
            country=session.order.country,
            jurisdiction=session.jurisdiction,
            token_role=_ROLES[known.role],
        )
