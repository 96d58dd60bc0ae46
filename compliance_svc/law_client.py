"""The wallets' registry, where packs become law."""

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

from compliance_svc.kernel.release import PackRefusedError, Refusal, Signature
from mesh.channels import call_metadata
from mesh.errors import DependencyDownError, RequestInvalidError
from mesh.status import read_error
from pitboss.type.v1.pack_signature_pb2 import PackSignature
from pitboss.wallet.v1 import registry_service_pb2 as pb
from pitboss.wallet.v1 import registry_service_pb2_grpc

_TIMEOUT_S = 5.0
_REFUSED = "ERROR_REASON_PACK_REFUSED"
_DOWN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED})


class LawClient:
    """Implements `compliance_svc.releasing.LawBook`. Both calls may be repeated, so a replica that is gone is passed over."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        self._stubs = [registry_service_pb2_grpc.RegistryServiceStub(channel) for channel in channels]

    async def put_pack(self, licensee: str, content: str, signatures: Sequence[Signature]) -> None:
        request = pb.PutPackRequest(licensee_id=licensee, content=content, signatures=map(told, signatures))
        await self._call("PutPack", request)

    async def withdraw_pack(self, licensee: str, digest: str, signatures: Sequence[Signature]) -> None:
        request = pb.WithdrawPackRequest(licensee_id=licensee, digest=digest, signatures=map(told, signatures))
        await self._call("WithdrawPack", request)

    async def _call(self, method: str, request: Message) -> Any:  # noqa: ANN401 - the response of the method
        for stub in self._stubs:
            try:
                return await getattr(stub, method)(request, timeout=_TIMEOUT_S, metadata=call_metadata())
            except grpc.aio.AioRpcError as error:
                told_error = read_error(error)
                if told_error.reason == _REFUSED:
                    refusal = Refusal(told_error.metadata["refusal"])
                    raise PackRefusedError(refusal, told_error.metadata["detail"]) from error
                if error.code() is grpc.StatusCode.NOT_FOUND:
                    raise RequestInvalidError(violations=[("licensee_id", "is not registered")]) from error
                if error.code() not in _DOWN:
                    raise
        raise DependencyDownError(retry_after=0.5, dependency="wallet")


def told(signature: Signature) -> PackSignature:
    """A signature in the words of the contract."""
    return PackSignature(
        key_id=signature.key_id, signature=signature.signature, inferred_rules=list(signature.inferred)
    )
