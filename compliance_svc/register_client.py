"""The exclusion register's process over gRPC."""

import grpc.aio

from mesh import logs
from mesh.channels import call_metadata
from pitboss.source.v1 import exclusion_register_service_pb2 as pb
from pitboss.source.v1.exclusion_register_service_pb2_grpc import ExclusionRegisterServiceStub
from pitboss.wallet.v1 import protection_pb2

_log = logs.get("compliance_svc.register")

_TIMEOUT_S = 2.5


class RegisterClient:
    """Implements `compliance_svc.ports.Register`. A register that nobody can ask is silent."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ExclusionRegisterServiceStub(channel)

    async def check(self, licensee: str, player: str) -> protection_pb2.SourceAnswer.ValueType:
        request = pb.CheckPlayerRequest(player_id=player)
        try:
            said = await self._stub.CheckPlayer(request, timeout=_TIMEOUT_S, metadata=call_metadata(licensee))
        except grpc.aio.AioRpcError as error:
            _log.warning("the register cannot be asked", code=error.code().name)
            return protection_pb2.SOURCE_ANSWER_SILENT
        return said.answer or protection_pb2.SOURCE_ANSWER_SILENT
