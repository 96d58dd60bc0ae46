"""Processes of limit files over gRPC."""

from dataclasses import dataclass

import grpc.aio

from mesh import logs
from mesh.channels import call_metadata
from pitboss.source.v1 import limit_file_service_pb2 as pb
from pitboss.source.v1.limit_file_service_pb2_grpc import LimitFileServiceStub
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import protection_pb2
from wallet_svc.domain.commands import MoneyText

_log = logs.get("wallet_svc.limit_files")
_WORDS = {
    protection_pb2.SOURCE_ANSWER_CLEAR: "CLEAR",
    protection_pb2.SOURCE_ANSWER_NOT_SET: "NOT_SET",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a file said, in the kernel's words; what cannot be read is silence."""

    file: str
    answer: str = "SILENT"
    left: MoneyText | None = None
    reference: str = ""


class FileClient:
    """One file's process. A process that nobody can ask is a silent file."""

    def __init__(self, channel: grpc.aio.Channel, name: str) -> None:
        self._stub = LimitFileServiceStub(channel)
        self.name = name

    async def headroom(self, licensee: str, player: str, timeout_s: float) -> Heard:
        """What the file leaves a player now."""
        request = pb.GetHeadroomRequest(player_id=player)
        try:
            said = await self._stub.GetHeadroom(request, timeout=timeout_s, metadata=call_metadata(licensee))
        except grpc.aio.AioRpcError as error:
            return self._unheard(error)
        return self._heard(said)

    async def reserve(self, licensee: str, player: str, reference: str, money: MoneyText, timeout_s: float) -> Heard:
        """Count a deposit in the file, if there is room for it."""
        amount = Money(currency_code=money.currency, amount=money.amount)
        request = pb.ReserveDepositRequest(player_id=player, reference=reference, amount=amount)
        try:
            # A process that was only just restarted is waited for: a refusal is for good.
            said = await self._stub.ReserveDeposit(
                request, timeout=timeout_s, metadata=call_metadata(licensee), wait_for_ready=True
            )
        except grpc.aio.AioRpcError as error:
            return self._unheard(error)
        return self._heard(said, reference if said.reserved else "")

    async def release(self, licensee: str, player: str, reference: str, timeout_s: float) -> str:
        """Take a deposit back. Empty once nothing counts under the reference; else why nobody knows."""
        request = pb.ReleaseDepositRequest(player_id=player, reference=reference)
        try:
            said = await self._stub.ReleaseDeposit(request, timeout=timeout_s, metadata=call_metadata(licensee))
        except grpc.aio.AioRpcError as error:
            return str(error.code().name)
        return "" if said.released else said.trouble or "silent"

    def _heard(self, said: pb.GetHeadroomResponse | pb.ReserveDepositResponse, reference: str = "") -> Heard:
        answer = _WORDS.get(said.answer, "SILENT")
        if answer == "CLEAR" and not said.HasField("left"):
            answer = "SILENT"
        left = MoneyText(said.left.currency_code, said.left.amount) if said.HasField("left") else None
        return Heard(file=self.name, answer=answer, left=left, reference=reference)

    def _unheard(self, error: grpc.aio.AioRpcError) -> Heard:
        _log.warning("a limit file cannot be asked", limit_file=self.name, code=error.code().name)
        return Heard(file=self.name)
