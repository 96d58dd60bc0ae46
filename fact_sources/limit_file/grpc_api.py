"""LimitFileService: decodes, asks, encodes."""

from fact_sources.limit_file.client import LimitFileClient
from fact_sources.limit_file.reading import ATTACKS, Said, Trouble
from mesh import logs, metrics
from mesh.identity import require_licensee
from pitboss.source.v1 import limit_file_service_pb2 as pb
from pitboss.source.v1 import limit_file_service_pb2_grpc
from pitboss.type.v1 import money_pb2
from pitboss.wallet.v1 import protection_pb2

_log = logs.get("fact_sources.limit_file")


class LimitFileServicer(limit_file_service_pb2_grpc.LimitFileServiceServicer):
    """Serves one file."""

    def __init__(self, client: LimitFileClient, name: str) -> None:
        self._client = client
        self._name = name

    async def GetHeadroom(self, request: pb.GetHeadroomRequest, context: object) -> pb.GetHeadroomResponse:
        said = await self._client.headroom(f"{require_licensee()}/{request.player_id}")
        self._note("headroom", said.answer.value, said.trouble)
        response = pb.GetHeadroomResponse(answer=_answer(said), trouble=said.trouble or "", limit_file=self._name)
        if said.left:
            response.left.CopyFrom(self._money(said.left))
        return response

    async def ReserveDeposit(self, request: pb.ReserveDepositRequest, context: object) -> pb.ReserveDepositResponse:
        player, amount = f"{require_licensee()}/{request.player_id}", request.amount
        said = await self._client.reserve(
            player, request.reference, amount=amount.amount, currency=amount.currency_code
        )
        self._note("reserve", said.answer.value, said.trouble)
        response = pb.ReserveDepositResponse(
            answer=_answer(said), reserved=said.reserved, trouble=said.trouble or "", limit_file=self._name
        )
        if said.left:
            response.left.CopyFrom(self._money(said.left))
        return response

    async def ReleaseDeposit(self, request: pb.ReleaseDepositRequest, context: object) -> pb.ReleaseDepositResponse:
        trouble = await self._client.release(f"{require_licensee()}/{request.player_id}", request.reference)
        self._note("release", "CLEAR" if trouble is None else "SILENT", trouble)
        return pb.ReleaseDepositResponse(released=trouble is None, trouble=trouble or "", limit_file=self._name)

    def _money(self, amount: str) -> money_pb2.Money:
        return money_pb2.Money(currency_code=self._client.currency, amount=amount)

    def _note(self, question: str, answer: str, trouble: Trouble | None) -> None:
        metrics.counter("source.answers", register=self._name, answer=answer).add()
        if trouble is None:
            return
        tell = _log.security if trouble in ATTACKS else _log.warning
        tell("a limit file is silent", limit_file=self._name, question=question, trouble=trouble.value)


def _answer(said: Said) -> protection_pb2.SourceAnswer.ValueType:
    return protection_pb2.SourceAnswer.Value(f"SOURCE_ANSWER_{said.answer.value}")
