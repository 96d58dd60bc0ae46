"""ExclusionRegisterService: decodes, asks, encodes."""

from fact_sources.register.client import RegisterClient
from mesh import logs, metrics
from mesh.identity import require_licensee
from pitboss.source.v1 import exclusion_register_service_pb2 as pb
from pitboss.source.v1 import exclusion_register_service_pb2_grpc
from pitboss.wallet.v1 import protection_pb2

_log = logs.get("fact_sources.register")


class RegisterServicer(exclusion_register_service_pb2_grpc.ExclusionRegisterServiceServicer):
    """Serves one register."""

    def __init__(self, client: RegisterClient, name: str) -> None:
        self._client = client
        self._name = name

    async def CheckPlayer(self, request: pb.CheckPlayerRequest, context: object) -> pb.CheckPlayerResponse:
        said = await self._client.ask(f"{require_licensee()}/{request.player_id}")
        metrics.counter("source.answers", register=self._name, answer=said.answer.value).add()
        if said.trouble is not None:
            _log.warning("a register is silent", register=self._name, trouble=said.trouble.value)
        return pb.CheckPlayerResponse(
            answer=protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{said.answer.value}"),
            trouble=said.trouble.value if said.trouble else "",
            register=self._name,
        )
