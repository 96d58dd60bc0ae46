"""RoundReplayService."""

from __future__ import annotations

from mesh.identity import require_licensee
from pitboss.session.v1 import round_replay_service_pb2 as pb
from pitboss.session.v1.round_replay_service_pb2_grpc import RoundReplayServiceServicer
from session_svc.app.replaying import ReplayDesk
from session_svc.domain.rounds import RoundName
from session_svc.grpc_api.messages import plain


class ReplayServicer(RoundReplayServiceServicer):
    """Decodes, calls one use case, encodes."""

    def __init__(self, desk: ReplayDesk) -> None:
        self._desk = desk

    async def GetRoundReplay(self, request: pb.GetRoundReplayRequest, context: object) -> pb.GetRoundReplayResponse:
        name = RoundName(
            licensee=require_licensee(),
            player_id=request.player_id,
            provider=request.provider,
            round_id=plain("round_id", request.round_id),
        )
        played, shown = await self._desk.replay(name)
        response = pb.GetRoundReplayResponse(state=played.state)  # type: ignore[arg-type]
        if shown.url:
            response.replay_url = shown.url
        else:
            response.replay_page = shown.page
        return response
